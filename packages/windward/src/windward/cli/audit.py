"""The audit log of the command line: what a person at a terminal changed, or tried to."""

from __future__ import annotations

import getpass
import socket
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import msgspec

from windward.core.masking import masked
from windward.engine.people.changes import Changes, collecting
from windward.errors import WindwardError
from windward.model.accounts import AuditEvent

if TYPE_CHECKING:
    from windward.app.session import Session

DONE, REFUSED = 200, 400
ID_MAX = 250
EXTRA_MAX = 60_000
_NOT_SAID = frozenset({"command", "execute", "group", "output", "parser", "verbose", "yes"})
_KINDS = {"variables": "variable", "connections": "connection", "state-store": "task_state"}


def written_down(command: str, args: Namespace, session: Session) -> int:
    """Run a command and write down what came of it; return its exit code."""
    with collecting() as changes:
        is_done = False
        try:
            code: int = args.execute(args, session)
            is_done = code == 0
        finally:
            _write(command, args, session, changes, status=DONE if is_done else REFUSED)
    return code


def _write(command: str, args: Namespace, session: Session, changes: Changes, *, status: int) -> None:
    group = command.partition(" ")[0]
    kind = _KINDS.get(group, "")
    telling = session.settings.core.sensitive_var_conn_names
    given = {name: value for name, value in vars(args).items() if name not in _NOT_SAID and value is not None}
    extra: dict[str, Any] = {
        "command": command,
        "host_name": socket.gethostname(),
        "arguments": masked(given, kind=kind, telling=telling),
    }
    noted = [
        {
            "kind": one.kind,
            "name": one.name,
            "before": masked(one.before, kind=one.kind, telling=telling),
            "after": masked(one.after, kind=one.kind, telling=telling),
        }
        for one in changes.noted
    ]
    if noted:
        extra["changes"] = noted
    packed = msgspec.json.encode(extra)
    if len(packed) > EXTRA_MAX:
        packed = msgspec.json.encode({"command": command, "is_shortened": True})
    event = AuditEvent(
        at=session.clock.now(),
        event="cli_" + command.replace(" ", "_").replace("-", "_"),
        owner=_owner(),
        status=status,
        dag_id=_one(args, "dag_id"),
        task_id=_one(args, "task_id"),
        run_id=_one(args, "run_id", "run"),
        address="terminal",
        extra=packed.decode(),
    )
    try:
        session.store.audit.write_events([event])
    except WindwardError:
        # Without a database of this version nothing was changed, and the command has said so.
        return


def _owner() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a name, as in some containers
        return "unknown"


def _one(args: Namespace, *names: str) -> str | None:
    for name in names:
        value = getattr(args, name, None)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and len(value) <= ID_MAX:
            return value
    return None
