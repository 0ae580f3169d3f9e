"""The table of readouts: how far a view changes what a network with a trained head answers.

A head gives a number for each class, its logit, and their softmax is a probability of each. Between
the reference and a view, frame by frame:

- ``same_first``: whether the first answer, the class of the largest logit, is the same;
- ``shared_five``: the share of the first five answers that both have;
- ``divergence``: how far apart all probabilities are (:func:`divergence`).

None of these needs to know what is in a frame: a changed answer may be as right as the one before,
or as wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.special import log_softmax, rel_entr

from catsight.errors import CatsightError
from catsight.metrics import inference
from catsight.metrics.estimate import Estimate, Interval, interval, kept_replicates
from catsight.metrics.grouping import Grouping
from catsight.metrics.reading import Features, finite
from catsight.run.metrics_specs import MeasureFacts, ReadoutSpec
from catsight.run.progress import Progress
from catsight.tables.columns.readout import READOUT
from catsight.tables.names import LOGITS

#: What is tabulated of each frame, and averaged.
METRICS = ("same_first", "shared_five", "divergence")
#: How many first answers are compared.
FIVE = 5
#: Whether each is a share, which most groups of frames may have in common, is what its interval
#: depends on; all of them are in 0..1.
_FACTS: dict[str, MeasureFacts] = {
    metric: {"similarity": share, "cosine": False, "share": share}
    for metric, share in zip(METRICS, (True, True, False))
}
#: Frames whose probabilities are held at once.
_AT_ONCE = 4096


class Answers(NamedTuple):
    """What a head answers to frames in a view, beside the reference.

    ``values`` (n, 3): in the order of :data:`METRICS`. ``reference`` and ``view`` (n, five): the
    first answers, the first first. ``p`` (n, 3): the probabilities of the reference's first answer,
    of the same in the view, and of the view's first answer.
    """

    values: np.ndarray
    reference: np.ndarray
    view: np.ndarray
    p: np.ndarray


def readout(
    features: Mapping[str, Features], groups: Mapping[str, str], spec: ReadoutSpec
) -> pa.Table:
    """The rows of each view but the reference: means over all frames, then every frame.

    ``features`` by view; ``groups`` maps each frame to its group, in the order of the frames.
    """
    reference, names = spec["reference"], np.array(spec["classes"], dtype=object)
    others = [view for view in features if view != reference]
    tables = [READOUT.empty_table()]
    x = _logits(features[reference], len(names))
    with Progress(f"readout {spec['encoder']}", len(others), "views") as progress:
        for view in others:
            found = compare(x, _logits(features[view], len(names)))
            about = {
                "encoder": spec["encoder"],
                "reference": reference,
                "view": view,
                "seed": spec["seed"],
                "n_frames": len(groups),
                "n_groups": len(set(groups.values())),
            }
            tables += [_means(about, found, groups, spec), _frames(about, found, groups, names)]
            progress.advance()
    return pa.concat_tables(tables)


def compare(x: np.ndarray, y: np.ndarray) -> Answers:
    """What is answered to n frames, from the logits ``x`` of the reference and ``y`` of a view,
    both (n, classes).

    Of equal logits the first class comes first. ``shared_five`` is nan if there are no more than
    five classes, of which any two lists of five share all.
    """
    parts = [_compared(x[start:end], y[start:end]) for start, end in _blocks(len(x))]
    return Answers(*(np.concatenate(each) for each in zip(*parts)))


def divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The Jensen-Shannon divergence (n,) of distributions ``p`` and ``q`` (n, classes), in bits:
    0 if they are the same, 1 if no class has a probability in both.

    The mean of the Kullback-Leibler divergences of both from m = (p + q) / 2, to base 2 (Lin 1991,
    "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37, 145-151, eq. 3.1
    and 4.1 with equal weights).
    """
    m = (p + q) / 2
    nats = (rel_entr(p, m) + rel_entr(q, m)).sum(axis=1) / 2
    return np.clip(nats / np.log(2), 0, 1)


