"""A section of a study's configuration: the base of its model, and how its keys are declared.

Each key is declared once, with its type, default, range, unit and a sentence of description. From
the models come the schema (:func:`json_schema`), the page docs/configuration.md and the checks
(:mod:`catsight.study.config`).
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_serializer,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from catsight.inputs.schema import NAME_PATTERN


def _as_given(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    check(value)
    return value


#: In an annotation of a float, after its range: an integer stays an integer, 16 and not 16.0.
AS_GIVEN = WrapValidator(_as_given)
Number = Annotated[float, AS_GIVEN]
Fraction = Annotated[float, Field(gt=0, le=1), AS_GIVEN]
#: The form of the names of studies, views, encoders and sources, which are parts of paths.
Name = Annotated[str, Field(pattern=NAME_PATTERN)]


class Section(BaseModel):
    """The base of every section's model. Its docstring is the description of the section."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @property
    def given(self) -> dict[str, Any]:
        """The keys that the user gave, as plain values."""
        return self.model_dump(exclude_unset=True)

    def dump(self) -> dict[str, Any]:
        """All keys as plain values, with their defaults. An :func:`optional` key that was not given
        is left out.
        """
        return self.model_dump()

    @classmethod
    def takers(cls, key: str) -> list[str]:
        """The kinds (of source, of filter, ...) that take a key, if not all do."""
        return []

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Adds the takers of each key to its description."""
        schema = handler.resolve_ref_schema(handler(core))
        for name, one in schema["properties"].items():
            if takers := cls.takers(name):
                one["description"] += f" For {', '.join(takers)}."
        return schema

    @model_serializer(mode="wrap")
    def _without_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            key: value
            for key, value in dump(self).items()
            if key in self.model_fields_set or not _is_optional(fields[key])
        }


#: Marks a key without a default, in its json_schema_extra; True if it may also be null.
_OPTIONAL = "optional"


def _is_optional(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and _OPTIONAL in extra


def key(
    default: Any, text: str | None = None, *, unit: str = "", unique: bool = False, **limits: Any
) -> Any:
    """Declares a key of a section: its ``default`` (``...`` if it must be given) and description.

    ``limits`` are those of :func:`pydantic.Field` (ge, gt, le, lt, min_length, max_length,
    pattern). The items of a list that is ``unique`` differ from one another.
    """
    extra: dict[str, Any] = {"unit": unit} if unit else {}
    if unique:
        extra["uniqueItems"] = True
    return Field(default, description=text, json_schema_extra=extra or None, **limits)


def optional(
    text: str | None = None,
    *,
    unit: str = "",
    nullable: bool = False,
    unique: bool = False,
    **limits: Any,
) -> Any:
    """Declares a key that may be left out and has no default. It is then None, and not in dumps.

    If it is ``nullable``, a null that is given stays in ``given``: in a view, it overrides the
    study's value. The items of a list that is ``unique`` differ from one another.
    """
    extra: dict[str, Any] = {"unit": unit} if unit else {}
    if unique:
        extra["uniqueItems"] = True
    extra[_OPTIONAL] = nullable
    return Field(None, description=text, json_schema_extra=extra, **limits)


def one_of(names: Iterable[str]) -> WithJsonSchema:
    """In an annotation of a str: it is one of these names, as those of a registry."""
    return WithJsonSchema({"enum": list(names)})


def json_schema(model: type[Section]) -> dict[str, Any]:
    """The JSON schema of a section and all that it holds, without references."""
    schema = model.model_json_schema()
    return _tidy(schema, schema.pop("$defs", {}))


_LIMITS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
#: The order in which the schema states things.
_ORDER = ("description", "type", "enum", "unit", "default", "pattern", "required")


def _tidy(node: Mapping[str, Any], models: Mapping[str, Any]) -> dict[str, Any]:
    """Pydantic's schema, in the form that gives the clearest messages and the shortest file.

    References are replaced by what they refer to. A name that does not fit is reported as such,
    not as an unknown key. A key that may be null has one list of types, not two alternatives.
    Titles, which repeat the keys, are left out, and so are line breaks of docstrings.
    """
    node = dict(node)
    if "$ref" in node:
        model = models[node.pop("$ref").rpartition("/")[2]]
        node = {**model, **node}
    node.pop("title", None)
    if "description" in node:
        node["description"] = " ".join(node["description"].split())
    if "enum" in node:
        node.pop("type", None)  # one message for a wrong value, not two
    for pattern, values in node.pop("patternProperties", {}).items():
        node |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
    for name in ("items", "additionalProperties"):
        if isinstance(node.get(name), dict):
            node[name] = _tidy(node[name], models)
    if node.get("additionalProperties") is True:
        node.pop("additionalProperties")
    for name in _LIMITS.intersection(node):
        if node[name] == int(node[name]):
            node[name] = int(node[name])  # 16, not 16.0
    if "anyOf" in node:
        node = _nullable(node, [_tidy(choice, models) for choice in node.pop("anyOf")])
    if "properties" in node:
        properties = {name: _tidy(one, models) for name, one in node.pop("properties").items()}
        node["properties"] = properties
    return {name: node[name] for name in (*_ORDER, *node) if name in node}


def _nullable(node: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    """A key with several ``choices``. If one is null, it becomes a type beside the other's."""
    optional = node.pop(_OPTIONAL, None)
    if optional is not None:
        node.pop("default")
    if optional is False:
        choices = [choice for choice in choices if choice != _NULL]
    for nested in [choice for choice in choices if "anyOf" in choice]:
        place = choices.index(nested)
        choices[place : place + 1] = nested.pop("anyOf")
        node = nested | node
    others = [choice for choice in choices if choice != _NULL]
    if len(others) > 1:
        return node | {"anyOf": choices}
    only = others[0]
    if _NULL in choices:
        only = only | {"type": [only["type"], "null"]}
    return only | node


_NULL = {"type": "null"}
