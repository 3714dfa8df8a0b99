"""From a request's text to typed arguments: path parameters, the query string, the body. Pure."""

from __future__ import annotations

import functools
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from windward.api.contract.operation import (
    NUMBER_SHOWN_MAX,
    NUMBERS,
    Nothing,
    Operation,
    number_of,
)
from windward.api.contract.problem import InvalidRequest
from windward.errors import NotFoundError
from windward.model.numbers import WIDE_MAX

_SUSPECT = re.compile(rb"\d{19}|\\u0000")
_NO_TIME = "Invalid RFC3339 encoded datetime"
TIMES_MAX = 100
"""Times in one request that may lack something."""
PATH_TEXT_MAX = 1000
"""Longer than any id: what is longer names nothing."""
VALUES_MAX = 500
"""Values of one parameter of a query string: a condition of a few more is one that SQLite refuses to read."""


def path_of(operation: Operation, given: Mapping[str, str]) -> dict[str, str | int]:
    """Return the path parameters, whole numbers as such.

    Raises:
        InvalidRequest: when a number is none.
        NotFoundError: when a text can name nothing: it is too long, or holds control characters.
    """
    found: dict[str, str | int] = {}
    for name in operation.parameters:
        text = given[name]
        if name in NUMBERS:
            found[name] = number_of(name, text)
        elif len(text) > PATH_TEXT_MAX or not text.isprintable():
            raise NotFoundError(f"nothing has this `{name}`")
        else:
            found[name] = text
    return found


def query_of(operation: Operation, pairs: Sequence[tuple[str, str]]) -> Any:
    """Return the query string as the operation's struct; a list takes a parameter that is given repeatedly.

    Parameters that the operation does not know are passed over, as Airflow does.

    Raises:
        InvalidRequest: when a value does not fit.
    """
    if operation.query is Nothing:
        return Nothing()
    shape = _shape_of(operation.query)  # type: ignore[arg-type]  # a class is hashable
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name not in shape.names:
            continue
        if "\0" in text:
            raise InvalidRequest.of(("query", name), kind="value_error", message="holds a NUL character")
        if name in shape.lists:
            texts = values.setdefault(name, [])
            texts.append(text)
            if len(texts) > VALUES_MAX:
                message = f"Expected `array` of length <= {VALUES_MAX}"
                raise InvalidRequest.of(("query", name), kind="value_error", message=message)
        else:
            values[name] = text
    try:
        found = _with_times(values, operation.query, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest.from_msgspec(error, part="query") from error
    for field, name in shape.fractions.items():
        value = getattr(found, field)
        # NaN is within every limit and beyond none: a wait for it never ends. A body's JSON cannot hold it.
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidRequest.of(("query", name), kind="finite_number", message="is no finite number")
    return found


def body_of(operation: Operation, raw: bytes, *, media_type: str) -> Any:
    """Return the body as the operation's type.

    Raises:
        InvalidRequest: when there is none, when it is not JSON, or when it does not fit.
    """
    if operation.body is Nothing:
        return Nothing()
    if operation.body is bytes:
        return raw
    if not raw.strip():
        if operation.is_body_optional:
            return None
        raise InvalidRequest.of(("body",), kind="missing", message="Field required")
    kind = media_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise InvalidRequest.of(
            ("header", "content-type"),
            kind="value_error",
            message="the body must be `application/json`",
            given=media_type,
        )
    try:
        found = _decoded(raw, operation.body)
        if _SUSPECT.search(raw):
            _refuse_what_cannot_be_stored(msgspec.json.decode(raw), is_of_people=not operation.is_quiet)
        return found
    except msgspec.ValidationError as error:
        raise InvalidRequest.from_msgspec(error, part="body") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest.of(
            ("body",), kind="json_invalid", message=f"the body is not JSON: {error}"
        ) from error


def _decoded(raw: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        if not str(error).startswith(_NO_TIME):
            raise
    return _with_times(msgspec.json.decode(raw), kind, strict=True)


def _with_times(values: Any, kind: Any, *, strict: bool) -> Any:
    """Return plain values as a type. Times may have any form of ISO 8601, as with Airflow: a date alone, for example.

    Raises:
        ValidationError: when a value does not fit.
    """
    for _ in range(TIMES_MAX):
        try:
            return msgspec.convert(values, kind, strict=strict)
        except msgspec.ValidationError as error:
            if not _completed(values, error):
                raise
    return msgspec.convert(values, kind, strict=strict)


def _completed(values: Any, error: msgspec.ValidationError) -> bool:
    """Write the time that did not fit in full, in its place; return whether that was all that it lacked."""
    if not str(error).startswith(_NO_TIME):
        return False
    _, *between, last = InvalidRequest.from_msgspec(error, part="").faults[0].loc
    try:
        for step in between:
            values = values[step]
        given: str = values[last]
        full = datetime.fromisoformat(given).isoformat()
    except (ValueError, LookupError):  # a key of a mapping is not named in the error
        return False
    values[last] = full
    return full != given


def _refuse_what_cannot_be_stored(body: Any, *, is_of_people: bool) -> None:
    """Refuse numbers that no database holds, and from people the character that PostgreSQL keeps in no text.

    What tasks pass on is not looked at for characters: it is stored as bytes.
    """
    left = [body]
    while left:
        match left.pop():
            case dict() as fields:
                left += [*fields, *fields.values()]
            case list() as items:
                left += items
            case int() as number if abs(number) > WIDE_MAX:
                raise InvalidRequest.of(
                    ("body",),
                    kind="int_parsing_size",
                    message="holds a whole number of more than 64 bits",
                    given=str(number)[:NUMBER_SHOWN_MAX],
                )
            case str() as text if is_of_people and "\0" in text:
                raise InvalidRequest.of(("body",), kind="value_error", message="holds a NUL character")


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """What a query string may hold: to find that out of a struct takes longer than most queries of a database."""

    names: frozenset[str]
    lists: frozenset[str]
    fractions: Mapping[str, str]
    """Fields of the struct that may hold a fraction, and what they are called in a query string."""


@functools.lru_cache(maxsize=1000)
def _shape_of(query: Any) -> _Shape:
    fields = msgspec.structs.fields(query)
    return _Shape(
        names=frozenset(field.encode_name for field in fields),
        lists=frozenset(field.encode_name for field in fields if _is_list(field.type)),
        fractions={field.name: field.encode_name for field in fields if _may_be(float, field.type)},
    )


def _may_be(wanted: type, kind: Any) -> bool:
    return kind is wanted or kind is Any or any(_may_be(wanted, one) for one in typing.get_args(kind))


def _is_list(kind: Any) -> bool:
    origin = typing.get_origin(kind)
    if origin in {list, tuple, set, frozenset}:
        return True
    if origin in {typing.Union, types.UnionType}:
        return any(_is_list(one) for one in typing.get_args(kind))
    if origin is typing.Annotated:
        return _is_list(typing.get_args(kind)[0])
    return False
