"""The OpenAPI document, made of the operations. Pure; nobody writes it by hand, so it is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from windward.api.contract.binding import VALUES_MAX
from windward.api.contract.described_times import describe_times
from windward.api.contract.operation import NUMBERS, Needs, Nothing, Open, Operation
from windward.api.contract.problem import Fault, Problem

VERSION = "3.1.0"
_REF = "#/components/schemas/{name}"
_ERRORS = {
    400: "The request cannot be carried out; `hint` says what to do.",
    401: "Nobody is signed in.",
    403: "The caller lacks a right.",
    404: "What was named does not exist.",
    406: "No answer in a media type that the caller takes.",
    408: "The body did not come in time.",
    409: "Somebody else was first, or it exists already.",
    413: "The body is too large.",
    422: "The request does not have the shape of the operation.",
    429: "Too many tries.",
    501: "Left out on purpose; `detail` says why.",
    503: "A service that is needed does not answer; nothing was written.",
}


class ValidationProblem(msgspec.Struct, kw_only=True):
    """What does not fit, one entry for each fault."""

    detail: list[Fault]


def document_of(operations: Sequence[Operation], *, title: str, version: str) -> dict[str, Any]:
    """Return the document, as plain data for JSON."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        path = one.path.replace(":path}", "}")
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": VERSION,
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "session": {"type": "apiKey", "in": "cookie", "name": "windward_session"},
            },
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
    }


class _Schemas:
    """Schemas of all types in use, each once, by name."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        kinds: list[Any] = [Problem, ValidationProblem]
        for one in operations:
            replies = one.reply if isinstance(one.reply, tuple) else (one.reply,)
            kinds += [
                kind
                for kind in (one.query, one.body, *replies)
                if kind is not None and kind not in (Nothing, bytes)
            ]
        found, self.components = msgspec.json.schema_components(kinds, ref_template=_REF)
        describe_times(kinds, self.components)
        self._of = {_key(kind): schema for kind, schema in zip(kinds, found, strict=True)}
        for one in operations:
            if one.query is not Nothing:
                self.components.pop(one.query.__name__, None)  # its fields are parameters

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a type: mostly a reference; of a tuple, any of its types."""
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(part) for part in kind]}
        if kind is bytes:
            return {"type": "string", "format": "binary"}
        return self._of[_key(kind)]


def _key(kind: Any) -> str:
    return repr(kind)


def _operation(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {
        "tags": [one.tag],
        "summary": one.summary,
        "operationId": one.name,
        "parameters": [
            *(_path_parameter(name) for name in one.parameters),
            *_query_parameters(one),
            *(_header(name) for name in one.headers),
        ],
        "responses": _responses(one, schemas),
    }
    if isinstance(one.access, Open):
        made["security"] = []
    else:
        made["security"] = [{"bearer": []}, {"basic": []}, {"session": []}]
    if isinstance(one.access, Needs):
        made["x-windward-needs"] = f"{one.access.resource}:{one.access.verb}"
    if one.body is not Nothing:
        made["requestBody"] = {
            "required": not one.is_body_optional,
            "content": {_media_of(one): {"schema": schemas.of(one.body)}},
        }
    return made


def _media_of(one: Operation) -> str:
    return "application/octet-stream" if one.body is bytes else "application/json"


def _path_parameter(name: str) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": "string"}
    if name in NUMBERS:
        kind = {"type": "integer", "minimum": -NUMBERS[name], "maximum": NUMBERS[name]}
    return {"name": name, "in": "path", "required": True, "schema": kind}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}


def _query_parameters(one: Operation) -> list[dict[str, Any]]:
    if one.query is Nothing:
        return []
    (_,), components = msgspec.json.schema_components([one.query], ref_template=_REF)
    describe_times([one.query], components)
    schema = components[one.query.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _bounded(kind)}
        for name, kind in schema["properties"].items()
    ]


def _bounded(kind: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter, with the number of values that any has at most."""
    if kind.get("type") == "array":
        return {**kind, "maxItems": min(kind.get("maxItems", VALUES_MAX), VALUES_MAX)}
    return {**kind, "anyOf": list(map(_bounded, kind["anyOf"]))} if "anyOf" in kind else kind


def _responses(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done." if one.reply is None else "The answer."}
    if one.reply is not None:
        good["content"] = {media: {"schema": schemas.of(one.reply)} for media in one.media_types}
    found: dict[str, Any] = {} if one.not_offered else {str(one.status): good}
    for status in sorted({*one.errors, *_always(one)}):
        kind = ValidationProblem if status == 422 else Problem
        found[str(status)] = {
            "description": _ERRORS[status],
            "content": {"application/json": {"schema": schemas.of(kind)}},
        }
    return found


def _always(one: Operation) -> set[int]:
    """Return the refusals that follow from the operation's shape."""
    found = {503}
    if not isinstance(one.access, Open):
        found |= {401, 403}
    if one.parameters or one.headers or one.query is not Nothing or one.body is not Nothing:
        found.add(422)
    if one.parameters:
        found.add(404)
    if one.body is not Nothing:
        found |= {408, 413}
    if one.not_offered:
        found.add(501)
    return found
