"""Run ids as Airflow writes them: the type of run and a date.

What lives here: the text of generated ids. What may not: the grammar of ids that people choose (`model`), chance:
the suffix of a run without logical date is an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime


def run_id_of(
    run_type: str, *, semantics: str, run_after: datetime, logical_date: datetime | None, suffix: str
) -> str:
    """Return the id of a run: `<type>__<date>`, in UTC and ISO 8601.

    The date is the logical date with `airflow2` semantics, and the time the run starts after with `airflow3`. A run
    without logical date may share its start with others, so that its id ends in the `suffix` (some random letters).
    """
    if logical_date is None:
        return f"{run_type}__{run_after.astimezone(UTC).isoformat()}_{suffix}"
    date = logical_date if semantics == "airflow2" else run_after
    return f"{run_type}__{date.astimezone(UTC).isoformat()}"
