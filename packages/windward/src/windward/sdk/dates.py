"""Airflow's spellings of a moment: `ds`, `ts` and their kin in text. Pure functions of a moment."""

from __future__ import annotations

from datetime import datetime


def ds(value: datetime) -> str:
    """Return `YYYY-MM-DD`."""
    return value.strftime("%Y-%m-%d")


def ds_nodash(value: datetime) -> str:
    """Return `YYYYMMDD`."""
    return value.strftime("%Y%m%d")


def ts(value: datetime) -> str:
    """Return ISO 8601 with the offset."""
    return value.isoformat()


def ts_nodash(value: datetime) -> str:
    """Return `YYYYMMDDTHHMMSS`."""
    return value.strftime("%Y%m%dT%H%M%S")


def ts_nodash_with_tz(value: datetime) -> str:
    """Return ISO 8601 with the offset, without dashes and colons."""
    return value.isoformat().replace("-", "").replace(":", "")
