"""Suggestions for names that do not exist."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean `x`? `` for the nearest known name, or nothing."""
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`? " if close else ""
