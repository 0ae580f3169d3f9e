"""How a layer's layout is known: from networks that lay the same patches out in every way."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from catsight import CatsightError
from catsight.features import bars, layers, layouts, probes
from catsight.features.layouts import Layout

SIDE, WIDTH = 8, 6


class Patches(nn.Module):
    """Features of patches of 4 px, (n, 6, 8, 8), as its only layer ``x`` lays them out.

    ``more`` are attributes that it states. ``lost`` is how much of a patch's features is those of
    the whole picture.
    """

    def __init__(self, lay, side=SIDE, width=WIDTH, lost=0.0, **more):
        super().__init__()
        self.lay, self.side, self.lost = lay, side, lost
        generator = torch.Generator().manual_seed(1)
        self.mix = torch.rand(width, 3, generator=generator)
        self.offset = torch.rand(width, side, side, generator=generator)
        self.x = nn.Identity()
        for name, value in more.items():
            setattr(self, name, value)

    def forward(self, pictures):
        maps = nn.functional.adaptive_avg_pool2d(pictures, self.side)
        maps = torch.einsum("dc,nchw->ndhw", self.mix.to(maps), maps)
        maps = maps + self.lost * (maps.mean((2, 3), keepdim=True) - maps)
        return self.x(self.lay(maps + self.offset.to(maps)))


def probed(model, given=None, side=4 * SIDE, batch=5, name="x"):
    pictures = bars.patterns(3, side, side)
    statement = layouts.stated(model, given)
    return probes.probe(model, {name: model.x}, pictures, statement, batch=batch)[name]


def tokens(maps, order=None, extra=()):
    """Maps as tokens in an order of the places, and tokens that see the whole picture put where
    they are to stand in the end.
    """
    found = maps.flatten(2).transpose(1, 2)
    if order is not None:
        found = found[:, order]
    for place in extra:
        seen = 3 + place + maps.mean((2, 3))[:, None]
        found = torch.cat([found[:, :place], seen, found[:, place:]], 1)
    return found


def windows(side, window):
    """The places of a square in the order of windows."""
    inner = range(window)
    outer = range(0, side, window)
    return [(y + i) * side + x + j for y, x, i, j in itertools.product(outer, outer, inner, inner)]


def columns(side):
    return [y * side + x for x in range(side) for y in range(side)]


TOKENS = Layout(0, 2, (1,))
N = SIDE**2


@pytest.mark.parametrize(
    ("lay", "layout"),
    [
        (tokens, TOKENS),
        (lambda m: tokens(m).transpose(0, 1), Layout(1, 2, (1,))),  # tokens before frames
        (lambda m: tokens(m).transpose(1, 2), Layout(0, 1, (2,))),
        (lambda m: tokens(m).permute(1, 2, 0), Layout(2, 2, (1,))),
        (lambda m: m, Layout(0, 1, (2, 3))),
        (lambda m: m.permute(0, 2, 3, 1), Layout(0, 3, (1, 2))),
        (lambda m: m.permute(2, 3, 0, 1), Layout(2, 3, (1, 2))),
        (lambda m: m.transpose(2, 3), Layout(0, 1, (3, 2))),  # columns before rows
        (lambda m: tokens(m, extra=[0]), Layout(0, 2, (1,), (0,), False, True)),
        (lambda m: tokens(m, extra=[0, 1]), Layout(0, 2, (1,), (0, 1))),
        (lambda m: tokens(m, extra=range(5)), Layout(0, 2, (1,), tuple(range(5)))),
        (lambda m: tokens(m, extra=[N]), Layout(0, 2, (1,), (N,), False, True)),
        (lambda m: tokens(m, extra=[30]), Layout(0, 2, (1,), (30,), False, True)),
        (lambda m: tokens(m, extra=[0, 20, 40]), Layout(0, 2, (1,), (0, 20, 40))),
        # 64 places and 17 more, a square together
        (lambda m: tokens(m, extra=range(17)), Layout(0, 2, (1,), tuple(range(17)))),
    ],
)
@pytest.mark.parametrize("lost", [0, 0.9])
def test_a_layout_is_known_from_what_the_network_does(lay, layout, lost):
    """Also if nine tenths of what a place holds is the whole picture."""
    assert probed(Patches(lay, lost=lost)) == layout
    assert probed(Patches(lay, lost=lost), batch=3) == layout


@pytest.mark.parametrize("stated", [None, "NCHW", "NHWC"])
@pytest.mark.parametrize(
    ("axes", "layout"), [((0, 1, 2, 3), Layout(0, 1, (2, 3))), ((0, 2, 3, 1), Layout(0, 3, (1, 2)))]
)
@pytest.mark.parametrize("width", [WIDTH, SIDE])
def test_channels_are_found_whatever_the_network_states(axes, layout, stated, width):
    """Also if there are as many channels as rows and columns."""
    more = {"output_fmt": stated} if stated else {}
    assert probed(Patches(lambda m: m.permute(*axes), width=width, **more)) == layout


@pytest.mark.parametrize("stated", [0, 1, 2, 17])
@pytest.mark.parametrize("extra", [(), (0,), (0, 1)])
def test_tokens_are_counted_whatever_the_network_states(extra, stated):
    """A network's class token may join in its last blocks only."""
    model = Patches(lambda m: tokens(m, extra=extra), num_prefix_tokens=stated)
    assert probed(model).extra == extra


