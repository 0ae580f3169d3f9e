"""Every measure of alignment: one record each, in the order in which figures show them.

The functions that compute them are in :mod:`catsight.metrics`, under the same names. What a number
depends on travels in the specs of metrics (``facts``), what is only shown in those of figures.
"""

from dataclasses import dataclass

from catsight.errors import CatsightError
from catsight.run.specs import MeasureFacts, ShownMeasure


@dataclass(frozen=True)
class Measure:
    """One measure of alignment.

    ``similarity``: 1 is full agreement; otherwise the measure is a distance, and 0 is.
    ``cosine``: a cosine, whose interval is computed on the scale of angles.
    ``depends_on_n``: its value changes with the number of frames by more than a jackknife can
    correct (retrieval among more frames is harder; noise alone has a Wasserstein distance of
    1/√n). Its interval is of the value that a study of the same size would give.
    ``share``: a share of frames, or a mean of such values, in 0..1.
    ``mappable``: maps of each layer against each can be made of it.
    """

    name: str
    label: str
    similarity: bool
    cosine: bool = False
    depends_on_n: bool = False
    share: bool = False
    mappable: bool = False

    @property
    def facts(self) -> MeasureFacts:
        """What the computation of an interval, a ceiling or an attribution must know."""
        return {
            "similarity": self.similarity,
            "cosine": self.cosine,
            "depends_on_n": self.depends_on_n,
            "share": self.share,
        }

    @property
    def shown(self) -> ShownMeasure:
        """What figures say of it."""
        return {"name": self.name, "label": self.label, "similarity": self.similarity}


def _similarity(name: str, label: str, depends_on_n: bool = False) -> Measure:
    """CKA or RSA."""
    return Measure(name, label, True, cosine=True, depends_on_n=depends_on_n, mappable=True)


def _retrieval(name: str, label: str) -> Measure:
    return Measure(name, label, similarity=True, depends_on_n=True, share=True)


def _distance(name: str, label: str, depends_on_n: bool = False) -> Measure:
    return Measure(name, label, similarity=False, depends_on_n=depends_on_n)


_ALL = (
    _similarity("cka_linear", "Linear CKA", depends_on_n=True),
    _similarity("cka_linear_unbiased", "Linear CKA, unbiased"),
    _similarity("cka_rbf", "RBF CKA", depends_on_n=True),
    _similarity("cka_rbf_unbiased", "RBF CKA, unbiased"),
    _similarity("rsa", "RSA"),
    _retrieval("retrieval_top1", "Retrieval, first"),
    _retrieval("retrieval_top1_between", "Retrieval, first, between"),
    _retrieval("retrieval_mrr", "Retrieval, 1/rank"),
    _retrieval("retrieval_mrr_between", "Retrieval, 1/rank, between"),
    _distance("procrustes", "Procrustes distance", depends_on_n=True),
    _distance("mmd2", "MMD²"),
    _distance("mmd2_unbiased", "MMD², unbiased"),
    _distance("energy", "Energy distance"),
    _distance("energy_scaled", "Energy distance, scaled"),
    _distance("wasserstein", "Wasserstein distance", depends_on_n=True),
    _distance("wasserstein_scaled", "Wasserstein, scaled", depends_on_n=True),
    _distance("sliced_wasserstein", "Sliced Wasserstein", depends_on_n=True),
    _distance("sliced_wasserstein_scaled", "Sliced Wasserstein, scaled", depends_on_n=True),
)
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}


def measure(name: str) -> Measure:
    """The record of the measure called ``name``; raises :class:`CatsightError` if unknown."""
    if name not in MEASURES:
        raise CatsightError(f"there is no measure '{name}'; there are {', '.join(MEASURES)}")
    return MEASURES[name]
