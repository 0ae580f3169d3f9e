"""The help of the commands for use by hand, word for word whatever the terminal's width."""

import pytest

from catsight.__main__ import main

LIGHT = "cd/m² (default: 100, a bright room"
HELP = {
    "see": (
        "Shows photographs and video clips as an eye sees them.",
        {
            "source": "photographs (JPEG, PNG, WebP, TIFF), clips (mp4, mov, mkv, webm, avi, gif and others), or "
                      "folders of them",
            "--output": "the picture to write (.png, .jpg, .webp, .tif), or clip (.mp4, .mov, .mkv, .webm; without "
                        "sound); or a folder, for several",
            "--eye": "cat, deuteranope, dog, ferret, horse, human, macaque, mouse, protanope, tritanope, or a YAML file (default: cat)",
            "--fov": "field of view: the visual angle that a picture's width spans. About 60 for a phone's main "
                     "camera, 20 for a page in the hand. The smaller, the more detail the eye resolves",
            "--luminance": f"luminance that the eye is adapted to, {LIGHT}; dusk is about 1, moonlight 0.01)",
            "--defocus": "how far the picture is out of focus (default: 0)",
            "--noise": "add photon noise, drawn with SEED (default: below 1 cd/m², with seed 0)",
            "--no-noise": "never add photon noise",
            "--eccentricity": "let acuity fall off away from the middle",
            "--perspective": "take pictures for whole photographs of a camera with that field of view: pixels then "
            "become degrees exactly (without it they are off by up to 21 % at 60 degrees)",
            "--display": "the colours that show what two kinds of cones tell apart: auto, yellow-blue, red-cyan, "
                         "green-magenta, least-change (default: auto, the pair that they tell apart best)",
            "--beside": "put the original to the left of what the eye sees",
        },
        [
            "catsight see photo.jpg -o cat.png --fov 40",
            "catsight see a.jpg b.jpg -o seen/ --fov 40",
            "catsight see photos/ -o seen/ --fov 40 --eye human --luminance 0.1 --beside",
            "catsight see clip.mov -o cat.mp4 --fov 60 --luminance 0.01 --noise 1",
        ],
    ),
    "eye": (
        "Draws eyes side by side: pupil, optics, receptors, and a test chart as seen.",
        {
            "eye": "cat, deuteranope, dog, ferret, horse, human, macaque, mouse, protanope, tritanope, or a YAML file like resources/eyes/cat.yaml",
            "--output": "the .png or .svg to write (default: eyes.png)",
            "--luminance": f"luminance that the eyes are adapted to, {LIGHT})",
            "--dpi": "resolution of a .png (default: 200)",
        },
        [
            "catsight eye human cat dog -o eyes.png",
            "catsight eye cat mine.yaml -o eyes.svg --luminance 1",
        ],
    ),
    "power": (
        "Says how many groups (photographs or clips) it takes to tell a difference between two encoders, and between the "
        "view in focus and another, from the spread of a study that has been made. A standard error falls with the root of the number "
        "of groups; more frames of the same groups buy little. The difference is in the metric's own units, down from where "
        "the study's two values lie: at .99 a difference of .02 takes 26 groups where it takes 840 at .90. The range is how "
        "uncertain the spread of few groups is. A pilot is as likely to foretell too few as too many, so plan for half as "
        "many again. The level is that of one test; for any of n differences that are corrected together, ask for --level "
        "0.05/n, or see the column groups_needed of contrasts.parquet.",
        {
            "study": "results/<study>, its name, or its YAML file",
            "--difference": "the difference to tell, in the metric's units (default: 0.02)",
            "--metric": "a metric of the study (default: the one that its findings are about)",
            "--encoder": "compare one encoder with all others, or several with each other; then views are compared in "
                         "each of them, too (default: all)",
            "--view": "the view on which encoders are compared (default: the view in focus)",
            "--power": "how often the difference is to be told (default: 0.8)",
            "--level": "level of the test (default: 0.05)",
            "--figure": "draw the power against the number of groups, as .png or .svg",
        },
        [
            "catsight power quickstart differences of 0.02",
            "catsight power quickstart --difference 0.01 --encoder efficientnet_lite0 imgfocus_vit_s14",
            "catsight power results/quickstart --metric rsa --figure power.png",
        ],
    ),
    "validate": (
        "Computes catsight's own values beside published ones, and writes docs/validation.md and its figure. Fails if a "
        "value differs and resources/validation.yaml, which holds the published values, does not say why.",
        {
            "--output": "the .md to write; its figure lies beside it (default: docs/validation.md)",
            "--published": "published values (default: resources/validation.yaml)",
        },
        [
            "catsight validate",
            "catsight validate -o validation.md --published mine.yaml",
        ],
    ),
    "check": (
        "Reads every table and weights file of a study, or of all studies and their store, and lists the damaged ones: "
        "those that no longer hold the values that were written. A run checks the structure of the files that it "
        "reads; this command checks every value.",
        {
            "folder": "results/<study>, or results (default: results)",
            "--redo": "remove what is damaged, so that the next run recomputes it",
        },
        [
            "catsight check all studies and their store",
            "catsight check results/quickstart one study",
            "catsight check --redo removes what is damaged; the next run recomputes it",
        ],
    ),
    "prune": (
        "Removes from the store the tables and weights that no study refers to, such as those of deleted studies or of "
        "earlier settings. Counts them first, and asks.",
        {
            "--store": "the store, inside the folder of the studies that use it (default: results/store)",
            "--yes": "remove without asking",
        },
        [
            "catsight prune shows the sizes of unused files, and asks before it removes them",
            "catsight prune --yes removes them without asking",
            "To free the space of a whole study, delete its folder (results/<study>) first.",
        ],
    ),
}  # fmt: skip


@pytest.fixture(params=HELP)
def said(request, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit):
        main([request.param, "--help"])
    return request.param, capsys.readouterr().out


def test_it_explains_every_option_and_ends_with_examples(said):
    """Each text stands between the name of its option and the next."""
    name, text = said
    words, (about, options, examples) = " ".join(text.split()), HELP[name]
    assert words.startswith(f"usage: catsight {name} [-h]")
    place = words.index(about) + len(about)
    for option, about_it in options.items():
        place = words.index(f"{option} ", place)
        start = words.index(about_it, place)
        assert start - place < 40, option
        place = start + len(about_it)
        assert words[place : place + 2] in (" -", " o", " e"), option  # an option, "options:", ...
    assert words.endswith(f"examples: {' '.join(examples)}")


def test_examples_stand_on_lines_of_their_own(said):
    name, text = said
    lines = [line.strip() for line in text.partition("examples:\n")[2].splitlines() if line]
    assert [" ".join(line.split()) for line in lines] == HELP[name][2]
    assert lines[0].startswith(f"catsight {name}")
