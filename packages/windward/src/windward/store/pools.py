"""The pool that always exists. What lives here: its name and its first size, for every store."""

from __future__ import annotations

from windward.errors import UserError
from windward.model.records import PoolRecord

DEFAULT_POOL = PoolRecord(name="default_pool", slots=128, description="Default pool")


def check_pool_deletion(name: str) -> None:
    """Raise `UserError` when `name` is the pool that always exists."""
    if name == DEFAULT_POOL.name:
        raise UserError(
            f"pool `{name}` cannot be deleted",
            hint="Tasks that name no pool run in it. Set its slots instead.",
        )
