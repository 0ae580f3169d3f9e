"""An eye's view of a frame: every condition of the view reaches the eye, and noise its own seed."""

import hashlib
import io
import json

import numpy as np
import pytest

from catsight.inputs import eyes
from catsight.inputs.pictures import encode_png
from catsight.views import Eye
from catsight.views import eye_viewer as eye_viewer_module
from catsight.views.eye_viewer import eye_viewer

RGB = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
DEPTH = np.repeat([0.5, 1], [100, 284]).astype(np.float32).reshape(16, 24)
VIEW = {
    "field_of_view": 6.0,
    "luminance": 30.0,
    "defocus": 0.5,
    "focus": None,
    "photon_noise": None,
    "eccentricity": False,
    "gaze": None,
    "perspective": False,
    "display": "auto",
}


def frame(name="f", depth=None):
    if depth is not None:
        buffer = io.BytesIO()
        np.save(buffer, depth)
        depth = buffer.getvalue()
    image = {"bytes": encode_png(RGB), "path": "x"}
    return {"frame_id": name, "image": image, "depth": depth, "past": None}


def view(eye="cat", **changes):
    return {"eye": eyes.load(eye), **VIEW, **changes}


@pytest.mark.parametrize(
    ("eye", "change"),
    [
        ("cat", {}),
        ("human", {}),
        ("cat", {"field_of_view": 12.0}),
        ("cat", {"luminance": 0.01}),
        ("cat", {"defocus": -1.0}),
        ("cat", {"eccentricity": True}),
        ("cat", {"perspective": True, "field_of_view": 60.0}),
        ("cat", {"display": "least-change"}),
    ],
)
def test_a_view_is_what_its_eye_sees_under_its_conditions(eye, change):
    conditions = {
        key: value
        for key, value in {**VIEW, **change}.items()
        if key not in ("photon_noise", "gaze")
    }
    seen = eye_viewer(view(eye, **change))(frame())
    np.testing.assert_array_equal(seen, Eye.load(eye).see(RGB, **conditions))
    if change or eye != "cat":
        assert (seen != eye_viewer(view())(frame())).any()


@pytest.mark.parametrize("focus", [None, 0.5])
def test_the_depth_of_a_frame_and_the_focus_of_a_view_are_used(focus):
    conditions = {"field_of_view": 6, "luminance": 30, "defocus": 0.5}
    seen = eye_viewer(view(focus=focus))(frame(depth=DEPTH))
    wanted = Eye.load("cat").see(RGB, depth=DEPTH, focus=focus, **conditions)
    np.testing.assert_array_equal(seen, wanted)
    other = Eye.load("cat").see(RGB, depth=DEPTH, focus=2.0, **conditions)
    assert (seen != other).any() and (seen != Eye.load("cat").see(RGB, **conditions)).any()


def test_noise_has_the_seed_of_the_view_and_one_of_the_frame_and_the_whole_view():
    """The second is the first eight bytes of SHA-256 of the frame's id and the view as JSON.

    Without its display: the same light is counted in every rendering.
    """
    noisy = view(luminance=1e-4, photon_noise=7.0)
    counted = {key: value for key, value in noisy.items() if key != "display"}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(f"a/ü {text}".encode()).hexdigest()
    seen = eye_viewer(noisy)(frame("a/ü"))
    wanted = Eye.load("cat").see(
        RGB, field_of_view=6, luminance=1e-4, defocus=0.5, noise=[7, int(digest[:16], 16)]
    )
    np.testing.assert_array_equal(seen, wanted)


def noise(change=None, name="f") -> bytes:
    return eye_viewer(view(luminance=1e-4, **{"photon_noise": 0.0, **(change or {})}))(
        frame(name)
    ).tobytes()


def test_noise_differs_between_frames_seeds_and_views_and_not_between_runs():
    assert noise() == noise()
    others = [
        noise(name="g"),
        noise({"photon_noise": 1.0}),
        noise({"focus": 2.0}),  # without depth it changes nothing but the seed
        noise({"photon_noise": None}),
    ]
    assert len({noise(), *others}) == 5


def test_noise_is_the_same_in_every_rendering():
    """Yellow and blue are the cat's by default."""
    shown = [
        eye_viewer(view(luminance=1.0, photon_noise=0.0, display=display))(frame())
        for display in ("auto", "yellow-blue", "green-magenta")
    ]
    np.testing.assert_array_equal(shown[0], shown[1])
    assert (shown[0] != shown[2]).any()


def test_a_depth_map_that_holds_objects_is_not_opened():
    """Unpickling them could run anything."""
    buffer = io.BytesIO()
    np.save(buffer, np.full((16, 24), None), allow_pickle=True)
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        eye_viewer(view())({**frame(), "depth": buffer.getvalue()})


def test_the_gaze_is_drawn_for_each_frame_and_is_the_same_for_all_eyes():
    """From the inner half; other frames and other seeds look elsewhere."""
    places = {(seed, name): eye_viewer_module._gaze(seed, name)
              for seed in (0, 1) for name in map(str, range(200))}  # fmt: skip
    assert len(set(places.values())) == 400
    drawn = np.array(list(places.values()))
    assert ((drawn >= 0.25) & (drawn < 0.75)).all()
    np.testing.assert_allclose(drawn.mean(0), 0.5, atol=0.03)
    assert eye_viewer_module._gaze(None, "f") == (0.5, 0.5)
    for eye in ("cat", "human"):
        seen = eye_viewer(view(eye, gaze=1, eccentricity=True))(frame("7"))
        conditions = {key: VIEW[key] for key in ("field_of_view", "luminance", "defocus")}
        wanted = Eye.load(eye).see(RGB, gaze=places[1, "7"], eccentricity=True, **conditions)
        np.testing.assert_array_equal(seen, wanted)


def test_an_eye_sees_the_past_of_a_frame():
    before = 255 - RGB
    one = frame() | {"past": [{"seconds": 0.04, "image": {"bytes": encode_png(before)}}]}
    conditions = {key: VIEW[key] for key in ("field_of_view", "luminance", "defocus")}
    wanted = Eye.load("cat").see(RGB, past=[(0.04, before)], **conditions)
    np.testing.assert_array_equal(eye_viewer(view())(one), wanted)
    assert (wanted != eye_viewer(view())(frame())).any()
