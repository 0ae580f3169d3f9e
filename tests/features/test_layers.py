"""Which modules are layers, and how their outputs are pooled: tensors made by hand."""

import re

import pytest
import timm
import torch
from torch import nn

from catsight import CatsightError
from catsight.features import layers
from catsight.features.layouts import Layout


def tokens(*extra, **more):
    return Layout(0, 2, (1,), extra, **more)


CHANNELS_FIRST, CHANNELS_LAST = Layout(0, 1, (2, 3)), Layout(0, 3, (1, 2))
#: Two frames of tokens: position p of frame n has the features (100 n + p, -p).
TOKENS = torch.tensor([[[100.0 * n + p, -p] for p in range(18)] for n in range(2)])
#: The same as maps of 4 by 4 with 16 positions, channels first.
MAPS = TOKENS[:, 2:].transpose(1, 2).reshape(2, 2, 4, 4)


@pytest.mark.parametrize(
    ("layout", "cls", "mean"),
    [
        (tokens(0, 1, class_token=True), 0, 9.5),  # of positions 2 to 17
        (tokens(0, 1), None, 9.5),  # register tokens alone
        (tokens(), None, 8.5),
        (tokens(*range(9), class_token=True), 0, 13.0),
        (tokens(17, class_token=True), 17, 8.0),  # after the places
        (tokens(0, 17, class_token=True), 0, 8.5),
        (tokens(*range(18), class_token=True), 0, None),  # no place at all
    ],
)
def test_tokens_without_a_place_are_left_out_of_the_mean(layout, cls, mean):
    found = layers.pool(TOKENS, layout, ["cls", "mean"])
    wanted = {"cls": cls, "mean": mean}
    assert list(found) == [pooling for pooling, value in wanted.items() if value is not None]
    for pooling, vector in found.items():
        value = wanted[pooling]
        torch.testing.assert_close(vector, torch.tensor([[value, -value], [100.0 + value, -value]]))


QUARTERS = [[4.5, 6.5, 12.5, 14.5, -4.5, -6.5, -12.5, -14.5], [104.5, 106.5, 112.5, 114.5, -4.5, -6.5, -12.5, -14.5]]  # fmt: skip


@pytest.mark.parametrize(
    ("output", "layout"),
    [
        (TOKENS, tokens(0, 1, class_token=True)),
        (TOKENS.transpose(0, 1), Layout(1, 2, (1,), (0, 1))),  # tokens before frames
        (TOKENS.transpose(1, 2), Layout(0, 1, (2,), (0, 1))),  # channels before tokens
        (MAPS, CHANNELS_FIRST),
        (MAPS.permute(0, 2, 3, 1), CHANNELS_LAST),
        (MAPS.permute(0, 3, 2, 1), Layout(0, 3, (2, 1))),  # columns before rows
        (MAPS.permute(2, 3, 0, 1), Layout(2, 3, (1, 2))),  # frames after places
    ],
)
def test_a_map_holds_each_channels_cells_row_by_row(output, layout):
    """The means of the four quarters: positions 2, 3, 6, 7; 4, 5, 8, 9; and so on."""
    found = layers.pool(output, layout, ["map", "mean"], map_size=2)
    assert list(found) == ["map", "mean"]
    torch.testing.assert_close(found["map"], torch.tensor(QUARTERS))
    torch.testing.assert_close(found["mean"], torch.tensor([[9.5, -9.5], [109.5, -9.5]]))


@pytest.mark.parametrize(("cells", "width"), [(1, 2), (2, 8), (3, 18), (4, 32), (5, 32)])
def test_a_map_has_no_more_cells_than_places(cells, width):
    found = layers.pool(MAPS, CHANNELS_FIRST, ["map"], map_size=cells)["map"]
    assert found.shape == (2, width)
    if width == 32:  # the places themselves
        torch.testing.assert_close(found, MAPS.flatten(1))


def test_a_map_has_four_cells_a_side_unless_it_is_told():
    found = layers.pool(torch.zeros(1, 2, 8, 8), CHANNELS_FIRST, ["map"])["map"]
    assert found.shape == (1, 2 * 16)


