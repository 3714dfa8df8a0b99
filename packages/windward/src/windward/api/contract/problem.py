"""What can be wrong with a request, and the answer to each error: Airflow's shapes, with our hints beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import msgspec

from windward.errors import ConflictError, NotFoundError, UnavailableError, UserError, WindwardError
from windward.model.access import Resource, Verb

RETRY_AFTER_S = 5
_WHERE = re.compile(r" - at `(\$.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class Unauthenticated(WindwardError):
    """Nobody is signed in, or not as somebody that is known."""


class Forbidden(WindwardError):
    """The caller lacks a right. What exists is not told."""

    def __init__(self, verb: Verb, resource: Resource, *, dag_id: str | None = None) -> None:
        where = f" of DAG `{dag_id}`" if dag_id is not None else ""
        super().__init__(f"you lack the permission `{resource}:{verb}`{where}")
        self.verb = verb
        self.resource = resource


class Declined(WindwardError):
    """The caller has the right, but not in this case; the message says why."""


class Forged(WindwardError):
    """The request may have been sent by another site, in the name of somebody who does not know of it."""


class NotOffered(WindwardError):
    """What this system leaves out on purpose; the message says why."""


class SwitchedOff(WindwardError):
    """What a setting turns off for everybody."""


class NotAcceptable(WindwardError):
    """No answer in a media type that the caller takes."""


class TooLarge(WindwardError):
    """The body is larger than the operation takes."""


class TooSlow(WindwardError):
    """The body did not come in time."""


class Throttled(WindwardError):
    """Too many tries; `retry_after_s` says when the next may come."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong: where (`loc`), what kind of fault, in words, and what was given."""

    type: str
    loc: tuple[str | int, ...]
    msg: str
    input: Any = None


class InvalidRequest(WindwardError):
    """The request does not fit the operation's shape."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, fault.loc))} {fault.msg}" for fault in faults))
        self.faults = tuple(faults)

    @classmethod
    def of(cls, loc: Sequence[str | int], *, kind: str, message: str, given: object = None) -> Self:
        """Return the error for one fault."""
        shown = given if isinstance(given, str | int | float | bool | None) else None
        return cls([Fault(type=kind, loc=tuple(loc), msg=message, input=shown)])

    @classmethod
    def from_msgspec(cls, error: msgspec.ValidationError, *, part: str) -> Self:
        """Return what msgspec found wrong in a part (`query` or `body`) of the request."""
        text = str(error)
        found = _WHERE.search(text)
        steps = [
            int(number) if number.isdigit() else name or number
            for name, number in _STEP.findall(found.group(1) if found else "")
        ]
        message = _WHERE.sub("", text)
        kind = "missing" if "missing required field" in message else "value_error"
        if kind == "missing" and (name := re.search(r"`([^`]+)`$", message)):
            steps.append(name.group(1))
        if "unknown field" in message:
            kind = "extra_forbidden"
        return cls.of([part, *steps], kind=kind, message=message)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an answer that refuses: `detail` as Airflow has it, and what to do about it."""

    detail: Any
    hint: str = ""


def words_of(problem: Problem) -> str:
    """Return the detail as one text, each fault behind its field, as the web interface writes and translates it."""
    if isinstance(problem.detail, str):
        return problem.detail
    faults: Sequence[Fault] = problem.detail
    fields = [".".join(map(str, fault.loc[1:])) for fault in faults]
    return "; ".join(
        f"{field}: {fault.msg}".removeprefix(": ") for field, fault in zip(fields, faults, strict=True)
    )


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that refuses: its status, body and headers."""

    status: int
    body: Problem
    headers: dict[str, str] = {}


def refusal_of(error: WindwardError) -> Refusal:
    """Return the answer to an error that a handler may raise."""
    status, headers = 500, dict[str, str]()
    detail: Any = str(error)
    match error:
        case InvalidRequest():
            status, detail = 422, error.faults
        case Unauthenticated():
            status, headers = 401, {"www-authenticate": "Bearer"}
        case Forbidden() | Declined() | Forged() | SwitchedOff():
            status = 403
        case NotAcceptable():
            status = 406
        case TooLarge():
            status = 413
        case TooSlow():
            status, headers = 408, {"connection": "close"}
        case Throttled():
            status, headers = 429, {"retry-after": str(max(1, round(error.retry_after_s)))}
        case NotOffered():
            status = 501
        case UserError():
            status, detail = 400, error.message
        case NotFoundError():
            status = 404
        case ConflictError():
            status = 409
        case UnavailableError():
            status, headers = 503, {"retry-after": str(RETRY_AFTER_S)}
        case _:
            pass
    return Refusal(status=status, body=Problem(detail=detail, hint=error.hint), headers=headers)
