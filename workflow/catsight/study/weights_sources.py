"""Where an encoder's weights may come from: one record for each source.

What each does is in :mod:`catsight.features.weights`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class WeightsSource:
    """One source of weights: the keys that it ``needs`` and others that it ``takes``, whether an
    encoder of the user's own ``factory`` may have it, and whether it leaves the encoder
    ``untrained``.
    """

    name: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    factory: bool = False
    untrained: bool = False


_ALL = (
    WeightsSource("package", needs=("package", "path", "sha256", "convert")),
    WeightsSource("random", needs=("seed",), factory=True, untrained=True),
    WeightsSource("hub", takes=("sha256",)),
    WeightsSource("file", needs=("path",), takes=("sha256",), factory=True),
)
WEIGHTS_SOURCES: dict[str, WeightsSource] = {source.name: source for source in _ALL}
