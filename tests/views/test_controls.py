import hashlib
import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.inputs.pictures import decode_png, encode_png
from catsight.study import Study
from catsight.tables.columns.frames import FRAMES
from catsight.views import controls
from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.command import viewer


@pytest.fixture(scope="module")
def photo():
    from skimage.data import chelsea

    return chelsea()[:200, :240]


def study(**views):
    views = {"human": {"eye": "human"}, "cat": {"eye": "cat"}} | views
    return Study({"study": "s", "views": views, "encoders": {"vit_b16": None}})


def test_grey_is_the_luminance(photo):
    grey = controls.greyscale(photo)
    assert (grey == grey[..., :1]).all()
    luminance = decode_srgb(photo) @ [0.2126, 0.7152, 0.0722]
    np.testing.assert_allclose(decode_srgb(grey)[..., 0], luminance, atol=0.005)
    np.testing.assert_array_equal(controls.greyscale(grey), grey)
    primaries = np.diag([255, 255, 255]).astype(np.uint8)[None]
    # 255 times the sRGB encoding of 0.2126, 0.7152 and 0.0722
    np.testing.assert_array_equal(controls.greyscale(primaries)[0, :, 0], [127, 220, 76])


def test_blur_is_a_gaussian_of_light(photo):
    ours = controls.blur(photo)(3.0)
    scipys = gaussian_filter(
        decode_srgb(photo).astype(float), (3, 3, 0), mode="reflect", truncate=6
    )
    assert np.abs(ours.astype(int) - encode_srgb(scipys)).max() <= 1
    np.testing.assert_array_equal(controls.blur(photo)(0.0), photo)


@pytest.mark.parametrize("difference", [0.5, 3, 12, 25])
def test_a_blur_is_as_far_away_as_asked(photo, difference):
    picture, sigma, reached = controls.matched_blur(photo, difference)
    assert reached
    assert np.sqrt(np.mean((picture.astype(float) - photo) ** 2)) == pytest.approx(
        difference, rel=0.02
    )
    np.testing.assert_array_equal(picture, controls.blur(photo)(sigma))


def test_where_no_blur_is_far_enough_it_is_said(photo):
    picture, sigma, reached = controls.matched_blur(photo, 200)
    assert not reached and sigma == 240
    assert np.ptp(picture.reshape(-1, 3), axis=0).max() <= 3
    same, sigma, reached = controls.matched_blur(photo, 0)
    assert same is photo and sigma == 0 and reached


def test_jpeg_is_worse_for_less_quality(photo):
    moved = [
        controls.rms_difference(controls.jpeg(photo, quality), photo) for quality in (95, 50, 5)
    ]
    assert 0 < moved[0] < moved[1] < moved[2]


def test_controls_change_the_reference(photo, tmp_path):
    """And the blur is as far from it as the cat's view is, frame by frame."""
    made = study(
        blur={"filter": "blur", "match": "cat"},
        grey={"filter": "greyscale"},
        jpeg={"filter": "jpeg", "quality": 20},
    )
    rows = [
        {"frame_id": f"f{i}", "group": "g", "image": {"bytes": encode_png(photo[30 * i :, 20 * i :])}, "width": 1,
         "height": 1, "sha256": hashlib.sha256(b"").hexdigest()}
        for i in range(2)
    ]  # fmt: skip
    tables.write(tmp_path / "frames.parquet", rows, FRAMES, {})
    seen, about = {}, {}
    for view in made.views:
        out = tmp_path / f"{view}.parquet"
        where = [
            "--store",
            str(tmp_path / "store"),
            "--frames",
            str(tmp_path / "frames.parquet"),
            "--output",
            str(out),
        ]
        assert main(["views", "--spec", made.views_spec(view), *where]) == 0
        seen[view] = [decode_png(row["image"]["bytes"]) for row in tables.read(out).to_pylist()]
        about[view] = tables.provenance(out)
    for human, cat, blur, grey, jpeg in zip(
        *(seen[v] for v in ("human", "cat", "blur", "grey", "jpeg"))
    ):
        moved = controls.rms_difference(cat, human)
        assert moved > 1 and controls.rms_difference(blur, human) == pytest.approx(moved, rel=0.02)
        np.testing.assert_array_equal(grey, controls.greyscale(human))
        np.testing.assert_array_equal(jpeg, controls.jpeg(human, 20))
    matched = about["blur"]["matched"]
    assert (
        matched["frames"] == 2
        and matched["unmatched"] == 0
        and 0 < matched["blur"][0] <= matched["blur"][2] < 0.1
    )


def test_a_haze_is_told(photo, capfd):
    """A red that a greyscale-like view turns grey: no blur of a plain picture changes it."""
    plain = np.full((40, 40, 3), (200, 30, 30), np.uint8)
    blur = viewer({"filter": "blur", "of": {"filter": "original"}, "match": study().views["cat"]})
    blur({"frame_id": "red", "image": {"bytes": encode_png(plain)}, "depth": None})
    assert blur.summary()["unmatched"] == 1
    assert "frame 'red': no blur changes it so much" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ({"a": {"filter": "blur"}}, r"views\.a\.match is 'None'; it may be a view .*: cat$"),
        ({"a": {"filter": "blur", "match": "human"}}, r"views\.a\.match is 'human'"),
        (
            {"a": {"filter": "blur", "match": "b"}, "b": {"filter": "greyscale"}},
            r"views\.a\.match is 'b'",
        ),
        ({"a": {"filter": "jpeg", "match": "cat"}}, r"views\.a\.match has no meaning for jpeg"),
        (
            {"a": {"filter": "jpeg", "quality": 99}},
            r"views\.a\.quality is 99; it must be at most 95",
        ),
        ({"a": {"eye": "cat", "quality": 9}}, r"views\.a\.quality has no meaning for an eye"),
        ({"human": {"filter": "greyscale"}}, r"reference is 'human', a control"),
    ],
)
def test_what_makes_no_sense_is_refused(views, words):
    with pytest.raises(CatsightError, match=words):
        study(**views)


def test_specs_hold_what_a_control_is_made_of():
    """So a change of the cat's eye makes a new blur to match it, and no new greyscale."""
    views = {"blur": {"filter": "blur", "match": "cat"}, "grey": {"filter": "greyscale"}}
    near, far = study(**views), study(**views, cat={"eye": "cat", "luminance": 1})
    assert near.views_spec("blur") != far.views_spec("blur")
    assert near.views_spec("grey") == far.views_spec("grey")
    assert "colour-science" in json.loads(near.views_spec("grey"))["versions"]
