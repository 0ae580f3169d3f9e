"""``catsight figures``: its commands, their options, and what each hands to the module that draws."""

import shutil

import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from PIL import Image

from catsight import tables
from catsight.__main__ import main
from catsight.figures import (
    answers,
    changes,
    extremes,
    gallery,
    parts,
    places,
    ranking,
    report,
    retrieval,
    style,
    summary,
)
from catsight.figures import tables as numbers
from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.pairs import PAIRS
from catsight.tables.columns.per_frame import PER_FRAME
from catsight.tables.columns.places import PLACES
from catsight.tables.columns.readout import READOUT
from support import synthetic_study as synthetic
from support import synthetic_tables

ABOUT = {
    "ranking": "encoders in the order of their mean alignment",
    "summary": "one figure with the question and the answer",
    "gallery": "some frames in each view",
    "parts": "some frames with one part of the eye swapped, then with all",
    "retrieval": "which frame is taken for which",
    "extremes": "the scenes that lose most and least",
    "places": "where in some frames the features differ between two views",
    "answers": "what networks answer to frames, and to their views",
    "tables": "the numbers as CSV and LaTeX",
    "report": "one HTML file with the whole study",
    "attribution": "the share of each part of the eye in the loss of alignment, layer by layer",
    "changes": "mean alignment of every view, controls included",
    "contrasts": "encoders against encoders: how many times one loses what the other does",
    "doses": "alignment as light, focus, field of view or acuity varies",
    "drawn_parts": "the share of each part of the eye in the loss, and how far drawn eyes spread it",
    "eyes": "the pupil, optics and receptors of each eye, and what a test chart becomes",
    "maps": "the alignment of each layer with each, between two views and between encoders",
    "matrix": "every view against every other: how much each pair differs, and a map of the views",
    "physiology": "the losses of drawn eyes, and which uncertain number their spread is due to",
    "profiles": "alignment of every view with the reference, layer by layer",
    "rdms": "dissimilarity matrices of the frames, in the reference and in the view in focus",
    "readout": "how far each view changes what networks with a trained head answer",
    "renderings": "what the view in focus costs, as its colours are shown in one way or another",
    "stability": "the values with fewer groups of frames, between halves of them, and relative to a "
    "ceiling",
}


