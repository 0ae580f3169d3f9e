"""Tables of features and groups: columns, shards, and errors that name table and frame."""

import numpy as np
import pytest

from catsight import CatsightError
from catsight.metrics import reading
from catsight.tables import lists
from support.toy_tables import IDS, write_features, write_frames


def test_places_of_layers_are_in_the_order_of_the_columns():
    found = reading.places(["stem/mean", "blocks.9/cls", "blocks.9/mean", "a/b/mean", "norm/mean"])
    assert found == {
        "stem/mean": {"layer": "stem", "layer_index": 0, "depth": 0, "pooling": "mean"},
        "blocks.9/cls": {"layer": "blocks.9", "layer_index": 1, "depth": 1 / 3, "pooling": "cls"},
        "blocks.9/mean": {"layer": "blocks.9", "layer_index": 1, "depth": 1 / 3, "pooling": "mean"},
        "a/b/mean": {"layer": "a/b", "layer_index": 2, "depth": 2 / 3, "pooling": "mean"},
        "norm/mean": {"layer": "norm", "layer_index": 3, "depth": 1, "pooling": "mean"},
    }
    assert reading.places(["only/mean"])["only/mean"]["depth"] == 0


def test_what_is_not_finite_is_null_in_a_table():
    assert [reading.finite(v) for v in (np.nan, np.inf, -np.inf, np.float64(2), 0)] == [
        None, None, None, 2.0, 0.0,
    ]  # fmt: skip


@pytest.fixture
def shards(tmp_path):
    """The features of 24 frames in three tables, and the array."""
    values = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
    cuts = [slice(0, 10), slice(10, 11), slice(11, 24)]
    paths = [
        write_features(tmp_path / f"cat/{i}.parquet", {"b/mean": values[c], "b/cls": -values[c]}, IDS[c])
        for i, c in enumerate(cuts)
    ]  # fmt: skip
    return paths, values


def test_shards_are_read_as_one_array(shards):
    paths, values = shards
    features = reading.Features(paths, IDS)
    assert features.columns == ["b/mean", "b/cls"]
    assert features["b/mean"].dtype == np.float32
    np.testing.assert_array_equal(features["b/mean"], values)
    np.testing.assert_array_equal(features["b/cls"], -values)


@pytest.mark.parametrize("row", [0, 10, 17])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_frame_that_is_not_finite_is_named_in_any_shard(shards, row, value, tmp_path):
    _, values = shards
    values[row, 1] = value
    paths = [
        write_features(tmp_path / f"dog/{i}.parquet", {"b/mean": values[c]}, IDS[c])
        for i, c in enumerate([slice(0, 10), slice(10, 24)])
    ]
    with pytest.raises(CatsightError) as error:
        reading.Features(paths, IDS)["b/mean"]
    assert str(error.value) == (
        f"{tmp_path / 'dog'}: column b/mean of frame '{IDS[row]}' is not finite"
    )


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (IDS[2:], "the features of 2 frames are missing, first 'photo0-0'"),
        ([*IDS, "zoo", "ape"], "there are features of 2 unknown frames, first 'ape'"),
        ([*IDS, IDS[7]], "the features of frame 'photo1-3' come twice"),
        ([*IDS[:3], IDS[4], IDS[3], *IDS[5:]], "the features are in another order than the frames, from 'photo1-0' on"),
    ],
)  # fmt: skip
def test_frames_that_differ_from_the_studys_are_named(tmp_path, ids, words):
    table = write_features(tmp_path / "cat/0.parquet", {"a/mean": np.zeros((len(ids), 3))}, ids)
    with pytest.raises(CatsightError) as error:
        reading.Features([table], IDS)
    assert str(error.value) == f"{tmp_path / 'cat'}: {words}"


def test_groups_of_all_shards_come_in_the_order_of_the_frames(tmp_path):
    paths = [
        write_frames(tmp_path / f"{i}.parquet", ids) for i, ids in enumerate((IDS[20:], IDS[:3]))
    ]
    groups = lists.read_groups(paths)
    assert list(groups) == [*IDS[20:], *IDS[:3]]
    assert groups == {frame: frame.split("-")[0] for frame in groups}
    again = write_frames(tmp_path / "again.parquet", [IDS[1]])
    with pytest.raises(CatsightError) as error:
        lists.read_groups([*paths, again])
    assert str(error.value) == f"{again}: the frame 'photo0-1' comes twice in this study"
