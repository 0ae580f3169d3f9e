"""Every figure: one record each, in the order in which the report shows them.

Figure ``<name>`` is drawn by ``draw(table, choices)`` in ``catsight/figures/<name>.py``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure.

    ``table``: the table of the study that it is drawn from, without ``.parquet``; None if it also
    needs pictures or several tables. ``photographic``: it holds photographs, so the report embeds
    the PNG, which is smaller than the SVG. ``caption`` says what is plotted, then how to read it;
    ``alt`` stands for the figure where it cannot be seen. Both may hold ``{reference}``,
    ``{focal}`` (the view that the study is about), ``{whole}`` (the view whose loss is divided
    among the parts of the eye), ``{interval}`` ("95 % interval"), ``{views}`` and ``{encoders}``
    (names, in the figures' order).
    """

    name: str
    table: str | None
    photographic: bool
    title: str
    caption: str
    alt: str


_ALL = (
    Figure(
        name="summary",
        table=None,
        photographic=True,
        title="In short",
        caption=(
            "Above, one frame as some of the views deliver it. Left, how much of what each "
            "encoder has of “{reference}” is left in “{focal}”, layer by layer: 1 is all (of a "
            "distance, 0); shading is the {interval}. Right, the mean over layers for every view. "
            "Below, where the study asks for it, which part of the eye the loss is due to. Dashed "
            "lines and hollow markers are untrained encoders; markers tell families."
        ),
        alt=(
            "Photographs of one frame in several views; a line chart, a dot plot, and a dot plot "
            "of the parts of the eye."
        ),
    ),
    Figure(
        name="gallery",
        table=None,
        photographic=True,
        title="The scenes in every view",
        caption=(
            "One scene to a row, each from another group of frames as far as there are so many; "
            "one view to a column. The white bar spans the angle written above it. These are the "
            "frames that the encoders were given."
        ),
        alt="Photographs in rows, the views {views} in columns.",
    ),
    Figure(
        name="parts",
        table=None,
        photographic=True,
        title="The eye, part by part",
        caption=(
            "The same scenes: on the left as “{reference}” delivers them, then with one part of "
            "the eye of “{whole}” put in its place, and on the right with all of them."
        ),
        alt=(
            "Photographs in rows; in columns the reference, single parts of the eye swapped, and "
            "all of them."
        ),
    ),
    Figure(
        name="eyes",
        table=None,
        photographic=True,
        title="The eyes",
        caption=(
            "Above, a test chart and, with one colour for each eye, how its pupil answers light, "
            "how much contrast it passes to its brain at the study's luminance (solid: vertical "
            "bars; dashed: horizontal bars; dotted: those out of focus), the contrast it can just "
            "make out, and what its receptors catch. Below, a row for each eye: what becomes of a "
            "point of light, in focus and out of it (brightness is drawn as its square root), and "
            "of the chart in daylight, in a dim room and by moonlight. Teal and pink, the "
            "rightmost patches, are one colour to a cat."
        ),
        alt=(
            "Curves of each eye's pupil, optics and receptors; point spreads and a test chart as "
            "each eye sees it."
        ),
    ),
    Figure(
        name="profiles",
        table="metrics",
        photographic=False,
        title="Layer by layer",
        caption=(
            "Each line follows one encoder from its first layer (left) to its last (right). The "
            "nearer to the thin line, the more alike are its features of the view and of the "
            "reference: 1 is full agreement, of a distance 0. Shading is the {interval}, over "
            "groups of frames; it is for ever more groups (for biased CKA, Wasserstein and "
            "Procrustes distances and retrieval, for as many as here), and as few of them make "
            "agreement look too high, a line may run along the upper edge of its shading or above "
            "it. Grey is what the same measure gives when the frames of one view are shuffled: "
            "agreement by chance. Dashed lines and hollow markers are untrained encoders; markers "
            "tell families. The vertical axis need not start at 0, and differs from row to row."
        ),
        alt=(
            "Line charts of alignment with {reference} against relative depth, for {encoders}. "
            "The values are in the tables under The numbers."
        ),
    ),
    Figure(
        name="ranking",
        table="metrics",
        photographic=False,
        title="Encoders compared",
        caption=(
            "A mean over all layers for every encoder: the dot is the estimate, the bar its "
            "{interval}, the numbers on the right say the same. Encoders are in the order of "
            "“{focal}”, best on top; where bars overlap, the order is not settled. Other markers "
            "are other changes to the same frames: the further from the reference’s line, the "
            "more they move the features. Hollow markers are untrained encoders."
        ),
        alt=(
            "Dot plots of the mean alignment over layers, for {encoders}. The values are in the "
            "first table under The numbers."
        ),
    ),
    Figure(
        name="changes",
        table="metrics",
        photographic=False,
        title="Is it the eye, or any change?",
        caption=(
            "The same means for every view. What any change of a picture does, a control shows: a "
            "blur, greyscale, JPEG. A view that moves features no further shows nothing of an "
            "eye’s own; a blur that is matched to a view changes the pixels of each frame by as "
            "much as that does."
        ),
        alt=(
            "Dot plot of the mean alignment over layers for every view, for {encoders}. The "
            "values are in the first table under The numbers."
        ),
    ),
    Figure(
        name="attribution",
        table="attribution",
        photographic=False,
        title="Which part of the eye",
        caption=(
            "One bar to a layer, stacked of what each part of the eye of “{whole}” takes away "
            "from the alignment: its mean effect over all orders in which the parts can be "
            "swapped (Shapley value). What hangs below 0 adds to the alignment. The shares sum to "
            "the black line, the whole loss, whose {interval} is drawn."
        ),
        alt=(
            "Stacked bars by layer of the loss due to each part of the eye. The means over layers "
            "are in a table under The numbers."
        ),
    ),
    Figure(
        name="doses",
        table="doses",
        photographic=False,
        title="Dose curves",
        caption=(
            "The mean over layers as one condition is varied, with its {interval}. Both eyes look "
            "under the same conditions at every dose; acuity is varied in the eye compared alone. "
            "Dashed lines and hollow markers are untrained."
        ),
        alt=(
            "Line charts of the mean alignment against what is varied, for {encoders}. The values "
            "are in doses.parquet."
        ),
    ),
    Figure(
        name="maps",
        table="maps",
        photographic=False,
        title="Each layer against each",
        caption=(
            "Above, one square to an encoder: its layers as “{reference}” delivers the frames "
            "(upwards) against its layers as “{focal}” does (to the right). A bright diagonal "
            "says that layers keep their place; brightness off it, that a layer is like others "
            "too. Below, the layers of all encoders against one another."
        ),
        alt=(
            "Heat maps of the alignment of each layer with each, for {encoders}. The values are "
            "in maps.parquet."
        ),
    ),
    Figure(
        name="rdms",
        table="pairs",
        photographic=False,
        title="How the frames stand to one another",
        caption=(
            "Dissimilarities between all pairs of frames in the last layer of some encoders, as "
            "ranks: dark pairs are alike, bright ones are not. Above as “{reference}” delivers "
            "them, below as “{focal}” does; RSA by Spearman is the correlation of the two. Of "
            "many frames some are shown, sorted by group; white lines part the groups."
        ),
        alt=(
            "Dissimilarity matrices of reference and view for some encoders. The values are in "
            "pairs.parquet."
        ),
    ),
    Figure(
        name="retrieval",
        table=None,
        photographic=True,
        title="What is taken for what",
        caption=(
            "Of the frames in pairs.parquet, those that the most of these encoders mistake: as "
            "“{reference}” and as “{focal}” deliver them, and what each encoder’s last layer "
            "finds nearest to the latter among the other scenes (groups) of “{reference}”. An "
            "orange frame marks a mistake: another scene is nearer than the frame itself. Grey "
            "ones are not, but come next."
        ),
        alt=(
            "Photographs: a frame, its view, and the nearest frame of another scene for some "
            "encoders."
        ),
    ),
    Figure(
        name="stability",
        table="stability",
        photographic=False,
        title="How far to trust it",
        caption=(
            "Left, the last layer’s value with ever fewer groups of frames: mean and middle 95 % "
            "of many draws. A line that still climbs or falls at its right end has not settled. "
            "Middle, how alike the profiles over layers are in two halves of the groups (1: the "
            "same). Right, where the study names control views, each layer’s value as a share of "
            "what those leave, which is the most that can be asked for."
        ),
        alt=(
            "Line charts of the value against the number of groups, dots of split-half "
            "reliability, and shares of the ceiling, for {encoders}. The values are in "
            "stability.parquet."
        ),
    ),
)
FIGURES: dict[str, Figure] = {figure.name: figure for figure in _ALL}
