import hashlib
import inspect
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.inputs.pictures import decode_png, encode_png
from catsight.study import Study
from catsight.study.code_digest import reached
from catsight.study.filters import FILTERS as RECORDS
from catsight.tables.columns.frames import FRAMES
from catsight.views import FILTERS, filters
from catsight.views.blur import gaussian_blur
from catsight.views.colour import decode_srgb, encode_srgb
from catsight.views.differences import LUMINANCE, chromatic_difference, luminance_difference
from catsight.views.viewer import viewer


@pytest.fixture(scope="module")
def photo():
    from skimage.data import chelsea

    return chelsea()[:200, :240]


def study(**views):
    views = {"human": {"eye": "human"}, "cat": {"eye": "cat"}} | views
    return Study({"study": "s", "views": views, "encoders": {"vit_b16": None}})


def test_the_original_and_the_published_filter():
    rgb = np.random.default_rng(4).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    untouched = rgb.copy()
    np.testing.assert_array_equal(FILTERS["original"](rgb), rgb)
    # the published filter nearly removes red, and keeps teal and pink apart: it is not dichromacy
    red = np.full((64, 64, 3), [255, 0, 0], np.uint8)
    assert FILTERS["catvision"](red).mean() < 12
    teal, pink = (np.full((64, 64, 3), c, np.uint8) for c in ([63, 164, 147], [196, 131, 151]))
    centre = [FILTERS["catvision"](c)[32, 32] for c in (teal, pink)]
    np.testing.assert_allclose(centre, [[83, 118, 117], [79, 106, 113]], atol=1)
    FILTERS["catvision"](rgb)
    np.testing.assert_array_equal(rgb, untouched)


def test_every_record_of_a_filter_has_its_function():
    assert set(FILTERS) == set(RECORDS)
    for name, function in FILTERS.items():
        keys = list(inspect.signature(function).parameters)
        # parts are swapped before: the view that is matched has them
        own = [key for key in RECORDS[name].keys if key != "parts"]
        assert keys == ["rgb", *own, *(["past"] if name in filters.OF_THE_PAST else [])]
    assert {name for name, one in RECORDS.items() if one.of_partner} == filters.OF_THE_PARTNER


def test_an_eyes_view_and_portraits_do_not_depend_on_filters():
    of_filters = reached("catsight.views.viewer")
    of_controls = {f"catsight.views.{name}" for name in ("filters", "blur", "grey", "matching")}
    assert of_controls <= of_filters
    for root in ("eye_viewer", "portraits"):
        of_eyes = reached(f"catsight.views.{root}")
        assert not of_eyes & (of_controls | {"catsight.views.viewer"})


def test_an_unknown_filter_is_named(photo):
    for view in ({"filter": "grayscale"}, {"filter": "grayscale", "of": {"filter": "original"}}):
        with pytest.raises(CatsightError) as raised:
            viewer(view)
        assert str(raised.value) == (
            "the filter 'grayscale' is unknown (did you mean greyscale?); "
            "it may be blur, catvision, catvision_clip, desaturate, greyscale, jpeg, original, paired"
        )


