"""``catsight metrics``: its tables agree with the functions, and its errors name their cause."""

import json
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from catsight import CatsightError, tables
from catsight.__main__ import main
from catsight.metrics import (
    cknna,
    energy_distance,
    mantel,
    mmd2,
    mutual_knn,
    procrustes,
    reading,
    retrieval,
    rsa,
    sliced_wasserstein,
    wasserstein,
)  # fmt: skip
from catsight.metrics.compare import estimates
from catsight.metrics.distribution import scale
from catsight.metrics.registry import PLAIN
from catsight.metrics.suite import names
from catsight.study.measures import MEASURES
from catsight.tables import lists
from catsight.tables.columns.metrics import METRICS
from support import by_hand
from support.toy_tables import FUNCTIONS, IDS, SPEC, measures, write_features, write_frames

#: The spec of a job that computes every measure.
ALL = {**SPEC, "measures": measures(*MEASURES)}


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    human = {f"blocks.{i}/mean": rng.normal(size=(24, 8 + i)) for i in range(3)}
    return {
        "human": human,
        "cat": {name: x + rng.normal(size=x.shape) for name, x in human.items()},
    }


def compare(tmp_path, tables_of_views, frames, spec=SPEC, output="toy.parquet"):
    arguments = [
        "metrics",
        "compare",
        "--spec",
        json.dumps(spec),
        "--store",
        str(tmp_path / "store"),
    ]
    arguments += ["--frames", str(frames), "--output", str(tmp_path / output)]
    for view, path in tables_of_views.items():
        arguments += ["--features", view, str(path)]
    assert main(arguments) == 0
    return tables.read(tmp_path / output).to_pylist()


def test_the_table_agrees_with_the_functions(tmp_path, features):
    frames = write_frames(tmp_path / "f.parquet")
    views = {view: write_features(tmp_path / f"{view}.parquet", f) for view, f in features.items()}
    rows = compare(tmp_path, views, frames, ALL)
    by_key = {(row["layer"], row["metric"]): row for row in rows}
    assert len(rows) == len(by_key) == 4 * len(names())  # three layers and their mean
    groups = [i.split("-")[0] for i in IDS]
    functions = FUNCTIONS | {
        "mmd2": mmd2,
        "mmd2_unbiased_frames": lambda x, y: mmd2(x, y, unbiased=True, paired=True),
        "energy_frames": energy_distance,
        "wasserstein": wasserstein,
        "wasserstein_scaled": lambda x, y: wasserstein(x / scale(x), y / scale(x)),
        "sliced_wasserstein": lambda x, y: sliced_wasserstein(x, y, projections=50),
        "sliced_wasserstein_scaled": lambda x, y: sliced_wasserstein(
            x / scale(x), y / scale(x), projections=50
        ),
        "rsa_frames": rsa,
        "retrieval_top1": lambda x, y: retrieval(x, y).top1,
        "retrieval_top1_between": lambda x, y: retrieval(x, y, groups=groups).top1,
        "retrieval_mrr": lambda x, y: retrieval(x, y).mean_reciprocal_rank,
        "retrieval_mrr_between": lambda x, y: retrieval(x, y, groups=groups).mean_reciprocal_rank,
        "mutual_knn": lambda x, y: mutual_knn(x, y, groups=groups, k=3),
        "cknna": lambda x, y: cknna(x, y, groups=groups, k=3),
        "procrustes": procrustes,
    }
    functions |= {
        f"{kind}_unbiased_frames": functions[f"{kind}_unbiased"]
        for kind in ("cka_linear", "cka_rbf")
    }
    functions |= {
        name: partial(by_hand.measure, name, keep=np.arange(24), groups=groups)
        for name in names()
        if by_hand.over_groups(name)
    }
    assert set(functions) == set(names())
    for metric, function in functions.items():
        values = []
        for i in range(3):
            row = by_key[f"blocks.{i}", metric]
            x, y = (
                features[view][f"blocks.{i}/mean"].astype(np.float32).astype(float)
                for view in ("human", "cat")
            )
            assert row["value"] == pytest.approx(function(x, y), rel=1e-9)
            if not MEASURES[metric].share:  # few of six groups may differ
                assert row["ci_low"] < row["ci_high"] and row["reason"] is None
            if metric in PLAIN or metric == "cknna":  # these have no test
                assert row["p_value"] is None
            else:
                assert 1 / 100 <= row["p_value"] <= 1 and 1 / 100 <= row["p_corrected"] <= 1
            assert (row["layer_index"], row["depth"], row["n_features"]) == (i, i / 2, 8 + i)
            assert (row["n_frames"], row["n_groups"], row["view"]) == (24, 6, "cat")
            values.append(row["value"])
        mean = by_key["all", metric]
        assert mean["value"] == pytest.approx(np.mean(values))
        assert mean["layer_index"] is None
        assert MEASURES[metric].share or mean["ci_low"] < mean["ci_high"]


