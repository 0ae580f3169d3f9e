import pytest

from catsight import CatsightError
from catsight.figures import published
from support import synthetic_study as synthetic


def mean_of(rows, encoder, metric, layer="all"):
    return next(
        r for r in rows
        if (r["encoder"], r["view"], r["metric"], r["layer"], r["pooling"]) == (encoder, "cat", metric, layer, "mean")
    )  # fmt: skip


def compare(metrics, **about):
    published_ = {"source": "somewhere", "order": [], "order_metric": "rsa", "values": []} | about
    return published.compared(metrics, published_, synthetic.choices())


def test_difference_and_whether_it_is_inside(rows, table, tmp_path):
    row = mean_of(rows, "imgfocus_vit_s14", "rsa")
    layer = mean_of(rows, "imgfocus_vit_s14", "cka_linear", "blocks.3")
    values = [
        {"encoder": "imgfocus_vit_s14", "metric": "rsa", "value": round(row["ci_low"] + 0.001, 3)},
        {"encoder": "imgfocus_vit_s14", "metric": "rsa", "value": 0.1},
        {"encoder": "imgfocus_vit_s14", "metric": "cka_linear", "layer": "blocks.3", "value": 0.5},
    ]
    found = compare(table(rows, tmp_path), values=values)
    assert [one["inside"] for one in found["rows"]] == ["inside", "outside", "outside"]
    assert found["rows"][1]["difference"] == f"{row['value'] - 0.1:+.3f}"
    assert (
        found["rows"][2]["cell"]["value"] == f"{layer['value']:.3f}"
        and found["rows"][2]["layer"] == "blocks.3"
    )
    assert found["untrained"] == []


def test_order_of_groups(rows, table, tmp_path):
    means = {e: mean_of(rows, e, "rsa")["value"] for e in synthetic.ENCODERS}
    best, worst = max(means, key=means.get), min(means, key=means.get)
    value = [{"encoder": best, "metric": "rsa", "value": 0.5}]
    for names, same in (((best, worst), True), ((worst, best), False)):
        order = [{"name": name, "encoders": [name]} for name in names]
        found = compare(table(rows, tmp_path), values=value, order=order)
        assert [row["published"] for row in found["order"]] == list(names)
        assert [row["here"] for row in found["order"]] == [best, worst]
        assert ("the same" in found["verdict"]) == same
        assert found["order"][0]["mean"] == f"{means[best]:.3f}"


def test_untrained_stand_ins_are_named(rows, table, tmp_path):
    values = [{"encoder": "swin_t_untrained", "metric": "rsa", "value": 0.5}]
    assert compare(table(rows, tmp_path), values=values)["untrained"] == ["Swin-T (untrained)"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {"encoder": "resnet50", "metric": "rsa"},
            "names the encoder 'resnet50', which the study does not have",
        ),
        (
            {"encoder": "imgfocus_vit_s14", "metric": "mmd2"},
            "imgfocus_vit_s14, mmd2, all, cat, which is not in",
        ),
        ({"encoder": "imgfocus_vit_s14", "metric": "rsa", "layer": "blocks.99"}, "blocks.99"),
    ],
)
def test_what_the_study_lacks_is_an_error(rows, table, tmp_path, value, words):
    with pytest.raises(CatsightError, match=words):
        compare(table(rows, tmp_path), values=[value | {"value": 0.5}])


def test_without_published_values_there_is_nothing(choices, rows, table, tmp_path):
    assert published.compared(table(rows, tmp_path), None, choices) is None