@pytest.mark.parametrize("poolings", [["mean"], ["cls"], ["map", "cls"], ["mean", "cls", "map"]])
def test_poolings_are_those_that_are_asked_for_in_that_order(poolings):
    assert list(layers.pool(TOKENS, tokens(0, 1, class_token=True), poolings)) == poolings
    without = [one for one in poolings if one != "cls"]
    assert list(layers.pool(MAPS, CHANNELS_FIRST, poolings)) == without


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("layout", [tokens(), CHANNELS_FIRST])
def test_means_of_a_low_precision_are_taken_in_float32(dtype, layout):
    """Fifteen ones and one 3: 1.125, which bf16 holds; two frames of 256 places, 1 + 1/128, which
    it rounds to 1 if the sum is rounded.
    """
    places = torch.ones(2, 256, 1, dtype=dtype)
    places[1, 7] = 3
    maps = len(layout.places) == 2
    output = places.transpose(1, 2).reshape(2, 1, 16, 16) if maps else places
    found = layers.pool(output, layout, ["mean", "map"], map_size=1)
    for vector in found.values():
        assert vector.dtype == torch.float32
        torch.testing.assert_close(vector, torch.tensor([[1.0], [1 + 2 / 256]]), rtol=0, atol=0)
    with_class = layers.pool(places, tokens(0, class_token=True), ["cls"])["cls"]
    assert with_class.dtype == torch.float32 and with_class.tolist() == [[1], [1]]


@pytest.mark.parametrize("layout", [tokens(0, class_token=True), tokens()])
def test_vectors_share_no_memory_with_the_network(layout):
    """Of one place, its mean is itself; the class token would be a view."""
    output = torch.arange(4.0).reshape(1, 2, 2) if layout.extra else torch.ones(1, 1, 2)
    found = layers.pool(output, layout, ["cls", "mean", "map"])
    before = {pooling: vector.clone() for pooling, vector in found.items()}
    output += 100
    for pooling, vector in found.items():
        torch.testing.assert_close(vector, before[pooling])


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (tokens(0), "x gives 17 positions, which do not form a square; it has no pooling map"),
        (tokens(0, 1, unordered=True),
         "x has no pooling map: a bright bar that moves about the picture does not move through its "
         "places in raster order; leave map out of features.pooling, or the layer out of the "
         "encoder's layers"),
    ],
)  # fmt: skip
def test_places_that_are_no_picture_have_a_mean_and_no_map(layout, words):
    assert list(layers.pool(TOKENS, layout, ["mean"], "x")) == ["mean"]
    with pytest.raises(CatsightError) as raised:
        layers.pool(TOKENS, layout, ["mean", "map"], "x")
    assert str(raised.value) == words


class Gives(nn.Module):
    """A layer that gives one thing, whatever it is given."""

    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, pictures):
        return self.output


SHAPES = "; a layer must give tokens (n, length, d) or maps (n, d, h, w)"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (torch.zeros(2, 8), f"b gives (2, 8){SHAPES}"),
        (torch.zeros(1, 2, 3, 3, 3), f"b gives (1, 2, 3, 3, 3){SHAPES}"),
        ("12", f"b gives str{SHAPES}"),
        ({"x": torch.zeros(1, 2, 3)}, f"b gives dict{SHAPES}"),
    ],
)
def test_an_output_of_another_form_is_refused(output, words):
    block = Gives(output)
    with pytest.raises(CatsightError) as raised:
        layers.pooled_features(nn.Sequential(block), {"b": block}, MAPS, ["mean"])
    assert str(raised.value) == words


class Again(nn.Module):
    """A block that runs as often as it is told, and an activation after each time."""

    def __init__(self, times):
        super().__init__()
        self.block, self.act, self.last = nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Identity()
        self.times = times

    def forward(self, x):
        for _ in range(self.times):
            x = self.act(self.block(x))
        return self.last(x)


def test_a_layer_that_runs_more_than_once_is_named():
    for name in ("block", "act"):
        model = Again(3)
        with pytest.raises(CatsightError) as raised:
            layers.pooled_features(model, layers.find_blocks(model, ["last", name]), MAPS, ["mean"])
        assert str(raised.value) == (
            f"the layer {name} runs 3 times in a forward pass, so it has no one value; leave it out "
            "of the pattern, and choose a module around it that runs once"
        )
        model = Again(1)
        blocks = layers.find_blocks(model, ["last", name])
        assert len(layers.pooled_features(model, blocks, MAPS, ["mean"])) == 2


class Twice(nn.Module):
    """An activation of maps, and then of vectors, as many networks have one."""

    def __init__(self):
        super().__init__()
        self.act = nn.ReLU()

    def forward(self, pictures):
        return self.act(self.act(pictures).mean((2, 3)))