def test_the_p_value_of_rsa_is_that_of_the_mantel_test(tmp_path, features):
    """With whole photographs relabelled."""
    frames = write_frames(tmp_path / "f.parquet")
    views = {view: write_features(tmp_path / f"{view}.parquet", f) for view, f in features.items()}
    rows = [
        row
        for row in compare(tmp_path, views, frames)
        if row["metric"] == "rsa" and row["layer"] != "all"
    ]
    groups = [i.split("-")[0] for i in IDS]
    for row in rows:
        x, y = (
            features[view][f"{row['layer']}/mean"].astype(np.float32) for view in ("human", "cat")
        )
        test = mantel(x, y, groups=groups, permutations=99)
        assert row["p_value"] == test.p_value and row["null_mean"] == pytest.approx(test.null_mean)


def test_shards_do_not_change_the_table(tmp_path, features):
    whole = compare(
        tmp_path,
        {view: write_features(tmp_path / f"{view}.parquet", f) for view, f in features.items()},
        write_frames(tmp_path / "f.parquet"),
    )
    for i, cut in enumerate([slice(0, 5), slice(5, 24)]):
        write_frames(tmp_path / f"frames/{i}.parquet", IDS[cut])
        for view, f in features.items():
            write_features(
                tmp_path / f"{view}/{i}.parquet", {n: x[cut] for n, x in f.items()}, IDS[cut]
            )
    parts = {view: tmp_path / view for view in features}
    assert compare(tmp_path, parts, tmp_path / "frames", output="parts.parquet") == whole


def test_identity_is_one_and_so_is_its_interval(tmp_path, features):
    frames = write_frames(tmp_path / "f.parquet")
    same = write_features(tmp_path / "human.parquet", features["human"])
    full = {True: 1.0, False: 0.0}
    for row in compare(tmp_path, {"human": same, "again": same}, frames, ALL):
        wanted, name = full[MEASURES[row["metric"]].similarity], row["metric"]
        if MEASURES[name].share:  # the same in every group
            assert (row["value"], row["ci_low"]) == (1.0, None)
        elif MEASURES[name].cosine or name == "wasserstein":
            assert (row["value"], row["ci_low"], row["ci_high"]) == (wanted,) * 3, name
        else:
            found = row["value"], row["ci_low"], row["ci_high"]
            assert found == pytest.approx((wanted,) * 3, abs=1e-6), name


def test_one_group_has_no_interval_and_flat_features_no_value(tmp_path, features):
    ids = [f"one-{i}" for i in range(24)]
    frames = write_frames(tmp_path / "f.parquet", ids)
    flat = {name: np.ones_like(x) for name, x in features["cat"].items()}
    views = {"human": features["human"], "cat": features["cat"], "flat": flat}
    views = {
        view: write_features(tmp_path / f"{view}.parquet", f, ids) for view, f in views.items()
    }
    for row in compare(tmp_path, views, frames, ALL):
        assert row["ci_low"] is None and row["p_value"] is None and row["reason"]
        over_groups = row["metric"].endswith("_between") or by_hand.over_groups(row["metric"])
        assert (row["value"] is None) == (row["view"] == "flat" or over_groups)
        if row["view"] == "flat":
            assert "the view's features do not vary" in row["reason"]


