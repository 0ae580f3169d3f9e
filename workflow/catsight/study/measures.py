"""Every measure of alignment: one record each, in the order in which figures show them.

The functions that compute them are in :mod:`catsight.metrics`, under the same names. Facts that a
number depends on are in the specs of metrics (``facts``); those that are only shown, in those of
figures.
"""

from dataclasses import dataclass

from catsight.errors import CatsightError
from catsight.run.figure_specs import FigureMeasure
from catsight.run.metrics_specs import MeasureFacts


@dataclass(frozen=True)
class Measure:
    """One measure of alignment.

    ``similarity``: full agreement is 1; otherwise the measure is a distance, and it is 0.
    ``cosine``: a cosine, whose interval is computed on the scale of Fisher's z.
    ``depends_on_n``: its value changes with the number of frames (retrieval among more frames is
    harder; noise alone has a Wasserstein distance of 1/√n), so its interval is of the value that a
    study of the same size would give.
    ``share``: a share of frames, or a mean of such values, in 0..1.
    ``mappable``: maps of each layer against each can be made of it.
    ``headline``: if a study has it, findings and summaries are about it, not about the study's
    first.
    ``about``: what it compares, as the report prints it after the label.
    """

    name: str
    label: str
    similarity: bool
    cosine: bool = False
    depends_on_n: bool = False
    share: bool = False
    mappable: bool = False
    headline: bool = False
    about: str = ""

    @property
    def facts(self) -> MeasureFacts:
        """The facts that intervals, ceilings and attribution need."""
        return {
            "similarity": self.similarity,
            "cosine": self.cosine,
            "share": self.share,
        }

    @property
    def for_figures(self) -> FigureMeasure:
        """The facts that figures and report print."""
        return {
            "name": self.name,
            "label": self.label,
            "similarity": self.similarity,
            "headline": self.headline,
            "depends_on_n": self.depends_on_n,
            "about": self.about,
        }


def _similarity(
    name: str,
    label: str,
    about: str,
    depends_on_n: bool = False,
    headline: bool = False,
) -> Measure:
    """CKA or RSA."""
    return Measure(
        name,
        label,
        similarity=True,
        cosine=True,
        depends_on_n=depends_on_n,
        mappable=True,
        headline=headline,
        about=about,
    )


def _retrieval(name: str, label: str) -> Measure:
    return Measure(name, label, similarity=True, depends_on_n=True, share=True)


def _distance(name: str, label: str, depends_on_n: bool = False) -> Measure:
    return Measure(name, label, similarity=False, depends_on_n=depends_on_n)


_ALL = (
    _similarity(
        "cka_linear", "Linear CKA", "compares the inner products of features", depends_on_n=True
    ),
    _similarity(
        "cka_linear_unbiased",
        "Linear CKA, unbiased",
        "compares the inner products of features, and does not look too high when frames are few "
        "and features many",
        headline=True,
    ),
    _similarity(
        "cka_linear_unbiased_frames",
        "Linear CKA, unbiased, frames",
        "compares the inner products of features, as if all frames were independent",
    ),
    _similarity(
        "cka_rbf", "RBF CKA", "compares which features lie close together", depends_on_n=True
    ),
    _similarity(
        "cka_rbf_unbiased",
        "RBF CKA, unbiased",
        "compares which features lie close together, and does not look too high when frames are "
        "few and features many",
    ),
    _similarity(
        "cka_rbf_unbiased_frames",
        "RBF CKA, unbiased, frames",
        "compares which features lie close together, as if all frames were independent",
    ),
    _similarity("rsa", "RSA", "compares the dissimilarities of frames of different groups"),
    _similarity("rsa_frames", "RSA, frames", "compares the dissimilarities of all pairs of frames"),
    _retrieval("retrieval_top1", "Retrieval, first"),
    _retrieval("retrieval_top1_between", "Retrieval, first, between"),
    _retrieval("retrieval_mrr", "Retrieval, 1/rank"),
    _retrieval("retrieval_mrr_between", "Retrieval, 1/rank, between"),
    Measure(
        "mutual_knn",
        "Mutual nearest neighbours",
        similarity=True,
        cosine=True,  # of vectors that are 1 for neighbours, or their mean
        depends_on_n=True,
        about="compares which frames are nearest to each frame",
    ),
    Measure(
        "cknna",
        "CKNNA",
        similarity=True,
        cosine=True,
        depends_on_n=True,
        about="compares the inner products of frames that are nearest to each other",
    ),
    _distance("procrustes", "Procrustes distance", depends_on_n=True),
    _distance("mmd2", "MMD²"),
    _distance("mmd2_unbiased", "MMD², unbiased"),
    _distance("mmd2_unbiased_frames", "MMD², unbiased, frames"),
    _distance("energy", "Energy distance"),
    _distance("energy_frames", "Energy distance, frames"),
    _distance("energy_scaled", "Energy distance, scaled"),
    _distance("wasserstein", "Wasserstein distance", depends_on_n=True),
    _distance("wasserstein_scaled", "Wasserstein, scaled", depends_on_n=True),
    _distance("sliced_wasserstein", "Sliced Wasserstein", depends_on_n=True),
    _distance("sliced_wasserstein_scaled", "Sliced Wasserstein, scaled", depends_on_n=True),
)
#: By name.
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}


def measure(name: str) -> Measure:
    """The record of the measure called ``name``; raises :class:`CatsightError` if unknown."""
    if name not in MEASURES:
        raise CatsightError(f"there is no measure '{name}'; there are {', '.join(MEASURES)}")
    return MEASURES[name]
