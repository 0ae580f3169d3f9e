"""What figures are called, and what their captions say of the tables that they are drawn from.

The claims are those that the tests in ``tests/figures`` find in what is drawn.
"""

import re
from string import Formatter
from types import SimpleNamespace

import pytest

from catsight.study.figures_registry import FIGURES

#: Figure, in the report's order -> its title, its table, and whether it holds photographs.
FACTS = {
    "summary": ("In short", None, True),
    "gallery": ("The scenes in every view", None, True),
    "parts": ("The eye, part by part", None, True),
    "eyes": ("The eyes", None, True),
    "profiles": ("Layer by layer", "metrics", False),
    "ranking": ("Encoders compared", None, False),
    "contrasts": ("Which encoders differ", "contrasts", False),
    "changes": ("Is it the eye, or any change?", "metrics", False),
    "attribution": ("Which part of the eye", "attribution", False),
    "doses": ("Dose curves", "doses", False),
    "physiology": ("How far physiology is known", "physiology", False),
    "drawn_parts": ("Which part, if physiology is not known", "drawn_parts", False),
    "renderings": ("Does it depend on how colours are shown?", "renderings", False),
    "maps": ("Every layer against every layer", "maps", False),
    "matrix": ("Every view against every view", "matrix", False),
    "rdms": ("How alike the frames are", "pairs", False),
    "retrieval": ("Which frames are confused", None, True),
    "extremes": ("Which scenes lose most", None, True),
    "places": ("Where in the scene", None, True),
    "readout": ("What networks answer", "readout", False),
    "answers": ("From one answer to another", None, True),
    "stability": ("How far to trust it", "stability", False),
}
#: Figure -> the names that are filled in, in the order of the caption.
NAMES = {
    "summary": ["focal", "reference", "interval"],
    "gallery": [],
    "parts": ["reference", "attribution_view"],
    "eyes": [],
    "profiles": ["reference", "interval", "of_this_size"],
    "ranking": ["interval", "focal", "focal"],
    "contrasts": ["reference", "focal"],
    "changes": [],
    "attribution": ["attribution_view", "interval"],
    "doses": ["interval"],
    "physiology": ["interval"],
    "drawn_parts": ["attribution_view"],
    "renderings": ["focal", "interval"],
    "maps": ["reference", "focal", "together"],
    "matrix": ["reference"],
    "rdms": ["reference", "focal"],
    "retrieval": ["reference", "focal", "reference"],
    "extremes": ["reference", "focal", "interval"],
    "places": [],
    "readout": ["reference", "interval"],
    "answers": ["reference", "focal"],
    "stability": [],
}
#: Figure -> the names in what stands for it where it cannot be seen.
ALT_NAMES = {
    "gallery": ["views"], "profiles": ["reference", "encoders"], "ranking": ["encoders"],
    "contrasts": ["encoders"],
    "changes": ["encoders"], "doses": ["encoders"], "physiology": ["encoders"], "drawn_parts": ["encoders"], "renderings": ["encoders"], "maps": ["encoders"],
    "matrix": ["views"], "places": ["encoders"], "stability": ["encoders"],
}  # fmt: skip
UNTRAINED = "Dashed lines and hollow markers are untrained encoders"
FAMILY = "the shape of a marker is the encoder’s family."
LEFT_OUT = "alues without an interval are left out"
#: Figure -> what its caption must say, of what is drawn, in this order.
CLAIMS = {
    "summary": [
        "Above, one frame in some of the views. Left, how well each encoder’s features in “{focal}” "
        "agree with those in “{reference}”, layer by layer: 1 is full agreement (of a distance, 0)",
        "shading is the {interval}. Right, the mean over layers for every view.", LEFT_OUT,
        "Below, if the study divides the loss, the share of each part of the eye.", UNTRAINED, FAMILY,
    ],
    "gallery": ["One frame per row, one view per column", "white bar spans the angle written above"],
    "parts": [
        "in “{reference}” (left), then with one part of its eye replaced by that of "
        "“{attribution_view}”, and with all of these parts replaced (right)."
    ],
    "eyes": [
        "quanta that cones and rods count of 1 deg² of white in their integration time "
        "(where they have a hundredth of the picture), and the frequency at which flicker fuses",
        "solid: bars along the pupil’s longer axis, vertical for a cat; dashed: bars across it; dotted: bars across it, out of focus",
        "that of bars at half of the acuity as they turn",
        "all on a line are one, and grey on that of the ring, white",
    ],
    "profiles": [
        "features with those in “{reference}” against relative depth, from its first layer (left) to "
        "its last (right). The thin line is full agreement: 1, or of a distance 0. Shading is the "
        "{interval} over groups of frames: of the value that many more photographs would give", LEFT_OUT,
        "Grey is agreement by chance: what the measure gives when the frames of one view are shuffled.",
        UNTRAINED, FAMILY, "axis need not start at 0, and differs from row to row.",
    ],
    "ranking": [
        "The mean over layers for every encoder and view: the marker is the value, the bar its "
        "{interval}, and the numbers on the right are the same. The encoder that agrees best in "
        "“{focal}” is on top. An upright bar on the left joins the encoders, at its knots, that corrected tests do "
        "not tell apart in “{focal}”", "thin line (the reference)", "Hollow markers are untrained encoders.",
    ],
    "contrasts": [
        "How many times the encoder of a row loses what the encoder of a column loses, from “{reference}” to "
        "“{focal}”, mean over layers. A cell is filled if a test that is corrected for all pairs tells the two apart "
        "(red: the row loses more; blue: less), and hatched if they are shown to be equivalent",
    ],
    "changes": ["The same means for every view, controls included", "A blur that is matched to a view"],
    "attribution": [
        "One bar per layer, stacked from the alignment that each part of the eye of "
        "“{attribution_view}” takes away", "A share below 0 adds to the alignment.",
        "sum to the black line, the whole loss, drawn with its {interval}.",
        "Layers whose whole loss has no interval are left out.",
    ],
    "doses": [
        "The mean over layers as one condition varies, with its {interval}; v" + LEFT_OUT, UNTRAINED,
    ],
    "physiology": [
        "Left, the loss in the mean over layers: a small marker for each eye drawn within the ranges",
        "shading from 5 to 95 % of them (the numbers on the left), and above, in black, the eye as "
        "stated with its {interval} over groups of frames.",
        "Right, how much of the draws’ variance is due to each number alone, by stepwise linear",
        "With 24 draws only the largest shares mean something.", "V" + LEFT_OUT, "Hollow markers and bars are untrained",
    ],
    "drawn_parts": [
        "The share of each part of the eye of “{attribution_view}” in the loss, layer by layer and in the mean over layers: "
        "lines and dots of the eye as its file states it, shading from 10 to 90 % of eyes drawn",
        "Layers whose whole loss has no interval are left out.",
    ],
    "renderings": [
        "The loss in “{focal}” in the mean over layers, a marker for each rendering of its colours, with its {interval}.",
        "Differences are claimed in this report only if all renderings tell them.", "V" + LEFT_OUT,
        "Hollow markers are untrained",
    ],
    "maps": [
        "One square for each encoder: its layers in “{reference}” (upwards) against its layers in "
        "“{focal}” (to the right). A bright diagonal",
    ],
    "matrix": [
        "Left, how much the features of an encoder differ between two views, mean over layers: 1 − alignment, or of a "
        "distance the distance itself.", "views lie the further apart the more they differ", "views as far apart as the bar is long differ by the number above it",
        "of an alignment twice as far is four times as much.", "the dot of “{reference}” is black, and dots of views that are not an eye’s are hollow.",
        "V" + LEFT_OUT + ", and of many encoders some are shown.",
    ],
    "rdms": [
        "in the last layer of an encoder, in “{reference}” and in “{focal}”, as ranks: dark pairs are "
        "alike, bright ones are not.", "sorted by group; white lines separate the groups.",
    ],
    "retrieval": [
        "An orange border marks a mistake: another scene is nearer than the frame itself. A grey one "
        "marks none."
    ],
    "extremes": [
        "Scenes (groups of frames) in the order of their loss, in “{reference}” and in “{focal}”, each by one of its frames.",
        "(pointwise normalised kernel alignment, mean over layers; 1: unchanged); of many encoders some are shown.",
        "ρ Spearman’s correlation with its {interval}.", "what differs between them otherwise is not held constant.",
    ],
    "places": [
        "1 − cosine. Above, two frames in both, and their local contrast. Below, a map for some layers of each encoder, "
        "whose colours run from 0, dark, to the number below it (a few places may lie above); what a network’s crop leaves "
        "out is white.", "relative distances (1: the mean of their map), averaged over layers and over all frames",
        "whose standard deviation is shaded.", "Hollow markers are untrained",
    ],
    "readout": [
        "beside its answer to the same frame in “{reference}”: how often its first answer is the same, how many of its first "
        "five are, and how far all its probabilities diverge (Jensen-Shannon: 0 if they are the same).",
        "Bars are the {interval} over groups of frames; a marker without a bar has none. The thin line is no change.",
        "No labels are used: a changed answer may be as right, or as wrong",
    ],
    "answers": [
        "Frames in “{reference}” (left of each pair) and in “{focal}” (right), and the first answer to each with its probability",
        "those frames first whose answer changes, the most divergent ahead, from different groups",
        "An orange border marks a change.",
    ],
    "stability": [
        "Left, the last layer’s value with ever fewer groups of frames: mean and middle 95 % of many "
        "draws.", "Middle, how alike the profiles over layers are in two halves of the groups",
        "Right, if the study names control views, each layer’s value divided by the control’s agreement",
    ],
}  # fmt: skip
#: Figure -> what its alternative text must say of its kind.
KINDS = {
    "summary": "Photographs of one frame in several views; a line chart, a dot plot, and a dot plot of",
    "gallery": "Photographs in rows, the views {views} in columns.",
    "parts": "in columns the reference, the eye with single parts replaced, and with all of them.",
    "eyes": "pupil, quanta, optics and receptors; its confusion lines, point spreads and a test chart as each eye sees it.",
    "profiles": "Line charts of alignment with {reference} against relative depth, for {encoders}.",
    "ranking": "Dot plots of the mean alignment over layers, for {encoders}.",
    "contrasts": "Matrix of loss ratios between {encoders}.",
    "changes": "Dot plot of the mean alignment over layers for every view, for {encoders}.",
    "attribution": "Stacked bars by layer of the loss due to each part of the eye.",
    "doses": "Line charts of the mean alignment against a condition that varies, for {encoders}.",
    "physiology": "Dots of the losses of drawn eyes, and bars of the shares of the eye's numbers",
    "drawn_parts": "Line charts of the share of each part of the eye with bands of drawn eyes, for {encoders}.",
    "renderings": "Dots of the loss in each rendering of colours, for {encoders}.",
    "maps": "Heat maps of the alignment of every layer with every layer, for {encoders}.",
    "matrix": "Matrices of the differences between {views}, and maps of these views.",
    "rdms": "Dissimilarity matrices of reference and view for some encoders.",
    "retrieval": "Photographs: a frame, its view, and the nearest frame of another scene for some",
    "extremes": "Photographs of scenes in two views in the order of their loss, lines of each encoder’s agreement, and dot",
    "places": "Photographs in two views, heat maps of the distance between the features of their",
    "readout": "Dot plots of three measures of changed answers for every view",
    "answers": "Pairs of photographs with the names that networks give to them.",
    "stability": "Line charts of the value against the number of groups, dots of split-half",
}
#: Figure -> where its alternative text finds the numbers.
NUMBERS = {
    "profiles": "in the tables under The numbers.",
    "ranking": "in the first table under The numbers.",
    "contrasts": "under Contrasts in The numbers.",
    "changes": "in the first table under The numbers.",
    "attribution": "The means over layers are in a table under The numbers.",
    "doses": "in doses.parquet.",
    "physiology": "in physiology.parquet.",
    "drawn_parts": "in drawn_parts.parquet.",
    "renderings": "in renderings.parquet.",
    "maps": "in maps.parquet.",
    "matrix": "in matrix.parquet.",
    "rdms": "in pairs.parquet.",
    "extremes": "in per_frame.parquet and in the tables of frames.",
    "places": "in places.parquet.",
    "readout": "in readout.parquet.",
    "stability": "in stability.parquet.",
}