@pytest.mark.parametrize(
    "order",
    [
        windows(SIDE, 4), windows(SIDE, 2), columns(SIDE), range(N - 1, -1, -1),
        np.random.default_rng(0).permutation(N),
    ],
)  # fmt: skip
@pytest.mark.parametrize("extra", [(), (0,)])
def test_places_in_another_order_have_a_mean_and_no_map(order, extra):
    model = Patches(lambda m: tokens(m, list(order), extra), num_prefix_tokens=len(extra))
    found = probed(model)
    assert found.unordered and found.extra == extra
    pictures = torch.rand(2, 3, 32, 32)
    places = model(pictures)[:, len(extra) :]
    means = layers.pooled_features(model, {"x": model.x}, pictures, ["mean"])
    torch.testing.assert_close(means["x/mean"], places.mean(1))
    with pytest.raises(CatsightError, match=r"x has no pooling map: .* in raster order"):
        layers.pooled_features(model, {"x": model.x}, pictures, ["map"])


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_a_few_places_in_another_order_are_all_places(seed, last):
    """16 places are not 9 and 7 without a place, though there are 9 that happen to follow the bar.
    They may be on the last axis.
    """
    order = list(np.random.default_rng(seed).permutation(16)) if seed else windows(4, 2)
    axes = (0, 2, 1) if last else (0, 1, 2)
    model = Patches(lambda m: tokens(m, order).permute(axes), side=4, width=24)
    expected = Layout(0, 1, (2,)) if last else TOKENS
    assert probed(model, side=16) == expected._replace(unordered=True)


def test_a_class_token_after_many_places_is_found():
    """If it were before them, each place would be beside its own: hardly another order."""
    side = 32
    model = Patches(lambda m: tokens(m, extra=[side**2]), side=side, num_prefix_tokens=1)
    assert probed(model, side=2 * side).extra == (side**2,)


def test_more_tokens_are_looked_for_if_the_network_states_them():
    model = Patches(lambda m: tokens(m, extra=range(40)), num_prefix_tokens=40)
    assert probed(model) == Layout(0, 2, (1,), tuple(range(40)))


def test_maps_in_windows_have_no_map():
    def lay(maps):
        return maps.flatten(2)[:, :, windows(SIDE, 4)].unflatten(2, (SIDE, SIDE))

    assert probed(Patches(lay)) == Layout(0, 1, (2, 3), unordered=True)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6])
def test_small_and_large_numbers_are_alike(scale):
    assert probed(Patches(lambda m: scale * tokens(m, extra=[0]))).extra == (0,)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_small_differences_count_beside_large_numbers(scale):
    """What the picture changes, a thousandth of the numbers themselves."""
    model = Patches(lambda m: scale * tokens(m, extra=[0]) + 1)
    assert not probed(model).unordered and probed(model).extra == (0,)


