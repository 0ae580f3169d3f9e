"""The columns of every table, which are what users and other programs read."""

from importlib import import_module

import pytest

from catsight.tables.columns.features import features_schema

_LAYER = "encoder family training layer: string, layer_index: int32, depth: double, pooling reference view metric: string"
_REPLICATES = "replicates: list<item: double>, parts: list<item: int32>"
_METRICS = (
    f"{_LAYER}, value ci_low ci_high: double, {_REPLICATES}, "
    "p_value p_corrected null_mean null_low null_high calibrated: double, "
    "n_frames n_groups n_features at_once: int32, bandwidth: double, seed: int64, reason: string"
)
_ATTRIBUTION = (
    f"{_LAYER}, part: string, value ci_low ci_high: double, {_REPLICATES}, alone last: double, "
    "n_frames n_groups: int32, reason: string"
)
_SIDE = (
    "member_{0} encoder_{0} view_{0} layer_{0}: string, dose_{0}: double, part_{0}: string, "
    "members_{0}: list<item: string>"
)
_IMAGE = "struct<bytes: binary, path: string>"
_RECEPTORS = "list<item: struct<name: string, sensitivity: list<item: double>, transfer: list<item: double>>>"
_CONFUSIONS = "list<item: struct<start: list<item: double>, end: list<item: double>>>"
#: Table -> its columns in order, those of one type together.
TABLES = {
    "MANIFEST": "source key path sha256: string, bytes: int64",
    "FRAMES": f"frame_id group source: string, image: {_IMAGE}, width height: int32, "
    "sha256 title author licence link note: string, contrast colourfulness spectral_slope: double, left top: int32, depth: binary, "
    f"partner: {_IMAGE}, past: list<item: struct<seconds: double, image: {_IMAGE}>>",
    "REJECTED": "path reason detail: string",
    "NEAR_DUPLICATES": "frame_id group other_id other_group: string, distance: int32",
    "VIEWS": f"frame_id: string, image: {_IMAGE}",
    "PORTRAITS": "eye: string, adapted_to: double, "
    "luminance pupil_width pupil_height rod_weight acuity quanta_cones quanta_rods flicker_fusion "
    "frequency mtf_across mtf_along mtf_along_defocused contrast_sensitivity orientation: list<item: double>, "
    "orientation_frequency: double, mtf_turned mtf_turned_defocused: list<item: double>, spread_degrees: double, "
    "spread: list<item: float>, spread_defocus: double, spread_defocused: list<item: float>, "
    f"wavelength: list<item: double>, receptors: {_RECEPTORS}, confusion_lines: {_CONFUSIONS}, chart_degrees: double, "
    f"chart: {_IMAGE}, levels: list<item: double>, charts: list<item: {_IMAGE}>",
    "GATHERED": "view: string, shard: int32, content: string",
    "METRICS": _METRICS,
    "MATRIX": _METRICS,
    "DRAWN_PARTS": f"draw: int32, {_ATTRIBUTION}",
    "DOSES": f"swept: string, dose: double, {_METRICS}",
    "PHYSIOLOGY": f"kind: string, draw: int32, number: string, drawn: list<item: struct<number: string, value: double>>, "
    f"loss sd low high share: double, {_METRICS}",
    "STABILITY": "encoder layer: string, layer_index: int32, depth: double, "
    "pooling reference view metric kind: string, n_frames n_groups draws: int32, "
    "value low high: double, reason: string",
    "MAPS": "encoder view layer: string, layer_index: int32, "
    "other_encoder other_view other_layer: string, other_index: int32, pooling metric: string, "
    "value: double, n_frames: int32, reason: string",
    "PER_FRAME": "encoder layer: string, layer_index: int32, depth: double, pooling reference view frame_id group: string, "
    "pnka overlap reciprocal_rank: double, at_once: int32, reason: string",
    "PLACES": "encoder layer: string, layer_index: int32, depth: double, reference view frame_id group: string, "
    "left top right bottom: double, side height width: int32, mean: double, "
    "distance contrast eccentricity: list<item: float>, reason: string",
    "READOUT": f"encoder reference view kind metric: string, value ci_low ci_high: double, {_REPLICATES}, frame_id group: string, "
    "same_first shared_five divergence: double, reference_answer: int32, reference_name: string, reference_p reference_p_in_view: double, "
    "reference_five: list<item: string>, view_answer: int32, view_name: string, view_p: double, view_five: list<item: string>, "
    "n_frames n_groups: int32, seed: int64, reason: string",
    "PAIRS": "encoder layer pooling reference view frame_id group other_id: string, "
    "reference_dissimilarity view_dissimilarity distance: double",
    "CONTRASTS": f"study kind hypotheses reference metric pooling swept: string, {_SIDE.format('a')}, {_SIDE.format('b')}, "
    "value_a value_b difference diff_low diff_high: double, scale: string, z se_z df ci_low ci_high sim_low sim_high "
    "loss_ratio ratio_low ratio_high ratio_sim_low ratio_sim_high p_value p_holm: double, n_hypotheses: int32, "
    "level margin p_equivalence p_equivalence_holm: double, equivalent: bool, "
    "n_renderings n_above n_below n_equivalent: int32, ratio_all_low ratio_all_high: double, "
    "groups_needed groups_low groups_high: int64, n_groups n_frames: int32, reason: string",
    "BEST": "study kind hypotheses reference metric pooling swept member encoder view layer: string, dose: double, "
    "part: string, members: list<item: string>, value: double, in_set: bool, p_leaves: double, "
    "n_renderings n_members n_groups n_frames: int32, reason: string",
    "RENDERINGS": f"display: string, own: bool, {_METRICS}",
    "ATTRIBUTION": _ATTRIBUTION,
}


def parsed(text):
    """``a b: double, c: struct<d: string, e: string>`` as (name, type) pairs."""
    pairs, names, depth, start = [], [], 0, 0
    for i, letter in enumerate(f"{text},"):
        depth += {"<": 1, ">": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            names, _, kind = text[start:i].strip().partition(": ")
            pairs += [(name, kind) for name in names.split()]
            start = i + 1
    return pairs


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_these_columns_in_this_order(name):
    module = import_module(f"catsight.tables.columns.{name.lower()}")
    schema = getattr(module, name)
    assert [(field.name, str(field.type)) for field in schema] == parsed(TABLES[name])
    assert all(field.nullable for field in schema)


def test_a_table_of_features_has_a_column_for_every_layer():
    schema = features_schema({"b/mean": 3, "a/cls": 2})
    assert [(field.name, str(field.type)) for field in schema] == [
        ("frame_id", "string"),
        ("b/mean", "fixed_size_list<item: float>[3]"),
        ("a/cls", "fixed_size_list<item: float>[2]"),
    ]
