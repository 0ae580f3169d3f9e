"""``catsight metrics``: the analyses of a study's features, and their tables merged.

Options, store and provenance of all analyses are here; an analysis itself is a function of
features, groups and spec.
"""

import argparse
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from catsight import tables
from catsight.errors import CatsightError, say
from catsight.metrics import (
    attribution,
    compare,
    contrasts,
    doses,
    drawn_parts,
    maps,
    matrix,
    pairs,
    per_frame,
    physiology,
    readout,
    renderings,
    stability,
)
from catsight.metrics.reading import Features
from catsight.run import job
from catsight.tables.columns.attribution import ATTRIBUTION
from catsight.tables.columns.best import BEST
from catsight.tables.columns.contrasts import CONTRASTS
from catsight.tables.columns.doses import DOSES
from catsight.tables.columns.drawn_parts import DRAWN_PARTS
from catsight.tables.columns.maps import MAPS
from catsight.tables.columns.matrix import MATRIX
from catsight.tables.columns.metrics import METRICS
from catsight.tables.columns.pairs import PAIRS
from catsight.tables.columns.per_frame import PER_FRAME
from catsight.tables.columns.physiology import PHYSIOLOGY
from catsight.tables.columns.readout import READOUT
from catsight.tables.columns.renderings import RENDERINGS
from catsight.tables.columns.stability import STABILITY
from catsight.tables.lists import read_groups, shards
from catsight.tables.store import Store, address


class Names(Enum):
    """The kind of name that ``--features`` takes, as its help calls it."""

    VIEW = "view"  # the reference is among them
    VIEW_OR_ENCODER = "view or encoder"  # views if the spec has an encoder
    DOSE = "dose"  # a view at a dose


class Analysis(NamedTuple):
    """A table that ``catsight metrics`` computes from features.

    ``rows``: the function of features by name, groups by frame, and spec. ``names``: the kind of
    name that ``--features`` takes.
    """

    rows: Callable[..., pa.Table | list[dict[str, Any]]]
    columns: pa.Schema
    names: Names
    about: str


ANALYSES = {
    "compare": Analysis(
        compare.estimates,
        METRICS,
        Names.VIEW,
        "compare each view of one encoder with the reference, layer by layer",
    ),
    "stability": Analysis(
        stability.stability,
        STABILITY,
        Names.VIEW,
        "show how one encoder's values depend on which frames there are, and on how many",
    ),
    "maps": Analysis(
        maps.maps,
        MAPS,
        Names.VIEW_OR_ENCODER,
        "compare every layer with every layer, between views or between encoders",
    ),
    "attribution": Analysis(
        attribution.attribution,
        ATTRIBUTION,
        Names.VIEW,
        "divide one encoder's loss of alignment among the parts of the eye",
    ),
    "doses": Analysis(
        doses.doses,
        DOSES,
        Names.DOSE,
        "compare one encoder's features as light, focus, field of view or acuity varies",
    ),
    "physiology": Analysis(
        physiology.physiology,
        PHYSIOLOGY,
        Names.VIEW,
        "show how one encoder's loss depends on numbers of the eye that are uncertain",
    ),
    "drawn_parts": Analysis(
        drawn_parts.drawn_parts,
        DRAWN_PARTS,
        Names.VIEW,
        "divide one encoder's loss among the parts of eyes drawn within their ranges",
    ),
    "matrix": Analysis(
        matrix.matrix,
        MATRIX,
        Names.VIEW,
        "compare every view of one encoder with every other, layer by layer",
    ),
    "renderings": Analysis(
        renderings.renderings,
        RENDERINGS,
        Names.VIEW,
        "compare one encoder's features as the colours vary that show what a dichromat sees",
    ),
    "per_frame": Analysis(
        per_frame.per_frame,
        PER_FRAME,
        Names.VIEW,
        "tabulate how well each frame by itself is aligned, layer by layer",
    ),
    "readout": Analysis(
        readout.readout,
        READOUT,
        Names.VIEW,
        "tabulate what one encoder's trained head answers, and how far a view changes it",
    ),
    "pairs": Analysis(
        pairs.pairs,
        PAIRS,
        Names.VIEW,
        "tabulate one encoder's dissimilarities of frames in its last layer, for figures",
    ),
}
#: The tables of a study that contrasts are made from.
_CONTRASTED = ("metrics", "attribution", "doses", "renderings")
#: Names of earlier versions.
ALIASES = {"attribute": "attribution", "layers": "maps", "encoders": "maps"}


