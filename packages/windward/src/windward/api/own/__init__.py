"""`/api/windward/v1`: what is ours alone. One module for each thing.

What lives here: the shapes of bodies, and handlers that call a read model or the desk. What may not: SQL and decisions.
"""

from __future__ import annotations

from windward.api.contract.operation import Operation
from windward.api.own import me, roles, sessions, users

OPERATIONS: tuple[Operation, ...] = (
    *me.OPERATIONS,
    *roles.OPERATIONS,
    *sessions.OPERATIONS,
    *users.OPERATIONS,
)
"""All of them. A path that is more special than another stands before it."""
