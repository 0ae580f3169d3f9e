"""``catsight power``: the numbers that it prints, the study that it finds, and its figure."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from catsight import tables
from catsight.__main__ import main
from catsight.look.needed import headline, question, shift
from catsight.look.power_figure import draw
from catsight.metrics import contrasts
from catsight.study.measures import MEASURES
from catsight.tables.columns.contrasts import CONTRASTS
from support import compared
from support.compared import SPEC


def write(folder, spec=SPEC, **rows):
    """The contrasts of a study, in ``folder``."""
    rows = rows or {"metrics": compared.metrics()}
    found = [one for each in contrasts.contrasts(rows, spec) for one in each.contrasts.to_pylist()]
    tables.write(folder / "contrasts.parquet", found, CONTRASTS, {"stage": "metrics", "spec": spec})
    return found


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = write(tmp_path / "results" / "toy")
    return tmp_path, rows


def said(capsys, *arguments, status=0):
    assert main(["power", *arguments]) == status
    out, err = capsys.readouterr()
    return err if status else out


def test_a_line_says_how_many_groups_a_contrast_takes(results, capsys):
    _, rows = results
    lines = said(capsys, "toy", "--difference", "0.05").splitlines()
    assert lines[0] == "results/toy: 8 groups, Linear CKA, unbiased"
    (row,) = (r for r in rows if r["kind"] == "encoder" and r["view_a"] == "cat"
              and (r["member_a"], r["member_b"]) == ("net", "self"))  # fmt: skip
    middle = (row["value_a"] + row["value_b"]) / 2
    apart = np.arctanh(middle) - np.arctanh(middle - 0.05)
    (line,) = (one for one in lines if one.strip().startswith("net – self"))
    numbers = line.replace("(", "").replace(")", "").split()[3:]
    n, low, high = int(numbers[2]), int(numbers[3]), int(numbers[5])
    assert numbers[:2] == [f"{row['value_a']:.3f}", f"{row['value_b']:.3f}"]
    df = max(row["df"] / 7 * (n - 1), 1)
    t = stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)
    asked = (t * row["se_z"] * np.sqrt(8) / apart) ** 2
    assert n == max(4, np.ceil(asked)) and low <= n <= high
    assert ("told apart already" in line) == (row["p_holm"] <= 0.05)


def test_what_is_listed(results, capsys):
    def titles(*more):
        text = said(capsys, "toy", *more)
        return [line for line in text.splitlines()[3:] if line and not line.startswith(" ")], text

    both, text = titles()
    assert both == ["two encoders, cat", "cat and another view, mean over encoders"]
    assert text.count(" – ") == 10 + 2
    three, text = titles("--encoder", "net", "vit")
    assert three == [*both, "cat and another view"]
    assert text.count(" – ") == 1 + 2 + 4 and "vit: cat – jpeg" in text
    _, text = titles("--encoder", "net")
    assert text.count("net – ") == 4 and "res – " not in text
    assert titles("--view", "dog")[0] == ["two encoders, dog", both[1]]


def test_smaller_differences_higher_power_and_stricter_levels_take_more(results, capsys):
    def half(*more):
        text = said(capsys, "toy", *more)
        line = next(line for line in text.splitlines() if "half of them" in line)
        return int(line.split()[4]), int(line.split("plan for ")[1].split(",")[0])

    groups, plan = half("--difference", "0.005")
    assert plan == np.ceil(1.5 * groups)
    assert half("--difference", "0.0025")[0] > 2 * groups
    assert half("--difference", "0.005", "--power", "0.95")[0] > groups
    assert half("--difference", "0.005", "--level", "0.001")[0] > groups


def test_a_long_list_is_cut(results, capsys):
    folder, _ = results
    rng = np.random.default_rng(0)
    rows = [
        row
        | {"encoder": f"net{i}", "replicates": list(row["replicates"] + rng.normal(0, 0.001, 8))}
        for i in range(7)
        for row in compared.metrics(("net",))
    ]
    write(folder / "results" / "long", metrics=rows)
    text = said(capsys, "long")
    assert "  and 9 more; --encoder chooses" in text
    assert text.split("cat and another")[0].count(" – ") == 12


def test_the_metric_of_the_findings_is_the_default():
    assert headline(["rsa", "cka_linear_unbiased", "cka_linear"]) == "cka_linear_unbiased"
    assert headline(["rsa", "cka_linear"]) == "cka_linear"


def test_shifts():
    assert shift("fisher", 0.99, 0.02) == pytest.approx(np.arctanh(0.99) - np.arctanh(0.97))
    assert shift("log", 3, 1) == pytest.approx(np.log(1.5))
    assert shift("plain", 0.3, 0.1) == pytest.approx(0.1)
    assert np.isnan(shift("log", 1, 1)) and np.isnan(shift("fisher", 0.5, 1.6))


# -- which study -----------------------------------------------------------------------------------


def test_a_study_is_found_by_name_folder_or_file(results, capsys):
    folder, _ = results
    (folder / "mine.yaml").write_text("study: toy\n")
    (folder / "toy.yml").write_text("seed: 1\n")
    wanted = said(capsys, "toy")
    for name in ("results/toy", "mine.yaml", "toy.yml"):
        assert said(capsys, name) == wanted
    assert str(folder) in said(capsys, str(folder / "results" / "toy"))


def test_a_study_that_was_not_run_says_what_to_run(results, capsys):
    folder, _ = results
    assert said(capsys, "new", status=1) == (
        "catsight power: error: results/new holds no results yet: run the study first (make run, or "
        "snakemake --configfile STUDY.yaml), perhaps with few groups, as a pilot; studies with "
        "results: toy\n"
    )
    (folder / "results" / "old").mkdir()
    (folder / "results" / "old" / "metrics.parquet").write_bytes(b"")
    assert "results/old has no contrasts.parquet: an earlier version made it" in said(capsys, "old", status=1)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--difference", "0"], "--difference is 0; it must be above 0"),
        (["--power", "1"], "--power is 1; it must lie between 0 and 1"),
        (["--level", "0"], "--level is 0; it must lie between 0 and 1"),
        (["--difference", "3"], "--difference is 3, but no value of this study can be that much smaller; ask for less"),
        (["--metric", "rsa"], "--metric is 'rsa', which has no contrasts in this study; there are cka_linear_unbiased"),
        (["--encoder", "x"], "--encoder is 'x', which has no contrasts in this study; there are net, res, self, vit, zero"),
        (["--view", "x"], "--view is 'x', which has no contrasts in this study; there are cat, dog, jpeg"),
        (["--figure", "x.pdf"], "x.pdf: figures are .png or .svg files; change the figure's suffix"),
    ],
)  # fmt: skip
def test_errors(results, capsys, arguments, message):
    assert said(capsys, "toy", *arguments, status=1) == f"catsight power: error: {message}\n"


def test_a_study_without_intervals(results, capsys):
    folder, _ = results
    rows = [row | {"replicates": None, "parts": None, "reason": "few"} for row in compared.metrics()]  # fmt: skip
    write(folder / "results" / "few", metrics=rows)
    text = said(capsys, "few", status=1)
    assert "has no difference with a standard error for this; its column reason says why" in text


# -- the figure ------------------------------------------------------------------------------------


def questions(results):
    table = pd.DataFrame(results[1])
    own = table[(table["kind"] == "encoder") & (table["view_a"] == "cat")]
    return question("two encoders, cat", own, 0.001, 0.05, 0.8)


def test_the_figure_reaches_the_power_at_the_numbers_that_are_printed(results):
    one = questions(results)
    (axes,) = draw([one], 0.001, 0.05, 0.8).axes
    assert axes.get_title(loc="left") == "two encoders, cat: a difference of 0.001"
    thick = max(axes.lines, key=lambda line: (line.get_linewidth(), len(line.get_xdata())))
    x, y = thick.get_data()
    assert (np.diff(y) >= 0).all() and x[0] == pytest.approx(4)
    order = np.sort(one.needed.groups)
    assert np.interp(order[4], x, y) == pytest.approx(0.8, abs=0.02)
    assert len([line for line in axes.lines if line.get_linewidth() == 0.5]) == 10
    level, groups = (line for line in axes.lines if len(line.get_xdata()) == 2)
    assert set(level.get_ydata()) == {0.8} and set(groups.get_xdata()) == {8}


def test_the_shading_is_the_range(results):
    one = questions(results)
    (axes,) = draw([one], 0.001, 0.05, 0.8).axes
    (shading,) = axes.collections
    middle = np.argsort(one.needed.groups, kind="stable")[4]
    edge = shading.get_paths()[0].vertices
    for n in (one.needed.low[middle], one.needed.high[middle]):
        near = edge[np.abs(np.log(edge[:, 0] / n)) < 0.05]
        assert np.abs(near[:, 1] - 0.8).min() < 0.03


def test_the_figure_is_written(results, capsys):
    folder, _ = results
    assert "written: power.svg" in said(capsys, "toy", "--figure", "power.svg")
    text = (folder / "power.svg").read_text()
    assert "<svg" in text
    said(capsys, "results/toy", "--encoder", "net", "--figure", "other.png")
    assert (folder / "other.png").stat().st_size > 1000


def test_a_distance_of_which_some_values_are_too_small(results, capsys):
    folder, _ = results
    spec = json.loads(json.dumps(SPEC)) | {"measures": {"energy": MEASURES["energy"].facts}}
    write(folder / "results" / "far", spec, metrics=compared.metrics(metric="energy"))
    text = said(capsys, "far", "--difference", "0.75", "--figure", "far.png")
    assert "– (– to –)" in text and "half of them" in text
