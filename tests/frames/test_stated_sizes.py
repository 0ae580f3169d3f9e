"""What a file says it holds is compared with what may be taken, before any of it is."""

import io
import os
import re
import struct
import threading
import zlib
from functools import partial
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tifffile
from av import VideoFormat
from PIL import Image

from catsight.frames import container, make, pairs, parquet, png
from catsight.frames.decode import decode_bytes
from catsight.frames.item import File, Item, Rejected
from catsight.frames.pages import Page, pages
from catsight.inputs import files, sources, stamps
from support.job_of_frames import Job, encoded, noise, table

MANY = 10**6
TABLE = {"source": "parquet", "files": None, "image": "image", "id": "name", "group": None}


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


def refusal(data, max_pixels=MANY):
    with pytest.raises(Rejected) as caught:
        decode_bytes(data, max_pixels, "a")
    return caught.value.reason, caught.value.detail


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


# -- pictures --------------------------------------------------------------------------------------


def tiled(side, compression):
    """A TIFF of 16 × 16 px with one tile, which says that it is ``side`` px wide and high."""
    data = zlib.compress(bytes(10**4))
    place = 8 + 2 + 10 * 12 + 4
    tags = [
        (256, 16),
        (257, 16),
        (258, 8),
        (259, compression),
        (262, 1),
        (277, 1),
        (322, side),
        (323, side),
        (324, place),
        (325, len(data)),
    ]
    listed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + listed + bytes(4) + data


@pytest.mark.parametrize("compression", [1, 5, 7, 8, 32773])
def test_a_tile_has_no_more_pixels_than_a_picture(compression):
    assert refusal(tiled(1008, compression)) == (
        "too large", "1008 × 1008 px are more than frames.max_pixels, which is 1000000",
    )  # fmt: skip
    assert refusal(tiled(992, compression))[0] == "truncated"


def deep(height, width, channels, dtype, **options):
    file = io.BytesIO()
    tifffile.imwrite(
        file, np.full((height, width, channels), 1, dtype), photometric="rgb", **options
    )
    return file.getvalue()


def test_values_of_many_bytes_are_of_fewer_pixels():
    """Ten for each of the largest picture, with a strip: 60 rows of 10 px of 3 floats are 7200."""
    data = deep(60, 10, 3, np.float32, rowsperstrip=1, compression="zlib")
    assert decode_bytes(data, 732, "a").shape == (60, 10, 3)
    assert refusal(data, 731) == (
        "too large", "its values take 7,320 bytes, more than 10 for each of frames.max_pixels, which is 731",
    )  # fmt: skip
    assert refusal(deep(60, 10, 3, np.float32, compression="zlib"), 1000)[1].startswith(
        "its values take 14,400 bytes"
    )
    assert refusal(deep(60, 10, 40, np.uint16, rowsperstrip=1), 1000)[0] == "too large"


