"""What databases say differently, for statements that are written by hand."""

from __future__ import annotations

from collections.abc import Sequence

from windward.store.sql.batches import Batch

TRAIL_CHARS_MAX = 60_000
TRAIL_CHARS_KEPT = 30_000
"""A longer trail is cut to its newest half: a sensor that reschedules for weeks may not grow its row for ever."""


class Dialect:
    """What a dialect says differently."""

    def __init__(self, name: str) -> None:
        self.is_sqlite = name == "sqlite"
        self.is_postgres = name == "postgresql"
        self.is_mysql = name in {"mysql", "mariadb"}
        self.mark = "?" if self.is_sqlite else "%s"
        # A reader of the lease must make a takeover wait. SQLite has one writer anyway.
        self.share_lock = " FOR SHARE" if self.is_postgres else " LOCK IN SHARE MODE" if self.is_mysql else ""
        self.update_lock = "" if self.is_sqlite else " FOR UPDATE"
        self.is_same = "IS ?" if self.is_sqlite else "<=> ?" if self.is_mysql else "IS NOT DISTINCT FROM ?"
        newest = (
            f"substr(trail, -{TRAIL_CHARS_KEPT})" if self.is_sqlite else f"right(trail, {TRAIL_CHARS_KEPT})"
        )
        length = "char_length(trail)" if self.is_mysql else "length(trail)"
        trail = f"CASE WHEN {length} > {TRAIL_CHARS_MAX} THEN {newest} ELSE trail END"
        self.batches: dict[str, Batch] = {}
        """Statements that PostgreSQL was given for many rows; there is one per text of ours."""
        self.append_trail = f"concat({trail}, ?)" if self.is_mysql else f"({trail}) || ?"

    def sql(self, text: str) -> str:
        """Return `text`, written with `?` for parameters, as this dialect's driver wants it."""
        return text if self.is_sqlite else text.replace("?", "%s")

    def upsert(
        self, table: str, keys: Sequence[str], columns: Sequence[str], *, kept: Sequence[str] = ()
    ) -> str:
        """Return an insert of `keys`, `columns` and `kept` that replaces `columns` of a row with these keys."""
        names = [*keys, *columns, *kept]
        insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        if self.is_mysql:
            return self.sql(
                f"{insert} ON DUPLICATE KEY UPDATE {', '.join(f'{name} = VALUES({name})' for name in columns)}"
            )
        new = ", ".join(f"{name} = excluded.{name}" for name in columns)
        return self.sql(f"{insert} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {new}")
