"""No answer has a field for a secret: a walk over the types of all answers, by the names of their fields."""

import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from windward.api.app import OPERATIONS
from windward.core.masking import TELLING

ALLOWED = {
    ("ConnectionFieldResponse", "is_secret"): "whether what goes into a field of a form is a secret",
    ("ConnectionResponse", "password"): "a mask or nothing: its type has no room for anything else",
    ("LoginResponse", "access_token"): "what was asked for, with a name and a password",
    ("NewTokenResponse", "token"): "shown once, to whoever makes it",
    ("TokenResponse", "token_id"): "names a token",
    ("TokenCollectionResponse", "tokens"): "descriptions of tokens",
    ("MeResponse", "credential"): "what kind of thing somebody signed in with",
    ("ConnectionTestQueuedResponse", "token"): "names a test, and opens nothing",
    ("AsyncConnectionTestResponse", "token"): "names a test, and opens nothing",
    ("DAGResponse", "file_token"): "names a file, and opens nothing",
    ("DAGDetailsResponse", "file_token"): "names a file, and opens nothing",
    ("TaskInstancesLogResponse", "continuation_token"): "a place in a log",
    ("Mailed", "tokens"): "what the host's own attempts sign in with",
}
"""Fields whose names tell of a secret, and why they hold none that the reader may not have."""


def structs(kind: Any, seen: set[Any]) -> Iterator[type[msgspec.Struct]]:
    """Yield the structs that a type is made of."""
    for part in kind if isinstance(kind, tuple) else (kind,):
        origin: Any = typing.get_origin(part)
        origin = part if origin is None else origin
        if repr(part) in seen:
            continue
        seen.add(repr(part))
        if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
            yield origin
            for field in msgspec.structs.fields(part):
                yield from structs(field.type, seen)
        for argument in typing.get_args(part):
            yield from structs(argument, seen)


def telling_fields(replies: list[Any]) -> set[tuple[str, str]]:
    seen: set[Any] = set()
    return {
        (struct.__name__, field.encode_name)
        for reply in replies
        for struct in structs(reply, seen)
        for field in msgspec.structs.fields(struct)
        if any(word in field.encode_name.lower() for word in TELLING)
    }


def test_no_answer_has_a_field_for_a_secret() -> None:
    found = telling_fields([one.reply for one in OPERATIONS if one.reply is not None])
    assert found == set(ALLOWED)


def test_a_password_is_a_mask_or_nothing_by_its_type() -> None:
    from windward.api.public.connection_shapes import ConnectionResponse

    hints = typing.get_type_hints(ConnectionResponse)
    assert set(typing.get_args(hints["password"])) == {typing.Literal["***"], type(None)}


class _Inner(msgspec.Struct):
    smtp_password: str


class _Planted(msgspec.Struct):
    many: dict[str, list[_Inner | None]]


@pytest.mark.parametrize("reply", [_Inner, _Planted, list[_Planted], (int, _Inner)])
def test_a_planted_secret_is_found(reply: Any) -> None:
    assert telling_fields([reply]) == {("_Inner", "smtp_password")}