@pytest.mark.parametrize("scale", [1e-9, 0])
def test_rounding_is_no_evidence(scale):
    """Places that differ in the last bits only, and a layer that gives ones."""
    one = {"lay": lambda m: 1 + scale * tokens(m, extra=[0])}
    assert not probed(Patches(lambda m: 1 + scale * m)).unordered
    assert probed(Patches(lambda m: 1 + scale * tokens(m))).unordered
    with pytest.raises(CatsightError, match=r"x gives 65 tokens, and does not show"):
        probed(Patches(**one))
    assert probed(Patches(**one, num_prefix_tokens=1)) == Layout(0, 2, (1,), (0,), True, True)
    few = Patches(lambda m: 1 + scale * tokens(m), side=2, num_prefix_tokens=5)
    assert probed(few) == Layout(0, 2, (1,), unordered=True)
    cube = {"lay": lambda m: 1 + scale * m, "width": SIDE}
    with pytest.raises(CatsightError, match=r"x gives \(8, 8, 8\) .* attribute output_fmt"):
        probed(Patches(**cube))
    assert probed(Patches(**cube, output_fmt="NCHW")) == Layout(0, 1, (2, 3))
    assert probed(Patches(**cube, output_fmt="NHWC")) == Layout(0, 3, (1, 2))


def test_maps_that_see_the_whole_picture_are_taken_as_their_axes_say():
    """As the last layers of networks whose receptive fields are far larger than the picture."""
    noise = torch.rand(1, WIDTH, 2, 2, generator=torch.Generator().manual_seed(2))
    model = Patches(lambda m: m.mean((2, 3), keepdim=True) * noise, side=2)
    assert probed(model, side=16) == Layout(0, 1, (2, 3))


def test_a_few_places_that_see_the_whole_picture_show_no_order():
    """Four numbers follow anything by chance; these follow the bar with columns before rows."""
    model = Patches(lambda m: m.mean((2, 3), keepdim=True) + 0.02 * m.transpose(2, 3), side=2)
    assert probed(model, side=16) == Layout(0, 1, (2, 3))


def test_places_that_are_alike_but_for_rounding_show_no_order():
    """As those of networks whose attention is the same everywhere before they are trained."""

    def lay(maps):
        return tokens(maps.mean((2, 3), keepdim=True) + 3e-6 * maps)

    assert probed(Patches(lay)) == TOKENS._replace(unordered=True)


@pytest.mark.parametrize(("noise", "unordered"), [(0.0, False), (1.4, False), (4.0, True)])
def test_places_that_follow_the_bars_roughly_are_in_order(noise, unordered):
    """Responses of tokens made by hand: what follows the bar, and what does not."""
    random = np.random.default_rng(0)
    bar = np.arange(bars.BARS)[:, None, None]
    rows, across = np.mgrid[:SIDE, :SIDE] * (bars.BARS - 1) / (SIDE - 1)
    made = []
    for place in (rows, across):
        follows = 20 - abs(bar - place) + noise * random.normal(size=(bars.BARS, SIDE, SIDE))
        made.append(follows.reshape(bars.BARS, N))
    seen = bars.Responses(*made, np.zeros(N))
    order = bars.order_of(layouts._as_square(seen, ()))
    expected = {0.0: (0.95, 1), 1.4: (layouts.LIKELY, layouts.PROVEN), 4.0: (-1, layouts.LIKELY)}
    low, high = expected[noise]
    assert low < order.follows < high
    flat = bars.Responses(*(np.ones((bars.BARS, WIDTH)) for _ in range(2)), np.zeros(WIDTH))
    found = layouts.decide(
        {"x": (N, WIDTH)}, {"x": 0}, {"x": {2: seen, 1: flat}}, layouts.Statement()
    )
    assert found["x"] == TOKENS._replace(unordered=unordered)


