"""Times in the OpenAPI document, said to be times: msgspec calls one that may lack its zone any text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

Schema = dict[str, Any]


def describe_times(kinds: Sequence[Any], components: Mapping[str, Schema]) -> None:
    """Give each time of these types and of all within them the format `date-time`, in their schemas."""
    structs = list(_structs(inspect.multi_type_info(kinds), set()))
    references, _ = msgspec.json.schema_components([one.cls for one in structs], ref_template="{name}")
    for struct, reference in zip(structs, references, strict=True):
        fields = components[reference["$ref"]].get("properties", {})
        for field in struct.fields:
            if field.encode_name in fields:
                _describe(field.type, fields[field.encode_name])


def _describe(kind: inspect.Type, schema: Schema) -> None:
    for one in _parts(kind):
        for member in schema.get("anyOf", [schema]):
            match one:
                case inspect.DateTimeType() if member.get("type") == "string":
                    member["format"] = "date-time"
                case inspect.ListType() | inspect.VarTupleType() if "items" in member:
                    _describe(one.item_type, member["items"])
                case inspect.DictType() if "additionalProperties" in member:
                    _describe(one.value_type, member["additionalProperties"])
                case _:
                    pass


def _parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    match kind:
        case inspect.UnionType():
            for one in kind.types:
                yield from _parts(one)
        case inspect.Metadata():
            yield from _parts(kind.type)
        case _:
            yield kind


def _structs(kinds: Sequence[inspect.Type], seen: set[Any]) -> Iterator[inspect.StructType]:
    """Yield each struct within types once."""
    for kind in kinds:
        for one in _parts(kind):
            match one:
                case inspect.StructType() if one.cls not in seen:
                    seen.add(one.cls)
                    yield one
                    yield from _structs([field.type for field in one.fields], seen)
                case inspect.ListType() | inspect.VarTupleType():
                    yield from _structs([one.item_type], seen)
                case inspect.TupleType():
                    yield from _structs(one.item_types, seen)
                case inspect.DictType():
                    yield from _structs([one.value_type], seen)
                case _:
                    pass
