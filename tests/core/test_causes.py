"""Failures by cause: the same task and the same reason, whatever numbers it names."""

from datetime import UTC, datetime, timedelta

from windward.core.causes import Failure, causes_of

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def failure(number: int, reason: str, *, task_id: str = "load", run_id: str = "r1") -> Failure:
    return Failure(
        dag_id="sales", run_id=run_id, task_id=task_id, map_index=-1, try_number=1,
        end_date=T0 - timedelta(minutes=number), reason=reason,
    )  # fmt: skip


def test_the_same_reason_is_one_cause_whose_newest_failure_is_shown() -> None:
    found = causes_of(
        [
            failure(1, "ValueError: row 17 has no price"),
            failure(2, "out of memory", run_id="r2"),
            failure(3, "ValueError: row 4 has no price", run_id="r2"),
            failure(4, "ValueError: row 5 has no price", run_id="r2"),
        ]
    )
    assert [(cause.newest.reason, cause.count, len(cause.runs)) for cause in found] == [
        ("ValueError: row 17 has no price", 3, 2),
        ("out of memory", 1, 1),
    ]


def test_another_task_has_a_cause_of_its_own() -> None:
    assert len(causes_of([failure(1, "x"), failure(2, "x", task_id="save")])) == 2
