"""Which modules are layers, and how their outputs are pooled: tensors made by hand."""

import pytest
import torch
from torch import nn

from catsight import CatsightError
from catsight.features import layers


class Model(nn.Module):
    """Stands for a network that states its tokens and its layout."""

    def __init__(self, prefix=None, class_token=False, layout=None):
        super().__init__()
        if prefix is not None:
            self.num_prefix_tokens = prefix
        if class_token:
            self.cls_token = nn.Parameter(torch.zeros(1))
        if layout:
            self.output_fmt = layout


ALL = ["cls", "mean", "map"]
#: Two frames of tokens: position p of frame n has the features (100 n + p, -p).
TOKENS = torch.tensor([[[100.0 * n + p, -p] for p in range(18)] for n in range(2)])
#: The same as maps of 4 by 4 with 16 positions, channels first.
MAPS = TOKENS[:, 2:].transpose(1, 2).reshape(2, 2, 4, 4)


@pytest.mark.parametrize(
    ("prefix", "class_token", "cls", "mean"),
    [
        (2, True, 0, 9.5),  # of positions 2 to 17
        (2, False, None, 9.5),  # register tokens alone
        (0, True, None, 8.5),  # a class token that is not among the tokens
        (None, False, None, 8.5),
        (9, True, 0, 13.0),
    ],
)
def test_tokens_before_the_places_are_left_out_of_the_mean(prefix, class_token, cls, mean):
    found = layers.pool(TOKENS, Model(prefix, class_token), ["cls", "mean"])
    assert ("cls" in found) == (cls is not None)
    if cls is not None:
        torch.testing.assert_close(found["cls"], torch.tensor([[cls, -cls], [100.0 + cls, -cls]]))
    wanted = torch.tensor([[mean, -mean], [100 + mean, -mean]])
    torch.testing.assert_close(found["mean"], wanted)


QUARTERS = [[4.5, 6.5, 12.5, 14.5, -4.5, -6.5, -12.5, -14.5], [104.5, 106.5, 112.5, 114.5, -4.5, -6.5, -12.5, -14.5]]  # fmt: skip


@pytest.mark.parametrize(
    ("output", "model"),
    [
        (TOKENS, Model(2, True)),
        (MAPS, Model()),
        (MAPS, Model(layout="NCHW")),
        (MAPS.permute(0, 2, 3, 1), Model(layout="NHWC")),
    ],
)
def test_a_map_holds_each_channels_cells_row_by_row(output, model):
    """The means of the four quarters: positions 2, 3, 6, 7; 4, 5, 8, 9; and so on."""
    found = layers.pool(output, model, ["map", "mean"], map_size=2)
    assert list(found) == ["map", "mean"]
    torch.testing.assert_close(found["map"], torch.tensor(QUARTERS))
    torch.testing.assert_close(found["mean"], torch.tensor([[9.5, -9.5], [109.5, -9.5]]))


@pytest.mark.parametrize(("cells", "width"), [(1, 2), (2, 8), (3, 18), (4, 32), (5, 32)])
def test_a_map_has_no_more_cells_than_places(cells, width):
    found = layers.pool(MAPS, Model(), ["map"], map_size=cells)["map"]
    assert found.shape == (2, width)
    if width == 32:  # the places themselves
        torch.testing.assert_close(found, MAPS.flatten(1))


def test_a_map_has_four_cells_a_side_unless_it_is_told():
    assert layers.pool(torch.zeros(1, 2, 8, 8), Model(), ["map"])["map"].shape == (1, 2 * 16)


@pytest.mark.parametrize("poolings", [["mean"], ["cls"], ["map", "cls"], ["mean", "cls", "map"]])
def test_poolings_are_those_that_are_asked_for_in_that_order(poolings):
    assert list(layers.pool(TOKENS, Model(2, True), poolings)) == poolings
    without = [one for one in poolings if one != "cls"]
    assert list(layers.pool(MAPS, Model(), poolings)) == without


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("layout", ["tokens", "maps"])
def test_means_of_a_low_precision_are_taken_in_float32(dtype, layout):
    """Fifteen ones and one 3: 1.125, which bf16 holds; two frames of 256 places, 1 + 1/128, which
    it rounds to 1 if the sum is rounded.
    """
    places = torch.ones(2, 256, 1, dtype=dtype)
    places[1, 7] = 3
    output = places if layout == "tokens" else places.transpose(1, 2).reshape(2, 1, 16, 16)
    found = layers.pool(output, Model(0), ["mean", "map"], map_size=1)
    for vector in found.values():
        assert vector.dtype == torch.float32
        torch.testing.assert_close(vector, torch.tensor([[1.0], [1 + 2 / 256]]), rtol=0, atol=0)
    with_class = layers.pool(places, Model(1, True), ["cls"])["cls"]
    assert with_class.dtype == torch.float32 and with_class.tolist() == [[1], [1]]


SHAPES = "; a layer must give tokens (n, length, d) or maps (n, d, h, w)"
LAYOUT = (
    ", which are not square maps; its layout is unknown. Maps (n, h, w, d) are read as such if the "
    "model has an attribute output_fmt = 'NHWC'"
)


