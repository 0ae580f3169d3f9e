"""Figures of what networks with a trained head answer.

Their place in the report is in :mod:`catsight.study.figures_registry`.
"""

from catsight.study.figure import Figure

#: Both are of the table of readouts, which names no measure and no pooling.
_READS = ("reference", "views", "encoders")

ANSWERS = (
    Figure(
        name="readout",
        table="readout",
        title="What networks answer",
        caption=(
            "What each network with a trained head answers to a frame in a view, beside its answer "
            "to the same frame in “{reference}”: how often its first answer is the same, how many "
            "of its first five are, and how far all its probabilities diverge (Jensen-Shannon: 0 "
            "if they are the same). Bars are the {interval} over groups of frames; a marker "
            "without a bar has none. The thin line is no change. No labels are used: a changed "
            "answer may be as right, or as wrong, as the one before."
        ),
        alt=(
            "Dot plots of three measures of changed answers for every view, for the networks with "
            "a trained head. The values are in readout.parquet."
        ),
        reads=_READS,
    ),
    Figure(
        name="answers",
        table=None,
        photographic=True,
        title="From one answer to another",
        caption=(
            "Frames in “{reference}” (left of each pair) and in “{focal}” (right), and the first "
            "answer to each with its probability (the softmax of the logits): those frames first "
            "whose answer changes, the most divergent ahead, from different groups as far as "
            "possible. An orange border marks a change. Of many networks three are shown. What "
            "networks answer to a frame outside their classes is the nearest that they have."
        ),
        alt="Pairs of photographs with the names that networks give to them.",
        reads=_READS,
        wanted=lambda study: bool(study.answering_encoders),
    ),
)
