"""`/api/windward/v1`: what is ours alone. One module for each thing.

What lives here: the shapes of bodies, and handlers that call a read model, the desk, or a stream. What may not: SQL.
"""

from __future__ import annotations

from windward.api.contract.operation import Operation
from windward.api.own import (
    code,
    components,
    events,
    explain,
    grid,
    logs,
    me,
    recent,
    recovery,
    roles,
    sessions,
    upcoming,
    users,
)

OPERATIONS: tuple[Operation, ...] = (
    *components.OPERATIONS,
    *code.OPERATIONS,
    *events.OPERATIONS,
    *explain.OPERATIONS,
    *grid.OPERATIONS,
    *logs.OPERATIONS,
    *me.OPERATIONS,
    *recent.OPERATIONS,
    *recovery.OPERATIONS,
    *roles.OPERATIONS,
    *sessions.OPERATIONS,
    *upcoming.OPERATIONS,
    *users.OPERATIONS,
)
"""All of them. A path that is more special than another stands before it."""
