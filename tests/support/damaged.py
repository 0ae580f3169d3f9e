"""Damaged files: sound ones (:mod:`support.small_files`) that are changed at random."""

import random
import re
import struct
import zlib
from functools import cache

from support import small_files

#: The longest file.
LONGEST = 1 << 20
#: Kinds that people write.
TEXTS = ("eye", "study")


def _place(data: bytearray, draw: random.Random) -> int:
    """A place in the file, often near an end, where most formats say what they hold."""
    first, last = draw.choice(((0, len(data)), (0, 256), (len(data) - 1024, len(data))))
    return draw.randrange(max(0, first), min(last, len(data)))


def bits(data: bytearray, draw: random.Random) -> None:
    """Bits are flipped."""
    for _ in range(draw.choice((1, 1, 2, 8))):
        data[_place(data, draw)] ^= 1 << draw.randrange(8)


def end(data: bytearray, draw: random.Random) -> None:
    """The end is missing."""
    del data[_place(data, draw) :]


def piece(data: bytearray, draw: random.Random) -> None:
    """A piece of the file replaces another, or is put in, once or often."""
    start = draw.randrange(len(data))
    part = data[start : start + 1 + int(draw.paretovariate(0.3)) % 4096]
    at = _place(data, draw)
    times = draw.choice((1, 1, 2, 1000))
    data[at : at + draw.choice((0, len(part)))] = (part * times)[: LONGEST - len(data)]


def _number(draw: random.Random, bits_: int) -> int:
    """A number of so many bits at which code goes wrong."""
    power = 1 << draw.randrange(bits_)
    return draw.choice((0, 1, power - 1, power, power + 1, (1 << bits_) - 1)) & ((1 << bits_) - 1)


def number(data: bytearray, draw: random.Random) -> None:
    """A number stands where any bytes stood."""
    size, order, at = draw.choice((1, 2, 4, 8)), draw.choice(("little", "big")), _place(data, draw)
    data[at : at + size] = _number(draw, 8 * size).to_bytes(size, order)


def stated(data: bytearray, draw: random.Random) -> None:
    """The file states another size: of the picture, of its tiles, of the file or of a part."""
    sides = (small_files.HEIGHT, small_files.WIDTH, small_files.TILE)
    known = [one + less for side in sides for one in (side, 2 * side) for less in (0, -1)]
    places = []
    for size in (1, 2, 4, 8):
        for value in (*known, len(data), max(0, len(data) - 8)):
            for order in ("little", "big") if value < 1 << 8 * size else ():
                coded = value.to_bytes(size, order)
                places += [
                    (m.start(), size, order) for m in re.finditer(re.escape(coded), data[:65536])
                ]
    for at, size, order in draw.sample(places, min(len(places), draw.choice((1, 1, 2, 4)))):
        data[at : at + size] = _number(draw, 8 * size).to_bytes(size, order)


def digits(data: bytearray, draw: random.Random) -> None:
    """A number in words is another."""
    found = [m.span() for m in re.finditer(rb"\d+", data[:65536])]
    if found:
        start, stop = draw.choice(found)
        data[start:stop] = str(draw.choice((-1, 1)) * _number(draw, 70)).encode()


def varint(data: bytearray, draw: random.Random) -> None:
    """A number of variable length, as in the footer of Parquet, is another."""
    value, coded = _number(draw, 63), bytearray()
    while value > 127:
        coded.append(value & 127 | 128)
        value >>= 7
    at = _place(data, draw)
    data[at : at + 1] = [*coded, value]


def words(data: bytearray, draw: random.Random) -> None:
    """Signs of YAML and JSON stand somewhere."""
    at = _place(data, draw)
    data[at : at + draw.choice((0, 1))] = draw.choice(_WORDS) * draw.choice((1, 1, 1, 3, 10_000))


_WORDS = (
    b"&a ",
    b"*a",
    b"<<: *a\n",
    b"[",
    b"{",
    b"- ",
    b'"',
    b"? ",
    b"!!set ",
    b".nan",
    b"\n",
    b"\\u0000",
    b"\xc2\x85",
)
CHANGES = (bits, end, piece, number, stated, stated, digits, varint)
OF_TEXTS = (end, piece, digits, words, words)


def changed(kind: str, number: int, seed: int) -> bytes:
    """The file with this ``number`` of a kind: always the same for one ``seed``."""
    draw = random.Random(f"{seed} {kind} {number}")
    data = bytearray(draw.choice(sound(kind)))
    whole = slice(0, len(data))
    place = _index(kind, data) if draw.random() < 0.5 else whole
    part = data[place]
    for _ in range(draw.choice((1, 1, 2, 3))):
        if part:
            texts = kind in TEXTS or (place != whole and draw.random() < 0.5)
            draw.choice(OF_TEXTS if texts else CHANGES)(part, draw)
    data[place] = part
    if place != whole:
        _restate(kind, data, len(part))
    if kind in ("png", "apng") and draw.random() < 0.7:
        _check(data)
    return bytes(data) or b"x"  # the empty file is a case of its own


@cache
def sound(kind: str) -> list[bytes]:
    return small_files.KINDS[kind]()


def _index(kind: str, data: bytearray) -> slice:
    """The part of a file that says what it holds, if the part's own length stands beside it."""
    if kind in ("parquet", "pairs"):
        return slice(len(data) - 8 - int.from_bytes(data[-8:-4], "little"), len(data) - 8)
    if kind == "safetensors":
        return slice(8, 8 + int.from_bytes(data[:8], "little"))
    if kind == "depth":
        return slice(10, 10 + int.from_bytes(data[8:10], "little"))
    return slice(0, len(data))


def _restate(kind: str, data: bytearray, length: int) -> None:
    """States the new length of the index: without it, all would fail for that alone."""
    if kind in ("parquet", "pairs"):
        data[-8:-4] = struct.pack("<I", length)
    elif kind == "safetensors":
        data[:8] = struct.pack("<Q", length)
    else:
        data[8:10] = struct.pack("<H", length & 65535)


def _check(data: bytearray) -> None:
    """Puts the right checksums into a PNG."""
    place = 8
    while place + 12 <= len(data):
        stop = place + 8 + int.from_bytes(data[place : place + 4])
        data[stop : stop + 4] = struct.pack(">I", zlib.crc32(data[place + 4 : stop]))
        place = stop + 4