def test_the_second_run_is_answered_by_the_store(tmp_path, features, capfd):
    frames = write_frames(tmp_path / "f.parquet")
    views = {view: write_features(tmp_path / f"{view}.parquet", f) for view, f in features.items()}
    first = compare(tmp_path, views, frames)
    capfd.readouterr()
    assert compare(tmp_path, views, frames) == first
    assert "store: hit" in capfd.readouterr().err
    compare(tmp_path, views, frames, spec={**SPEC, "confidence": 0.9})
    assert "store: computed" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (IDS[:-1], "features of 1 frames are missing, first 'photo5-3'"),
        ([*IDS[:-1], "stranger"], "features of 1 frames are missing, first 'photo5-3'"),
        ([*IDS, "stranger"], "features of 1 unknown frames, first 'stranger'"),
        ([*IDS, IDS[0]], "frame 'photo0-0' come twice"),
        ([IDS[1], IDS[0], *IDS[2:]], "another order than the frames, from 'photo0-1' on"),
    ],
)
def test_ids_are_never_assumed_aligned(tmp_path, ids, words):
    table = write_features(tmp_path / "x.parquet", {"a/mean": np.zeros((len(ids), 3))}, ids)
    with pytest.raises(CatsightError, match=words):
        reading.Features([table], IDS)


def test_a_duplicate_frame_is_named(tmp_path):
    with pytest.raises(CatsightError, match="'photo0-0' comes twice"):
        lists.read_groups([write_frames(tmp_path / "f.parquet", [*IDS, IDS[0]])])


def test_a_frame_that_is_not_finite_is_named(tmp_path):
    x = np.zeros((24, 3))
    x[5, 1] = np.nan
    table = write_features(tmp_path / "x.parquet", {"a/mean": np.zeros((24, 3)), "b/mean": x})
    with pytest.raises(CatsightError, match="column b/mean of frame 'photo1-1' is not finite"):
        reading.Features([table], IDS)["b/mean"]


def test_the_table_says_what_it_was_made_of(tmp_path, features):
    """Spec, the content of every input, and how the reference's features were made."""
    frames = write_frames(tmp_path / "f.parquet")
    # the reference comes neither first nor last by name
    names = {"cat": "cat", "human": "human", "ape": "cat", "zoo": "cat"}
    views = {
        view: write_features(tmp_path / f"{view}.parquet", features[of])
        for view, of in names.items()
    }
    compare(tmp_path, views, frames)
    about = tables.provenance(tmp_path / "toy.parquet")
    assert about["stage"] == "metrics" and about["spec"] == SPEC
    assert about["inputs"] == {
        "frames": [tables.content(frames)],
        "features": {view: [tables.content(path)] for view, path in views.items()},
    }
    assert about["features"] == tables.provenance(views["human"])
    assert about["features"]["of"] == "human.parquet"


def test_other_features_or_frames_are_computed_anew(tmp_path, features, capfd):
    def outcome(ids=IDS, **views):
        paths = {
            view: write_features(tmp_path / f"{view}.parquet", of, ids)
            for view, of in (features | views).items()
        }
        compare(tmp_path, paths, write_frames(tmp_path / "f.parquet", ids))
        return capfd.readouterr().err

    assert "store: computed" in outcome()
    assert "store: hit" in outcome()
    for view in ("human", "cat"):
        changed = {name: x + 1 for name, x in features[view].items()}
        assert "store: computed" in outcome(**{view: changed})
    assert "store: computed" in outcome([i.replace("photo", "p") for i in IDS])
    assert "store: hit" in outcome()


def test_merge(tmp_path, features):
    frames = write_frames(tmp_path / "f.parquet")
    views = {view: write_features(tmp_path / f"{view}.parquet", f) for view, f in features.items()}
    one = compare(tmp_path, views, frames)
    two = compare(
        tmp_path, views, frames, spec={**SPEC, "encoder": "other"}, output="other.parquet"
    )
    output = tmp_path / "metrics.parquet"
    parts = [str(tmp_path / "toy.parquet"), str(tmp_path / "other.parquet")]
    assert main(["metrics", "merge", *parts, "--study", "s", "--output", str(output)]) == 0
    assert tables.read(output).to_pylist() == one + two
    about = tables.provenance(output)
    assert (about["study"], about["stage"]) == ("s", "metrics")
    assert about["parts"] == {
        "toy": tables.provenance(tmp_path / "toy.parquet"),
        "other": tables.provenance(tmp_path / "other.parquet"),
    }
    assert tables.schema(output).names == METRICS.names


