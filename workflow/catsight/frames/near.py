"""Near-duplicates: pictures of different groups that look the same, or nearly."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, count

import numpy as np
from PIL import Image
from scipy.fft import dctn

#: At most this many of 64 bits differ between the hashes of near-duplicates. Measured with 22
#: pictures of scikit-image, scikit-learn and matplotlib, and 60 glances of each, changed and
#: compared with themselves; the share within 6 / 8 / 10 bits:
#:
#:     saved as JPEG of quality 50     100   / 100   / 100   %
#:     half the size                    98.5 /  99.7 /  99.9 %
#:     blurred by 1/150 of the height  100   / 100   / 100   %
#:     1.5 times the light              94.6 /  95.2 /  97.0 %
#:     2 % cut off, from all sides      92.0 /  95.8 /  96.9 %
#:     2 % cut off, from two            77.2 /  90.3 /  95.2 %
#:
#: Of 860,000 pairs of glances of different pictures 0 / 1 / 5 are within them, all at the two
#: pictures of one stereo pair; of 320,000 pairs of dead leaves none; of random hashes one pair in
#: 2e11 / 4e9 / 1e8.
NEAR = 8
#: The hash of a picture with too little contrast to be distinguished; never a near-duplicate.
FLAT = 0

#: Side, px, of the small picture that is hashed, and the least standard deviation of its luma (of
#: 255) that is not flat.
_SIDE, _CONTRAST = 32, 1.0
# the 64 lowest frequencies except 0, from the lowest on
_BY_FREQUENCY = np.argsort(
    np.add.outer(np.arange(16) ** 2, np.arange(16) ** 2).ravel(), kind="stable"
)
_ROWS, _COLUMNS = np.divmod(_BY_FREQUENCY[1:65], 16)


def perceptual_hash(rgb: np.ndarray) -> int:
    """64 bits, nearly all of which stay while a picture (uint8 sRGB (h, w, 3)) looks the same.

    They are the signs of the 64 lowest frequencies, except the mean, in the cosine transform of the
    luma at 32 × 32 px: brightness, contrast, sharpness, size and aspect ratio do not matter.
    (Zauner's pHash compares such coefficients with their median, which was no better.)
    :data:`FLAT`, 0, if those frequencies together have a standard deviation of less than one level
    of 255. A picture of 512 × 512 px takes 0.7 ms.
    """
    small = (
        Image.fromarray(rgb).convert("L").convert("F").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    )
    waves = dctn(np.asarray(small, dtype=np.float64), norm="ortho")[_ROWS, _COLUMNS]
    if math.hypot(*waves) < _CONTRAST * _SIDE:
        return FLAT
    return int.from_bytes(np.packbits(waves > 0))


def near_pairs(
    hashes: np.ndarray, groups: Sequence[str], distance: int = NEAR
) -> list[tuple[int, int, int]]:
    """All pairs of pictures of different groups with at most ``distance`` different bits, sorted.

    ``hashes`` are uint64 (n,); a pair is (i, j, number of different bits) with i < j. Of a group's
    pictures with the same hash (a still clip) only the first counts; :data:`FLAT` ones do not.

    ``near_pairs(numpy.random.default_rng(0).integers(1, 2**64, n, "uint64"), [*map(str,
    range(n))])``: 0.03, 0.31, 2.7 and 43 s of one processor for 10,000, 50,000, 200,000 and
    1,000,000 pictures; the last took 290 MB and found 161 pairs (139 are expected). The pairs found
    take memory in addition.
    """
    hashes = np.asarray(hashes, dtype=np.uint64)
    numbers: dict[str, int] = {}
    numbered = np.array(
        [numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64
    )
    frames = _first_of_each(hashes, numbered)
    frames = frames[hashes[frames] != FLAT]
    hashes, numbered, n = hashes[frames], numbered[frames], len(frames)
    masks = _masks(n, distance)
    found: list[tuple[int, int, int]] = []
    for which, mask in enumerate(masks):
        for first, second in _alike(hashes & mask):
            differing = hashes[first] ^ hashes[second]
            near = (np.bitwise_count(differing) <= distance) & (numbered[first] != numbered[second])
            first, second, differing = first[near], second[near], differing[near]
            for earlier in masks[:which]:  # such pairs were found with this mask
                new = differing & earlier != 0
                first, second, differing = first[new], second[new], differing[new]
            pairs = np.sort(frames[np.stack([first, second], axis=1)], axis=1)
            found += zip(*pairs.T.tolist(), np.bitwise_count(differing).tolist())
    return sorted(found)


def _first_of_each(hashes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The first frame of each hash in each group, in order."""
    order = np.lexsort((hashes, groups))
    hashes, groups = hashes[order], groups[order]
    new = np.ones(len(order), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (groups[1:] != groups[:-1])
    return np.sort(order[new])


def _masks(n: int, distance: int) -> list[np.uint64]:
    """Masks of bits: hashes with at most ``distance`` different bits agree in at least one mask.

    If 64 bits are cut into distance + k bands, at least k of them hold no difference, so two such
    hashes agree in one of the sets of k bands. The larger k, the more masks there are to sort by,
    and the fewer of the ``n`` hashes agree in each by chance.
    """

    def cost(k: int) -> float:
        # sorting takes as long for each hash as about three comparisons
        return math.comb(distance + k, k) * (3 * n + n**2 / 2 ** (1 + 64 * k / (distance + k)))

    k = min(range(1, 5), key=cost)
    edges = [64 * i // (distance + k) for i in range(distance + k + 1)]
    bands = [2**high - 2**low for low, high in zip(edges, edges[1:])]
    return [np.uint64(sum(some)) for some in combinations(bands, k)]


def _alike(keys: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs of positions with equal ``keys``, in arrays of at most as many pairs as keys."""
    order = np.argsort(keys)
    keys = keys[order]
    place = np.arange(len(keys))
    # compares each key with the one ``step`` places on; keys that differ from a nearer one also
    # differ from all farther ones
    for step in count(1):
        place = place[place + step < len(keys)]
        place = place[keys[place] == keys[place + step]]
        if not len(place):
            return
        yield order[place], order[place + step]