def test_the_scans_of_a_jpeg_are_counted():
    """A scan that says nothing takes a few bytes, and as long as the picture is large."""
    data = saved(Image.fromarray(noise(0, 64, 64)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    own = data.count(b"\xff\xda")
    for more, fits in ((32 - own, True), (33 - own, False)):
        many = data[:-2] + last * more + b"\xff\xd9"
        if fits:
            assert decode_bytes(many, 64 * 64, "a").shape == (64, 64, 3)
        else:
            assert refusal(many, 64 * 64) == (
                "too large", "its 33 scans of 64 × 64 px are more than 32 times frames.max_pixels, which is 4096",
            )  # fmt: skip
            decode_bytes(many, 2 * 64 * 64, "a")


def test_a_jpeg_of_many_scans_is_not_decoded_nine_times():
    """One that lacks its end mark alone is whole if it is small, or has few scans."""
    picture = Image.fromarray(noise(0, 64, 64))
    many, one = (saved(picture, "JPEG", progressive=more)[:-2] for more in (True, False))
    assert many.count(b"\xff\xda") > 4
    assert refusal(many, 64 * 64)[0] == "truncated"
    assert decode_bytes(many, 4 * 64 * 64, "a").shape == (64, 64, 3)
    assert decode_bytes(one, 64 * 64, "a").shape == (64, 64, 3)


def test_no_more_of_a_png_is_asked_for_than_there_is():
    class File(io.BytesIO):
        asked = 0

        def read(self, size=-1):
            self.asked = max(self.asked, size)
            return super().read(size)

    data = saved(Image.fromarray(noise(0)), "PNG")
    at = data.index(b"IDAT") - 4
    file = File(data[:at] + b"\xf0\0\0\0" + data[at + 4 :])
    png.split(file)
    assert file.asked <= len(data)


def test_an_animated_webp_has_half_the_pixels():
    one, other = (Image.fromarray(noise(seed, 20, 30)) for seed in (0, 1))
    moving = saved(one, "WEBP", save_all=True, append_images=[other], lossless=True)
    np.testing.assert_array_equal(decode_bytes(moving, 1200, "a"), noise(0, 20, 30))
    assert refusal(moving, 1199)[0] == "too large"
    still = saved(one, "WEBP", lossless=True)
    np.testing.assert_array_equal(decode_bytes(still, 600, "a"), noise(0, 20, 30))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_lossy_webp_is_decoded_as_by_pillow(mode):
    data = saved(Image.fromarray(noise(0, 33, 35)).convert(mode), "WEBP", quality=40)
    with Image.open(io.BytesIO(data)) as picture:
        np.testing.assert_array_equal(decode_bytes(data, MANY, "a"), np.asarray(picture)[..., :3])


def test_a_file_is_no_longer_than_its_picture_could_be():
    """All but TIFFs are read whole. 16 MiB may be each."""
    data = saved(Image.fromarray(noise(0)), "JPEG")
    decode_bytes(data + bytes((1 << 24) - len(data)), 100, "a")
    assert refusal(data + bytes((1 << 24) + 1 - len(data)), 100) == (
        "too large", "its file takes 16,777,217 bytes, more than 16,777,216, which is 10 for each of frames.max_pixels",
    )  # fmt: skip


# -- files with holes ------------------------------------------------------------------------------


def hole(path, size):
    path.write_bytes(encoded(noise(1)))
    os.truncate(path, size)
    return path


@pytest.mark.parametrize(
    ("name", "most"),
    [("a.jpg", 1 << 32), ("a.depth.npy", 1 << 32), ("a.mp4", 1 << 37), ("A.PARQUET", 1 << 37)],
)
def test_a_file_beyond_its_kind_is_not_read(tmp_path, monkeypatch, name, most):
    path = hole(tmp_path / name, most)
    assert sources.largest(path) == most
    monkeypatch.setattr(files, "digest", lambda path: "read")
    assert sources.digest(path) == "read"
    os.truncate(path, most + 1)
    assert sources.digest(path) is None
    with (
        pytest.raises(Rejected, match=f"too large: its {most + 1:,} bytes are more than {most:,}"),
        File(name, path, None).unchanged(),
    ):
        pass
    record = tmp_path / "stamps.json"
    stamps.write(record, {str(path): (stamps.of(path), None)})
    os.utime(path, (1, 1))
    assert not stamps.replaced(record, [str(path)])


def test_a_photograph_of_200_gb_of_nothing_is_rejected_and_the_others_used(job):
    job.add("good.png", noise(0))
    hole(job.folder / "huge.png", 200 * 10**9)
    assert [*job()] == ["good.png"]
    assert job.left_out["huge.png"] == (
        "too large",
        "its 200,000,000,000 bytes are more than 4,294,967,296",
    )


# -- tables ----------------------------------------------------------------------------------------


def dictionary(value, rows):
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [value])


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_pages_say_what_they_hold(tmp_path, version):
    """Of two row groups: 1000 bytes and a length of 4, plain; 100 bytes by a dictionary."""
    path = tmp_path / "a.parquet"
    names = pa.array(["x" * 100] * 4).dictionary_encode()
    data = pa.table(
        {"image": [{"bytes": bytes(1000), "path": "p"}] * 4, "name": names, "other": [1.5] * 4}
    )
    pq.write_table(
        data,
        path,
        compression="zstd",
        row_group_size=2,
        use_dictionary=["name"],
        data_page_version=version,
        write_page_checksum=True,
    )
    found = list(pages(path, ["name"]))
    assert [page.dictionary for page in found] == [True, False] * 2 and found[0] == Page(True, 104)
    (one,) = pages(path, ["image.bytes"], group=1)
    assert not one.dictionary and 2008 <= one.size <= 2030
    assert len(list(pages(path, ["image"]))) == 4 and not list(pages(path, ["imag"]))


def test_pages_that_are_elsewhere_are_named(job):
    path = table(job, "a.parquet", pa.table({"image": [encoded(noise(0))], "name": ["x"]}))
    data = bytearray(path.read_bytes())
    data[4:40] = b"\xff" * 36
    path.write_bytes(data)
    table(job, "b.parquet", pa.table({"image": [encoded(noise(1))], "name": ["y"]}))
    assert [*job(source=TABLE | {"path": str(job.folder)})] == ["y"]
    assert job.left_out["a.parquet"][0] == "truncated"


def test_statistics_that_contradict_the_schema_do_not_end_the_process(job):
    """A column that says that it has no nulls, but counts them: pyarrow's metadata abort."""
    path = table(job, "a.parquet", pa.table({"image": [encoded(noise(0))], "name": ["x"]}))
    data, optional = path.read_bytes(), b"\x25\x02\x18\x05image"
    assert data.count(optional) == 1
    path.write_bytes(data.replace(optional, b"\x25\x00\x18\x05image"))
    table(job, "b.parquet", pa.table({"image": [encoded(noise(1))], "name": ["y"]}))
    assert [*job(source=TABLE | {"path": str(job.folder)})] == ["y"]
    assert job.left_out["a.parquet"][0] == "truncated"


def held(path, source=TABLE):
    with parquet.opened(path) as opened:
        columns = parquet.columns_of(opened, source)
        return [*parquet.batches(opened, path, columns)]


def test_rows_that_refer_to_one_long_value_come_one_by_one(job):
    """16 in a batch if they are short; a dictionary of 100 MB in a kB is not repeated 16 times."""
    names = [f"{i:03}" + "x" * 100 for i in range(20)]
    path = table(
        job, "a.parquet", pa.table({"image": dictionary(bytes(1 << 12), 20), "name": names})
    )
    assert [batch.num_rows for batch in held(path)] == [16, 4]
    path = table(
        job,
        "b.parquet",
        pa.table({"image": dictionary(bytes(1 << 26), 20), "name": names}),
        compression="zstd",
    )
    with parquet.opened(path) as opened:
        columns = parquet.columns_of(opened, TABLE)
        assert next(iter(parquet.batches(opened, path, columns))).num_rows == 1
    assert path.stat().st_size < 10_000


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"image": [b"x"] * 10**5, "name": ["x"] * 10**5}, "it says that it holds 100,000 rows in "),
        ({"image": [b"x"], "name": ["x" * 5000]}, "its column 'name' holds a text of 5,000 letters, more than 4,096"),
        ({"image": [b"x"], "name": [[1, 2]]}, r"its column 'name' \(id\) is list<element: int64>, not text"),
        ({"image": [b"x"], "name": pa.array([bytes(5000)], pa.binary(5000))}, r"its column 'name' \(id\) is fixed_size_binary\[5000\], not text"),
    ],
)  # fmt: skip
def test_tables_that_say_more_than_they_can_hold(job, columns, words):
    data = pa.table(columns)
    table(job, "a.parquet", data, compression="zstd")
    table(job, "b.parquet", [{"image": encoded(noise(1)), "name": "y"}])
    assert [*job(source=TABLE | {"path": str(job.folder)})] == ["y"]
    reason, detail = job.left_out["a.parquet"]
    assert reason in ("too large", "no pictures") and re.match(words, detail)