def test_the_stage_needs_neither_torch_nor_timm():
    code = "import sys, catsight.metrics.command; print(*({'torch', 'timm'} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()
        == ""
    )


def test_three_frames_and_duplicates_have_a_reason_or_a_value(tmp_path, features):
    ids = IDS[:3]
    views = {
        v: write_features(tmp_path / f"{v}.parquet", {n: x[:3] for n, x in f.items()}, ids)
        for v, f in features.items()
    }
    rows = compare(tmp_path, views, write_frames(tmp_path / "f.parquet", ids), ALL)
    assert {(row["value"], row["p_value"]) for row in rows} == {(None, None)}
    assert all("fewer than 4 frames" in row["reason"] for row in rows)
    # most frames are the same: the median distance is no bandwidth, but linear CKA is defined
    same = {
        n: np.concatenate([x[:4], np.repeat(x[4:5], 20, axis=0)])
        for n, x in features["human"].items()
    }
    views = {v: write_features(tmp_path / f"{v}2.parquet", same) for v in ("human", "cat")}
    spec = {**SPEC, "measures": measures("cka_linear", "cka_rbf", "mmd2")}
    for row in compare(tmp_path, views, write_frames(tmp_path / "f2.parquet"), spec, "two.parquet"):
        assert (row["value"] is None) == (row["metric"] != "cka_linear")
        assert (
            row["metric"] == "cka_linear"
            or "more than half of all pairs of frames have the same" in row["reason"]
        )


def test_different_numbers_of_frames_or_features_are_named(tmp_path, features):
    with pytest.raises(ValueError, match="x has 24 frames and y has 23"):
        rsa(features["human"]["blocks.0/mean"], features["cat"]["blocks.0/mean"][:23])
    features["cat"]["blocks.1/mean"] = features["cat"]["blocks.1/mean"][:, :5]
    views = {
        v: reading.Features([write_features(tmp_path / f"{v}.parquet", f)], IDS)
        for v, f in features.items()
    }
    with pytest.raises(CatsightError) as error:
        estimates(views, {i: i.split("-")[0] for i in IDS}, SPEC)
    assert str(error.value) == (
        f"{tmp_path}: column blocks.1/mean has 5 features, and 9 in the reference view; compare "
        "features of one encoder"
    )


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("attribute", "attribution", "--features"),
        ("layers", "maps", "view or encoder"),
        ("encoders", "maps", "view or encoder"),
    ],
)
def test_old_names_of_commands_still_work_and_say_the_new_one(old, new, wanted, capsys):
    with pytest.raises(SystemExit) as status:
        main(["metrics", old, "--help"])
    shown = capsys.readouterr()
    assert status.value.code == 0
    assert f"usage: catsight metrics {new}" in shown.out and wanted in shown.out
    (line,) = shown.err.splitlines()
    assert f"`catsight metrics {old}` is now `catsight metrics {new}`" in line


def test_the_reference_must_be_among_the_features(tmp_path, features, capsys):
    frames = write_frames(tmp_path / "f.parquet")
    cat = write_features(tmp_path / "cat.parquet", features["cat"])
    arguments = ["--spec", json.dumps(SPEC), "--store", str(tmp_path / "store")]
    arguments += ["--frames", str(frames), "--features", "cat", str(cat)]
    assert main(["metrics", "compare", *arguments, "--output", str(tmp_path / "x.parquet")]) == 1
    assert "--features lacks the reference view 'human'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["compare", "stability", "maps", "attribution", "pairs", "per_frame", "readout"]
)
def test_an_analysis_of_views_needs_its_reference(name, tmp_path, features, capsys):
    cat = write_features(tmp_path / "cat.parquet", features["cat"])
    arguments = ["--spec", json.dumps(SPEC), "--store", str(tmp_path / "store")]
    arguments += ["--frames", str(write_frames(tmp_path / "f.parquet"))]
    arguments += ["--features", "cat", str(cat), "--output", str(tmp_path / "x.parquet")]
    assert main(["metrics", name, *arguments]) == 1
    assert "--features lacks the reference view 'human'" in capsys.readouterr().err


