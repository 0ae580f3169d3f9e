"""Where in a picture features differ: closed forms, networks of each kind, and the table."""

import json

import numpy as np
import pytest
import torch

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.features import encoders, places, safe
from catsight.features.layouts import Layout
from catsight.inputs.pictures import encode_png
from catsight.tables.columns.frames import FRAMES
from catsight.tables.columns.places import PLACES
from catsight.tables.columns.views import VIEWS

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
PIXELS = {
    "factory": "support.hand_made_nets:Pixels", "layers": "pixels",
    "preprocessing": {"size": 14, "crop": 1.0, "mean": MEAN, "std": STD},
}  # fmt: skip


def spec(encoder, **more):
    run = {"encoder": encoder, "precision": "fp32", "device": "cpu", "channels_last": False}
    return {
        "encoder": "net", "run": run, "reference": "human", "frames": 12, "field_of_view": 28.0, "perspective": False,
        "code": "0", "versions": {}, **more,
    }  # fmt: skip


def weights(folder, encoder):
    path = folder / "net.safetensors"
    if not path.exists():
        safe.write(path, encoders.make(encoder).state_dict(), {})
    return path


def picture(side=14, seed=0):
    return np.random.default_rng(seed).integers(1, 256, (side, side, 3), dtype=np.uint8)


def write_view(path, pictures):
    rows = [{"frame_id": name, "image": {"bytes": encode_png(one)}} for name, one in pictures.items()]  # fmt: skip
    tables.write(path, rows, VIEWS, {})
    return path


def write_frames(path, groups):
    tables.write(path, [{"frame_id": f, "group": g} for f, g in groups.items()], FRAMES, {})
    return path


def compared(folder, encoder, one, other, **more):
    """The rows of a single frame, by layer."""
    of = spec(encoder, **more)
    net = places.PlacesEncoder(of, weights(folder, encoder), 1)
    views = {
        name: [write_view(folder / f"{name}.parquet", {"f": rgb})]
        for name, rgb in (("human", one), ("cat", other))
    }
    (table,) = places.rows(net, views, {"f": "g"}, of)
    return {row["layer"]: row for row in table.to_pylist()}


# -- distances ---------------------------------------------------------------------------------------


def test_the_distance_is_one_minus_the_cosine():
    x = np.array([[1, 0], [1, 0], [1, 0], [3, 4], [2, 0]], np.float32)
    y = np.array([[0, 2], [-3, 0], [5, 5], [4, 3], [9, 0]], np.float32)
    wanted = [1, 2, 1 - 1 / np.sqrt(2), 1 - 24 / 25, 0]
    np.testing.assert_allclose(places.distances(x, y), wanted, atol=1e-7)


def test_small_distances_keep_their_digits():
    """1 - cos of a small angle is a² / 2, which float32 cannot tell from 0 by subtraction."""
    angle = 1e-4
    y = np.array([[np.cos(angle), np.sin(angle)]], np.float32)
    assert places.distances(np.array([[1, 0]], np.float32), y) == pytest.approx(angle**2 / 2, rel=1e-3)  # fmt: skip


def test_equal_vectors_are_exactly_no_distance_apart_and_nothing_has_no_direction():
    x = np.random.default_rng(0).normal(size=(5, 7, 31)).astype(np.float32)
    assert (places.distances(x, x.copy()) == 0).all()
    x[1, 2] = 0
    assert np.isnan(places.distances(x, np.ones_like(x))).nonzero() == (1, 2)
    assert np.isnan(places.distances(np.ones_like(x), x)).sum() == 1


def test_a_networks_pixels_are_compared_place_by_place(tmp_path):
    """A network that gives its input: each place is a pixel, normalised, of a picture that needs no
    resizing. The angle between two pixels, by hand.
    """
    one, other = picture(seed=0), picture(seed=1)
    (row,) = compared(tmp_path, PIXELS, one, other).values()
    x, y = ((rgb / 255 - MEAN) / STD for rgb in (one, other))
    cosines = (x * y).sum(-1) / np.linalg.norm(x, axis=-1) / np.linalg.norm(y, axis=-1)
    np.testing.assert_allclose(row["distance"], (1 - cosines).ravel(), atol=1e-5)
    assert row["mean"] == pytest.approx((1 - cosines).mean(), abs=1e-6)
    assert [row[key] for key in ("side", "height", "width")] == [14, 14, 14]
    assert [row[key] for key in ("left", "top", "right", "bottom")] == [0, 0, 1, 1]
    assert row["reason"] is None and (row["layer_index"], row["depth"]) == (0, 0)
    # 28 degrees over 14 pixels, whose middles are half a pixel off the middle lines
    away = np.asarray(row["eccentricity"]).reshape(14, 14)
    assert away[6, 7] == pytest.approx(np.sqrt(2)) and away[0, 0] == pytest.approx(13 * np.sqrt(2))
    assert (np.asarray(row["contrast"]) < 1e-3).all()  # of single pixels