def test_a_layer_that_runs_again_on_something_else_is_named_as_such():
    model = Twice()
    with pytest.raises(CatsightError, match="the layer act runs 2 times in a forward pass"):
        layers.pooled_features(model, {"act": model.act}, MAPS, ["mean"])


class InPlace(nn.Module):
    """A residual stream of tokens, the first a class token, that each block adds to in place."""

    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1))
        self.blocks = nn.ModuleList(Adds(2.0**i) for i in range(3))

    def forward(self, pictures):
        x = pictures.flatten(2).transpose(1, 2)
        x = torch.cat([torch.zeros_like(x[:, :1]), x], 1)
        for block in self.blocks:
            x = block(x)
        return x


class Adds(nn.Module):
    def __init__(self, amount):
        super().__init__()
        self.amount = amount

    def forward(self, x):
        x += self.amount
        return x


def test_a_layers_values_are_those_when_it_ran():
    """1, 1 + 2 and 1 + 2 + 4, though all blocks work in the same memory."""
    model = InPlace()
    blocks = layers.find_blocks(model, "blocks.*")
    pictures = torch.zeros(1, 3, 8, 8)
    found = layers.pooled_features(model, blocks, pictures, ["cls", "mean", "map"], map_size=1)
    for i, value in enumerate((1.0, 3.0, 7.0)):
        for pooling in ("cls", "mean", "map"):
            assert found[f"blocks.{i}/{pooling}"].tolist() == [[value] * 3]


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


# -- what a trained head answers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "patterns"), [("test_vit", "blocks.*"), ("test_efficientnet", "blocks.*.*"), ("test_resnet", "layer*.*")]
)  # fmt: skip
def test_answers_are_the_networks_own_and_leave_the_layers_alone(name, patterns):
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False).eval()
    pictures = torch.randn(3, *model.pretrained_cfg["input_size"])
    blocks = layers.find_blocks(model, patterns)
    with torch.inference_mode():
        wanted = model(pictures)
    found = layers.pooled_features(model, blocks, pictures, ["cls", "mean"], classes=1000)
    without = layers.pooled_features(model, blocks, pictures, ["cls", "mean"])
    assert list(found) == [*without, "head/logits"] and "head/logits" not in without
    assert found["head/logits"].shape == (3, 1000) and found["head/logits"].dtype == torch.float32
    torch.testing.assert_close(found["head/logits"], wanted, rtol=0, atol=0)
    assert wanted.std(dim=0).min() > 0  # of each frame by itself
    for column, vector in without.items():
        torch.testing.assert_close(found[column], vector, rtol=0, atol=0)


class Answering(nn.Module):
    """Gives what it was made with for a batch of two."""

    def __init__(self, given):
        super().__init__()
        self.body, self.given = nn.Identity(), given

    def forward(self, pictures):
        self.body(pictures)
        return self.given


@pytest.mark.parametrize(
    ("given", "gives"),
    [
        (torch.zeros(2, 12), "12 numbers"),
        (torch.zeros(2, 9), "9 numbers"),
        (torch.zeros(2, 10, 7, 7), r"\(2, 10, 7, 7\)"),
        (torch.zeros(10), r"\(10,\)"),
        (torch.zeros(1, 10), r"\(1, 10\)"),
        ((torch.zeros(2, 10),), "tuple"),
        (None, "NoneType"),
    ],
)
def test_answers_that_are_not_one_number_a_class_are_refused(given, gives):
    model = Answering(given)
    with pytest.raises(CatsightError) as raised:
        layers.pooled_features(
            model, {"body": model.body}, torch.zeros(2, 3, 8, 8), ["mean"],
            known={"body": CHANNELS_FIRST}, classes=10,
        )  # fmt: skip
    said = str(raised.value)
    assert re.search(f"the encoder's `classes` names 10 classes, but its network gives {gives} for a frame", said)  # fmt: skip
    assert said.endswith("set classes: null for an encoder without a trained head")


def test_answers_of_lower_precision_become_float32():
    model = Answering(torch.arange(20).reshape(2, 10).bfloat16())
    found = layers.pooled_features(
        model, {"body": model.body}, torch.zeros(2, 3, 8, 8), ["mean"], known={"body": CHANNELS_FIRST},
        classes=10,
    )  # fmt: skip
    assert found["head/logits"].dtype == torch.float32
    torch.testing.assert_close(found["head/logits"], torch.arange(20.0).reshape(2, 10))
