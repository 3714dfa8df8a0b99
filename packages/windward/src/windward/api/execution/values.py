"""Large values of tasks on other machines: they travel with the messages, and are put where large values are on arrival."""

from __future__ import annotations

import secrets
from typing import Protocol

import msgspec
from msgspec.structs import replace

from windward.core.paths import large_value_name
from windward.protocol.calls import Answer, Call, SetXCom, XComAnswer, XComsAnswer
from windward.protocol.outcomes import Ending, Succeeded, XComValue
from windward.protocol.work import AttemptRef


class LargeValues(Protocol):
    """Where values above the threshold go."""

    threshold_bytes: int

    def put(self, name: str, data: bytes) -> str:
        """Store and return the location."""

    def get(self, location: str) -> bytes:
        """Return the bytes."""


def fault_of_call(call: Call) -> str:
    """Return what is wrong with the value that a call brings from another machine, in words; else nothing."""
    return _fault_of(call.key, call.value) if isinstance(call, SetXCom) else ""


def fault_of_ending(ending: Ending) -> str:
    """Return what is wrong with the values that an ending brings from another machine, in words; else nothing."""
    puts = ending.outcome.xcoms if isinstance(ending.outcome, Succeeded) else ()
    return next(filter(None, (_fault_of(put.key, put.value) for put in puts)), "")


def _fault_of(key: str, value: XComValue) -> str:
    """A value comes with its bytes: where they are kept is for this side alone to say."""
    if value.location is not None:
        return f"the value of `{key}` names a place in the object store, where only the server puts values"
    if value.data is None:
        return f"the value of `{key}` has no bytes"
    if value.encoding in {"json", "tagged"} and not _is_json(value.data):
        return f"the value of `{key}` is not the JSON that it should be"
    return ""


def _is_json(data: bytes) -> bool:
    try:
        data.decode()
        msgspec.json.decode(data, type=msgspec.Raw)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return False
    return True


def put_away(value: XComValue, ref: AttemptRef, large: LargeValues, *, owner: str) -> XComValue:
    """Return a value as it is stored: by its place, when it is large."""
    if value.data is None or len(value.data) <= large.threshold_bytes:
        return value
    name = large_value_name(owner, run_pk=ref.run_pk, nonce=secrets.token_hex(8))
    return replace(value, data=None, location=large.put(name, value.data))


def stored_ending(ending: Ending, ref: AttemptRef, large: LargeValues, *, dag_id: str) -> Ending:
    """Return an ending whose large values are put away."""
    if not isinstance(ending.outcome, Succeeded) or not ending.outcome.xcoms:
        return ending
    owner = f"{dag_id}/{ref.task_id}"
    xcoms = tuple(
        replace(put, value=put_away(put.value, ref, large, owner=f"{owner}/{put.key}"))
        for put in ending.outcome.xcoms
    )
    return replace(ending, outcome=replace(ending.outcome, xcoms=xcoms))


def stored_call(call: Call, ref: AttemptRef, large: LargeValues, *, dag_id: str) -> Call:
    """Return a call whose large value is put away."""
    if not isinstance(call, SetXCom):
        return call
    owner = f"{dag_id}/{ref.task_id}/{call.key}"
    return replace(call, value=put_away(call.value, ref, large, owner=owner))


def fetched(answer: Answer, large: LargeValues) -> Answer:
    """Return an answer whose large values are in it: who asked cannot reach the place where they are."""
    match answer:
        case XComAnswer(value=value) if value is not None:
            return replace(answer, value=_fetched(value, large))
        case XComsAnswer(items=items):
            return replace(
                answer, items=tuple(replace(item, value=_fetched(item.value, large)) for item in items)
            )
        case _:
            return answer


def _fetched(value: XComValue, large: LargeValues) -> XComValue:
    if value.location is None:
        return value
    return replace(value, data=large.get(value.location), location=None)