def test_fine_maps_are_kept_as_means(tmp_path):
    """Of 56 pixels a side, two by two become one of 28."""
    encoder = {**PIXELS, "preprocessing": {**PIXELS["preprocessing"], "size": 56}}
    one, other = picture(56), picture(56, seed=1)
    (row,) = compared(tmp_path, encoder, one, other).values()
    x, y = ((rgb / 255 - MEAN) / STD for rgb in (one, other))
    cosines = (x * y).sum(-1) / np.linalg.norm(x, axis=-1) / np.linalg.norm(y, axis=-1)
    wanted = (1 - cosines).reshape(28, 2, 28, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(row["distance"], wanted.ravel(), atol=1e-5)
    assert [row[key] for key in ("side", "height", "width")] == [56, 28, 28]


def test_places_without_a_direction_are_null_and_counted(tmp_path):
    """Black pixels, of a network whose input is not shifted."""
    encoder = {**PIXELS, "preprocessing": {**PIXELS["preprocessing"], "mean": [0, 0, 0]}}
    one, other = picture(), picture(seed=1)
    one[2, 3] = other[5, 6] = 0
    (row,) = compared(tmp_path, encoder, one, other).values()
    unknown = [i for i, value in enumerate(row["distance"]) if value is None]
    assert unknown == [2 * 14 + 3, 5 * 14 + 6]
    assert row["reason"] == (
        "at 2 of 196 places all features are 0, so no direction is known"
    )  # fmt: skip
    assert row["mean"] == pytest.approx(np.mean([v for v in row["distance"] if v is not None]))
    (row,) = compared(tmp_path, encoder, np.zeros_like(one), other).values()
    assert row["mean"] is None and set(row["distance"]) == {None}


# -- networks ------------------------------------------------------------------------------------------

SWIN = {
    "timm": "swin_tiny_patch4_window7_224", "layers": "layers.*.blocks.*",
    "args": {"img_size": 128, "window_size": 4, "embed_dim": 24, "depths": [2, 2, 2], "num_heads": [2, 2, 2]},
}  # fmt: skip
NETS = {
    "vit": {"timm": "test_vit", "layers": "blocks.*"},
    "cnn": {"timm": "test_efficientnet", "layers": "blocks.*.*"},
    "swin": SWIN,
}


@pytest.mark.parametrize("net", NETS)
def test_a_map_lights_up_where_the_picture_was_changed(net, tmp_path):
    """In the upper right corner, in the upper quarter and the right half: neither on the diagonal
    nor as wide as high. At each layer, whatever its grid.
    """
    encoder = {**NETS[net], "preprocessing": {"crop": 1.0}}
    one = np.kron(picture(16), np.ones((10, 10, 1), np.uint8))
    other = one.copy()
    other[:40, 80:] = np.kron(picture(16, seed=1), np.ones((10, 10, 1), np.uint8))[:40, 80:]
    rows = compared(tmp_path, encoder, one, other)
    assert len(rows) >= 3 and len({row["side"] for row in rows.values()}) >= (1 if net == "vit" else 3)  # fmt: skip
    for layer, row in rows.items():
        found = np.asarray(row["distance"], float).reshape(row["height"], row["width"])
        side = len(found)
        inside = np.zeros((side, side), bool)
        inside[: max(round(side / 4), 1), side // 2 :] = True
        if side < 4:
            continue
        assert inside[np.unravel_index(found.argmax(), found.shape)], layer
        mirrored = (inside.T, inside[::-1], inside[:, ::-1])
        assert found[inside].mean() > 2 * max(found[one & ~inside].mean() for one in mirrored), layer  # fmt: skip


@pytest.mark.parametrize(("net", "precision"), [*((net, "fp32") for net in NETS), ("vit", "bf16")])
def test_the_same_picture_is_nowhere_different(net, precision, tmp_path):
    one = picture(160)
    run = spec(NETS[net])["run"] | {"precision": precision}
    for row in compared(tmp_path, NETS[net], one, one.copy(), run=run).values():
        assert set(row["distance"]) == {0} and row["mean"] == 0


def test_only_the_networks_part_of_the_picture_counts(tmp_path):
    """test_vit's crop is 0.95 of 160 px: 4 of 168 px at each side are left out."""
    one = picture(168)
    other = one.copy()
    other[:3], other[:, :3] = 255 - other[:3], 255 - other[:, :3]
    rows = compared(tmp_path, NETS["vit"], one, other)
    (row, *_) = rows.values()
    assert [row[key] for key in ("left", "top")] == [4 / 168] * 2
    assert [row[key] for key in ("right", "bottom")] == [164 / 168] * 2
    assert all(set(row["distance"]) == {0} for row in rows.values())


def test_pictures_of_two_shapes_have_no_map(tmp_path):
    """A camera beside another may take wider pictures; larger ones of the same shape are the same."""
    wide = np.random.default_rng(0).integers(0, 256, (160, 240, 3), dtype=np.uint8)
    for row in compared(tmp_path, NETS["vit"], picture(160), wide).values():
        assert row["reason"] == "the two pictures differ in shape, so the network sees other parts of them"  # fmt: skip
        assert row["distance"] is None and row["mean"] is None
    rows = compared(tmp_path, NETS["vit"], picture(160), picture(320))
    assert all(row["reason"] is None for row in rows.values())


def test_layers_count_from_0_to_1_in_network_order(tmp_path):
    rows = compared(tmp_path, NETS["cnn"], picture(160), picture(160, seed=1))
    assert [row["layer_index"] for row in rows.values()] == list(range(len(rows)))
    depths = [row["depth"] for row in rows.values()]
    assert depths[0] == 0 and depths[-1] == 1 and depths == sorted(depths)


def test_a_layer_without_a_map_says_why(tmp_path):
    """Two tokens of the whole picture, and places in reverse order."""

    def layer(places, **more):
        return Layout(0, 2, (1,), **more)

    assert places.no_map((1, 18, 5), layer(1, extra=(0, 1))) == ""
    assert places.no_map((18, 1, 5), Layout(1, 2, (1,), (0, 1))) == ""
    assert places.no_map((1, 17, 5), layer(1)) == "the layer's 17 places do not form a square"
    assert places.no_map((1, 2, 5), layer(1, extra=(0, 1))) == "none of the layer's tokens has a place"  # fmt: skip
    assert places.no_map((1, 16, 5), layer(1, unordered=True)).startswith("a bright bar that moves")


def test_a_shuffled_layer_has_rows_with_a_reason(tmp_path, monkeypatch):
    original = places.Encoder._layouts

    def shuffled(self, steps, entry):
        known = original(self, steps, entry)
        return {name: one._replace(unordered=name == "blocks.1") for name, one in known.items()}

    monkeypatch.setattr(places.Encoder, "_layouts", shuffled)
    rows = compared(tmp_path, NETS["vit"], picture(160), picture(160, seed=1))
    row = rows["blocks.1"]
    assert row["reason"].startswith(
        "a bright bar that moves about the picture does not move through"
    )
    assert all(row[key] is None for key in ("side", "height", "width", "mean", "distance", "contrast"))  # fmt: skip
    assert row["layer_index"] == 1 and rows["blocks.0"]["reason"] is None


@pytest.mark.parametrize(
    ("axes", "layout"),
    [
        ((0, 1, 2), Layout(0, 2, (1,), (0, 1))),
        ((1, 0, 2), Layout(1, 2, (1,), (0, 1))),  # tokens before frames
        ((0, 2, 1), Layout(0, 1, (2,), (0, 1))),  # channels before tokens
    ],
)
def test_tokens_become_rows_of_places(axes, layout):
    tokens = torch.arange(2 * 18 * 3.0).reshape(2, 18, 3)
    found = places.as_maps(tokens.permute(axes), layout)
    torch.testing.assert_close(found, tokens[:, 2:].reshape(2, 4, 4, 3))


def test_tokens_without_a_place_may_be_anywhere():
    tokens = torch.arange(6.0).reshape(1, 6, 1)
    found = places.as_maps(tokens, Layout(0, 2, (1,), (0, 4)))
    assert found.flatten().tolist() == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("axes", "layout"),
    [
        ((0, 1, 2, 3), Layout(0, 3, (1, 2))),  # channels last
        ((0, 3, 1, 2), Layout(0, 1, (2, 3))),  # channels first
        ((0, 2, 1, 3), Layout(0, 3, (2, 1))),  # columns before rows
        ((1, 2, 3, 0), Layout(3, 3, (1, 2))),  # frames last
    ],
)
def test_maps_become_rows_of_places(axes, layout):
    maps = torch.arange(2 * 4 * 4 * 3.0).reshape(2, 4, 4, 3)
    torch.testing.assert_close(places.as_maps(maps.permute(axes), layout), maps)


# -- frames ----------------------------------------------------------------------------------------------


def test_frames_are_of_different_groups_as_far_as_possible():
    groups = {"a1": "a", "a0": "a", "b0": "b", "c0": "c", "c1": "c", "c2": "c"}
    assert places.choose(groups, 3) == ["a0", "b0", "c0"]
    assert places.choose(groups, 5) == ["a0", "b0", "c0", "a1", "c1"]
    assert places.choose(groups, 99) == ["a0", "b0", "c0", "a1", "c1", "c2"]
    assert places.choose(dict(reversed(groups.items())), 5) == places.choose(groups, 5)
    assert places.choose({}, 3) == []


def test_of_many_groups_they_are_spread_evenly():
    groups = {f"f{i:03}": f"g{i:03}" for i in range(100)}
    assert places.choose(groups, 4) == ["f000", "f025", "f050", "f075"]
    assert places.choose(groups, 1) == ["f000"]


@pytest.fixture
def study(tmp_path):
    """Six frames of three groups in two shards, and two views."""
    groups = {f"f{i}": f"g{i % 3}" for i in range(6)}
    pictures = {f: picture(seed=i) for i, f in enumerate(groups)}
    seen = {f: np.maximum(rgb.astype(int) - 9 * i, 0).astype(np.uint8) for i, (f, rgb) in enumerate(pictures.items())}  # fmt: skip
    weights(tmp_path, PIXELS)
    for shard, names in enumerate((["f0", "f3", "f4"], ["f1", "f2", "f5"])):
        for folder in ("frames", "human", "cat"):
            (tmp_path / folder).mkdir(exist_ok=True)
        write_frames(tmp_path / f"frames/{shard}.parquet", {f: groups[f] for f in names})
        for view, of in (("human", pictures), ("cat", seen)):
            write_view(tmp_path / f"{view}/{shard}.parquet", {f: of[f] for f in names})
    return tmp_path, pictures, seen


def run(folder, out="out.parquet", views=("human", "cat"), **more):
    named = [word for view in views for word in ("--views", view, str(folder / view))]
    return main(["features", "places", "--spec", json.dumps(spec(PIXELS, **more)), "--weights",
                 str(folder / "net.safetensors"), "--frames", str(folder / "frames"), *named, "--threads", "1",
                 "--store", str(folder / "store"), "--output", str(folder / out)])  # fmt: skip


def test_the_table_of_a_few_frames(study, capsys):
    folder, pictures, seen = study
    assert run(folder, frames=4) == 0
    table = tables.read(folder / "out.parquet")
    assert table.schema.remove_metadata() == PLACES
    rows = table.to_pylist()
    assert [(row["frame_id"], row["group"]) for row in rows] == [("f0", "g0"), ("f1", "g1"), ("f2", "g2"), ("f3", "g0")]  # fmt: skip
    assert {(row["encoder"], row["reference"], row["view"]) for row in rows} == {("net", "human", "cat")}  # fmt: skip
    for row in rows:
        x, y = ((of[row["frame_id"]] / 255 - MEAN) / STD for of in (pictures, seen))
        cosines = (x * y).sum(-1) / np.linalg.norm(x, axis=-1) / np.linalg.norm(y, axis=-1)
        np.testing.assert_allclose(row["distance"], (1 - cosines).ravel(), atol=1e-5)
    about = tables.provenance(folder / "out.parquet")
    assert (about["stage"], about["layers"]) == ("features", ["pixels"])
    capsys.readouterr()
    assert run(folder, "again.parquet", frames=4) == 0
    assert f"store: hit {folder / 'again.parquet'}" in capsys.readouterr().err


def test_frames_are_found_by_their_ids_not_their_rows(study):
    folder, _, seen = study
    assert run(folder, frames=4) == 0
    shuffled = {f: seen[f] for f in ("f5", "f0", "f2", "f1", "f4", "f3")}
    write_view(folder / "cat/0.parquet", dict(list(shuffled.items())[:3]))
    write_view(folder / "cat/1.parquet", dict(list(shuffled.items())[3:]))
    assert run(folder, "again.parquet", frames=4) == 0
    assert tables.content(folder / "again.parquet") == tables.content(folder / "out.parquet")


def test_other_pictures_or_weights_make_another_table(study, capsys):
    folder, _, seen = study
    assert run(folder, frames=1) == 0
    before = tables.read(folder / "out.parquet")["mean"].to_pylist()
    write_view(folder / "cat/0.parquet", {f: 255 - seen[f] for f in ("f0", "f3", "f4")})
    assert run(folder, frames=1) == 0
    between = tables.read(folder / "out.parquet")["mean"].to_pylist()
    (folder / "net.safetensors").unlink()
    safe.write(folder / "net.safetensors", {"scale": torch.tensor([-2.0])}, {})
    capsys.readouterr()
    assert run(folder, frames=1) == 0
    assert "store: computed" in capsys.readouterr().err  # both vectors turn: the same distances
    after = tables.read(folder / "out.parquet")["mean"].to_pylist()
    assert before != between == pytest.approx(after)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["f0", "f4"], "the frame 'f3' is missing"),
        (["f0", "f3", "f3", "f4"], "the frame 'f3' comes twice"),
        (["f0", "f3", "f4", "f1"], "the frame 'f1' comes twice"),
    ],
)
def test_a_frame_that_is_missing_or_twice_in_a_view_is_an_error(study, names, said, capsys):
    folder, _, seen = study
    rows = [{"frame_id": f, "image": {"bytes": encode_png(seen[f])}} for f in names]
    tables.write(folder / "cat/0.parquet", rows, VIEWS, {})
    assert run(folder) == 1
    assert said in capsys.readouterr().err
    assert not (folder / "out.parquet").exists()


