"""Conditions of viewing that follow from others."""

#: Adapting luminance in cd/m² below which photon noise is on unless a study or command says not.
#: There the quanta are few enough to be seen; above, noise stays near a code of 255 on grey.
NOISY_BELOW = 1.0


def noise_seed(setting: float | bool | None, luminance: float, seed: int = 0) -> float | None:
    """The seed of photon noise at an adapting ``luminance`` (cd/m²); None for no noise.

    ``setting`` is a seed, False for none, or None for the default: ``seed`` below
    :data:`NOISY_BELOW`.
    """
    if setting is False:
        return None
    if setting is None:
        return float(seed) if luminance < NOISY_BELOW else None
    return float(setting)
