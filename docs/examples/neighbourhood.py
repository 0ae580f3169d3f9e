"""An encoder of your own for catsight: a small network of neighbourhood attention, in which each
place attends to those around it (Hassani et al. 2023, CVPR).

docs/examples/neighbourhood.yaml is a study with it. catsight needs three things of such a network:

- a function that returns it (`build` below), which is called with the study's `args`
- pictures (n, 3, size, size) as input, and layers that return maps (n, d, h, w), or (n, h, w, d) as
  here, or tokens (n, length, d)
- unless they are maps (n, d, h, w), attributes that say so: `output_fmt = "NHWC"` for maps with
  channels last; `num_prefix_tokens` and `cls_token` for tokens, some of which are not places
"""

import torch
from torch import nn
from torch.nn import functional


class NeighbourhoodAttention(nn.Module):
    """Attention of each place to the `window` × `window` places around it: (n, h, w, d) in and
    out.
    """

    def __init__(self, dim: int, heads: int, window: int):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv = nn.Linear(dim, 3 * dim)
        self.project = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, h, w, d = x.shape
        query, key, value = self.qkv(x).chunk(3, dim=-1)
        query = query.reshape(n, h * w, self.heads, 1, d // self.heads)
        score = (query * self._around(key)).sum(-1)  # n, places, heads, neighbours
        score = score / (d // self.heads) ** 0.5
        # a neighbour beyond the edge of the picture gets no weight
        inside = self._around(x.new_ones(1, h, w, d))[:, :, :1, :, 0] > 0
        weight = score.masked_fill(~inside, float("-inf")).softmax(-1)
        mixed = (weight.unsqueeze(-1) * self._around(value)).sum(-2)
        return self.project(mixed.reshape(n, h, w, d))

    def _around(self, x: torch.Tensor) -> torch.Tensor:
        """The neighbours of each place: n, places, heads, neighbours, d / heads."""
        n, _, _, d = x.shape
        around = functional.unfold(x.permute(0, 3, 1, 2), self.window, padding=self.window // 2)
        around = around.reshape(n, self.heads, d // self.heads, self.window**2, -1)
        return around.permute(0, 4, 1, 3, 2)


class Block(nn.Module):
    """Attention and a perceptron, each with a residual connection."""

    def __init__(self, dim: int, heads: int, window: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = NeighbourhoodAttention(dim, heads, window)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Neighbourhood(nn.Module):
    """Patches of 16 × 16 px, then `depth` blocks."""

    output_fmt = "NHWC"  # the layout of the blocks' outputs

    def __init__(self, dim: int, depth: int, heads: int, window: int):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, kernel_size=16, stride=16)
        self.blocks = nn.Sequential(*(Block(dim, heads, window) for _ in range(depth)))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.blocks(self.patches(pictures).permute(0, 2, 3, 1))


def build(dim: int = 96, depth: int = 6, heads: int = 4, window: int = 5) -> nn.Module:
    """The network, with random weights."""
    return Neighbourhood(dim, depth, heads, window)
