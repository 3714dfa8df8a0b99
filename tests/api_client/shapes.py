"""Compares a type of the client with a schema of our OpenAPI document, down to the last field.

A shape is what both can be turned into: the kinds of JSON that a value may be, and below them fields and items.
"""

import datetime as dt
import enum
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

REFERENCE = "#/components/schemas/"
ANYTHING = "anything"
MORE = "additional_properties"
"""How the client's models keep fields that they have no name for."""
_SCALARS: dict[Any, str] = {
    str: "string",
    dt.datetime: "string",
    dt.date: "string",
    dt.timedelta: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_ALTERNATIVE = re.compile(r"(any|one)of_schema_\d+_validator")


@dataclass
class Shape:
    """What a value may be. `fields` are those of an object that has names for them."""

    kinds: set[str] = field(default_factory=set)
    values: set[str] | None = None
    fields: dict[str, "Shape"] | None = None
    required: set[str] = field(default_factory=set)
    items: "Shape | None" = None
    is_open: bool = False
    """Whether an object may have fields that have no name here."""

    def add(self, other: "Shape") -> None:
        """Become a union."""
        self.kinds |= other.kinds
        if other.values is not None:
            self.values = (self.values or set()) | other.values
        if other.items is not None:
            if self.items is None:
                self.items = Shape()
            self.items.add(other.items)
        self.is_open |= other.is_open
        if other.fields is not None:
            self.required = other.required if self.fields is None else self.required & other.required
            self.fields = self.fields or {}
            for name, shape in other.fields.items():
                self.fields.setdefault(name, Shape()).add(shape)


def of_type(kind: Any) -> Shape:
    """Return the shape of a type of the client."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return of_type(typing.get_args(kind)[0])
    if origin in {typing.Union, types.UnionType}:
        made = Shape()
        for one in typing.get_args(kind):
            made.add(of_type(one))
        return made
    if origin is list:
        return Shape(kinds={"array"}, items=of_type(typing.get_args(kind)[0]))
    if origin is dict:
        return Shape(kinds={"object"})
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return Shape(kinds={"string"}, values={str(one.value) for one in kind})
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _of_model(kind)
    return Shape(kinds={_SCALARS.get(kind, ANYTHING)})


def _of_model(model: type[BaseModel]) -> Shape:
    alternatives = [
        one.annotation for name, one in model.model_fields.items() if _ALTERNATIVE.fullmatch(name)
    ]
    if alternatives:
        made = Shape()
        for one in alternatives:
            made.add(of_type(one))
        made.kinds.discard("null")  # the client's own: an alternative that was not chosen is None
        return made
    fields = {one.alias or name: one for name, one in model.model_fields.items() if name != MORE}
    return Shape(
        kinds={"object"},
        fields={name: of_type(one.annotation) for name, one in fields.items()},
        required={name for name, one in fields.items() if one.is_required()},
        is_open=MORE in model.model_fields,
    )


def of_schema(schema: Mapping[str, Any], document: Mapping[str, Any], *, is_reply: bool) -> Shape:
    """Return the shape of a schema of the document."""
    if "$ref" in schema:
        named = document["components"]["schemas"][schema["$ref"].removeprefix(REFERENCE)]
        return of_schema(named, document, is_reply=is_reply)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            made = Shape()
            for one in schema[union]:
                made.add(of_schema(one, document, is_reply=is_reply))
            return made
    if "enum" in schema:
        texts = {one for one in schema["enum"] if isinstance(one, str)}
        kinds = {"null" if one is None else "string" for one in schema["enum"]}
        return Shape(kinds=kinds, values=texts)
    kind = schema.get("type", ANYTHING)
    made = Shape(kinds=set(kind) if isinstance(kind, list) else {kind})
    if "properties" in schema:
        made.fields = {
            name: of_schema(one, document, is_reply=is_reply) for name, one in schema["properties"].items()
        }
        # What has a default may be left out by who sends it; our own answers have every field.
        with_default = {name for name, one in schema["properties"].items() if "default" in one}
        made.required = set(schema.get("required", ())) | (with_default if is_reply else set())
    if kind == "array":
        made.items = of_schema(schema.get("items") or {}, document, is_reply=is_reply)
    return made


def differences(ours: Shape, theirs: Shape, where: str, *, is_reply: bool) -> Iterator[str]:
    """Yield what one side would not take of the other.

    A reply may be narrower than what the client takes; a body may be wider than what it sends.
    """
    if ANYTHING in ours.kinds | theirs.kinds:
        return
    sender, taker = (ours, theirs) if is_reply else (theirs, ours)
    # A number that is whole is an integer; a client's `None` for what it leaves out is not sent.
    takes = taker.kinds | ({"integer"} if "number" in taker.kinds else set())
    more = sender.kinds - takes - (set() if is_reply else {"null"})
    if more:
        yield f"{where}: {sorted(more)} is sent, {sorted(taker.kinds)} is taken"
    if sender.values is not None and taker.values is not None and sender.values - taker.values:
        yield f"{where}: {sorted(sender.values - taker.values)} is sent, which is not among the values"
    if ours.items is not None and theirs.items is not None:
        yield from differences(ours.items, theirs.items, f"{where}[]", is_reply=is_reply)
    if ours.fields is None or theirs.fields is None:
        return
    missing, extra = set(theirs.fields) - set(ours.fields), set(ours.fields) - set(theirs.fields)
    if missing or (extra and not theirs.is_open):
        yield f"{where}: without {sorted(missing)}, with {sorted(extra)} besides"
    # The client cannot say of a field that it may be null and must be there: it says that it may be left out.
    nullable = {name for name, one in theirs.fields.items() if "null" in one.kinds}
    if left_out := taker.required - sender.required - nullable:
        yield f"{where}: {sorted(left_out)} may be left out, and must not be"
    for name in sorted(set(ours.fields) & set(theirs.fields)):
        yield from differences(ours.fields[name], theirs.fields[name], f"{where}.{name}", is_reply=is_reply)
