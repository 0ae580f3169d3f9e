"""The default photographs: found, credited, and refused if they are not the credited ones."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from catsight import CatsightError
from catsight.frames import photos
from catsight.frames.decode import decode
from catsight.frames.item import Rejected
from catsight.frames.photos import items, locate
from catsight.inputs import yaml_files

ENTRIES = yaml_files.load_yaml(yaml_files.find("photos.yaml"))
SIZES = {
    "astronaut": (512, 512), "chelsea": (300, 451), "coffee": (400, 600), "rocket": (427, 640),
    "china": (427, 640), "flower": (427, 640), "grace_hopper": (600, 512),
}  # fmt: skip


def test_the_seven_photos_decode_and_are_credited():
    found = items({"photos": ENTRIES}, {}, 10**6)
    assert [photo.name for photo in found] == list(SIZES)
    for photo in found:
        rgb = photo.load().rgb
        assert rgb.shape == (*SIZES[photo.name], 3) and rgb.dtype == np.uint8
        assert np.ptp(rgb) > 150 and not (rgb == rgb[..., :1]).all()  # a photograph, and in colour
        assert photo.group == photo.name
        assert set(photo.credits) == {"title", "author", "licence", "link"}
        assert all(value.strip() for value in photo.credits.values())
        assert photo.credits["link"].startswith("http")


def test_photos_with_an_srgb_profile_are_as_their_packages_show_them():
    for path in (locate(e) for e in ENTRIES if e["name"] in ("astronaut", "chelsea", "china")):
        np.testing.assert_array_equal(decode(path, 10**6), np.asarray(Image.open(path)))


def test_the_rocket_is_in_adobe_rgb_and_becomes_more_saturated():
    (path,) = (locate(e) for e in ENTRIES if e["name"] == "rocket")
    raw, got = np.asarray(Image.open(path)).astype(int), decode(path, 10**6).astype(int)
    assert np.ptp(got, axis=-1).mean() > np.ptp(raw, axis=-1).mean() + 1


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "some_photos").mkdir()
    (tmp_path / "some_photos" / "__init__.py").write_text(
        "raise ImportError('finding a photo must not import this')"
    )
    (tmp_path / "some_photos" / "a.jpg").write_bytes(b"original")
    monkeypatch.syspath_prepend(tmp_path)
    digest = hashlib.sha256(b"original").hexdigest()
    credits = dict.fromkeys(["title", "author", "licence", "link"], "x")
    return tmp_path / "some_photos", {
        "name": "a",
        "package": "some_photos",
        "path": "a.jpg",
        "sha256": digest,
        **credits,
    }


def test_a_photo_is_found_without_importing_its_package(package):
    folder, entry = package
    assert locate(entry) == folder / "a.jpg"


def test_altered_and_missing_photos_are_refused(package):
    folder, entry = package
    (folder / "a.jpg").write_bytes(b"altered")
    with pytest.raises(
        CatsightError, match=r"a\.jpg is not the photo 'a' that resources/photos\.yaml credits"
    ):
        locate(entry)
    (folder / "a.jpg").unlink()
    with pytest.raises(CatsightError, match=r"a\.jpg is missing"):
        locate(entry)
    with pytest.raises(
        CatsightError, match=r"no_such_package, which is not installed: pip install no_such_package"
    ):
        locate(entry | {"package": "no_such_package"})


def refusal(entry) -> str:
    with pytest.raises(CatsightError) as raised:
        locate(entry)
    return str(raised.value)


def test_the_words_about_a_photo_that_cannot_be_used(package, monkeypatch):
    """Packages are called by the name that pip knows."""
    folder, entry = package
    (folder / "a.jpg").write_bytes(b"altered")
    found, listed = hashlib.sha256(b"altered").hexdigest()[:12], entry["sha256"][:12]
    assert refusal(entry) == (
        f"{folder}/a.jpg is not the photo 'a' that resources/photos.yaml credits (SHA-256 {found}…, "
        f"not {listed}…): reinstall some_photos, or correct the entry"
    )
    (folder / "a.jpg").unlink()
    assert refusal(entry) == (
        f"{folder}/a.jpg is missing; this some_photos lacks the photo 'a': reinstall some_photos"
    )
    monkeypatch.setattr(photos, "find_spec", lambda name: None)
    for name, project in (
        ("skimage", "scikit-image"), ("sklearn", "scikit-learn"), ("matplotlib", "matplotlib"),
    ):  # fmt: skip
        assert refusal(entry | {"package": name}) == (
            f"the photo 'a' is part of {project}, which is not installed: pip install {project}"
        )


def test_a_module_that_is_no_package_holds_no_photo(package):
    folder, entry = package
    (folder.parent / "single.py").write_text("")
    assert "which is not installed: pip install single" in refusal(entry | {"package": "single"})


def test_a_photo_has_the_credits_of_its_entry_and_numbers_after_a_dash(package):
    _, entry = package
    about = {"title": "T", "author": "A", "licence": "L", "link": "H"}
    (item,) = items({"photos": [entry | about]}, {}, 7)
    assert (item.name, item.group, item.mark, item.credits) == ("a", "a", "-", about)
    seen = items({"photos": [ENTRIES[1]]}, {}, 10**6)[0].load()
    assert seen.depth is None and seen.partner is None
    with pytest.raises(Rejected, match="too large"):
        items({"photos": [ENTRIES[1]]}, {}, 10)[0].load()


HEAVY = (
    "torch", "skimage", "sklearn", "matplotlib", "numba", "av", "tifffile", "huggingface_hub", "catsight.study",
    "catsight.frames.dead_leaves", "catsight.frames.video",
)  # fmt: skip


def test_frames_need_none_of_the_heavy_packages():
    code = (
        "import sys; from catsight.frames import command, kinds; from catsight.inputs import yaml_files;"
        "photos = yaml_files.load_yaml(yaml_files.find('photos.yaml'));"
        "assert kinds.items_of({'source': 'photos', 'photos': photos}, {}, 1);"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
