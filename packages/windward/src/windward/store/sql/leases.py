"""Leases on a database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exc

from windward.ports.store import Guard
from windward.store.sql.columns import to_us
from windward.store.sql.database import Database, is_taken
from windward.store.sql.transaction import Transaction


class SqlLeases:
    """Who leads, and until when."""

    def __init__(self, database: Database) -> None:
        self._database = database
        sql = database.dialect.sql
        self._select = sql(
            f"SELECT holder, epoch, until_at FROM lease WHERE name = ?{database.dialect.update_lock}"
        )
        self._insert = sql("INSERT INTO lease (name, holder, epoch, until_at) VALUES (?, ?, 1, ?)")
        self._update = sql("UPDATE lease SET holder = ?, epoch = ?, until_at = ? WHERE name = ?")
        self._renew = sql("UPDATE lease SET until_at = ? WHERE name = ? AND holder = ? AND epoch = ?")
        self._held: dict[tuple[str, str], Guard] = {}
        """What was taken here: renewing it is one statement, and idle components do little else."""
        self._release = sql(
            "UPDATE lease SET holder = '', until_at = NULL WHERE name = ? AND holder = ? AND epoch = ?"
        )

    def take_lease(self, name: str, holder: str, *, now: datetime, until: datetime) -> Guard | None:
        """Take a free, expired or own lease; None when someone else holds it."""

        def take(transaction: Transaction) -> Guard | None:
            held = self._held.get((name, holder))
            if held is not None and transaction.one(self._renew, (to_us(until), name, holder, held.epoch)):
                return held
            found = transaction.select(self._select, (name,))
            if not found:
                transaction.one(self._insert, (name, holder, to_us(until)))
                return Guard(name=name, holder=holder, epoch=1)
            ((held_by, epoch, until_us),) = found
            now_us = to_us(now)
            assert now_us is not None
            if held_by not in {"", holder} and until_us is not None and until_us > now_us:
                return None
            if held_by != holder:
                epoch += 1
            transaction.one(self._update, (holder, epoch, to_us(until), name))
            return Guard(name=name, holder=holder, epoch=epoch)

        try:
            guard = self._database.write(take)
        except exc.IntegrityError as error:
            if is_taken(error):
                # Two began the first lease of this name at once: the other one has it.
                return None
            raise
        if guard is None:
            self._held.pop((name, holder), None)
        else:
            self._held[name, holder] = guard
        return guard

    def release_lease(self, guard: Guard) -> None:
        """Give a lease back, if it is still held."""
        self._held.pop((guard.name, guard.holder), None)
        values = (guard.name, guard.holder, guard.epoch)
        self._database.write(lambda transaction: transaction.one(self._release, values))
