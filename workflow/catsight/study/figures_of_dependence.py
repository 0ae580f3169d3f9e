"""Figures of what a loss depends on: parts of the eye, conditions, physiology, renderings.

Their place in the report is in :mod:`catsight.study.figures_registry`.
"""

from catsight.study.figure import Figure

DEPENDENCE = (
    Figure(
        name="attribution",
        table="attribution",
        title="Which part of the eye",
        caption=(
            "One bar per layer, stacked from the alignment that each part of the eye of "
            "“{attribution_view}” takes away: its mean effect over all orders in which the parts "
            "can be swapped (Shapley value). A share below 0 adds to the alignment. The shares sum "
            "to the black line, the whole loss, drawn with its {interval}. Layers whose whole loss "
            "has no interval are left out."
        ),
        alt=(
            "Stacked bars by layer of the loss due to each part of the eye. The means over layers "
            "are in a table under The numbers."
        ),
        reads=("encoders", "measures", "pooling", "parts"),
    ),
    Figure(
        name="doses",
        table="doses",
        title="Dose curves",
        caption=(
            "The mean over layers as one condition varies, with its {interval}; values without an "
            "interval are left out. Both eyes look under the same conditions, but acuity varies "
            "only in the eye that is compared. Dashed lines and hollow markers are untrained "
            "encoders."
        ),
        alt=(
            "Line charts of the mean alignment against a condition that varies, for {encoders}. "
            "The values are in doses.parquet."
        ),
        reads=("encoders", "measures", "pooling"),
    ),
    Figure(
        name="physiology",
        table="physiology",
        title="How far physiology is known",
        caption=(
            "Left, the loss in the mean over layers: a small marker for each eye drawn within the "
            "ranges that its file states, shading from 5 to 95 % of them (the numbers on the "
            "left), and above, in black, the eye as stated with its {interval} over groups of "
            "frames. "
            "Right, how much of the draws’ variance is due to each number alone, by stepwise "
            "linear regression; the rest is curved, joint, or too little to be told. With 24 draws "
            "only the largest shares mean something. Values without an interval are left out. "
            "Hollow markers and bars are untrained encoders."
        ),
        alt=(
            "Dots of the losses of drawn eyes, and bars of the shares of the eye's numbers, for "
            "{encoders}. The values are in physiology.parquet."
        ),
        reads=("encoders", "measures", "pooling"),
    ),
    Figure(
        name="drawn_parts",
        table="drawn_parts",
        title="Which part, if physiology is not known",
        caption=(
            "The share of each part of the eye of “{attribution_view}” in the loss, layer by "
            "layer and in the mean over layers: lines and dots of the eye as its file states it, "
            "shading from 10 to 90 % of eyes drawn within the ranges of that file. Parts whose "
            "bands overlap may not be told apart by what is known of the eye, although the whole "
            "loss may be. Layers whose whole loss has no interval are left out."
        ),
        alt=(
            "Line charts of the share of each part of the eye with bands of drawn eyes, for "
            "{encoders}. The values are in drawn_parts.parquet."
        ),
        reads=("encoders", "measures", "pooling", "parts"),
    ),
    Figure(
        name="renderings",
        table="renderings",
        title="Does it depend on how colours are shown?",
        caption=(
            "The loss in “{focal}” in the mean over layers, a marker for each rendering of its "
            "colours, with its {interval}. To the eye itself all renderings are nearly the same "
            "picture; what differs is due to the network’s three primaries. Differences are "
            "claimed in this report only if all renderings tell them. Values without an interval "
            "are left out. Hollow markers are untrained encoders."
        ),
        alt=(
            "Dots of the loss in each rendering of colours, for {encoders}. The values are in "
            "renderings.parquet."
        ),
    ),
)