def test_tables_without_a_reference_view_tell_of_their_first_features(tmp_path, features):
    """Maps between encoders: of the first encoder by name."""
    paths = {
        name: write_features(tmp_path / f"{name}.parquet", features["human"])
        for name in ("vit", "cnn")
    }
    spec = {
        "reference": "human", "seed": 0, "bandwidth": 1.0, "rsa_distance": "correlation", "rsa_comparison": "spearman",
        "metrics": ["rsa"], "frames": 1000, "code": "0", "versions": {},
    }  # fmt: skip
    arguments = ["metrics", "maps", "--spec", json.dumps(spec), "--store", str(tmp_path / "store")]
    arguments += ["--frames", str(write_frames(tmp_path / "f.parquet"))]
    for name, path in paths.items():
        arguments += ["--features", name, str(path)]
    assert main([*arguments, "--output", str(tmp_path / "maps.parquet")]) == 0
    assert tables.provenance(tmp_path / "maps.parquet")["features"]["of"] == "cnn.parquet"


def test_help_lists_what_each_analysis_does(capsys):
    assert main(["metrics", "--help"]) == 0
    lines = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    about = {
        "compare": "compare each view of one encoder with the reference, layer by layer",
        "stability": "show how one encoder's values depend on which frames there are, and on how many",
        "maps": "compare every layer with every layer, between views or between encoders",
        "attribution": "divide one encoder's loss of alignment among the parts of the eye",
        "doses": "compare one encoder's features as light, focus, field of view or acuity varies",
        "physiology": "show how one encoder's loss depends on numbers of the eye that are uncertain",
        "drawn_parts": "divide one encoder's loss among the parts of eyes drawn within their ranges",
        "matrix": "compare every view of one encoder with every other, layer by layer",
        "renderings": "compare one encoder's features as the colours vary that show what a dichromat sees",
        "per_frame": "tabulate how well each frame by itself is aligned, layer by layer",
        "pairs": "tabulate one encoder's dissimilarities of frames in its last layer, for figures",
        "readout": "tabulate what one encoder's trained head answers, and how far a view changes it",
        "merge": "concatenate a study's tables of one kind",
    }
    assert dict(line for line in lines if line and line[0] in about) == about


@pytest.mark.parametrize(
    ("name", "kind", "about"),
    [
        ("compare", "view", "Compare each view of one encoder with the reference, layer by layer."),
        ("maps", "view or encoder", "Compare every layer with every layer, between views or between encoders."),
        ("doses", "dose", "Compare one encoder's features as light, focus, field of view or acuity varies."),
    ],
)  # fmt: skip
def test_help_of_an_analysis_says_what_its_features_are_called_by(name, kind, about, capsys):
    with pytest.raises(SystemExit):
        main(["metrics", name, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"usage: catsight metrics {name} [-h]") and about in shown
    assert f"the name of a {kind}, and its table" in shown
    assert "--output OUTPUT the table to write" in shown and "[--output" not in shown


def test_help_of_merge_says_what_it_takes(capsys):
    with pytest.raises(SystemExit):
        main(["metrics", "merge", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("usage: catsight metrics merge [-h] --study STUDY --output OUTPUT")
    for words in (
        "Concatenates tables of one kind: all of metrics, all of stability, and so on.",
        "tables tables that catsight metrics wrote",
        "--study STUDY name of the study, for the table's provenance",
        "--output OUTPUT the table to write",
    ):
        assert words in shown


def test_public_functions_are_found_in_their_modules():
    from catsight import metrics

    assert dir(metrics) == sorted(metrics.__all__)
    for name in metrics.__all__:
        assert getattr(metrics, name).__name__ == name
    with pytest.raises(AttributeError) as error:
        _ = metrics.nothing
    assert str(error.value) == "module 'catsight.metrics' has no attribute 'nothing'"