def test_a_frame_that_is_twice_among_the_frames_is_an_error(study, capsys):
    folder, _, _ = study
    write_frames(folder / "frames/1.parquet", {"f0": "g0"})
    assert run(folder) == 1
    assert "the frame 'f0' comes twice" in capsys.readouterr().err


def test_the_reference_must_be_there(study, capsys):
    assert run(study[0], views=["cat"]) == 1
    assert "--views lacks the reference view 'human'" in capsys.readouterr().err


def test_without_a_field_of_view_there_is_no_eccentricity(study):
    assert run(study[0], field_of_view=None) == 0
    rows = tables.read(study[0] / "out.parquet").to_pylist()
    assert len(rows) == 6 and all(row["eccentricity"] is None for row in rows)


def test_a_network_that_draws_sees_the_same_twice(tmp_path):
    """Each picture is run after the same seed."""
    (tmp_path / "drawing_net.py").write_text(
        "import torch\n\n\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.scale = torch.nn.Parameter(torch.ones(1))\n        self.pixels = torch.nn.Identity()\n\n"
        "    def forward(self, pictures):\n"
        "        return self.pixels(pictures * self.scale + 0.1 * torch.randn(pictures.shape))\n"
    )
    import sys

    sys.path.insert(0, str(tmp_path))
    try:
        encoder = {**PIXELS, "factory": "drawing_net:Net"}
        (row,) = compared(tmp_path, encoder, picture(), picture()).values()
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("drawing_net", None)
    assert set(row["distance"]) == {0}


def test_features_that_are_not_finite_are_named(tmp_path):
    encoder = PIXELS
    path = weights(tmp_path, encoder)
    path.unlink()
    safe.write(path, {"scale": torch.tensor([float("inf")])}, {})
    with pytest.raises(
        CatsightError, match="net: pixels is not finite; the weights may be damaged"
    ):
        compared(tmp_path, encoder, picture(), picture(seed=1))
