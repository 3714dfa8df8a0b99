"""The audit log's writer: each request that may have changed something, carried out or refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import HTTPConnection, Request

from windward.api.contract.operation import ANY_DAG, Needs, Nothing, Operation
from windward.core.masking import masked
from windward.engine.people.changes import Change, changes_so_far
from windward.errors import UnavailableError
from windward.model.access import Principal
from windward.model.accounts import AuditEvent
from windward.ports.audit import AuditStore
from windward.settings import Settings

log = logging.getLogger("windward.api.audit")
EXTRA_MAX = 60_000
_IDS = {"dag_id": "dag_id", "dag_run_id": "run_id", "run_id": "run_id", "task_id": "task_id"}
_NUMBERS = {"map_index": "map_index", "task_try_number": "try_number", "try_number": "try_number"}
INT_MAX = 2**31 - 1
REFUSED = 400
_ASKING = ("/dry_run", "/foreseen")


class StoreLedger:
    """Writes lines to the database; one that cannot be written is in the server's log."""

    def __init__(
        self,
        audit: AuditStore,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        address_of: Callable[[HTTPConnection], str],
    ) -> None:
        self._audit = audit
        self._telling = settings.core.sensitive_var_conn_names
        self._now = now
        self._address_of = address_of

    def record(
        self, operation: Operation, principal: Principal, request: Request, *, body: object, status: int
    ) -> None:
        """Write down one request.

        What only asks what would happen is a line where it was refused.
        Of people who are nobody, only that they signed in or failed to: anybody could fill the disk otherwise.
        """
        if status < REFUSED and _only_asks(operation, body):
            return
        owner = principal.name
        if not principal.user_id:
            owner = getattr(body, "username", "")
            if not owner or status not in {200, 201, 401}:
                return
        kind = operation.access.resource.value if isinstance(operation.access, Needs) else ""
        changes = changes_so_far()
        extra: dict[str, Any] = {"method": operation.method, "path": dict(request.path_params)}
        if request.query_params:
            extra["query"] = masked(dict(request.query_params), kind=kind, telling=self._telling)
        if body is not None and not isinstance(body, Nothing):
            extra["body"] = masked(body, kind=kind, telling=self._telling)
        if changes.noted:
            extra["changes"] = [self._shown(one) for one in changes.noted]
        if changes.more:
            extra["more_changes"] = changes.more
        if principal.credential_id:
            extra["credential"] = f"{principal.credential}:{principal.credential_id}"
        found = _named(request.path_params, body, changes.noted)
        write_line(
            self._audit,
            AuditEvent(
                at=self._now(),
                event=operation.name,
                owner=owner,
                status=status,
                address=self._address_of(request),
                extra=_packed(extra),
                **found,
            ),
        )

    def _shown(self, change: Change) -> dict[str, Any]:
        shown: dict[str, Any] = {"kind": change.kind, "name": change.name}
        if change.before is not None:
            shown["before"] = masked(change.before, kind=change.kind, telling=self._telling)
        if change.after is not None:
            shown["after"] = masked(change.after, kind=change.kind, telling=self._telling)
        return shown


def write_line(audit: AuditStore, event: AuditEvent) -> None:
    """Write a line; where that fails, say so in the log, because what happened has happened."""
    try:
        audit.write_events([event])
    except UnavailableError as error:
        log.error(  # noqa: TRY400 - the error says all
            "audit line not written",
            extra={"event": event.event, "who": event.owner, "status": event.status, "error": str(error)},
        )


def _only_asks(operation: Operation, body: object) -> bool:
    """Whether a request changes nothing, and says what one like it would."""
    return operation.path.endswith(_ASKING) or getattr(body, "dry_run", False) is True


def _packed(extra: Mapping[str, Any]) -> str:
    raw = msgspec.json.encode(extra)
    if len(raw) <= EXTRA_MAX:
        return raw.decode()
    short = {name: value for name, value in extra.items() if name not in {"body", "changes", "query"}}
    return msgspec.json.encode({**short, "is_shortened": True}).decode()


def _named(path: Mapping[str, Any], body: object, changes: list[Change]) -> dict[str, Any]:
    """Return the ids of what a request was about: of the path, else of the body, else what all changes have in common.

    A request that names one task is about it, whatever else it touches around that.
    """
    found: dict[str, Any] = {}
    common = _in_common(changes)
    if _dags_in(body) - {common.get("dag_id")}:
        common = {}  # who may read of that DAG alone would read what the request says of the others
    for source in (path, *_wishes(body), common):
        for name, column in _IDS.items():
            value = source.get(name)
            if isinstance(value, str) and value != ANY_DAG:
                found.setdefault(column, value)
        for name, column in _NUMBERS.items():
            number = _number(source.get(name))
            if number is not None:
                found.setdefault(column, number)
    if isinstance(body, msgspec.Struct) and isinstance(at := getattr(body, "logical_date", None), datetime):
        found["logical_date"] = _in_utc(at)
    return found


def _in_utc(at: datetime) -> datetime | None:
    """Return a moment of a request, unless it has no zone, or is one that could be written but never be read again."""
    try:
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except OverflowError:
        return None


def _dags_in(body: object) -> set[str]:
    """Return the DAGs that a body names, at any depth."""
    found, left = set[str](), [body]
    while left:
        match left.pop():
            case msgspec.Struct() as part:
                left += [getattr(part, name) for name in part.__struct_fields__ if name != "dag_id"]
                dag_id = getattr(part, "dag_id", None)
                if isinstance(dag_id, str) and dag_id != ANY_DAG:
                    found.add(dag_id)
            case list() | tuple() as parts:
                left += parts
            case _:
                pass
    return found


def _wishes(body: object) -> list[Mapping[str, Any]]:
    """Return the fields of a body, and those of the one thing that it lists: a task, a run, an entry of an action."""
    if not isinstance(body, msgspec.Struct):
        return []
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    match fields:
        case {"task_ids": [str(task_id)]}:
            return [fields, {"task_id": task_id}]
        case {"task_ids": [(str(task_id), int(map_index))]}:
            return [fields, {"task_id": task_id, "map_index": map_index}]
        case {"actions": [only]}:
            return [fields, *_wishes(only)]
        case {"entities": [only]} | {"dag_runs": [only]}:
            return [fields, *_wishes(only)]
        case _:
            return [fields]


def _in_common(changes: list[Change]) -> Mapping[str, Any]:
    """Return the ids that all changes have."""
    found: dict[str, Any] = {}
    for name in ("dag_id", "run_id", "task_id"):
        values = {getattr(one, name) for one in changes}
        if len(values) != 1:
            break
        found[name] = values.pop()
    return found


def _number(value: object) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if abs(number) <= INT_MAX else None
