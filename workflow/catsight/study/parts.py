"""The labels of the parts of an eye, for figures."""

#: Part -> its label, in the order of :data:`catsight.inputs.eyes.PARTS`.
PART_LABELS = {
    "pupil": "pupil and optics",
    "acuity": "acuity",
    "colour": "colour",
    "rods": "rods",
    "temporal": "response over time",
}