@pytest.mark.parametrize(
    ("output", "model", "poolings", "words"),
    [
        (torch.zeros(2, 8), Model(), ["mean"], f"x gives (2, 8){SHAPES}"),
        (torch.zeros(1, 2, 3, 3, 3), Model(), ["mean"], f"x gives (1, 2, 3, 3, 3){SHAPES}"),
        ("12", Model(), ["mean"], f"x gives str{SHAPES}"),
        (torch.zeros(2, 8, 8, 16), Model(), ["mean"], f"x gives (2, 8, 8, 16){LAYOUT}"),
        (torch.zeros(2, 16, 8, 8), Model(layout="NHWC"), ["mean"], f"x gives (2, 16, 8, 8){LAYOUT}"),
        (TOKENS, Model(1, True), ["map"],
         "x gives 17 positions, which do not form a square; it has no pooling map"),
    ],
)  # fmt: skip
def test_an_output_of_another_form_is_refused(output, model, poolings, words):
    with pytest.raises(CatsightError) as raised:
        layers.pool(output, model, poolings, "x")
    assert str(raised.value) == words


def test_tokens_that_form_no_square_still_have_a_mean():
    assert list(layers.pool(TOKENS, Model(1, True), ["cls", "mean"])) == ["cls", "mean"]


class Pair(nn.Module):
    """A block with two outputs, the second of which is 10 more."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        return self.kind((x, x + 10))


@pytest.mark.parametrize("kind", [tuple, list])
@pytest.mark.parametrize(("output", "mean"), [(0, 1), (1, 11)])
def test_the_chosen_one_of_several_outputs_is_pooled(kind, output, mean):
    block = Pair(kind)
    model = nn.Sequential(block)
    found = layers.pooled_features(model, {"b": block}, torch.ones(1, 2, 3, 3), ["mean"], output=output)  # fmt: skip
    assert found["b/mean"].tolist() == [[mean, mean]]


@pytest.mark.parametrize(
    ("block", "output", "words"),
    [
        (Pair(tuple), None,
         "b gives 2 outputs; choose one with the encoder's `output`, counted from 0"),
        (Pair(tuple), 2, "b gives 2 output(s), but the encoder's `output` is 2, counted from 0"),
        (nn.Identity(), 0, "b gives 1 output(s), but the encoder's `output` is 0, counted from 0"),
        (nn.Identity(), 1, "b gives 1 output(s), but the encoder's `output` is 1, counted from 0"),
    ],
)  # fmt: skip
def test_an_output_that_is_not_there_is_named(block, output, words):
    with pytest.raises(CatsightError) as raised:
        layers.pooled_features(
            nn.Sequential(block), {"b": block}, torch.ones(1, 2, 3, 3), ["mean"], output=output
        )
    assert str(raised.value) == words


def test_maps_have_the_size_that_is_asked_for():
    block = nn.Identity()
    found = layers.pooled_features(nn.Sequential(block), {"b": block}, MAPS, ["map"], map_size=2)
    torch.testing.assert_close(found["b/map"], torch.tensor(QUARTERS))


class Nested(nn.Module):
    """Its layers: stem, blocks.0 to blocks.11 with a part each, head."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Identity()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Identity()) for _ in range(12))
        self.head = nn.Identity()


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ("blocks.*", [f"blocks.{i}" for i in range(12)]),  # not blocks.0.0, and 2 before 10
        ("blocks.1*", ["blocks.1", "blocks.10", "blocks.11"]),
        ("*.0.0", ["blocks.0.0"]),
        ("*", ["stem", "blocks", "head"]),
        (["head", "blocks.[0-1]", "stem", "stem"], ["stem", "blocks.0", "blocks.1", "head"]),
        ("blocks.?", [f"blocks.{i}" for i in range(10)]),
    ],
)
def test_patterns_name_modules_in_the_order_of_their_definition(patterns, found):
    model = Nested()
    blocks = layers.find_blocks(model, patterns)
    assert list(blocks) == found
    assert all(blocks[name] is model.get_submodule(name) for name in found)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("block.*", "no layer is called 'block.*' in Nested (did you mean blocks.* or blocks.*.* or blocks?)"),
        ("Stem", "no layer is called 'Stem' in Nested (did you mean stem?)"),
        ("x", "no layer is called 'x' in Nested; there are stem, blocks, blocks.*, blocks.*.*, head …"),
    ],
)  # fmt: skip
def test_a_pattern_that_matches_nothing_is_named(pattern, words):
    with pytest.raises(CatsightError) as raised:
        layers.find_blocks(Nested(), ["stem", pattern])
    assert str(raised.value) == words


def test_at_most_three_layers_are_suggested():
    model = nn.Sequential()
    for name in ("stages", "stagea", "stageb", "stagec"):
        model.add_module(name, nn.Identity())
    with pytest.raises(CatsightError) as raised:
        layers.find_blocks(model, "stage")
    assert str(raised.value).count(" or ") == 2


def test_long_lists_of_modules_are_cut():
    model = nn.Sequential()
    for letter in "abcdefghijk":
        model.add_module(letter * 5, nn.Identity())
    with pytest.raises(CatsightError) as raised:
        layers.find_blocks(model, "9")
    assert str(raised.value) == (
        "no layer is called '9' in Sequential; there are aaaaa, bbbbb, ccccc, ddddd, eeeee, fffff, "
        "ggggg, hhhhh …"
    )