@pytest.mark.parametrize("count", [1, 2])
def test_a_single_place_needs_no_order(count):
    assert probed(Patches(lambda m: tokens(m), side=1)) == TOKENS
    assert probed(Patches(lambda m: m, side=1)) == Layout(0, 1, (2, 3))
    model = Patches(lambda m: tokens(m, extra=range(count)), side=1, num_prefix_tokens=count)
    assert probed(model).extra == tuple(range(count)) and not probed(model).unordered
    alone = Patches(lambda m: tokens(m), side=1, num_prefix_tokens=1)  # the class token only
    assert probed(alone) == Layout(0, 2, (1,), (0,), False, True)


def test_the_study_settles_what_a_network_does_not_show():
    """Tokens that stand for no place, as those of networks with a few learned queries."""
    model = Patches(lambda m: (m.mean((2, 3)) * torch.arange(1, 8)[:, None, None]).transpose(0, 1))
    with pytest.raises(CatsightError) as raised:
        probed(model)
    assert str(raised.value) == (
        "x gives 7 tokens, and does not show which of them are places; state how many of the first "
        "have none (class tokens and registers) as the encoder's `prefix_tokens`, or leave the "
        "layer out"
    )
    assert probed(model, given=0) == Layout(0, 2, (1,), unordered=True)
    assert probed(model, given=2) == Layout(0, 2, (1,), (0, 1), True, True)
    assert probed(model, given=7).extra == tuple(range(7))
    with pytest.raises(CatsightError, match=r"x gives 7 tokens, fewer than .* prefix_tokens, 8"):
        probed(model, given=8)
    # what the study states is not corrected
    assert probed(Patches(lambda m: tokens(m, extra=[N])), given=1).extra == (0,)
    assert probed(Patches(tokens), given=15) == Layout(0, 2, (1,), tuple(range(15)), True, True)


def token_of(**parameters):
    inner = nn.Module()
    for name, value in parameters.items():
        inner.register_parameter(name, None if value is None else nn.Parameter(torch.zeros(value)))
    return inner


@pytest.mark.parametrize(
    ("more", "count", "class_token"),
    [
        ({"cls_token": 0}, 1, True),
        ({"class_token": 0}, 2, True),
        ({"cls_token": None}, 1, False),  # registers only
        ({"inner": token_of(cls_token=1)}, 5, True),
        ({"inner": token_of(class_embedding=1)}, 5, True),
        ({"inner": token_of(classifier=1)}, 5, False),
        ({}, 1, True),  # nothing but a class token stands alone
        ({}, 5, False),
        ({"cls_token": 0}, 0, False),
    ],
)
def test_a_class_token_is_the_one_that_the_network_names(more, count, class_token):
    model = Patches(lambda m: tokens(m, extra=range(count)), **more)
    assert probed(model).class_token == class_token
    columns = layers.pooled_features(model, {"x": model.x}, torch.rand(1, 3, 32, 32), ["cls"])
    assert list(columns) == ["x/cls"] * class_token


@pytest.mark.parametrize("extra", [(0, 40), (62, 63, 64)])
def test_a_class_token_among_tokens_that_are_not_the_first_is_not_known(extra):
    model = Patches(lambda m: tokens(m, extra=extra), cls_token=0)
    pictures = torch.rand(2, 3, 32, 32)
    assert list(layers.pooled_features(model, {"x": model.x}, pictures, ["mean"])) == ["x/mean"]
    with pytest.raises(CatsightError, match=r"^x has .* which of them is the class token"):
        layers.pooled_features(model, {"x": model.x}, pictures, ["cls", "mean"])


def test_maps_of_one_place_have_channels_that_follow_the_bars_by_chance():
    def lay(maps):
        return maps.flatten(2)[:, :, ::13].flatten(1)[:, :, None, None]  # channels see one place

    assert probed(Patches(lay, width=6)) == Layout(0, 1, (2, 3))


def test_a_token_alone_is_the_class_token_of_a_network_that_has_one():
    def columns(**more):
        model = Patches(lambda m: m.mean((2, 3))[:, None], **more)
        pictures = torch.rand(2, 3, 32, 32)
        return list(layers.pooled_features(model, {"x": model.x}, pictures, ["cls", "mean"]))

    assert columns(cls_token=0) == columns(cls_token=0, num_prefix_tokens=1) == ["x/cls"]
    assert columns() == ["x/mean"]


