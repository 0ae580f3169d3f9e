"""``catsight views``: a shard of frames becomes a table of views, and the command says what it does."""

import io
import json

import numpy as np
import pytest

from catsight import CatsightError, tables
from catsight.inputs import eyes
from catsight.inputs.pictures import decode_png, encode_png
from catsight.tables.columns.frames import FRAMES
from catsight.views import Eye, command
from catsight.views.filters import greyscale

EYE = {
    "field_of_view": 6.0,
    "luminance": 1e-3,
    "defocus": 0.0,
    "focus": None,
    "photon_noise": 3.0,
    "eccentricity": False,
    "gaze": None,
    "perspective": False,
    "display": "auto",
}


def depth_of(i):
    buffer = io.BytesIO()
    np.save(buffer, np.full((8, 12), 1 + i, np.float32))
    return buffer.getvalue()


def frames(count):
    rng = np.random.default_rng(0)
    return [
        {
            "frame_id": f"f{i}",
            "image": {"bytes": encode_png(rng.integers(0, 256, (8, 12, 3), dtype=np.uint8)), "path": f"{i}.png"},
            "partner": {"bytes": encode_png(np.full((8, 12, 3), i, np.uint8)), "path": f"p{i}.png"},
            "depth": depth_of(i) if i % 2 else None,
        }
        for i in range(count)
    ]  # fmt: skip


class Job:
    def __init__(self, folder):
        self.folder = folder

    def __call__(self, rows, view, name="view", out="0.parquet", **spec):
        self.frames, self.output = self.folder / "frames.parquet", self.folder / name / out
        tables.write(self.frames, rows, FRAMES, {})
        self.spec = {"view": view, **spec}
        command.main([
            "make", "--spec", json.dumps(self.spec), "--store", str(self.folder / "store"),
            "--frames", str(self.frames), "--output", str(self.output),
        ])  # fmt: skip
        return tables.read(self.output).to_pylist()


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def pictures(rows):
    return {row["frame_id"]: decode_png(row["image"]["bytes"]) for row in rows}


def test_every_frame_has_its_view_in_the_order_of_the_frames(job, capfd):
    """More frames than are held in memory at once."""
    rows = frames(19)
    seen = job(rows, {"filter": "greyscale"})
    assert [row["frame_id"] for row in seen] == [f"f{i}" for i in range(19)]
    assert [row["image"]["path"] for row in seen] == [f"{i}.png" for i in range(19)]
    for row, frame in zip(seen, rows):
        wanted = greyscale(decode_png(frame["image"]["bytes"]))
        np.testing.assert_array_equal(decode_png(row["image"]["bytes"]), wanted)
    assert "views view: 19/19 frames in" in capfd.readouterr().err


def test_the_provenance_says_what_the_views_were_made_from(job):
    job(frames(2), {"filter": "greyscale"}, code="c")
    about = tables.provenance(job.output)
    assert about["stage"] == "views" and about["spec"] == job.spec
    assert about["inputs"] == {"frames": tables.content(job.frames)}
    assert "matched" not in about


def test_other_frames_or_another_spec_are_another_table(job):
    made = {}
    for name, rows, code in (("a", 1, "c"), ("b", 1, "c"), ("c", 2, "c"), ("d", 1, "e")):
        job(frames(rows), {"filter": "original"}, name, code=code)
        made[name] = job.output.resolve()
    assert made["a"] == made["b"] and len(set(made.values())) == 3


def test_a_view_that_is_in_the_store_is_not_made_again(job, monkeypatch):
    job(frames(2), {"filter": "original"})
    monkeypatch.setattr(command, "viewer", lambda view: pytest.fail("made again"))
    assert len(job(frames(2), {"filter": "original"}, "other")) == 2


def test_photon_noise_and_depth_are_those_of_each_frame(job):
    """Equal pictures get unequal noise, whatever the order of frames; and each its own depth."""
    rows = frames(4)
    for row in rows:
        row["image"] = rows[0]["image"]
    view = {"eye": eyes.load("cat"), **EYE}
    seen = pictures(job(rows, view))
    assert len({picture.tobytes() for picture in seen.values()}) == 4
    turned = pictures(job(rows[:0:-1], view, "turned"))
    for name, picture in turned.items():
        np.testing.assert_array_equal(picture, seen[name])
    still = pictures(job(rows, view | {"photon_noise": None, "focus": 1.0}, "still"))
    rgb = decode_png(rows[0]["image"]["bytes"])
    for i, picture in enumerate(still.values()):
        depth = np.full((8, 12), 1.0 + i) if i % 2 else None
        wanted = Eye.load("cat").see(rgb, field_of_view=6, luminance=1e-3, depth=depth, focus=1.0)
        np.testing.assert_array_equal(picture, wanted)


def test_a_view_of_partners_is_made_from_their_column(job):
    seen = pictures(job(frames(3), {"filter": "paired"}))
    assert [seen[f"f{i}"][0, 0, 0] for i in range(3)] == [0, 1, 2]
    grey = pictures(job(frames(3), {"filter": "greyscale", "of": {"filter": "paired"}}, "grey"))
    np.testing.assert_array_equal(grey["f2"], seen["f2"])


def test_matched_views_are_summed_up_in_the_provenance(job):
    """A partner that is the frame itself, one that has contrast where the frame has none, which no
    blur can take, and a uniform one, which the strongest blur resembles.
    """
    rows = frames(3)
    rows[0]["partner"] = rows[0]["image"]
    rows[1]["image"] = {"bytes": encode_png(np.full((8, 12, 3), 9, np.uint8)), "path": "1.png"}
    half = np.repeat(np.array([[0] * 6 + [255] * 6] * 8, np.uint8)[..., None], 3, axis=2)
    rows[1]["partner"] = {"bytes": encode_png(half), "path": "1.png"}
    view = {"filter": "blur", "of": {"filter": "original"}, "match": {"filter": "paired"}}
    job(rows, view)
    matched = tables.provenance(job.output)["matched"]
    assert matched == {"strength": [0, 1, 1], "frames": 3, "unmatched": 1}


def test_each_command_says_what_it_makes_and_what_it_needs(capsys):
    for name, about, options in (
        (
            "make",
            "Makes one view of a shard of frames: each frame as an eye or a filter delivers it.",
            {"--frames FRAMES": "the table of frames to read", "--output OUTPUT": "the table of views to write"},
        ),
        (
            "portraits",
            "Tabulates each eye of a study: pupil, optics, receptors, and a test chart as it sees it.",
            {"--output OUTPUT": "the table of portraits to write"},
        ),
    ):  # fmt: skip
        with pytest.raises(SystemExit):
            command.main([name, "--help"])
        said = " ".join(capsys.readouterr().out.split())
        assert said.startswith(f"usage: catsight views {name} ") and f" {about} options:" in said
        for option, line in options.items():
            assert f" {option} {line} " in f"{said.split('options:')[1]} "
            with pytest.raises(SystemExit):  # every option is required
                command.main([name, "--spec", "{}"])
            assert option.split()[0] in capsys.readouterr().err


def test_the_commands_are_listed_with_what_they_make(capsys):
    command.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: catsight views COMMAND ..."
    assert lines[2:4] == [
        "  make       one view of a shard of frames, as an eye or a filter delivers it",
        "  portraits  each eye of a study, tabulated for the figure of eyes",
    ]
    with pytest.raises(CatsightError, match="catsight views --help"):
        command.main(["paint"])
