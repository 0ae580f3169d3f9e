"""Rows of the table of frames, and those of the table of views made from them."""

import numpy as np

from catsight.inputs.pictures import decode_png, encode_png
from catsight.views.rows import picture, row

RGB = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8)
FRAME = {
    "frame_id": "a/b",
    "image": {"bytes": encode_png(RGB), "path": "b.png"},
    "partner": {"bytes": encode_png(255 - RGB), "path": "c.png"},
}


def test_a_picture_is_read_from_the_image_or_another_column():
    np.testing.assert_array_equal(picture(FRAME), RGB)
    np.testing.assert_array_equal(picture(FRAME, column="partner"), 255 - RGB)


def test_a_row_of_views_keeps_the_id_and_path_of_its_frame():
    seen = row(FRAME, lambda frame: picture(frame)[::-1])
    np.testing.assert_array_equal(decode_png(seen["image"].pop("bytes")), RGB[::-1])
    assert seen == {"frame_id": "a/b", "image": {"path": "b.png"}}
