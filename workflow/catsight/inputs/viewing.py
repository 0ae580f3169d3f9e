"""Conditions of viewing: those that follow from others, and the names of renderings."""

#: Adapting luminance in cd/m² below which photon noise is on unless a study or command says not.
#: There the quanta are few enough to be seen; above, noise stays near a code of 255 on grey.
NOISY_BELOW = 1.0

#: The renderings of what an eye of two kinds of cones sees (:mod:`catsight.views.display`): the
#: colours that show what its cones tell apart.
DISPLAYS = {
    "auto": "the pair that the eye’s cones tell apart best, and of which least is out of gamut: "
    "yellow and blue for most eyes, red and cyan for a tritanope",
    "yellow-blue": "mixtures of yellow and blue",
    "red-cyan": "mixtures of red and cyan",
    "green-magenta": "mixtures of green and magenta",
    "least-change": "the colours nearest to the original ones",
}


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