def names(text):
    return [name for _, name, _, _ in Formatter().parse(text) if name]


def test_titles_tables_and_order():
    found = {name: (one.title, one.table, one.photographic) for name, one in FIGURES.items()}
    assert found == FACTS and [*found] == [*FACTS]
    assert all(name == one.name for name, one in FIGURES.items())


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.name)
def test_a_caption_says_what_is_drawn(figure):
    assert names(figure.caption) == NAMES[figure.name]
    assert names(figure.alt) == ALT_NAMES.get(figure.name, [])
    place = 0
    for claim in CLAIMS[figure.name]:
        assert claim in figure.caption[place:], claim
        place = figure.caption.index(claim, place) + 1
    assert figure.alt.startswith(KINDS[figure.name]) or figure.alt.endswith(KINDS[figure.name])
    assert figure.alt.endswith(NUMBERS.get(figure.name, "."))


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.name)
def test_captions_are_whole_sentences(figure):
    for text in (figure.caption.removesuffix("{together}"), figure.alt):
        assert text[0].isupper() and text.endswith(".")
        assert "  " not in text and not re.search(r"[.,;:][A-Za-z]", text.replace(".parquet", ""))
        for sentence in re.split(r"(?<=\.)\s", text):
            assert sentence[0].isupper() and len(sentence.split()) > 2, sentence
            assert sentence.count("(") == sentence.count(")")
            assert sentence.count("“") == sentence.count("”")
    assert not figure.title.endswith(".") and figure.title[0].isupper()


