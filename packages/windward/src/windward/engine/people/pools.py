"""Pools, as people change them."""

from __future__ import annotations

from windward.engine.people.changes import note_change
from windward.engine.people.desk import Desk
from windward.errors import ConflictError, NotFoundError, UserError
from windward.model.records import PoolRecord

NAME_MAX = 250


def create_pool(desk: Desk, pool: PoolRecord) -> None:
    """Make a pool.

    Raises:
        UserError: when its name cannot be one.
        ConflictError: when it exists.
    """
    if not pool.name.strip() or len(pool.name) > NAME_MAX:
        raise UserError(
            f"`{pool.name[:40]}` cannot be the name of a pool", hint=f"Use 1 to {NAME_MAX} characters."
        )
    if _found(desk, pool.name) is not None:
        raise ConflictError(f"there is a pool `{pool.name}` already")
    desk.store.secrets.set_pool(pool)
    note_change("pool", pool.name, after=pool)
    desk.wakeup.wake()


def edit_pool(desk: Desk, pool: PoolRecord) -> None:
    """Replace a pool.

    Raises:
        NotFoundError: when there is none of its name.
    """
    before = _found(desk, pool.name)
    if before is None:
        raise NotFoundError(f"there is no pool `{pool.name}`")
    desk.store.secrets.set_pool(pool)
    note_change("pool", pool.name, before=before, after=pool)
    desk.wakeup.wake()


def delete_pool(desk: Desk, name: str) -> None:
    """Delete a pool.

    Raises:
        UserError: when it is the default pool.
        NotFoundError: when there is none of that name.
    """
    before = _found(desk, name)
    if not desk.store.secrets.delete_pool(name):
        raise NotFoundError(f"there is no pool `{name}`")
    note_change("pool", name, before=before)
    desk.wakeup.wake()


def _found(desk: Desk, name: str) -> PoolRecord | None:
    return next((pool for pool in desk.store.secrets.load_pools() if pool.name == name), None)
