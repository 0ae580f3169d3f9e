"""No study file, photo or table makes the program run code, but for one key: ``factory``, which the
report warns of.
"""

import io
import json
import pickle
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.features import safe
from catsight.features.drawn import random_state
from catsight.figures import profiles, style
from catsight.figures.choices import Choices
from catsight.frames import kinds
from catsight.frames.decode import Rejected, read_depth
from catsight.inputs import yaml_files
from catsight.study import Study
from catsight.views.command import viewer
from support import synthetic_study as synthetic
from support.disturbed import small

ROOT = yaml_files.find("schemas", "config.schema.yaml").parents[2]


class Bomb:
    """Unpickled, it leaves a file behind."""

    def __reduce__(self):
        return (open, ("pwned", "w"))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The working folder of a test. Code that ran would have left a file ``pwned`` in it."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not list(tmp_path.rglob("pwned*"))


#: Text that a shell, Snakemake, Jinja, HTML, LaTeX or matplotlib might interpret.
EVIL = "$(touch pwned) `touch pwned` ; touch pwned & '\" {x} {{ 7 * 7 }} {params} %s\\ $\\frac{ <script>touch()</script> -->"


def test_words_of_a_study_reach_no_shell(here):
    """Label, note, title, licence, folder, photo names and the path of weights go through the real
    workflow.
    """
    folder = here / "study"
    workflow = small(folder)
    evil = EVIL.replace("/", "")
    photos = folder / evil
    photos.mkdir()
    for i, name in enumerate((f"{evil}.png", "-rf.png", "a\nb.png", "--output=x.png", "*.png")):
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (40, 40, 3), np.uint8)).save(
            photos / name
        )
    plain = re.sub(r"[{<]\w+[}>]", "", evil)  # names that Snakemake would misread are refused
    weights = folder / f"w {plain}.safetensors"
    safe.write(weights, random_state({"timm": "test_vit"}, 0), {})
    config = yaml_files.load_yaml(folder / "tiny.yaml")
    config["frames"] |= {"folder": evil, "shards": 1}
    config["figures"] |= {"title": EVIL}
    config["encoders"]["vit"] |= {
        "label": EVIL,
        "note": EVIL,
        "licence": EVIL,
        "training": "supervised",
    }
    config["encoders"]["vit"]["weights"] = {"source": "file", "path": weights.name}
    workflow.write(config)
    for misread in ("{x}.safetensors", "<results>.safetensors", "a\nb", " a"):
        config["encoders"]["vit"]["weights"]["path"] = misread
        with pytest.raises(
            CatsightError, match=r"(?s)vit\.weights\.path is .*, which Snakemake would misread"
        ):
            Study(config)
    targets = [
        f"results/tiny/{path}" for path in ("weights/vit.safetensors", "views/cat/0.parquet")
    ]
    assert "features: weights of vit" in workflow.due()  # the whole study, figures and report too
    workflow.run("--cores", "2", *targets)
    frames = tables.read(workflow.results() / "frames" / "0.parquet", ["frame_id"])[
        "frame_id"
    ].to_pylist()
    assert (
        len(frames) == 5
        and safe.about(workflow.results() / "weights" / "vit.safetensors")["untrained"] is False
    )


def test_words_of_a_study_are_words_in_figures_and_report(here):
    """The report's escapes are tested in tests/figures; here, figures and the tables beside them."""
    spec = synthetic.spec(title=EVIL)
    spec["encoders"] = {
        name: {**entry, "label": f"{name} {EVIL}"} for name, entry in spec["encoders"].items()
    }
    synthetic.write_metrics(here / "m.parquet")
    figure = profiles.draw(tables.read(here / "m.parquet").to_pandas(), Choices(spec))
    style.save(figure, here / "f.svg", 50)
    svg = (here / "f.svg").read_text()
    assert "<script" not in svg and svg.count("--") == 2 * svg.count("-->")
    arguments = ["--spec", json.dumps(spec), "--table", "m.parquet", "--output", "t.tex"]
    assert main(["figures", "tables", *arguments]) == 0
    assert "\\frac" not in (here / "t.tex").read_text().replace("\\textbackslash{}frac", "")


def test_pages_mark_nothing_safe_but_their_own_style_and_script():
    figures = ROOT / "workflow" / "catsight" / "figures"
    page = (figures / "page" / "page.html.jinja").read_text()
    assert sorted(re.findall(r"\{\{ (\w+) \| safe \}\}", page)) == ["script", "style"]
    assert len(re.findall(r"\bsafe\b", page)) == 2 and "autoescape" not in page
    code = {path.name: path.read_text() for path in figures.rglob("*.py")}
    assert "autoescape=True" in (figures / "page" / "__init__.py").read_text()
    assert not [name for name, text in code.items() if "Markup" in text]


