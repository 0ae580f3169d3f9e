"""The commands of figures and report: one sound, self-contained page, the same on every run."""

import re
from pathlib import Path

import pytest

from catsight import tables
from catsight.__main__ import main
from catsight.figures import command
from catsight.study.figures_registry import FIGURES
from support import synthetic_study as synthetic
from support.page import Page


def arguments(study, command, output, spec=None):
    frames = ["--frames", str(study / "frames"), "--shards", "2"]
    features = [str(study / f"features/{name}/cat/0.parquet") for name in synthetic.ENCODERS]
    views = [a for v in synthetic.VIEWS for a in ("--views", v, str(study / f"views/{v}"))]
    metrics = [a for n in ("metrics", "contrasts") for a in (f"--{n}", str(study / f"{n}.parquet"))]
    figures = [
        "--figures",
        *(str(output[0].parent / f"{name}.svg") for name in ("gallery", "ranking")),
    ]
    rest = {
        "gallery": [*frames, *views],
        "ranking": metrics,
        "report": [*frames, "--rejected", str(study / "rejected.parquet"), *metrics, "--best", str(study / "best.parquet"),
                   "--features", *features, *figures],
    }[command]  # fmt: skip
    text = tables.canonical_json(synthetic.spec() if spec is None else spec)
    return ["figures", command, "--spec", text, *rest, "--output", *map(str, output)]


def make(study, folder: Path, spec=None) -> Path:
    """Runs the commands as the rules do."""
    for name in ("gallery", "ranking"):
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
    make(study, tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    names = ["gallery.png", "gallery.svg", "ranking.png", "ranking.svg", "report.html"]
    assert sorted(written) == names
    for name in names:
        assert (first.parent / name).read_bytes() == written[name], name


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
        "report": [
            "--rejected",
            "r.parquet",
            "--contrasts",
            "c.parquet",
            "--best",
            "b.parquet",
            "--features",
            "f.parquet",
            "--figures",
            "p.svg",
        ],
        "summary": ["--views", "cat", str(study / "views/cat")],
    }
    with pytest.raises(SystemExit):
        command.main([*call, *rest[name]])
    assert "unrecognized arguments: b.parquet" in capsys.readouterr().err


def test_commands_say_what_is_wrong(study, tmp_path, capsys):
    assert main(["figures"]) == 1
    assert "say which command" in capsys.readouterr().err
    assert main(["figures", "galery"]) == 1
    assert "there is no command 'galery' (did you mean gallery?)" in capsys.readouterr().err
    for name in ("profils", "choices", "page.html", "..os", "os"):  # those are no figures
        assert main(["figures", name]) == 1
        assert f"there is no command '{name}'" in capsys.readouterr().err
    assert main(["figures", "--help"]) == 0
    assert main(arguments(study, "ranking", [tmp_path / "ranking.gif"])) == 1
    assert "a figure is a .png or .svg file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_figures_ignore_the_users_matplotlibrc(study, first, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "none"}):
        assert main(arguments(study, "ranking", [tmp_path / "ranking.svg"])) == 0
    assert (tmp_path / "ranking.svg").read_bytes() == first.with_name("ranking.svg").read_bytes()
