"""The titles, captions and alternative texts of the report's figures."""

#: By the figure: its title, how to read it, and what it shows for those who cannot see it.
CAPTIONS = {
    "summary": (
        "In short",
        "Above, one frame as some of the views deliver it. Left, how much of what each encoder has of “{reference}” "
        "is left in “{focal}”, layer by layer: 1 is all (of a distance, 0); shading is the {interval}. Right, the "
        "mean over layers for every view. Below, where the study asks for it, which part of the eye the loss is due "
        "to. Dashed lines and hollow markers are untrained encoders; markers tell families.",
        "Photographs of one frame in several views; a line chart, a dot plot, and a dot plot of the parts of the eye.",
    ),
    "gallery": (
        "The scenes in every view",
        "One scene to a row, each from another group of frames as far as there are so many; one view to a column. "
        "The white bar spans the angle written above it. These are the frames that the encoders were given.",
        "Photographs in rows, the views {views} in columns.",
    ),
    "parts": (
        "The eye, part by part",
        "The same scenes: on the left as “{reference}” delivers them, then with one part of the eye of “{whole}” "
        "put in its place, and on the right with all of them.",
        "Photographs in rows; in columns the reference, single parts of the eye swapped, and all of them.",
    ),
    "eyes": (
        "The eyes",
        "Above, a test chart and, with one colour for each eye, how its pupil answers light, how much contrast it "
        "passes to its brain at the study's luminance (solid: vertical bars; dashed: horizontal bars; dotted: those "
        "out of focus), the contrast it can just make out, and what its receptors catch. Below, a row for each eye: "
        "what becomes of a point of light, in focus and out of it (brightness is drawn as its square root), and of "
        "the chart in daylight, in a dim room and by moonlight. Teal and pink, the rightmost patches, are one "
        "colour to a cat.",
        "Curves of each eye's pupil, optics and receptors; point spreads and a test chart as each eye sees it.",
    ),
    "profiles": (
        "Layer by layer",
        "Each line follows one encoder from its first layer (left) to its last (right). The nearer to the thin "
        "line, the more alike are its features of the view and of the reference: 1 is full agreement, of a distance "
        "0. Shading is the {interval}, over groups of frames; it is for ever more groups (for biased CKA, "
        "Wasserstein and Procrustes distances and retrieval, for as many as here), and as few of them make "
        "agreement look too high, a line may run along the upper edge of its shading or above it. Grey is what the "
        "same measure gives when the frames of one view are shuffled: agreement by chance. Dashed lines and hollow "
        "markers are untrained encoders; markers tell families. The vertical axis need not start at 0, and differs "
        "from row to row.",
        "Line charts of alignment with {reference} against relative depth, for {names}. The values are in the "
        "tables under The numbers.",
    ),
    "ranking": (
        "Encoders compared",
        "A mean over all layers for every encoder: the dot is the estimate, the bar its {interval}, the numbers on "
        "the right say the same. Encoders are in the order of “{focal}”, best on top; where bars overlap, the order "
        "is not settled. Other markers are other changes to the same frames: the further from the reference’s line, "
        "the more they move the features. Hollow markers are untrained encoders.",
        "Dot plots of the mean alignment over layers, for {names}. The values are in the first table under The "
        "numbers.",
    ),
    "changes": (
        "Is it the eye, or any change?",
        "The same means for every view. What any change of a picture does, a control shows: a blur, greyscale, "
        "JPEG. A view that moves features no further shows nothing of an eye’s own; a blur that is matched to a "
        "view changes the pixels of each frame by as much as that does.",
        "Dot plot of the mean alignment over layers for every view, for {names}. The values are in the first table "
        "under The numbers.",
    ),
    "attribution": (
        "Which part of the eye",
        "One bar to a layer, stacked of what each part of the eye of “{whole}” takes away from the alignment: its "
        "mean effect over all orders in which the parts can be swapped (Shapley value). What hangs below 0 adds to "
        "the alignment. The shares sum to the black line, the whole loss, whose {interval} is drawn.",
        "Stacked bars by layer of the loss due to each part of the eye. The means over layers are in a table under "
        "The numbers.",
    ),
    "doses": (
        "Dose curves",
        "The mean over layers as one condition is varied, with its {interval}. Both eyes look under the same "
        "conditions at every dose; acuity is varied in the eye compared alone. Dashed lines and hollow markers are "
        "untrained.",
        "Line charts of the mean alignment against what is varied, for {names}. The values are in doses.parquet.",
    ),
    "maps": (
        "Each layer against each",
        "Above, one square to an encoder: its layers as “{reference}” delivers the frames (upwards) against its "
        "layers as “{focal}” does (to the right). A bright diagonal says that layers keep their place; brightness "
        "off it, that a layer is like others too. Below, the layers of all encoders against one another.",
        "Heat maps of the alignment of each layer with each, for {names}. The values are in maps.parquet.",
    ),
    "rdms": (
        "How the frames stand to one another",
        "Dissimilarities between all pairs of frames in the last layer of some encoders, as ranks: dark pairs are "
        "alike, bright ones are not. Above as “{reference}” delivers them, below as “{focal}” does; RSA by Spearman "
        "is the correlation of the two. Of many frames some are shown, sorted by group; white lines part the "
        "groups.",
        "Dissimilarity matrices of reference and view for some encoders. The values are in pairs.parquet.",
    ),
    "retrieval": (
        "What is taken for what",
        "Of the frames in pairs.parquet, those that the most of these encoders mistake: as “{reference}” and as "
        "“{focal}” deliver them, and what each encoder’s last layer finds nearest to the latter among the other "
        "scenes (groups) of “{reference}”. An orange frame marks a mistake: another scene is nearer than the frame "
        "itself. Grey ones are not, but come next.",
        "Photographs: a frame, its view, and the nearest frame of another scene for some encoders.",
    ),
    "stability": (
        "How far to trust it",
        "Left, the last layer’s value with ever fewer groups of frames: mean and middle 95 % of many draws. A line "
        "that still climbs or falls at its right end has not settled. Middle, how alike the profiles over layers "
        "are in two halves of the groups (1: the same). Right, where the study names control views, each layer’s "
        "value as a share of what those leave, which is the most that can be asked for.",
        "Line charts of the value against the number of groups, dots of split-half reliability, and shares of the "
        "ceiling, for {names}. The values are in stability.parquet.",
    ),
}