def test_a_page_takes_as_much_as_a_row_group_may(job, monkeypatch):
    monkeypatch.setattr(parquet, "_PAGE", 30_000)
    for name, kind, fits in (
        ("a", {"use_dictionary": False}, True),
        ("b", {}, False),
    ):  # twice for a dictionary
        path = table(
            job,
            f"{name}.parquet",
            [{"image": bytes(20_000), "name": "x"}],
            compression="zstd",
            **kind,
        )
        if fits:
            assert len(held(path)) == 1
        else:
            with pytest.raises(
                Rejected,
                match="too large: a page of it takes 40,008 bytes, more than 30,000; write it with smaller",
            ):
                held(path)


def test_of_a_picture_in_parts_only_the_bytes_and_the_path_are_read(job):
    rows = [{"image": {"bytes": encoded(noise(0)), "path": "p", "junk": [0] * 10**6}, "name": "x"}]
    (batch,) = held(table(job, "a.parquet", rows, compression="zstd"))
    assert [field.name for field in batch.schema.field("image").type] == ["bytes", "path"]
    assert [*job(source=TABLE | {"path": str(job.folder)})] == ["x"]


def test_a_pictures_file_in_a_table_has_a_limit(job, monkeypatch):
    data = encoded(noise(0))
    table(job, "a.parquet", [{"image": data, "name": "x"}, {"image": data + bytes(1), "name": "y"}])
    monkeypatch.setattr(parquet, "_PICTURE", len(data))
    assert [*job(source=TABLE | {"path": str(job.folder)})] == ["x"]
    assert job.left_out["y"] == (
        "too large",
        f"its file takes {len(data) + 1:,} bytes, more than {len(data):,}",
    )


