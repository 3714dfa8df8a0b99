"""Column types that mean the same on every database, and times to integers and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_BYTE_ORDER = "C"
"""PostgreSQL sorts ids by code point, as the other databases do (and Python), not by a language's rules."""


def to_us(at: datetime | None) -> int | None:
    """Return an aware time as microseconds since the epoch."""
    if at is None:
        return None
    distance = at - EPOCH
    return (distance.days * 86_400 + distance.seconds) * 1_000_000 + distance.microseconds


def from_us(value: int | None) -> datetime | None:
    """Return microseconds since the epoch as an aware UTC time."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def time_of(value: int) -> datetime:
    """Return microseconds since the epoch, which are there, as an aware UTC time."""
    return EPOCH + timedelta(microseconds=value)


def storable(text: str) -> str:
    """Return `text` without what a database cannot hold: NUL characters and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def storable_or_none(text: str | None) -> str | None:
    """Return `storable(text)`, or None."""
    return None if text is None else storable(text)


def json_text(value: Any) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC time, stored as microseconds since the epoch: exact and the same everywhere."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> int | None:
        """Return microseconds."""
        return to_us(value)

    def process_result_value(self, value: Any, _dialect: sa.Dialect) -> datetime | None:
        """Return the time."""
        return from_us(value)


class JsonText(sa.types.TypeDecorator[Any]):
    """A JSON value as text; no database looks inside."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return MySQL's larger text type there."""
        return dialect.type_descriptor(
            mysql.MEDIUMTEXT() if dialect.name in {"mysql", "mariadb"} else sa.Text()
        )

    def process_bind_param(self, value: Any, _dialect: sa.Dialect) -> str | None:
        """Return JSON."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: Any, _dialect: sa.Dialect) -> Any:
        """Return the value."""
        return None if value is None else msgspec.json.decode(value)


def key_type(length: int = 250) -> sa.String:
    """Return the type of ids: compared byte by byte, case matters."""
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation=_BYTE_ORDER), "postgresql")


def long_text() -> sa.Text:
    """Return the type of text of up to 16 MB."""
    return sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def bytes_type() -> sa.LargeBinary:
    """Return the type of bytes of up to 4 GB."""
    return sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def counted_pk() -> sa.BigInteger:
    """Return the type of primary keys that the database counts."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