def _metrics(**keys):
    return SimpleNamespace(metrics=SimpleNamespace(**keys))


def _places(frames):
    return SimpleNamespace(frames=frames)


@pytest.mark.parametrize(
    "figure, without, having",
    [
        ("parts", {"swaps": SimpleNamespace(view=None)}, {"swaps": SimpleNamespace(view="cat")}),
        ("eyes", {"eye_views": {}}, {"eye_views": {"cat": 1}}),
        ("contrasts", {"encoders": ["a"]}, {"encoders": ["a", "b"]}),
        ("changes", {"compared_views": ["cat"]}, {"compared_views": ["cat", "jpeg"]}),
        ("answers", {"answering_encoders": []}, {"answering_encoders": ["a"]}),
        ("extremes", {"config": _metrics(per_frame=False)}, {"config": _metrics(per_frame=True)}),
        (
            "places",
            {"config": _metrics(places=_places(0))},
            {"config": _metrics(places=_places(1))},
        ),
    ],
)
def test_some_figures_need_more_than_their_table(figure, without, having):
    assert not FIGURES[figure].wanted(SimpleNamespace(**without))
    assert FIGURES[figure].wanted(SimpleNamespace(**having))


def test_the_others_are_always_wanted():
    some = {"parts", "eyes", "changes", "contrasts", "extremes", "places", "answers"}
    assert all(one.wanted(SimpleNamespace()) for name, one in FIGURES.items() if name not in some)