def over_groups(values: np.ndarray, groups: Sequence[str], seed: int) -> np.ndarray:
    """Means (1 + blocks, m) of ``values`` (n, m) over frames, groups with equal weight: of all
    frames, then without each block of :func:`catsight.metrics.inference.blocks`.
    """
    grouping = Grouping(groups)
    means = grouping.means(values[grouping.order])
    kept = inference.kept(len(groups), inference.blocks(groups, seed))
    kept = kept[:, grouping.order[grouping.starts]]  # a group stays, or is left out, as a whole
    with np.errstate(invalid="ignore"):  # without its only group there is no mean
        return kept @ means / kept.sum(axis=1, keepdims=True)


def ends(metric: str, estimate: Estimate, confidence: float) -> Interval:
    """The interval of a mean over frames; none of it lies beyond 0 and 1."""
    found = interval(_FACTS[metric], estimate, confidence)
    return found._replace(
        low=float(np.clip(found.low, 0, 1)), high=float(np.clip(found.high, 0, 1))
    )


def _blocks(n: int) -> Iterator[tuple[int, int]]:
    for start in range(0, max(n, 1), _AT_ONCE):
        yield start, start + _AT_ONCE


def _compared(x: np.ndarray, y: np.ndarray) -> Answers:
    first_x, first_y = (np.argsort(-v, axis=1, kind="stable")[:, :FIVE] for v in (x, y))
    p, q = (np.exp(log_softmax(v.astype(np.float64), axis=1)) for v in (x, y))
    values = np.empty((len(x), len(METRICS)))
    values[:, 0] = first_x[:, 0] == first_y[:, 0]
    shared = (first_x[:, :, None] == first_y[:, None, :]).any(axis=2)
    values[:, 1] = shared.mean(axis=1) if x.shape[1] > FIVE else np.nan
    values[:, 2] = divergence(p, q)
    rows = np.arange(len(x))
    of_first = [p[rows, first_x[:, 0]], q[rows, first_x[:, 0]], q[rows, first_y[:, 0]]]
    return Answers(values, first_x, first_y, np.stack(of_first, axis=1))


def _logits(view: Features, classes: int) -> np.ndarray:
    """The logits (n, classes) of a view."""
    folder = view.paths[0].parent
    if not view.answered:
        raise CatsightError(
            f"{folder} holds no answers (the column {LOGITS}); give the encoder `classes`, and "
            "extract its features again"
        )
    logits = view[LOGITS]
    if logits.shape[1] != classes:
        raise CatsightError(
            f"{folder} holds answers of {logits.shape[1]} classes, and the spec names {classes}"
        )
    return logits


def _means(
    about: Mapping[str, Any], found: Answers, groups: Mapping[str, str], spec: ReadoutSpec
) -> pa.Table:
    """A row for each metric: its mean over frames, with its interval."""
    means = over_groups(found.values, list(groups.values()), spec["seed"]) if groups else None
    rows = []
    for i, metric in enumerate(METRICS):
        row: dict[str, Any] = {**about, "kind": "mean", "metric": metric}
        value = None if means is None else finite(means[0, i])
        if value is None or means is None:
            row["reason"] = f"no more than {FIVE} classes" if len(groups) else "no frames"
        else:
            estimate = Estimate(means[:, i], parts=(len(means) - 1,))
            reach = ends(metric, estimate, spec["confidence"])
            row |= {"value": value, "reason": reach.reason}
            row |= {"ci_low": finite(reach.low), "ci_high": finite(reach.high)}
            row |= kept_replicates(estimate, reach)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=READOUT)


def _frames(
    about: Mapping[str, Any], found: Answers, groups: Mapping[str, str], names: np.ndarray
) -> pa.Table:
    """A row for each frame."""
    few = len(names) <= FIVE
    constant = dict.fromkeys(READOUT.names) | {**about, "kind": "frame"}
    constant["reason"] = f"no more than {FIVE} classes" if few else None
    columns: dict[str, Any] = {key: [value] * len(groups) for key, value in constant.items()}
    columns |= {"frame_id": list(groups), "group": list(groups.values())}
    for metric, values in zip(METRICS, found.values.T):
        columns[metric] = pa.array(values, from_pandas=True)  # nan becomes null
    for key, values in zip(("reference_p", "reference_p_in_view", "view_p"), found.p.T):
        columns[key] = values
    for side, answers in (("reference", found.reference), ("view", found.view)):
        columns[f"{side}_answer"] = answers[:, 0]
        columns[f"{side}_name"] = names[answers[:, 0]]
        columns[f"{side}_five"] = [list(row) for row in names[answers]]
    return pa.table(columns).cast(READOUT)