def test_the_help_says_what_each_command_draws(capsys):
    assert main(["figures", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: catsight figures COMMAND ..."
    said = [line[2:].split(maxsplit=1) for line in lines if line.startswith("  ")]
    assert [(name, about) for name, about in said] == list(ABOUT.items())
    assert lines[-1] == "Options of a command: catsight figures COMMAND --help"


PICTURES = {"--output": "one or more .png or .svg files to write"}
VIEWS = {
    "--frames": "the frames: a table, or a folder of shards",
    "--shards": "number of tables in each folder: 4 reads 0.parquet to 3.parquet (default: all that are there)",
    "--views": "the name of a view, and its table, or its folder of shards in the order of the frames; repeat for each "
               "view",
}  # fmt: skip
SHARES = {"--attribution": "the study's table of attribution, or nothing if it has none"}
METRICS = {"--metrics": "the study's table of metrics"}
CONTRASTS = {"--contrasts": "the study's table of contrasts"}
OPTIONS = {
    "ranking": ("Draws encoders in the order of their mean alignment.", PICTURES | METRICS | CONTRASTS),
    "summary": ("Draws one figure with the question and the answer.", PICTURES | VIEWS | METRICS | SHARES),
    "gallery": ("Draws some frames in each view, side by side.", PICTURES | VIEWS),
    "parts": ("Draws some frames in each view, side by side.", PICTURES | VIEWS),
    "retrieval": (
        "Draws frames, their views, and the frames that these are taken for.",
        PICTURES | VIEWS | {"--pairs": "the study's table of pairs of frames"},
    ),
    "answers": (
        "Draws frames, their views, and what networks answer to both.",
        PICTURES | VIEWS | {"--readout": "the study's table of readouts"},
    ),
    "extremes": (
        "Draws the scenes that lose most and least, and what they have in common.",
        PICTURES | VIEWS | {"--per-frame": "the study's table of single frames"},
    ),
    "places": (
        "Draws where in some frames the features differ between two views.",
        PICTURES | VIEWS | {"--table": "the study's table of places"},
    ),
    "tables": (
        "Writes the numbers of a study as CSV, and their means over layers as LaTeX.",
        {"--output": ".csv and .tex files to write", "--table": "the study's table of metrics"},
    ),
    "eyes": (
        "Draws the pupil, optics and receptors of each eye, and what a test chart becomes.",
        PICTURES | {"--table": "the study's table that it is drawn from"},
    ),
    "report": (
        "Writes one HTML file that holds the whole study and needs no network.",
        METRICS | CONTRASTS | SHARES | {
            "--physiology": "the study's table of physiology, or nothing if it has none",
            "--readout": "the study's table of readout, or nothing if it has none",
            "--best": "the study's table of those that may be the best",
            "--output": "the .html file to write", "--rejected": "the table of files that could not be used",
            "--near": "the table of pictures of different groups that look nearly alike",
            "--features": "a table of features of each encoder; the report shows their provenance",
            "--matched": "views that are controls matched to another view (tables, or folders of shards); the report says "
                         "how well",
            "--figures": "the figures to show, .svg or .png", "--frames": VIEWS["--frames"],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_the_help_of_a_command_explains_its_options(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit):
        main(["figures", name, "--help"])
    said = capsys.readouterr().out
    words = f"{' '.join(said.split())} "
    about, options = OPTIONS[name]
    assert f"usage: catsight figures {name} [-h] --spec JSON [--store FOLDER] " in words
    assert f" {about} options: " in words
    for option, text in options.items():
        assert f" {text} -" in words or f" {text} `" in words, option
        assert f" {option} " in words.replace("]", " ").replace("[", " ")
    # only what a study may lack can be left out
    usage = words.partition(" Draws ")[0].partition(" Writes ")[0]
    optional = {one for one in options if f"[{one} " in usage}
    lacking = {"--shards", "--attribution", "--physiology", "--near", "--matched"}
    lacking |= {"--readout"} if name == "report" else set()
    assert optional == set(options) & lacking


@pytest.fixture
def handed(monkeypatch, tmp_path):
    """What the modules are handed, by their name; nothing is drawn."""
    found = {}

    def note(module, name, answer):
        def inner(*arguments, **options):
            found[module.__name__.rpartition(".")[2], name] = (
                (*arguments, options) if options else arguments
            )
            return answer

        monkeypatch.setattr(module, name, inner)

    for module in (gallery, parts, summary, retrieval, extremes, places, answers):
        note(module, "read", f"read by {module.__name__}")
        note(module, "draw", f"drawn by {module.__name__}")
    note(retrieval, "examples", "examples")
    note(places, "of_focus", "rows in focus")
    note(answers, "examples", "examples")
    note(ranking, "draw", "drawn by ranking")
    note(changes, "draw", "drawn by changes")
    note(report, "render", "<html>")
    note(numbers, "write", None)

    def save(figure, path, dpi):
        found[path.name] = figure, dpi

    monkeypatch.setattr(style, "save", save)
    return found


@pytest.fixture
def here(study, tmp_path):
    """The study in a folder of its own, with tables of attribution, pairs and single frames."""
    shutil.copytree(study, tmp_path / "s")
    for name, rows, schema in (
        ("attribution", synthetic_tables.attribution(), ATTRIBUTION),
        ("pairs", synthetic_tables.pairs(), PAIRS),
        ("per_frame", synthetic_tables.per_frame(), PER_FRAME),
        ("places", synthetic_tables.places(), PLACES),
        ("readout", synthetic_tables.readout(), READOUT),
    ):
        table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
        tables.write(tmp_path / f"s/{name}.parquet", table.replace_schema_metadata(), schema, {})
    return tmp_path / "s"


def run(name, *arguments, dpi=123):
    spec = tables.canonical_json(synthetic.spec(dpi=dpi))
    return main(["figures", name, "--spec", spec, *map(str, arguments)])


def pictures(here):
    """Options that name the frames and two views, of one shard each, and what follows from them."""
    frames, cat, human = here / "frames", here / "views/cat", here / "views/human"
    options = ["--frames", frames, "--shards", 1, "--views", "cat", cat, "--views", "human", human]
    views = {name: [here / f"views/{name}/0.parquet"] for name in ("cat", "human")}
    return options, [frames / "0.parquet"], views


@pytest.mark.parametrize("name", ["gallery", "parts"])
def test_scenes_are_read_from_frames_and_views(name, handed, here):
    options, frames, views = pictures(here)
    assert run(name, *options, "--output", here / "a.png", here / "b.svg") == 0
    read_frames, read_views, choices = handed[name, "read"]
    assert (read_frames, read_views) == (frames, views) and choices.reference == "human"
    assert handed[name, "draw"] == (f"read by catsight.figures.{name}", choices)
    drawn = (f"drawn by catsight.figures.{name}", 123)
    assert handed["a.png"] == handed["b.svg"] == drawn


@pytest.mark.parametrize("with_attribution", [True, False])
def test_the_summary_is_drawn_from_metrics_a_scene_and_attribution(with_attribution, handed, here):
    options, frames, views = pictures(here)
    more = [here / "attribution.parquet"] if with_attribution else []
    metrics = ["--metrics", here / "metrics.parquet"]
    assert (
        run("summary", *options, *metrics, "--attribution", *more, "--output", here / "a.png") == 0
    )
    table, choices, scene, attribution = handed["summary", "draw"]
    assert handed["summary", "read"] == (frames, views, choices)
    assert "n_features" in table and scene == "read by catsight.figures.summary"
    assert ("part" in attribution) if with_attribution else attribution is None
    assert handed["a.png"] == ("drawn by catsight.figures.summary", 123)


def test_confusions_are_drawn_from_pairs_and_pictures(handed, here):
    options, frames, views = pictures(here)
    assert (
        run("retrieval", *options, "--pairs", here / "pairs.parquet", "--output", here / "a.png")
        == 0
    )
    pairs, choices = handed["retrieval", "examples"]
    assert "other_id" in pairs
    assert handed["retrieval", "read"] == ("examples", frames, views, choices)
    read = "read by catsight.figures.retrieval"
    assert handed["retrieval", "draw"] == ("examples", choices, read)


def test_answers_are_drawn_from_the_readout_and_pictures(handed, here):
    options, _, views = pictures(here)
    table = here / "readout.parquet"
    assert run("answers", *options, "--readout", table, "--output", here / "a.png") == 0
    rows, choices = handed["answers", "examples"]
    assert "view_name" in rows
    assert handed["answers", "read"] == ("examples", views, choices)
    read = "read by catsight.figures.answers"
    assert handed["answers", "draw"] == ("examples", choices, read)
    assert handed["a.png"] == ("drawn by catsight.figures.answers", 123)


def test_extremes_are_drawn_from_single_frames_and_pictures(handed, here):
    options, frames, views = pictures(here)
    table = here / "per_frame.parquet"
    assert run("extremes", *options, "--per-frame", table, "--output", here / "a.png") == 0
    rows, *rest = handed["extremes", "read"]
    assert "pnka" in rows and rest[:2] == [frames, views]
    assert handed["extremes", "draw"] == ("read by catsight.figures.extremes", rest[2])


def test_places_are_drawn_from_their_table_and_pictures(handed, here):
    options, frames, views = pictures(here)
    table = here / "places.parquet"
    assert run("places", *options, "--table", table, "--output", here / "a.png") == 0
    rows, choices = handed["places", "of_focus"]
    assert "eccentricity" in rows
    assert handed["places", "read"] == ("rows in focus", frames, views, choices)
    read = "read by catsight.figures.places"
    assert handed["places", "draw"] == ("rows in focus", choices, read)
    assert handed["a.png"] == ("drawn by catsight.figures.places", 123)


def test_a_figure_of_one_table_is_drawn_from_it(handed, here):
    table = here / "metrics.parquet"
    assert run("changes", "--table", table, "--output", here / "a.png", here / "b.png", dpi=45) == 0
    drawn, choices = handed["changes", "draw"]
    assert len(drawn) == len(synthetic.metric_rows()) and choices.study == "quickstart"
    assert handed["a.png"] == handed["b.png"] == ("drawn by changes", 45)


def test_the_ranking_is_drawn_from_metrics_and_contrasts(handed, here):
    metrics, contrasts = here / "metrics.parquet", here / "contrasts.parquet"
    assert (
        run("ranking", "--metrics", metrics, "--contrasts", contrasts, "--output", here / "a.png")
        == 0
    )
    drawn, choices, tested = handed["ranking", "draw"]
    assert "n_features" in drawn and choices.study == "quickstart" and "p_holm" in tested
    assert handed["a.png"] == ("drawn by ranking", 123)


def test_all_tables_of_numbers_are_written(here):
    outputs = [here / "m.csv", here / "m.tex"]
    assert run("tables", "--table", here / "metrics.parquet", "--output", *outputs) == 0
    assert outputs[0].read_text().startswith("encoder,")
    assert outputs[1].read_text().startswith("% quickstart")


def test_the_report_is_made_from_what_each_option_names(handed, here):
    given = {
        name: here / f"{name}.parquet"
        for name in (
            "rejected",
            "near",
            "metrics",
            "attribution",
            "contrasts",
            "best",
            "physiology",
            "renderings",
            "readout",
        )
    }
    single = [word for name, path in given.items() for word in (f"--{name}", path)]
    figures = [here / "ranking.svg", here / "maps.svg"]
    features = [here / f"features/{name}/cat/0.parquet" for name in ("vit", "cnn")]
    matched = ["--matched", here / "views/cat", here / "views/human/1.parquet"]
    assert run("report", "--frames", here / "frames", "--shards", 1, *single, *matched, "--features", *features,
               "--figures", *figures, "--output", here / "r.html") == 0  # fmt: skip
    spec, options = handed["report", "render"]
    assert spec["study"] == "quickstart"
    assert options == given | {
        "frames": [here / "frames/0.parquet"],
        "features": features,
        "figures": figures,
        "matched": [here / "views/cat/0.parquet", here / "views/human/1.parquet"],
    }
    assert (here / "r.html").read_text() == "<html>"
    assert run("report", "--frames", here / "frames/1.parquet", *single[:2], *single[4:6], *single[8:12], "--features", *features,
               "--figures", *figures, "--output", here / "r.html") == 0  # fmt: skip
    _, options = handed["report", "render"]
    assert (options["near"], options["attribution"], options["matched"]) == (None, None, [])
    assert options["physiology"] is None
    assert options["renderings"] is options["readout"] is None
    assert options["frames"] == [here / "frames/1.parquet"]


def test_the_resolution_is_that_of_the_spec(here, monkeypatch):
    monkeypatch.setattr(changes, "draw", lambda table, choices: Figure(figsize=(2, 1)))
    for dpi in (50, 130):
        table = here / "metrics.parquet"
        assert run("changes", "--table", table, "--output", here / "a.png", dpi=dpi) == 0
        assert Image.open(here / "a.png").size == (2 * dpi, dpi)