def test_free_text_is_quoted_in_every_shell():
    """Everything else in a command is a path or an option made of names that the schema limits."""
    found = [
        shell
        for rules in (ROOT / "workflow" / "rules").glob("*.smk")
        for shell in rules.read_text().split("shell:")[1:]
    ]
    assert len(found) >= 8 and sum("{params.spec:q}" in shell for shell in found) >= 7
    assert not [shell for shell in found if "{params.spec}" in shell or "{input.file}" in shell]


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb()], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def test_pickles_are_not_read(here):
    (here / "a.depth.npy").write_bytes(pickled())
    with pytest.raises(Rejected):
        read_depth(here / "a.depth.npy", (4, 4))
    (here / "w.safetensors").write_bytes(pickle.dumps(Bomb()))
    for ask in (safe.about, safe.check, safe.load):
        with pytest.raises(CatsightError, match="Pickles"):
            ask(here / "w.safetensors")
    (here / "t.parquet").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CatsightError, match=r"t\.parquet cannot be read"):
        tables.read(here / "t.parquet")
    # in a table that was made by hand
    view = json.loads(
        Study(
            {
                "study": "x",
                "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
                "encoders": {"vit_s16_untrained": None},
            }
        ).spec("views", "cat")
    )
    frame = {**synthetic.pictures(16, 1)[0], "depth": pickled()}
    with pytest.raises((CatsightError, ValueError)):
        viewer(view["view"])(frame)


def test_column_types_that_carry_code_are_not_loaded(here):
    """Arrow once unpickled the metadata of a column's type (CVE-2023-47248)."""
    field = pa.field("frame_id", pa.binary(), metadata={
        b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": pickle.dumps(Bomb()),
    })  # fmt: skip
    schema = pa.schema([field], metadata={b"pandas": b"__import__('os').system('touch pwned')"})
    pq.write_table(pa.table([pa.array([b"x"])], schema=schema), here / "t.parquet")
    with pytest.raises(CatsightError, match="not a catsight table"):
        tables.read(here / "t.parquet")
    assert main(["check", str(here)]) == 1


def test_a_factory_is_called_by_the_job_alone(here, monkeypatch):
    """A study with a factory is read, planned and checked without importing it."""
    (here / "mine.py").write_text("open('pwned', 'w')\ndef build(): pass\n")
    entry = {"factory": "mine:build", "layers": "*", "family": "cnn", "training": "untrained",
             "weights": {"source": "random", "seed": 0}}  # fmt: skip
    config = {
        "study": "x",
        "views": {"human": {"eye": "human"}, "cat": {"eye": "cat"}},
        "encoders": {"own": entry},
    }
    study = Study(config)
    assert study.spec("weights", "own") and study.spec("features", "own")


def test_no_other_key_names_code():
    """Nothing else in the library imports, evaluates or runs what it is given."""
    doors = re.compile(
        r"(?<![\w.])(eval|exec|__import__)\(|\b(os\.system|os\.popen|pickle|marshal|shelve|yaml\.load|subprocess)\b[.(]"
        r"|torch\.load\((?!.*weights_only=True)"
    )
    library = ROOT / "workflow" / "catsight"
    found = {
        f"{path.relative_to(library)}: {match.group()}"
        for path in library.rglob("*.py")
        for match in doors.finditer(path.read_text())
    }
    assert found == {
        "inputs/yaml_files.py: yaml.load(",  # with a loader of plain values
        "run/causes.py: subprocess.",  # an exception of it
        "run/slurm.py: subprocess.",  # one constant command
    }
    imports = {
        str(path.relative_to(library))
        for path in library.rglob("*.py")
        if re.search(r"import_module\((?!\")", path.read_text())
    }
    # modules of catsight only
    own = {"__main__.py", "frames/kinds.py", "figures/command.py"}
    own |= {"metrics/__init__.py", "views/__init__.py"}
    assert imports == {*own, "features/encoders.py"}  # and the factory
    assert "the study’s own code" in (library / "figures" / "report_warnings.py").read_text()


def test_a_kind_of_source_is_a_module_of_frames(here):
    """The kind of a source, which is imported by name, leads nowhere else."""
    (here / "mine.py").write_text("open('pwned', 'w')\n")
    for kind in ("os", "mine", "command", "make.os", "/etc/passwd"):
        with pytest.raises(CatsightError, match="there is no kind of source"):
            kinds.items_of({"source": kind}, {}, 1)
