"""An operation of the API as a record: nothing is served that has no such record, so nothing is served unguarded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from windward.api.contract.problem import Forbidden, InvalidRequest, NotOffered
from windward.core.access import EVERYWHERE, is_allowed, reach_of
from windward.model.access import DagReach, Principal, Resource, Verb
from windward.model.numbers import SMALL_MAX, WIDE_MAX
from windward.ports.auth import Presented

if TYPE_CHECKING:
    from windward.api.execution.tokens import AttemptClaims
    from windward.api.services import Execution, Services

Q = TypeVar("Q")
B = TypeVar("B")
ANY_DAG = "~"
"""In place of a DAG id in a path: all DAGs that the caller may see."""
BODY_MAX = 1 << 20
"""Largest body, in bytes, of an operation that does not say otherwise."""
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
NUMBERS = {
    "asset_alias_id": WIDE_MAX,
    "asset_id": WIDE_MAX,
    "backfill_id": SMALL_MAX,
    "event_log_id": WIDE_MAX,
    "import_error_id": WIDE_MAX,
    "map_index": SMALL_MAX,
    "task_try_number": SMALL_MAX,
    "try_number": SMALL_MAX,
    "version_number": SMALL_MAX,
}
"""Path parameters that are whole numbers, each with the greatest that its column holds."""
NUMBER_SHOWN_MAX = 40


class Nothing(msgspec.Struct, frozen=True):
    """No query parameters, or no body."""


class Scope(StrEnum):
    """To which DAGs the asked right must apply."""

    NONE = "none"
    """To no DAG: the resource belongs to none, or leave for all is needed."""
    PATH = "path"
    """To the DAG in the path; to `~`, the handler is given the reach."""
    LISTED = "listed"
    """The handler is given the reach and shows nothing beyond it."""
    BODY = "body"
    """The handler asks with `Call.demand` for each DAG that the body names."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """The right that a caller must have."""

    verb: Verb
    resource: Resource
    scope: Scope = Scope.NONE


@dataclass(frozen=True)
class Open:
    """Anybody may call: the reason stands beside it."""

    reason: str


@dataclass(frozen=True)
class SignedIn:
    """Whoever is signed in may call: the reason stands beside it."""

    reason: str


@dataclass(frozen=True)
class ForAttempt:
    """The token of one attempt opens it, and nothing else does."""


Access = Needs | Open | SignedIn | ForAttempt


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that says more than its body: a status, headers, another media type."""

    body: object = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    cookies: Sequence[str] = ()
    """`Set-Cookie` headers."""


@dataclass(frozen=True, kw_only=True)
class Call(Generic[Q, B]):
    """One request, taken apart and checked."""

    services: Services
    principal: Principal
    path: Mapping[str, str | int]
    query: Q
    body: B
    reach: DagReach = EVERYWHERE
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: AttemptClaims | None = None

    @property
    def attempt(self) -> AttemptClaims:
        """What the attempt's token says."""
        assert self.claims is not None, "the operation is not for attempts"
        return self.claims

    @property
    def execution(self) -> Execution:
        """What hosts of other machines are served with."""
        return self.services.execution

    presented: Presented | None = None
    """What the request shows of who sends it."""

    def text(self, name: str) -> str:
        """Return a path parameter that is text."""
        value = self.path[name]
        assert isinstance(value, str), f"path parameter {name} is a number"
        return value

    def number(self, name: str) -> int:
        """Return a path parameter that is a whole number."""
        value = self.path[name]
        assert isinstance(value, int), f"path parameter {name} is text"
        return value

    @property
    def dag_id(self) -> str | None:
        """The DAG in the path, or None for `~`."""
        value = self.text("dag_id")
        return None if value == ANY_DAG else value

    def demand(self, verb: Verb, resource: Resource, *, dag_id: str | None = None) -> None:
        """Go on only if the caller has this right, too.

        Raises:
            Forbidden: when not.
        """
        if not self.may(verb, resource, dag_id=dag_id):
            raise Forbidden(verb, resource, dag_id=dag_id)

    def may(self, verb: Verb, resource: Resource, *, dag_id: str | None = None) -> bool:
        """Whether the caller has this right, too."""
        tags = self.services.tags_of(dag_id) if dag_id is not None else ()
        return is_allowed(self.principal, verb, resource, dag_id=dag_id, tags=tags)

    def reach_for(self, verb: Verb, resource: Resource) -> DagReach:
        """Return the DAGs to which the caller may do another thing than the one that the operation needs."""
        return reach_of(self.principal, verb, resource)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path. Made by `operation`, which checks that its parts fit together."""

    method: str
    path: str
    name: str
    tag: str
    summary: str
    access: Access
    query: type[Any]
    body: type[Any] | Any
    reply: type[Any] | Any
    handler: Callable[[Call[Any, Any]], object]
    status: int
    errors: tuple[int, ...]
    body_max: int
    is_body_optional: bool
    not_offered: str
    """Why the answer is always 501; empty where it is not."""
    media_types: tuple[str, ...]
    headers: tuple[str, ...]
    """Names of headers that it must be given; its handler reads them."""
    is_quiet: bool
    """Whether no line in the ledger is owed: machines speak here, of what the history of runs tells anyway."""
    is_of_rows: bool
    """Whether its handler waits for nothing but the database, so that all that it reads is read in one transaction."""
    is_of_logs: bool
    """Whether it waits for the place of logs beside the database: the same, where that is a folder of this machine."""

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method not in {"GET", "HEAD"}


def operation(
    method: str,
    path: str,
    *,
    name: str,
    tag: str,
    summary: str,
    access: Access,
    handler: Callable[[Call[Q, B]], object] | None = None,
    query: type[Q | Nothing] = Nothing,
    body: type[B] | Any = Nothing,
    reply: Any = None,
    status: int = 200,
    errors: Sequence[int] = (),
    body_max: int = BODY_MAX,
    is_body_optional: bool = False,
    not_offered: str = "",
    media_types: Sequence[str] = ("application/json",),
    headers: Sequence[str] = (),
    is_quiet: bool = False,
    is_of_rows: bool = False,
    is_of_logs: bool = False,
) -> Operation:
    """Return an operation. `name` is its `operationId`; `reply` the type of its answer, None for none.

    One that is `not_offered`, for the reason given there, has no handler.
    """
    if not_offered:

        def handler(_call: Call[Q, B]) -> object:
            raise NotOffered(not_offered)

    assert handler is not None, f"{name} has no handler"
    if isinstance(access, Needs) and access.scope is Scope.PATH:
        assert "{dag_id}" in path, f"{name} takes its DAG from the path, which has none"
    return Operation(
        method=method,
        path=path,
        name=name,
        tag=tag,
        summary=summary,
        access=access,
        query=query,
        body=body,
        reply=reply,
        handler=handler,
        status=status,
        errors=tuple(errors),
        body_max=body_max,
        is_body_optional=is_body_optional,
        not_offered=not_offered,
        media_types=tuple(media_types),
        headers=tuple(headers),
        is_quiet=is_quiet,
        is_of_rows=is_of_rows,
        is_of_logs=is_of_logs,
    )


def number_of(name: str, text: str) -> int:
    """Return a path parameter as a whole number.

    Raises:
        InvalidRequest: when it is none, or greater than its column holds.
    """
    try:
        number = int(text)
        if abs(number) <= NUMBERS[name]:
            return number
    except ValueError:
        pass
    raise InvalidRequest.of(
        ("path", name),
        kind="int_parsing",
        message=f"is not a whole number up to {NUMBERS[name]}",
        given=text[:NUMBER_SHOWN_MAX],
    )
