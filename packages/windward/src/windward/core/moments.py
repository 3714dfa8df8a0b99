"""Moments that lie ahead. What somebody wrote as a time limit may lead out of the calendar."""

from __future__ import annotations

from datetime import datetime, timedelta


def later(at: datetime, seconds: float) -> datetime | None:
    """Return the moment so many seconds after another; None when it never comes, for it is beyond the calendar."""
    try:
        return at + timedelta(seconds=seconds)
    except (OverflowError, ValueError):  # ValueError: it is no number at all
        return None
