"""Warnings that a reader needs before believing the numbers of a report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from catsight.figures import labels, select
from catsight.figures.choices import Choices
from catsight.figures.headline import Results
from catsight.figures.labels import condition, counted
from catsight.figures.report_tables import CAT_LIMIT, ENOUGH, FRAMES

#: Pictures that are named in a warning, or pairs of them.
_ALIKE = 3


def of_numbers(rows: pd.DataFrame, choices: Choices) -> Iterator[str]:
    """Warnings of a table of metrics: few groups, missing values; a sentence each."""
    results = Results.of(rows, choices)
    rows, groups = select.of_study(rows, choices), results.groups
    if groups < select.FEW_GROUPS:
        words = labels.groups(choices, groups)
        only = f"Only {words}{'' if 'group' in words else ' (independent groups)'}"
        if select.has_interval(results.rows).any():
            yield f"{only}: with fewer than {select.FEW_GROUPS}, intervals are wide."
        else:
            yield (
                f"{only}: too few for an interval of {choices.label(results.metric)}. Take at "
                f"least {select.FEW_GROUPS}."
            )
    reasons = rows.loc[rows["value"].isna(), "reason"].fillna("no reason given")
    for reason, count in reasons.value_counts().items():
        yield f"{count} of {len(rows)} values are missing: {reason}."


def of_conditions(choices: Choices) -> Iterator[str]:
    """Warnings of eyes whose viewing conditions differ from those of the reference."""
    reference = choices.views[choices.reference]["viewing"]
    for name in choices.compared:
        viewing = choices.views[name]["viewing"]
        if reference is None or viewing is None:
            continue
        differing = [
            f"{key.replace('_', ' ')} {condition(key, viewing[key])} against "
            f"{condition(key, reference[key])}"
            for key in viewing
            if viewing[key] != reference[key] and not _both_noisy(key, viewing, reference)
        ]
        if differing:
            yield (
                f"“{name}” sees under other conditions than the reference “{choices.reference}” "
                f"({', '.join(differing)}): a difference between them is not due to the eye alone."
            )


def _both_noisy(key: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether ``key`` is photon noise and both have it: only their seeds differ."""
    return key == "photon_noise" and None not in (one[key], other[key])


def of_resolution(pixels: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Warnings of too few pixels per degree, and of tiny fields of view.

    ``pixels``: rows of :func:`catsight.figures.report_tables.resolution`.
    """
    coarse = {row["label"]: row for row in pixels if not row["enough"]}
    if coarse:
        where = [
            f"{row['coarse']} {'as they are' if label == FRAMES else f'at the input of {label}'}"
            for label, row in coarse.items()
        ]
        yield (
            f"Under {ENOUGH} pixels per degree: {', '.join(where)}. Part of what a cat would lose "
            "is lost there already, in the reference too. A smaller field of view helps."
        )
    for field, cycles in {row["field"]: row["cycles"] for row in pixels if row["tiny"]}.items():
        yield (
            f"At a field of view of {field:g}° a whole frame is {cycles:.1f} cycles wide of the "
            f"finest grating that a cat can see ({CAT_LIMIT} per degree): hardly any of its detail "
            "is left. A larger field of view helps."
        )


def of_matched(shards: Sequence[Mapping[str, Any]], choices: Choices) -> Iterator[str]:
    """Warnings of matched controls that no strength makes large enough.

    ``shards``: for each shard of such a ``view`` how many ``frames`` it has, and how many are
    ``unmatched``.
    """
    for view in dict.fromkeys(shard["view"] for shard in shards):
        of_view = [shard for shard in shards if shard["view"] == view]
        frames = sum(shard.get("frames", 0) for shard in of_view)
        unmatched = sum(shard.get("unmatched", 0) for shard in of_view)
        if unmatched:
            about = choices.views[view]
            yield (
                f"For {unmatched} of {frames} frames “{view}” at its strongest is less than "
                f"{about['change']}: “{about['match']}” takes more."
            )


def of_pictures(alike: Sequence[Mapping[str, Any]], rejected: Sequence[Any]) -> Iterator[str]:
    """Warnings of pictures of different groups that look nearly ``alike``, and of files that were
    left out.
    """
    if alike:
        some = [f"{pair['frame_id']} and {pair['other_id']}" for pair in alike[:_ALIKE]]
        if len(alike) > _ALIKE:
            some.append(f"{len(alike) - _ALIKE} more in near_duplicates.parquet")
        yield (
            f"{counted(len(alike), 'pair', 'pairs')} of pictures of different groups "
            f"look nearly alike ({'; '.join(some)}). Groups that share a picture are not "
            "independent, so intervals are narrower than they should be: leave one of each pair "
            "out, or put both into one group."
        )
    if rejected:
        yield f"{counted(len(rejected), 'file', 'files')} could not be used; they are listed below."


def of_notes(frames: pd.DataFrame) -> Iterator[str]:
    """A warning of frames that are used although something is odd about their files."""
    odd = frames[frames["note"].notna()]
    if len(odd):
        some = [f"{row.frame_id}: {row.note}" for row in odd.head(_ALIKE).itertuples()]
        if len(odd) > _ALIKE:
            some.append(f"{len(odd) - _ALIKE} more in the column note of the frames")
        yield (
            f"{counted(len(odd), 'frame is', 'frames are')} used although something is odd about "
            f"the file ({'; '.join(some)})."
        )


def of_code(choices: Choices) -> Iterator[str]:
    """Warnings of encoders that the user's own code makes, from the study's configuration."""
    encoders = choices.config.get("encoders") or {}
    for name, entry in encoders.items():
        if isinstance(entry, Mapping) and entry.get("factory"):
            yield f"The encoder {name} is built by the study’s own code, {entry['factory']}."
