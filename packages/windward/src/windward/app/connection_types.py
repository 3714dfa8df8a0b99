"""Connections by type: which fields the hooks of a type read, as its package declares them, else as we know them.

A package declares its types in what its entry point returns. That code is read and not run: where it is not a plain
dictionary, the package declares nothing here.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import Any

import msgspec

from windward.ports.installed import ConnectionField, ConnectionType, FieldKind

PROVIDER_GROUP = "apache_airflow_provider"
"""Entry points by which provider packages make themselves known."""
STANDARD = ("host", "port", "login", "password", "schema", "extra")
"""The fields that every connection has, in the order of a form; `schema` is also known as `url_schema`."""
SOURCE_BYTES_MAX = 1 << 20
CHOICES_MAX = 100
_KINDS: Mapping[str, FieldKind] = {
    "boolean": FieldKind.BOOLEAN,
    "integer": FieldKind.INTEGER,
    "number": FieldKind.NUMBER,
    "object": FieldKind.JSON,
    "array": FieldKind.JSON,
}


@cache
def connection_types() -> tuple[ConnectionType, ...]:
    """Return the types of connections that something is known of, by name.

    Looks once: what is installed later counts from the next start on.
    """
    found = {one.connection_type: one for one in _known()}
    for point in entry_points(group=PROVIDER_GROUP):
        package = "" if point.dist is None else point.dist.name
        for declared in declared_of(point):
            one = type_of(declared, package, found.get(str(declared.get("connection-type", ""))))
            if one is not None:
                found[one.connection_type] = one
    return tuple(found[name] for name in sorted(found))


def type_of(
    declared: Mapping[str, Any], package: str, known: ConnectionType | None = None
) -> ConnectionType | None:
    """Return a type as a package declares it; where it says nothing of fields, they are those that are known."""
    conn_type = declared.get("connection-type")
    if not isinstance(conn_type, str) or not conn_type:
        return None
    name = _text(declared.get("hook-name")) or (known.name if known is not None else conn_type)
    behaviour, extras = _mapping(declared.get("ui-field-behaviour")), _mapping(declared.get("conn-fields"))
    if not behaviour and not extras:
        fields = tuple(_plain(one) for one in STANDARD) if known is None else known.fields
        of_extra = () if known is None else known.extras
    else:
        fields = tuple(_standard(behaviour))
        placeholders = _mapping(behaviour.get("placeholders"))
        of_extra = tuple(
            _extra(str(key), _mapping(field), _text(placeholders.get(key))) for key, field in extras.items()
        )
    return ConnectionType(
        connection_type=conn_type, name=name, package_name=package, fields=fields, extras=of_extra
    )


def declared_of(point: EntryPoint) -> list[Mapping[str, Any]]:
    """Return what the function of an entry point returns of types, if that can be read off its source."""
    if point.dist is None or not point.attr:
        return []
    place = point.module.replace(".", "/")
    for path in (f"{place}.py", f"{place}/__init__.py"):
        try:
            source = point.dist.locate_file(path).read_bytes()  # type: ignore[attr-defined]  # a pathlib.Path
        except OSError:
            continue
        found = _returned(source, point.attr).get("connection-types")
        return [_mapping(one) for one in found] if isinstance(found, list) else []
    return []


def _known() -> Iterator[ConnectionType]:
    text = files("windward.app").joinpath("connection_types.toml").read_text("utf-8")
    for conn_type, one in tomllib.loads(text).items():
        yield ConnectionType(
            connection_type=conn_type,
            name=one["name"],
            fields=tuple(
                msgspec.convert(
                    {"is_secret": name == "password", **one[name], "name": name, "kind": _kind_of(name)},
                    ConnectionField,
                )
                for name in STANDARD
                if name in one
            ),
            extras=tuple(
                msgspec.convert({**field, "name": name}, ConnectionField)
                for name, field in one.get("extras", {}).items()
            ),
        )


def _returned(source: bytes, name: str) -> Mapping[str, Any]:
    if len(source) > SOURCE_BYTES_MAX:
        return {}
    try:
        for node in ast.parse(source).body:
            match node:
                case ast.FunctionDef(name=found, body=[*_, ast.Return(value=ast.Dict() as value)]) if (
                    found == name
                ):
                    return _mapping(ast.literal_eval(value))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return {}


def _standard(behaviour: Mapping[str, Any]) -> Iterator[ConnectionField]:
    hidden = {"schema" if one == "url_schema" else one for one in behaviour.get("hidden-fields") or ()}
    labels, placeholders = _mapping(behaviour.get("relabeling")), _mapping(behaviour.get("placeholders"))
    for name in STANDARD:
        if name not in hidden:
            yield msgspec.structs.replace(
                _plain(name), label=_text(labels.get(name)), placeholder=_text(placeholders.get(name))
            )


def _plain(name: str) -> ConnectionField:
    return ConnectionField(name=name, kind=FieldKind(_kind_of(name)), is_secret=name == "password")


def _kind_of(name: str) -> str:
    return {"port": "integer", "extra": "json"}.get(name, "text")


def _extra(key: str, field: Mapping[str, Any], placeholder: str) -> ConnectionField:
    schema = _mapping(field.get("schema"))
    types = schema.get("type")
    named = [str(one) for one in (types if isinstance(types, list) else [types])]
    kinds = [_KINDS[one] for one in named if one in _KINDS]
    is_secret = schema.get("format") == "password" or bool(field.get("sensitive"))
    kind = kinds[0] if kinds else FieldKind.TEXT
    if kind is FieldKind.TEXT and schema.get("format") == "multiline":
        kind = FieldKind.LINES
    choices = schema.get("enum")
    return ConnectionField(
        name=key,
        label=_text(field.get("label")) or key,
        placeholder=placeholder,
        hint=_text(field.get("description")),
        kind=kind,
        is_secret=is_secret,
        choices=tuple(one for one in choices[:CHOICES_MAX] if isinstance(one, str))
        if isinstance(choices, list)
        else (),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