def main(arguments: Sequence[str]) -> None:
    """Runs the analysis, ``merge`` or ``contrasts``, as named first."""
    if arguments and arguments[0] in ALIASES:
        name = ALIASES[arguments[0]]
        job.alias(f"metrics {arguments[0]}", f"metrics {name}")
        arguments = [name, *arguments[1:]]
    commands: dict[str, tuple[Callable[[Sequence[str]], None], str]] = {
        name: (partial(run, name), analysis.about) for name, analysis in ANALYSES.items()
    }
    commands["merge"] = (merge, "concatenate a study's tables of one kind")
    commands["contrasts"] = (contrast, "test differences between the values of a study's tables")
    job.choose("metrics", commands, arguments)


def run(name: str, arguments: Sequence[str]) -> None:
    """Runs an analysis by its ``name``, or links its table if the store has it already."""
    analysis = ANALYSES[name]
    options = _parser(name, analysis).parse_args(arguments)
    spec, store = options.spec, Store(options.store)
    frames = shards(options.frames, options.shards)
    given = {name: shards(path, options.shards) for name, path in options.features}
    by_view = analysis.names is Names.VIEW or (
        analysis.names is Names.VIEW_OR_ENCODER and "encoder" in spec
    )
    if by_view and spec["reference"] not in given:
        raise CatsightError(f"--features lacks the reference view '{spec['reference']}'")
    inputs = {
        "frames": [tables.content(path) for path in frames],
        "features": {
            name: [tables.content(path) for path in paths] for name, paths in given.items()
        },
    }
    where = address(spec, inputs)
    if store.find(where, options.output):
        return
    groups = read_groups(frames)
    features = {name: Features(paths, groups) for name, paths in given.items()}
    rows = analysis.rows(features, groups, spec)
    first = given[spec["reference"] if by_view else min(given)][0]
    provenance = {
        "stage": "metrics",
        "spec": spec,
        "inputs": inputs,
        "features": tables.provenance(first),
    }
    store.save(where, options.output, analysis.columns, rows, provenance)


def _parser(name: str, analysis: Analysis) -> argparse.ArgumentParser:
    about = f"{analysis.about[0].upper()}{analysis.about[1:]}."
    parser = job.parser(f"metrics {name}", about)
    job.add_tables(parser, "--features", analysis.names.value)
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    return parser


def merge(arguments: Sequence[str]) -> None:
    """Concatenates tables of one kind: all of metrics, all of stability, and so on."""
    parser = argparse.ArgumentParser(prog="catsight metrics merge", description=merge.__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="tables that catsight metrics wrote")
    parser.add_argument(
        "--study", required=True, help="name of the study, for the table's provenance"
    )
    parser.add_argument("--output", type=Path, required=True, help="the table to write")
    options = parser.parse_args(arguments)
    about = {
        "stage": "metrics",
        "study": options.study,
        "parts": {path.stem: tables.provenance(path) for path in options.tables},
    }
    rows = pa.concat_tables([tables.read(path) for path in options.tables])
    tables.write(options.output, rows, rows.schema.remove_metadata(), about)


def contrast(arguments: Sequence[str]) -> None:
    """Writes the tables of contrasts and of the best, both or neither."""
    about = (
        "Tests differences between the values of a study: between encoders, families, views, "
        "layers, doses and parts of the eye, with corrections for their number; and says which "
        "may be the best."
    )
    parser = job.parser("metrics contrasts", about)
    for name in _CONTRASTED:
        parser.add_argument(
            f"--{name}",
            type=Path,
            nargs="?",
            required=name == "metrics",
            help=f"the study's table of {name}"
            + ("" if name == "metrics" else ", or nothing if it has none"),
        )
    parser.add_argument(
        "--output",
        type=Path,
        nargs=2,
        required=True,
        metavar=("CONTRASTS", "BEST"),
        help="the two tables to write",
    )
    options = parser.parse_args(arguments)
    spec, store = options.spec, Store(options.store)
    paths = {name: getattr(options, name) for name in _CONTRASTED}
    paths = {name: path for name, path in paths.items() if path is not None}
    inputs = {name: tables.content(path) for name, path in paths.items()}
    outputs = dict(zip(("contrasts", "best"), options.output))
    where = {name: address(spec, inputs | {"output": name}) for name in outputs}
    if all(store.path(one).exists() for one in where.values()) and all(
        store.find(where[name], output) for name, output in outputs.items()
    ):
        return
    provenance = {"stage": "metrics", "spec": spec, "inputs": inputs}
    with (
        store.writer(where["contrasts"], CONTRASTS, provenance) as differences,
        store.writer(where["best"], BEST, provenance) as best,
    ):
        for found in contrasts.contrasts(
            {name: contrasts.read(path) for name, path in paths.items()}, spec
        ):
            differences.write(found.contrasts)
            best.write(found.best)
    for name, output in outputs.items():
        store.link(store.path(where[name]), output)
        say(f"store: computed {output}")
