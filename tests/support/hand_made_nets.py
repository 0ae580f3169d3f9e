"""Networks whose outputs are known by hand: factories of encoders."""

import warnings

import torch


class Pixels(torch.nn.Module):
    """Gives the prepared pictures themselves, times a weight of 1, as maps (n, 3, h, w).

    ``seen`` lists the batches that it was given. ``about`` is what it states, as timm's models do,
    of its preprocessing.
    """

    def __init__(self, about=None):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.pixels = torch.nn.Identity()
        self.seen = []
        if about:
            self.pretrained_cfg = about

    def forward(self, pictures):
        self.seen.append(pictures)
        return self.pixels(pictures * self.scale)


class Restless(torch.nn.Module):
    """Batch norm and dropout, which do something else in training."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(3, eps=0.25)
        self.drop = torch.nn.Dropout(0.5)

    def forward(self, pictures):
        return self.drop(self.norm(pictures))


class Crossed(torch.nn.Module):
    """Runs its layers in another order than it defines them, and one of them never."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.idle = (torch.nn.Identity() for _ in range(3))

    def forward(self, pictures):
        return self.first(self.second(pictures) + 1)


class _Split(torch.nn.Module):
    def forward(self, maps):
        return maps, maps + 10


class Two(torch.nn.Module):
    """Its layer has two outputs, the second of which is 10 more."""

    def __init__(self):
        super().__init__()
        self.split = _Split()

    def forward(self, pictures):
        return self.split(pictures)[0]


class Mixed(torch.nn.Module):
    """A convolution, a norm and a linear layer, whose outputs are maps (n, h, w, 4)."""

    output_fmt = "NHWC"

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.norm = torch.nn.GroupNorm(2, 4)
        self.linear = torch.nn.Linear(4, 4)
        self.seen = []

    def forward(self, pictures):
        self.seen.append(pictures)
        maps = self.norm(self.conv(pictures))
        return self.linear(maps.permute(0, 2, 3, 1))


class _Standardised(torch.nn.Conv2d):
    """A convolution that computes on its weights before it uses them."""

    def forward(self, pictures):
        weight = (self.weight - self.weight.mean()) / self.weight.std()
        return self._conv_forward(pictures, weight, self.bias)


class Computed(torch.nn.Module):
    """Convolutions: a plain one, and three that compute on their weights, in a subclass, before
    each pass, and by a parametrization.
    """

    def __init__(self):
        super().__init__()
        conv, utils = torch.nn.Conv2d, torch.nn.utils
        self.plain, self.subclass = conv(3, 4, 1), _Standardised(4, 4, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old, and in many networks
            self.before = utils.weight_norm(conv(4, 4, 1))
        self.parametrized = utils.parametrizations.weight_norm(torch.nn.Linear(4, 4))

    def forward(self, pictures):
        maps = self.before(self.subclass(self.plain(pictures)))
        return self.parametrized(maps.permute(0, 2, 3, 1))


class Tokens(torch.nn.Module):
    """Places of 2 px as tokens, after two tokens that are the whole picture. ``seen`` lists the
    type and the extremes of the batches that it was given.
    """

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 3)
        self.tokens = torch.nn.Identity()
        self.seen = []

    def forward(self, pictures):
        self.seen.append((len(pictures), self.linear.weight.dtype, *pictures.aminmax()))
        places = torch.nn.functional.avg_pool2d(pictures, 2).flatten(2).transpose(1, 2)
        whole = places.mean(1, keepdim=True)
        return self.tokens(self.linear(torch.cat([whole, whole, places], 1)))


class Branches(torch.nn.Module):
    """Parameters that start at (nearly) nothing: scales of branches, and others that are like them."""

    def __init__(self, width=2):
        super().__init__()
        values = {
            "gamma": (1e-6, (width,)),
            "layer_scale": (0.0, (width, 1, 1)),
            "negative": (-1e-4, (width,)),
            "bias": (0.0, (width,)),
            "mine_bias": (0.0, (width,)),
            "matrix": (0.0, (width, width)),
            "token": (0.0, (1, 1, width)),
            "tall": (0.0, (width, 2, 1)),
            "small": (1e-3, (width,)),
            "usual": (0.5, (width,)),
        }
        for name, (value, shape) in values.items():
            self.register_parameter(name, torch.nn.Parameter(torch.full(shape, value)))
        self.mixed = torch.nn.Parameter(torch.tensor([0.0, 1.0]))
        self.drawn = torch.nn.Parameter(torch.randn(4))
