"""`/api/windward/v1`: what is ours alone. One module for each thing.

What lives here: the shapes of bodies, and handlers that call a read model, the desk, or a stream. What may not: SQL.
"""

from __future__ import annotations

from windward.api.contract.operation import Operation
from windward.api.own import (
    attempts,
    backfills,
    calendar,
    clearing,
    code,
    components,
    connection_types,
    events,
    explain,
    failures,
    grid,
    logs,
    me,
    pools,
    recent,
    recovery,
    roles,
    sessions,
    settings,
    upcoming,
    users,
    xcoms,
)

OPERATIONS: tuple[Operation, ...] = (
    *attempts.OPERATIONS,
    *backfills.OPERATIONS,
    *calendar.OPERATIONS,
    *clearing.OPERATIONS,
    *components.OPERATIONS,
    *connection_types.OPERATIONS,
    *code.OPERATIONS,
    *events.OPERATIONS,
    *explain.OPERATIONS,
    *failures.OPERATIONS,
    *grid.OPERATIONS,
    *logs.OPERATIONS,
    *me.OPERATIONS,
    *pools.OPERATIONS,
    *recent.OPERATIONS,
    *recovery.OPERATIONS,
    *roles.OPERATIONS,
    *sessions.OPERATIONS,
    *settings.OPERATIONS,
    *upcoming.OPERATIONS,
    *users.OPERATIONS,
    *xcoms.OPERATIONS,
)
"""All of them. A path that is more special than another stands before it."""
