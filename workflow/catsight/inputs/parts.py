"""The labels of the parts of an eye; not in ``eyes``, whose code is in the digest of views."""

#: Part -> its label, in the order of :data:`catsight.inputs.eyes.PARTS`.
PART_LABELS = {
    "pupil": "pupil and optics",
    "acuity": "acuity",
    "colour": "colour",
    "rods": "rods",
}