def test_a_filter_is_its_function_of_a_picture_and_its_keys(photo, monkeypatch):
    """One entry is all that a filter needs here; the keys of the view are its arguments."""

    def darker(rgb, *, by):
        return rgb // by

    monkeypatch.setitem(FILTERS, "darker", darker)
    view = {"filter": "darker", "of": {"filter": "darker", "by": 2}, "by": 3}
    frame = {"frame_id": "f", "image": {"bytes": encode_png(photo)}, "depth": None, "past": None}
    np.testing.assert_array_equal(viewer(view)(frame), photo // 2 // 3)


def test_the_command_without_a_sub_command_is_make(photo, tmp_path, capfd):
    rows = [{"frame_id": "f", "group": "g", "image": {"bytes": encode_png(photo)}}]
    tables.write(tmp_path / "frames.parquet", rows, FRAMES, {})
    seen = []
    for sub_command in (["make"], []):
        folder = tmp_path / "".join(["x", *sub_command])
        arguments = ["--spec", json.dumps({"view": {"filter": "greyscale"}})]
        arguments += ["--store", str(folder), "--frames", str(tmp_path / "frames.parquet")]
        arguments += ["--output", str(folder / "seen.parquet")]
        assert main(["views", *sub_command, *arguments]) == 0
        seen.append(tables.read(folder / "seen.parquet"))
        said = "is now `catsight views make" in capfd.readouterr().err
        assert said == (not sub_command)
    assert seen[0] == seen[1]


def test_grey_is_the_luminance(photo):
    grey = filters.greyscale(photo)
    assert (grey == grey[..., :1]).all()
    luminance = decode_srgb(photo) @ [0.2126, 0.7152, 0.0722]
    np.testing.assert_allclose(decode_srgb(grey)[..., 0], luminance, atol=0.005)
    np.testing.assert_array_equal(filters.greyscale(grey), grey)
    primaries = np.diag([255, 255, 255]).astype(np.uint8)[None]
    # 255 times the sRGB encoding of 0.2126, 0.7152 and 0.0722
    np.testing.assert_array_equal(filters.greyscale(primaries)[0, :, 0], [127, 220, 76])


def test_blur_is_a_gaussian_of_light(photo):
    ours = gaussian_blur(photo)(3.0)
    scipys = gaussian_filter(
        decode_srgb(photo).astype(float), (3, 3, 0), mode="reflect", truncate=6
    )
    assert np.abs(ours.astype(int) - encode_srgb(scipys)).max() <= 1
    np.testing.assert_array_equal(gaussian_blur(photo)(0.0), photo)


@pytest.mark.parametrize("sigma", [0.5, 2.0, 8.0])
def test_a_blur_is_found_again_by_the_contrast_that_it_takes(photo, sigma):
    """Whatever happens to colours: the other picture is blurred, and then without colour."""
    other = filters.greyscale(gaussian_blur(photo)(sigma))
    matched = filters.blur(photo, match=other)
    assert matched.reached and matched.strength * 240 == pytest.approx(sigma, rel=0.02)
    np.testing.assert_array_equal(matched.picture, gaussian_blur(photo)(matched.strength * 240))
    assert luminance_difference(matched.picture, photo) == pytest.approx(
        luminance_difference(other, photo), rel=0.01
    )


@pytest.mark.parametrize("turned", [False, True])
def test_the_strongest_blur_may_not_suffice(photo, turned):
    """It is as wide as the longer side. A negative is further away than any blur."""
    rgb = photo.swapaxes(0, 1) if turned else photo
    picture, strength, reached = filters.blur(rgb, match=255 - rgb)
    assert not reached and strength * rgb.shape[1] == pytest.approx(240)
    assert np.ptp(picture.reshape(-1, 3), axis=0).max() <= 3
    same, strength, reached = filters.blur(rgb, match=rgb)
    np.testing.assert_array_equal(same, rgb)
    assert strength == 0 and reached


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_desaturation_is_found_again_by_the_colour_that_it_takes(photo, share):
    """The other picture is mixed with grey by hand."""
    light = decode_srgb(photo).astype(float)
    grey = (light @ [0.2126, 0.7152, 0.0722])[..., None]
    other = encode_srgb((1 - share) * light + share * grey)
    matched = filters.desaturate(photo, match=other)
    assert matched.reached and matched.strength == pytest.approx(share, abs=0.01)
    assert np.abs(matched.picture.astype(int) - other).max() <= 2


def test_a_desaturation_keeps_luminance_and_takes_on_another_views_loss(photo):
    """Of a view that turns all hues instead, by exchanging red and blue a little."""
    light = decode_srgb(photo)
    other = encode_srgb(0.7 * light + 0.3 * light[..., ::-1])
    matched = filters.desaturate(photo, match=other)
    assert matched.reached and 0 < matched.strength < 1
    assert chromatic_difference(matched.picture, photo) == pytest.approx(
        chromatic_difference(other, photo), rel=0.01
    )
    np.testing.assert_allclose(
        decode_srgb(matched.picture) @ LUMINANCE, light @ LUMINANCE, atol=0.005
    )


def test_there_may_be_no_colour_to_lose(photo):
    """A grey picture stays as it is, beside another grey; a coloured view is out of its reach."""
    grey = filters.greyscale(photo)
    same, strength, reached = filters.desaturate(grey, match=gaussian_blur(grey)(3.0))
    np.testing.assert_array_equal(same, grey)
    assert strength == 0 and reached
    same, strength, reached = filters.desaturate(grey, match=photo)
    np.testing.assert_array_equal(same, grey)
    assert strength == 1 and not reached


def test_jpeg_is_worse_for_less_quality(photo):
    seen = [filters.jpeg(photo, quality=quality).astype(float) for quality in (95, 50, 5)]
    moved = [np.mean(np.square(one - photo)) for one in seen]
    assert 0 < moved[0] < moved[1] < moved[2]


def test_jpeg_is_the_file_that_pillow_writes(photo):
    """Baseline, of that quality, and read as RGB."""
    for quality in (5, 90):
        buffer = io.BytesIO()
        Image.fromarray(photo).save(buffer, format="JPEG", quality=quality)
        np.testing.assert_array_equal(
            filters.jpeg(photo, quality=quality), np.asarray(Image.open(buffer))
        )
        assert b"\xff\xc0" in buffer.getvalue()  # the marker of a baseline frame


def test_the_published_filter_sees_red_as_red(photo):
    """The package works on blue, green, red; our pictures are the other way round."""
    from catvision import CatVisionFilter

    bgr = CatVisionFilter().apply_cat_vision(photo[..., ::-1].copy(), use_biological_accuracy=True)
    np.testing.assert_array_equal(filters.catvision(photo), bgr[..., ::-1])
    assert filters.catvision(photo).flags["C_CONTIGUOUS"]


def test_the_published_filter_needs_its_package(photo, monkeypatch):
    monkeypatch.setitem(sys.modules, "catvision", None)
    with pytest.raises(CatsightError) as raised:
        filters.catvision(photo)
    assert str(raised.value) == (
        "the view 'catvision' needs the package of that name: run `make setup`, "
        "or pip install 'catsight[paper]'"
    )


@pytest.mark.parametrize(
    ("name", "guess"), [("bluur", " (did you mean blur?)"), ("sepia", ""), (None, "")]
)
def test_an_unknown_name_gets_a_near_miss_if_there_is_one(name, guess):
    with pytest.raises(CatsightError) as raised:
        filters.find(name)
    assert str(raised.value) == (
        f"the filter '{name}' is unknown{guess}; "
        "it may be blur, catvision, catvision_clip, desaturate, greyscale, jpeg, original, paired"
    )


def test_controls_change_the_reference(photo, tmp_path):
    """And those that are matched lose as much as in the cat's view, frame by frame."""
    made = study(
        blur={"filter": "blur", "match": "cat"},
        pale={"filter": "desaturate", "match": "cat"},
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
        assert main(["views", "make", "--spec", made.spec("views", view), *where]) == 0
        seen[view] = [decode_png(row["image"]["bytes"]) for row in tables.read(out).to_pylist()]
        about[view] = tables.provenance(out)
    for human, cat, blur, pale, grey, jpeg in zip(
        *(seen[v] for v in ("human", "cat", "blur", "pale", "grey", "jpeg"))
    ):
        for difference, control in ((luminance_difference, blur), (chromatic_difference, pale)):
            moved = difference(cat, human)
            assert moved > 0.05 and difference(control, human) == pytest.approx(moved, rel=0.01)
        np.testing.assert_array_equal(grey, filters.greyscale(human))
        np.testing.assert_array_equal(jpeg, filters.jpeg(human, quality=20))
    for view, most in (("blur", 0.1), ("pale", 1)):
        matched = about[view]["matched"]
        assert (matched["frames"], matched["unmatched"]) == (2, 0)
        low, middle, high = matched["strength"]
        assert 0 < low <= middle <= high < most


def test_a_cats_blur_is_as_wide_as_its_acuity_says(photo):
    """A Gaussian of full width at half height 1/cutoff: at 10 px per degree and 6 c/deg, 0.71 px.

    Its pupil and acuity alone take the contrast; the colours that the whole eye changes add little.
    """
    for parts in (["pupil", "acuity"], None):
        given = {"filter": "blur", "match": "cat"} | ({"parts": parts} if parts else {})
        blur = viewer(study(blur=given, human={"eye": "human", "field_of_view": 24.0},
                            cat={"eye": "cat", "field_of_view": 24.0}).views["blur"])  # fmt: skip
        blur({"frame_id": "f", "image": {"bytes": encode_png(photo)}, "depth": None, "past": None})
        sigma = 240 * blur.summary()["strength"][1]
        assert sigma == pytest.approx(10 / 6 / 2.355, rel=0.03 if parts else 0.08)


def test_the_published_filter_runs_over_a_clip_as_its_package_does():
    """Oldest first, at the clip's rate; the package is called here as its own page says."""
    from catvision import CatVisionFilter

    rng = np.random.default_rng(4)
    clip = [rng.integers(0, 256, (32, 40, 3), dtype=np.uint8) for _ in range(4)]
    past = [(0.04, clip[2]), (0.08, clip[1]), (0.12, clip[0])]
    whole = CatVisionFilter().apply_cat_vision_to_sequence(
        [np.ascontiguousarray(one[..., ::-1]) for one in clip], fps=25
    )
    frame = {
        "image": {"bytes": encode_png(clip[3])},
        "past": [{"seconds": s, "image": {"bytes": encode_png(one)}} for s, one in past],
    }
    see = viewer({"filter": "catvision_clip"})
    np.testing.assert_array_equal(see(frame), whole[-1][..., ::-1])
    alone = see(frame | {"past": None})
    np.testing.assert_array_equal(alone, filters.catvision(clip[3]))
    assert (alone != see(frame)).any()


def test_a_uniform_picture_has_no_contrast_to_lose(photo, capfd):
    """The cat's view turns a uniform red grey, which is a loss of colour alone."""
    plain = np.full((40, 40, 3), (200, 30, 30), np.uint8)
    frame = {"frame_id": "red", "image": {"bytes": encode_png(plain)}, "depth": None, "past": None}
    of = {"of": {"filter": "original"}, "match": study().views["cat"]}
    blur, pale = viewer({"filter": "blur"} | of), viewer({"filter": "desaturate"} | of)
    np.testing.assert_array_equal(blur(frame), plain)
    assert blur.summary() == {"strength": [0, 0, 0], "frames": 1, "unmatched": 0}
    pale(frame)
    assert pale.summary()["unmatched"] == 0 and 0.5 < pale.summary()["strength"][1] < 1
    assert capfd.readouterr().err == ""


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
        ({"a": {"filter": "jpeg", "parts": ["rods"]}}, r"views\.a\.parts has no meaning for jpeg"),
        ({"a": {"filter": "blur", "parts": ["rods"]}}, r"views\.a\.match is 'None'"),
        (
            {"a": {"filter": "blur", "match": "o", "parts": ["rods"]}, "o": {"filter": "original"}},
            r"views\.a\.parts are parts of an eye, but 'o' is not an eye's view; remove them",
        ),
        (
            {
                "a": {"filter": "blur", "match": "cat", "parts": ["rods"]},
                "human": {"filter": "original"},
            },
            r"views\.a\.parts are parts of an eye, but 'human' is not an eye's view",
        ),
        (
            {
                "a": {"filter": "blur", "match": "cat", "parts": ["rods"]},
                "cat": {"eye": "cat", "luminance": 1},
            },
            r"views\.a\.parts are those of 'cat', whose luminance differs from that of the "
            r"reference 'human', so the loss is not due to parts of the eye alone; remove them",
        ),
    ],
)
def test_impossible_controls_are_refused(views, words):
    with pytest.raises(CatsightError, match=words):
        study(**views)


def test_specs_hold_what_a_control_is_made_of():
    """So a change of the cat's eye changes the spec of a blur that matches it, not of a greyscale."""
    views = {"blur": {"filter": "blur", "match": "cat"}, "grey": {"filter": "greyscale"}}
    near, far = study(**views), study(**views, cat={"eye": "cat", "luminance": 1})
    assert near.spec("views", "blur") != far.spec("views", "blur")
    assert near.spec("views", "grey") == far.spec("views", "grey")
    assert "colour-science" in json.loads(near.spec("views", "grey"))["versions"]
