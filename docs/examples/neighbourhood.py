"""An encoder of one's own for catsight: a small network of neighbourhood attention, where each
place attends to those around it (Hassani et al. 2023, CVPR).

A study takes it in as docs/examples/neighbourhood.yaml does. catsight needs three things of such a
network:

- a function that returns it (`build` below); it is called with the study's `args`
- maps (n, 3, size, size) in; layers that give maps (n, d, h, w), or (n, h, w, d) as here, or tokens
(n, length, d)
- where it is not plain (n, d, h, w), attributes that say so: `output_fmt = "NHWC"` for maps with
channels last, `num_prefix_tokens` and `cls_token` for tokens that are no places
"""

from torch import nn
from torch.nn import functional


class NeighbourhoodAttention(nn.Module):
    """Attention of each place to the `window` × `window` places around it; (n, h, w, d) to the
    same.
    """

    def __init__(self, dim: int, heads: int, window: int):
        super().__init__()
        self.heads, self.window = heads, window
        self.qkv = nn.Linear(dim, 3 * dim)
        self.project = nn.Linear(dim, dim)

    def forward(self, x):
        n, h, w, d = x.shape
        query, key, value = self.qkv(x).chunk(3, dim=-1)
        query = query.reshape(n, h * w, self.heads, 1, d // self.heads)
        score = (query * self._around(key)).sum(-1) / (
            d // self.heads
        ) ** 0.5  # n, places, heads, neighbours
        inside = (
            self._around(x.new_ones(1, h, w, d))[:, :, :1, :, 0] > 0
        )  # beyond the edge there is nothing to see
        weight = score.masked_fill(~inside, float("-inf")).softmax(-1)
        return self.project(
            (weight.unsqueeze(-1) * self._around(value)).sum(-2).reshape(n, h, w, d)
        )

    def _around(self, x):
        """The neighbours of each place: n, places, heads, neighbours, d / heads."""
        n, _, _, d = x.shape
        around = functional.unfold(x.permute(0, 3, 1, 2), self.window, padding=self.window // 2)
        return around.reshape(n, self.heads, d // self.heads, self.window**2, -1).permute(
            0, 4, 1, 3, 2
        )


class Block(nn.Module):
    def __init__(self, dim: int, heads: int, window: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = NeighbourhoodAttention(dim, heads, window)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Neighbourhood(nn.Module):
    output_fmt = "NHWC"  # how the blocks' outputs are laid out

    def __init__(self, dim: int, depth: int, heads: int, window: int):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, kernel_size=16, stride=16)
        self.blocks = nn.Sequential(*(Block(dim, heads, window) for _ in range(depth)))

    def forward(self, pictures):
        return self.blocks(self.patches(pictures).permute(0, 2, 3, 1))


def build(dim: int = 96, depth: int = 6, heads: int = 4, window: int = 5) -> nn.Module:
    return Neighbourhood(dim, depth, heads, window)
