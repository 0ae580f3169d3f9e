"""The configuration of a study: one model a section, in which each key is declared once.

:func:`validate` checks a user's values. After a change of a key, ``make schema`` rewrites the
schema file and docs/configuration.md.
"""

import copy
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import Field, ValidationError

from catsight.errors import CatsightError
from catsight.inputs import schema
from catsight.study.config.encoders import Encoder, Features
from catsight.study.config.figures import Figures
from catsight.study.config.metrics import Attribution, Metrics, Physiology, Sweeps
from catsight.study.config.views import Display, View, Viewing
from catsight.study.frames import Frames
from catsight.study.section import Name, Section, json_schema, key

__all__ = ["Config", "config_schema", "validate"]


class Config(Section):
    """A catsight study."""

    study: Name = key(..., "The name of the study. Its results are in results/<study>/.")
    seed: int = key(
        0, "The seed of everything that is drawn at random, such as glances and scenes.", ge=0
    )
    untrained: bool = key(
        False,
        "Whether every encoder gets random weights instead of its own, drawn with the study's "
        "seed, and is called untrained. This is for trying out a study whose weights are not at "
        "hand (--config untrained=True). The values mean nothing.",
    )
    frames: Frames = Field(default_factory=Frames)
    viewing: Viewing = Field(default_factory=Viewing)
    reference: str = key("human", "The view that the others are compared with.")
    views: dict[Name, View] = key(
        ..., "The views by name: an eye under viewing conditions, or a filter.", min_length=2
    )
    encoders: dict[Name, Encoder | None] = key(
        ...,
        "The encoders by name. A name in resources/encoders.yaml needs no keys; keys given here "
        "replace those of its entry. Any other name is an encoder of your own and needs at least "
        "timm or factory, layers, family, training and weights.",
        min_length=1,
    )
    features: Features = Field(default_factory=Features)
    metrics: Metrics = Field(default_factory=Metrics)
    attribution: Attribution = Field(default_factory=Attribution)
    renderings: list[Display] = key(
        [],
        "Values of viewing.display: renderings in which views of eyes of two kinds of cones are "
        "compared besides their own (renderings.parquet). The report then claims a difference only "
        "if all renderings tell it. An empty list, []: none.",
        unique=True,
    )
    sweeps: Sweeps = Field(default_factory=Sweeps)
    physiology: Physiology = Field(default_factory=Physiology)
    figures: Figures = Field(default_factory=Figures)


@cache
def config_schema() -> dict[str, Any]:
    """The JSON schema of a study's configuration."""
    return json_schema(Config)


def validate(values: Mapping[str, Any], files: Sequence[str | os.PathLike[str]] = ()) -> Config:
    """The configuration with these ``values``, as read from YAML, and with defaults filled in.

    Raises :class:`CatsightError` with one line for each problem: the key, its value and the values
    that it may have. If a problem stands in one of the ``files`` that the values come
    from, the line starts with the file and the line number.
    """
    if not isinstance(values, Mapping):
        raise CatsightError("config: it must be a mapping of keys to values, as config.yaml is")
    copied = copy.deepcopy(dict(values))
    problems = schema.problems(copied, config_schema(), "the configuration", files)
    if not problems:
        try:
            config = Config.model_validate(copied)
        except ValidationError as error:  # a number that the schema lets pass
            problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        else:
            problems = _contradictions(config)
    if problems:
        raise CatsightError("\n  ".join(["the configuration is not valid:", *problems]))
    return config


def _contradictions(config: Config) -> list[str]:
    """Values of one section that are valid by themselves but not together."""
    problems = []
    if config.study.lower() == "store":
        problems.append(
            f"study is '{config.study}'; its results would lie among the tables in results/store, "
            "so it must be another name"
        )
    smallest, largest = config.frames.glance_size
    if smallest > largest:
        problems.append(
            f"frames.glance_size is {config.frames.glance_size}; the smaller fraction comes first"
        )
    metrics = config.metrics
    if metrics.rsa_comparison == "kendall" and "rsa" in metrics.maps.metrics:
        problems.append(
            "metrics.maps.metrics holds rsa, and metrics.rsa_comparison is kendall; maps of RSA "
            "need spearman or pearson"
        )
    return problems
