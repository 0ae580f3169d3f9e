"""The spec of a figure holds what its module reads, and no more; registries of figures agree."""

from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from catsight import CatsightError, tables
from catsight.figures import (
    answers,
    attribution,
    changes,
    contrasts,
    doses,
    drawn_parts,
    extremes,
    gallery,
    maps,
    matrix,
    parts,
    physiology,
    places,
    profiles,
    ranking,
    rdms,
    readout,
    renderings,
    report,
    retrieval,
    stability,
    style,
    summary,
)
from catsight.figures import tables as numbers
from catsight.figures.choices import Choices
from catsight.figures.reading import Scene
from catsight.run.figure_specs import FigureSpec, ReportSpec
from catsight.study.config.encoders import Encoder
from catsight.study.figures_registry import FIGURES, REPORT, TABLES
from catsight.study.swaps import SWEEPABLE
from catsight.tables.columns.attribution import ATTRIBUTION
from support import synthetic_study as synthetic
from support import synthetic_tables, toy_contrasts


class Recorder(dict):
    """A spec that notes which of its keys are read."""

    def __init__(self, spec):
        super().__init__(spec)
        self.read = set()

    def __getitem__(self, key):
        self.read.add(key)
        return super().__getitem__(key)


@pytest.fixture(autouse=True)
def no_layout(monkeypatch):
    """What is read does not depend on where panels stand, which takes most of the time."""
    monkeypatch.setattr(Figure, "draw_without_rendering", lambda figure: None)


@pytest.fixture
def spec():
    swaps = {"view": "cat", "whole": "cat", "swaps": {"pupil": "original", "acuity": "catvision"}}
    return Recorder(synthetic.spec(attribution=swaps))


@pytest.fixture
def metrics(rows, table, tmp_path):
    return table(rows, tmp_path)


def paths(study):
    """The shards of the synthetic study's frames, and of each of its views."""
    frames = [study / f"frames/{i}.parquet" for i in (0, 1)]
    views = {v: [study / f"views/{v}/{i}.parquet" for i in (0, 1)] for v in synthetic.VIEWS}
    return frames, views


def scene():
    return Scene("x", {view: np.zeros((8, 8, 3), np.uint8) for view in synthetic.VIEWS})


def scenes(module, choices, study):
    module.draw(module.read(*paths(study), choices), choices)


def of_pairs(choices):
    pairs = synthetic_tables.pairs()
    black = {frame: np.zeros((8, 8, 3), np.uint8) for frame in pairs["frame_id"]}
    found = retrieval.examples(pairs, choices)
    retrieval.draw(found, choices, retrieval.Pictures(black, black, {}))


def of_places(choices):
    rows = places.of_focus(synthetic_tables.places(), choices)
    grey = {frame: np.zeros((8, 8, 3), np.uint8) for frame in rows["frame_id"]}
    places.draw(rows, choices, places.Pictures(grey, grey, {}))


def of_answers(choices, study):
    found = answers.examples(synthetic_tables.readout(), choices)
    answers.draw(found, choices, answers.read(found, paths(study)[1], choices))


#: How each figure is drawn; that of the eyes reads nothing (see test_eyes.py).
DRAWN = {
    "summary": lambda c, metrics, study: summary.draw(
        metrics, c, scene(), synthetic_tables.attribution()
    ),
    "gallery": lambda c, metrics, study: scenes(gallery, c, study),
    "parts": lambda c, metrics, study: scenes(parts, c, study),
    "profiles": lambda c, metrics, study: profiles.draw(metrics, c),
    "ranking": lambda c, metrics, study: ranking.draw(
        metrics, c, toy_contrasts.table(toy_contrasts.ROWS)
    ),
    "contrasts": lambda c, metrics, study: contrasts.draw(
        toy_contrasts.table(toy_contrasts.ROWS), c
    ),
    "changes": lambda c, metrics, study: changes.draw(metrics, c),
    "attribution": lambda c, metrics, study: attribution.draw(synthetic_tables.attribution(), c),
    "doses": lambda c, metrics, study: doses.draw(synthetic_tables.doses(), c),
    "physiology": lambda c, metrics, study: physiology.draw(synthetic_tables.physiology(), c),
    "drawn_parts": lambda c, metrics, study: drawn_parts.draw(synthetic_tables.drawn_parts(), c),
    "renderings": lambda c, metrics, study: renderings.draw(synthetic_tables.renderings(), c),
    "maps": lambda c, metrics, study: maps.draw(synthetic_tables.maps(), c),
    "matrix": lambda c, metrics, study: matrix.draw(synthetic_tables.matrix(), c),
    "rdms": lambda c, metrics, study: rdms.draw(synthetic_tables.pairs(), c),
    "retrieval": lambda c, metrics, study: of_pairs(c),
    "extremes": lambda c, metrics, study: extremes.draw(
        extremes.read(synthetic_tables.per_frame(), *paths(study), c), c
    ),
    "places": lambda c, metrics, study: of_places(c),
    "readout": lambda c, metrics, study: readout.draw(synthetic_tables.readout(), c),
    "answers": lambda c, metrics, study: of_answers(c, study),
    "stability": lambda c, metrics, study: stability.draw(synthetic_tables.stability(), c),
}


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "eyes"])
def test_a_figure_reads_what_its_record_says(name, spec, metrics, study):
    DRAWN[name](Choices(spec), metrics, study)
    assert spec.read == set(FIGURES[name].reads)


def test_the_tables_of_numbers_read_what_their_spec_holds(spec, metrics):
    numbers.latex(metrics, Choices(spec))
    assert spec.read == set(TABLES)


def test_the_report_reads_what_its_spec_holds(spec, study, tmp_path):
    rows = synthetic_tables.attribution()
    rows = pa.Table.from_pandas(rows, schema=ATTRIBUTION, preserve_index=False).to_pylist()
    tables.write(tmp_path / "attribution.parquet", rows, ATTRIBUTION, {})
    figure = tmp_path / "attribution.svg"
    figure.write_text("<svg/>")
    report.render(
        spec,
        frames=paths(study)[0],
        rejected=study / "rejected.parquet",
        metrics=study / "metrics.parquet",
        contrasts=study / "contrasts.parquet",
        best=study / "best.parquet",
        features=[],
        figures=[figure],
        attribution=tmp_path / "attribution.parquet",
    )
    own = set(ReportSpec.__annotations__) - set(FigureSpec.__annotations__)
    assert spec.read == {*REPORT, *own}


def test_every_family_has_a_marker_and_every_sweep_an_axis():
    families, _none = get_args(Encoder.model_fields["family"].annotation)
    assert set(style.MARKERS) == set(get_args(families))
    assert set(doses.AXES) == set(SWEEPABLE)


def test_an_encoder_of_an_unknown_family_is_refused():
    encoders = {"mine": {"label": "Mine", "family": "rnn", "training": "supervised"}}
    said = (
        "^the encoder 'mine' is of the family 'rnn', which has no marker; there are cnn, vit, "
        "windowed-vit, hybrid, mlp$"
    )
    with pytest.raises(CatsightError, match=said):
        style.looks(encoders)
