"""What kinds of warnings documents hold: those that Airflow has, told by their words. Everything else is advice.

The words are made where a warning is found (`windward.sdk`, `windward.processor`); a test holds both together.
"""

from __future__ import annotations

from enum import StrEnum


class DagWarningType(StrEnum):
    """Airflow's kinds of warnings of DAGs."""

    ASSET_CONFLICT = "asset conflict"
    NON_EXISTENT_POOL = "non-existent pool"
    RUNTIME_VARYING_VALUE = "runtime varying value"


def warning_type(text: str) -> DagWarningType | None:
    """Return the kind of a warning, or None for advice that Airflow has no kind for."""
    if text.startswith("pool `"):
        return DagWarningType.NON_EXISTENT_POOL
    if "they are different assets" in text:
        return DagWarningType.ASSET_CONFLICT
    return None