def test_a_row_group_of_pairs_has_a_limit_and_is_read_once(job, monkeypatch):
    for side in ("human", "cat"):
        rows = [{"image": encoded(noise(seed)), "name": str(seed)} for seed in range(3)]
        table(job, f"{side}/a.parquet", rows)
    source = TABLE | {
        "source": "pairs",
        "group_by": "file",
        "path": str(job.folder / "human"),
        "partner": str(job.folder / "cat"),
    }
    assert len(job(source=source)) == 3
    monkeypatch.setattr(pairs, "_LARGEST", 300)
    asked = []
    monkeypatch.setattr(
        pairs,
        "_row_group",
        lambda *about, own=pairs._row_group: [asked.append(about), own(*about)][1],
    )
    with pytest.raises(
        Exception,
        match=r"3 too large.* row group 0 of a.parquet takes more than 300 bytes; write it with",
    ):
        job(source=source, out="again", store="again")
    assert len(asked) == 1


# -- clips -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "layout", "width", "past", "taken"),
    [
        ("h264", "yuv420p", 7680, False, None), ("h264", "yuv420p", 8192, False, 17 * 8192 * 4320 * 3 // 2),
        ("h264", "yuv420p", 7680, True, 17 * 7680 * 4320 * 3 // 2), ("h264", "yuv420p10le", 7680, False, 17 * 7680 * 4320 * 3),
        ("hevc", "yuv444p", 7680, False, 17 * 7680 * 4320 * 3), ("vp9", "yuv420p", 7680, True, None),
        ("ffv1", "yuv422p10le", 7680, False, None), ("ffv1", "gbrap16le", 7680, False, 4 * 7680 * 4320 * 8),
    ],
)  # fmt: skip
def test_the_frames_that_a_decoder_may_keep_take_no_more_than_a_gigabyte(
    codec, layout, width, past, taken
):
    context = SimpleNamespace(
        width=width,
        height=4320,
        format=VideoFormat(layout, width, 4320),
        codec=SimpleNamespace(canonical_name=codec),
    )
    if taken is None:
        container.check_kept(context, past)
    else:
        with pytest.raises(
            Rejected,
            match=f"too large: its decoder may keep .*{taken:,} bytes, more than {600 if past else 900},000,000",
        ):
            container.check_kept(context, past)


def test_large_items_wait_for_room():
    room, items = (
        make._Room(),
        [("", Item(str(i), "", lambda: None, pixels=make._Room.MOST)) for i in range(2)],
    )
    given = room.of(iter(items))
    next(given)
    got = threading.Thread(target=lambda: next(given))
    got.start()
    got.join(0.05)
    assert got.is_alive()
    room.leave(items[0][1])
    got.join(10)
    assert not got.is_alive() and room.taken == make._Room.MOST
    assert [name for _, name in make._Room().of([("", Item("a", "", lambda: None))] * 5)]


def test_an_item_that_is_rejected_does_not_keep_its_picture():
    item = Item("a", "", partial(decode_bytes, b"no picture", 1, "a"))
    name, problem = make._attempt({"glances": 0}, make._Room(), ("", item))
    assert (name, problem.reason, problem.__traceback__, problem.__context__) == (
        "a",
        "not an image",
        None,
        None,
    )
