"""Every figure: one record each, in the order in which the report shows them.

Figure ``<name>`` is drawn by ``draw(table, choices)`` in ``catsight/figures/<name>.py``.
"""

from catsight.study.figure import RESULTS, Figure
from catsight.study.figures_of_answers import ANSWERS
from catsight.study.figures_of_dependence import DEPENDENCE

#: The keys that figures of pairs of frames read; they name no measure.
_PAIRS = ("reference", "views", "encoders", "pooling")
#: The keys that the tables of numbers read.
TABLES = ("study", *RESULTS)
#: The keys that the report reads, besides its own.
REPORT = ("study", *RESULTS, "parts", "attribution", "confidence")

_ALL = (
    Figure(
        name="summary",
        table=None,
        photographic=True,
        title="In short",
        caption=(
            "Above, one frame in some of the views. Left, how well each encoder’s features in "
            "“{focal}” agree with those in “{reference}”, layer by layer: 1 is full agreement (of "
            "a distance, 0); shading is the {interval}. Right, the mean over layers for every "
            "view. Values without an interval are left out. Below, if the study divides the loss, "
            "the share of each part of the eye. Dashed lines and hollow markers are untrained "
            "encoders; the shape of a marker is the encoder’s family."
        ),
        alt=(
            "Photographs of one frame in several views; a line chart, a dot plot, and a dot plot "
            "of the parts of the eye."
        ),
        reads=(*RESULTS, "parts", "attribution"),
    ),
    Figure(
        name="gallery",
        table=None,
        photographic=True,
        title="The scenes in every view",
        caption=(
            "One frame per row, one view per column; frames come from different groups as far "
            "as possible. The white bar spans the angle written above it. The encoders were given "
            "these very pictures."
        ),
        alt="Photographs in rows, the views {views} in columns.",
        reads=("reference", "views", "gallery"),
    ),
    Figure(
        name="parts",
        table=None,
        photographic=True,
        title="The eye, part by part",
        caption=(
            "The same frames in “{reference}” (left), then with one part of its eye replaced by "
            "that of “{attribution_view}”, and with all of these parts replaced (right)."
        ),
        alt=(
            "Photographs in rows; in columns the reference, the eye with single parts replaced, "
            "and with all of them."
        ),
        reads=("reference", "views", "parts", "attribution", "gallery"),
        wanted=lambda study: study.swaps.view is not None,
    ),
    Figure(
        name="eyes",
        table=None,
        photographic=True,
        title="The eyes",
        caption=(
            "Above, a test chart and, in one colour for each eye, against luminance: its pupil, "
            "its acuity, the weight of its rods, the quanta that cones and rods count of 1 deg² of "
            "white in their integration time (where they have a hundredth of the picture), and the "
            "frequency at which flicker fuses. Then the contrast that optics and nerves together "
            "pass at the study’s luminance (solid: bars along the pupil’s longer axis, vertical "
            "for a cat; dashed: bars across it; dotted: bars across it, out of focus), that of "
            "bars at half of the acuity as they turn, the sensitivity to contrast, and what the "
            "receptors absorb. Below, a row for each eye: the contrast that reaches each receptor; "
            "the colours that two kinds of cones cannot tell apart (all on a line are one, and "
            "grey on that of the ring, white); a point of light through the optics alone, in focus "
            "and out of focus (brightness as its square root); and the chart in daylight, in a dim "
            "room and by moonlight. To an eye too coarse to see anything in it, the chart is "
            "larger; its width stands above it, in degrees. What a cat gains at night is "
            "sensitivity, not detail: it still sees in light too dim for a human, but more "
            "coarsely. Dark bars look violet because blue light, out of focus in an eye that "
            "focuses green, spreads into them. Teal and pink, the rightmost patches, are one "
            "colour to a cat."
        ),
        alt=(
            "Curves of each eye's pupil, quanta, optics and receptors; its confusion lines, point "
            "spreads and a test chart as each eye sees it."
        ),
        reads=(),
        wanted=lambda study: bool(study.eye_views),
    ),
    Figure(
        name="profiles",
        table="metrics",
        title="Layer by layer",
        caption=(
            "Agreement of each encoder’s features with those in “{reference}” against relative "
            "depth, from its first layer (left) to its last (right). The thin line is full "
            "agreement: 1, or of a distance 0. Shading is the {interval} over groups of frames: "
            "of the value that many more photographs would give{of_this_size}. Values without an "
            "interval are left out. Grey is agreement by chance: what the measure gives when the "
            "frames of one view are shuffled. Dashed lines and hollow markers are untrained "
            "encoders; the shape of a marker is the encoder’s family. The vertical axis need not "
            "start at 0, and differs from row to row."
        ),
        alt=(
            "Line charts of alignment with {reference} against relative depth, for {encoders}. "
            "The values are in the tables under The numbers."
        ),
    ),
    Figure(
        name="ranking",
        table=None,
        title="Encoders compared",
        caption=(
            "The mean over layers for every encoder and view: the marker is the value, the bar "
            "its {interval}, and the numbers on the right are the same. The encoder that agrees "
            "best in “{focal}” is on top. An upright bar on the left joins the encoders, at its "
            "knots, that corrected tests do not tell apart in “{focal}”: their order is open. "
            "Whether intervals overlap says little, since all encoders saw the same frames. The "
            "further a marker lies from the thin line (the reference), the more that view changes "
            "the features. Hollow markers are untrained encoders."
        ),
        alt=(
            "Dot plots of the mean alignment over layers, for {encoders}. The values are in the "
            "first table under The numbers."
        ),
        reads=(*RESULTS, "confidence"),
    ),
    Figure(
        name="contrasts",
        table="contrasts",
        title="Which encoders differ",
        caption=(
            "How many times the encoder of a row loses what the encoder of a column loses, from "
            "“{reference}” to “{focal}”, mean over layers. A cell is filled if a test that is "
            "corrected for all pairs tells the two apart (red: the row loses more; blue: less), "
            "and hatched if they are shown to be equivalent within the margin that the study "
            "states. All others are open: more photographs may tell them. A loss is 1 − alignment "
            "(of a distance, the distance itself)."
        ),
        alt=(
            "Matrix of loss ratios between {encoders}. The values are under Contrasts in The "
            "numbers."
        ),
        reads=("reference", "views", "encoders", "measures", "confidence"),
        wanted=lambda study: len(study.encoders) > 1,
    ),
    Figure(
        name="changes",
        table="metrics",
        title="Is it the eye, or any change?",
        caption=(
            "The same means for every view, controls included, which change the reference in "
            "plain ways. A blur that is matched to a view takes as much luminance contrast of "
            "each frame as that view does, and a matched desaturation as much colour. A control "
            "that changes features as much as the eye shows that this effect is not specific to "
            "the eye. Which control answers which question stands under Viewing conditions."
        ),
        alt=(
            "Dot plot of the mean alignment over layers for every view, for {encoders}. The "
            "values are in the first table under The numbers."
        ),
        wanted=lambda study: len(study.compared_views) > 1,
    ),
    *DEPENDENCE,
    Figure(
        name="maps",
        table="maps",
        title="Every layer against every layer",
        caption=(
            "One square for each encoder: its layers in “{reference}” (upwards) against its "
            "layers in “{focal}” (to the right). A bright diagonal means that layers keep their "
            "place; brightness off it, that a layer is like others too.{together}"
        ),
        alt=(
            "Heat maps of the alignment of every layer with every layer, for {encoders}. The "
            "values are in maps.parquet."
        ),
    ),
    Figure(
        name="matrix",
        table="matrix",
        title="Every view against every view",
        caption=(
            "Left, how much the features of an encoder differ between two views, mean over "
            "layers: 1 − alignment, or of a distance the distance itself. Right, a map on which "
            "views lie the further apart the more they differ (classical scaling): views as far "
            "apart as the bar is long differ by the number above it, and of an alignment twice "
            "as far is four times as much. The share of the variance says how much of this two "
            "dimensions hold. Directions mean nothing; the dot of “{reference}” is black, and "
            "dots of views that are not an eye’s are hollow. Values without an interval are left "
            "out, and of many encoders some are shown."
        ),
        alt=(
            "Matrices of the differences between {views}, and maps of these views. The values are "
            "in matrix.parquet."
        ),
    ),
    Figure(
        name="rdms",
        table="pairs",
        title="How alike the frames are",
        caption=(
            "Dissimilarities between all pairs of frames in the last layer of an encoder, in "
            "“{reference}” and in “{focal}”, as ranks: dark pairs are alike, bright ones are not. "
            "RSA by Spearman is the correlation of the two. Of many frames some are shown, sorted "
            "by group; white lines separate the groups. Of many encoders some are shown."
        ),
        alt=(
            "Dissimilarity matrices of reference and view for some encoders. The values are in "
            "pairs.parquet."
        ),
        reads=_PAIRS,
    ),
    Figure(
        name="retrieval",
        table=None,
        photographic=True,
        title="Which frames are confused",
        caption=(
            "The frames that most of these networks take for another scene, of those in "
            "pairs.parquet: in “{reference}”, in “{focal}”, and what each network’s last layer "
            "finds nearest to the latter among the other groups in “{reference}”. An orange "
            "border marks a mistake: another scene is nearer than the frame itself. A grey one "
            "marks none."
        ),
        alt=(
            "Photographs: a frame, its view, and the nearest frame of another scene for some "
            "encoders."
        ),
        reads=_PAIRS,
    ),
    Figure(
        name="extremes",
        table=None,
        photographic=True,
        title="Which scenes lose most",
        caption=(
            "Scenes (groups of frames) in the order of their loss, in “{reference}” and in "
            "“{focal}”, each by one of its frames. Below, for each encoder, how well a scene’s "
            "frames keep their relations to frames of other scenes (pointwise normalised kernel "
            "alignment, mean over layers; 1: unchanged); of many encoders some are shown. At the "
            "bottom, the mean of the trained ones among these (of all, if none is trained), by "
            "which the scenes are sorted, against what the scenes are like; each dot is a scene, "
            "and ρ Spearman’s correlation with its {interval}. It describes these scenes: "
            "what differs between them otherwise is not held constant."
        ),
        alt=(
            "Photographs of scenes in two views in the order of their loss, lines of each "
            "encoder’s agreement, and dot plots against contrast, colourfulness and fine detail. "
            "The values are in per_frame.parquet and in the tables of frames."
        ),
        reads=(*_PAIRS, "confidence"),
        wanted=lambda study: study.config.metrics.per_frame,
    ),
    Figure(
        name="places",
        table=None,
        photographic=True,
        title="Where in the scene",
        caption=(
            "How far apart the features of each place are in two views: 1 − cosine. Above, two "
            "frames in both, and their local contrast. Below, a map for some layers of each "
            "encoder, whose colours run from 0, dark, to the number below it (a few places may lie "
            "above); what a network’s crop leaves out is white. At the bottom, relative distances "
            "(1: the mean of their map), averaged over layers and over all frames of "
            "places.parquet, whose standard deviation is shaded. A late layer’s place sees much or "
            "all of the picture: its map says where the network notes a change, not where the "
            "picture was changed. Of many encoders some are shown as maps. Hollow markers are "
            "untrained encoders."
        ),
        alt=(
            "Photographs in two views, heat maps of the distance between the features of their "
            "places for {encoders}, and that distance against eccentricity and local contrast. "
            "The values are in places.parquet."
        ),
        reads=("reference", "views", "encoders"),
        wanted=lambda study: study.config.metrics.places.frames > 0,
    ),
    *ANSWERS,
    Figure(
        name="stability",
        table="stability",
        title="How far to trust it",
        caption=(
            "Left, the last layer’s value with ever fewer groups of frames: mean and middle 95 % "
            "of many draws. A line that still climbs or falls at its right end has not settled. "
            "Middle, how alike the profiles over layers are in two halves of the groups (1: the "
            "same). Right, if the study names control views, each layer’s value divided by the "
            "control’s agreement, the ceiling."
        ),
        alt=(
            "Line charts of the value against the number of groups, dots of split-half "
            "reliability, and shares of the ceiling, for {encoders}. The values are in "
            "stability.parquet."
        ),
    ),
)
FIGURES: dict[str, Figure] = {figure.name: figure for figure in _ALL}