@pytest.mark.parametrize(
    ("lay", "words"),
    [
        # windows beside each other in the batch
        (lambda m: tokens(m).reshape(4 * len(m), 16, WIDTH),
         "x gives (4, 16, 6) for one picture and (20, 16, 6) for 5, so none of its axes"),
        (lambda m: tokens(m).reshape(1, -1, WIDTH), "x gives (1, 64, 6) for one picture and (1, 320, 6)"),
        (lambda m: torch.einsum("ndhw,mdhw->nmd", m, m), "x gives (1, 1, 6) for one picture and (5, 5"),
        (lambda m: tokens(m)[:, : 50 + len(m)], "x gives (1, 51, 6) for one picture and (5, 55, 6)"),
        (lambda m: m[:1].flatten(2), "x gives (1, 6, 64) for one picture and (1, 6, 64)"),
        (lambda m: m[:, :, :4], "x gives (6, 4, 8) for each picture, which are not square maps"),
        # heads of an attention: as many as they have channels, or these as many as tokens
        (lambda m: tokens(m).repeat(1, 1, 6).unflatten(2, (6, 6)).transpose(1, 2),
         "x gives (6, 64, 6) for each picture, in which one axis holds all places"),
        (lambda m: tokens(m).repeat(1, 1, 32).unflatten(2, (3, 64)).transpose(1, 2),
         "x gives (3, 64, 64) for each picture, in which one axis holds all places"),
        # frames before tokens in a network that takes them for tokens
        (lambda m: tokens(m) + tokens(m).softmax(0), "x gives other values for a picture alone"),
        (lambda m: m - m.mean((0, 2, 3), keepdim=True), "x gives other values for a picture alone"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_names_the_layer(lay, words):
    with pytest.raises(CatsightError) as raised:
        probed(Patches(lay))
    assert str(raised.value).startswith(words)


def test_a_network_that_draws_random_numbers_is_not_taken_for_one_that_mixes_frames():
    def lay(maps):
        return tokens(maps, extra=[0]) + 0.2 * torch.rand(len(maps), N + 1, 1)

    model = Patches(lay, num_prefix_tokens=1)
    assert probed(model).extra == (0,)
    assert probed(Patches(lambda m: m + 0.2 * torch.rand_like(m))) == Layout(0, 1, (2, 3))


def test_a_layer_with_weak_places_is_as_the_one_before_it():
    """Two layers of one shape, the second of which hardly shows where it looks."""
    model = Patches(lambda m: tokens(m, extra=[0]))
    model.y = nn.Identity()
    model.weak = lambda x: x.mean(1, keepdim=True) * torch.rand(1, N + 1, 1).mul(0.1).add(1)

    def forward(pictures):
        x = Patches.forward(model, pictures)
        torch.manual_seed(0)
        return model.y(model.weak(x))

    model.forward = forward
    pictures = bars.patterns(3, 32, 32)
    found = probes.probe(model, {"x": model.x, "y": model.y}, pictures, layouts.stated(model))
    assert found["y"] == found["x"] == Layout(0, 2, (1,), (0,), False, True)
    model.weak = lambda x: x[:, [0, *(1 + i for i in windows(SIDE, 2))]]
    found = probes.probe(model, {"x": model.x, "y": model.y}, pictures, layouts.stated(model))
    assert found["y"] == found["x"]._replace(unordered=True)


def test_shapes_alone_decide_without_numbers():
    with torch.device("meta"):
        model = Patches(lambda m: tokens(m, extra=[0]), num_prefix_tokens=1)
        pictures = torch.empty(9, 3, 32, 32)
    found = probes.probe(model, {"x": model.x}, pictures, layouts.stated(model))
    assert found["x"] == Layout(0, 2, (1,), (0,), False, True)


# -- networks of others ----------------------------------------------------------------------------


class Transformer(nn.Module):
    """PyTorch's own encoder layers, with tokens before frames unless it is told."""

    def __init__(self, batch_first):
        super().__init__()
        torch.manual_seed(0)
        self.batch_first = batch_first
        self.patch = nn.Conv2d(3, 16, 8, 8)
        more = {"dropout": 0.0, "batch_first": batch_first}
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(16, 2, 32, **more) for _ in range(2))

    def forward(self, pictures):
        x = self.patch(pictures).flatten(2)
        x = x.transpose(1, 2) if self.batch_first else x.permute(2, 0, 1)
        for block in self.blocks:
            x = block(x)
        return x


@pytest.mark.parametrize("frames", [1, 3, 16])
def test_tokens_before_frames_have_the_values_of_frames_before_tokens(frames):
    """Also of as many frames as tokens."""
    pictures = torch.rand(frames, 3, 32, 32)
    found = []
    for batch_first in (True, False):
        model = Transformer(batch_first).eval()
        blocks = layers.find_blocks(model, "blocks.*")
        found.append(layers.pooled_features(model, blocks, pictures, ["mean", "map"], map_size=4))
    assert len(found[0]) == 4
    for column, vector in found[0].items():
        assert len(vector) == frames
        torch.testing.assert_close(found[1][column], vector, rtol=1e-4, atol=1e-5)


def test_torchvisions_class_token_is_no_place():
    from torchvision.models import VisionTransformer

    model = VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=4).eval()
    block, kept = model.encoder.layers.encoder_layer_1, []
    block.register_forward_hook(lambda module, given, output: kept.append(output.clone()))
    pictures = torch.rand(2, 3, 32, 32)
    found = layers.pooled_features(model, {"b": block}, pictures, ["cls", "mean"])
    torch.testing.assert_close(found["b/cls"], kept[-1][:, 0])
    torch.testing.assert_close(found["b/mean"], kept[-1][:, 1:].mean(1))


def test_a_class_token_may_join_in_the_last_blocks():
    """CaiT: 196 places in all its blocks but the last two, which give the class token alone."""
    import timm

    torch.manual_seed(0)
    model = timm.create_model("cait_xxs24_224", img_size=64, depth=2).eval()
    pictures = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        first = model.blocks[0](model.patch_embed(pictures) + model.pos_embed)
    blocks = layers.find_blocks(model, ["blocks.*", "blocks_token_only.*"])
    found = layers.pooled_features(model, blocks, pictures, ["cls", "mean"])
    only = [f"blocks_token_only.{i}/cls" for i in range(2)]
    assert list(found) == ["blocks.0/mean", "blocks.1/mean", *only]
    torch.testing.assert_close(found["blocks.0/mean"], first.mean(1), rtol=1e-4, atol=1e-5)


def test_hieras_places_are_in_raster_order_in_its_last_stage_only():
    """Against timm's own way back to maps."""
    import timm

    torch.manual_seed(0)
    model = timm.create_model("hiera_tiny_224", img_size=128).eval()
    pictures = torch.rand(2, 3, 128, 128)
    with torch.inference_mode():
        maps = model.forward_intermediates(
            pictures, intermediates_only=True, norm=False, output_fmt="NCHW"
        )
    blocks = layers.find_blocks(model, "blocks.*")
    means = layers.pooled_features(model, blocks, pictures, ["mean"])
    for i, stage in zip(model.stage_ends, maps):
        wanted = stage.mean((2, 3))
        torch.testing.assert_close(means[f"blocks.{i}/mean"], wanted, rtol=1e-4, atol=1e-5)
    last = {name: blocks[name] for name in ("blocks.10", "blocks.11")}
    found = layers.pooled_features(model, last, pictures, ["map"])["blocks.11/map"]
    torch.testing.assert_close(found, maps[-1].flatten(1), rtol=1e-4, atol=1e-5)
    for name in ("blocks.0", "blocks.9"):
        with pytest.raises(CatsightError, match=rf"{name} has no pooling map"):
            layers.pooled_features(model, {name: blocks[name]}, pictures, ["map"])
