"""What failed of late, by cause."""

from datetime import timedelta

import pytest

from tests.api.conftest import NOW, Client
from tests.store.building import create, expand, put_dags, run_of, step
from windward.core.transitions import TaskEvent
from windward.model.ids import TaskKey
from windward.store.sql.open import SqlStore

ADDRESS = "/api/windward/v1/failures"


@pytest.fixture
def filled(client: Client, store: SqlStore) -> Client:
    put_dags(store, "sales")
    assert store.runs.apply([[create(run_of(1, run_id="r1"), "load", "save")]]).all
    assert store.runs.apply([[expand(1, "load", 3)]]).all
    ends = [(TaskKey(1, "load", index), f"no price in row {index}", index) for index in range(3)]
    ends.append((TaskKey(1, "save"), "disk full", 30))
    for key, reason, hours in ends:
        end_date = NOW - timedelta(hours=hours)
        step(store, key, TaskEvent.QUEUE, try_number=1)
        step(store, key, TaskEvent.START, owner="h")
        step(store, key, TaskEvent.FAIL, end_date=end_date, reason=reason)
    return client


def test_failures_of_a_day_are_told_by_cause(filled: Client) -> None:
    found = filled.ask("GET", ADDRESS, role="viewer").json
    assert (found["total_failures"], found["is_whole"]) == (3, True)
    [cause] = found["causes"]
    assert {name: cause[name] for name in ("task_id", "reason", "count", "runs", "map_index")} == {
        "task_id": "load", "reason": "no price in row 0", "count": 3, "runs": 1, "map_index": 0,
    }  # fmt: skip


def test_more_hours_have_more_causes(filled: Client) -> None:
    found = filled.ask("GET", f"{ADDRESS}?hours=48", role="viewer").json
    assert [cause["task_id"] for cause in found["causes"]] == ["load", "save"]


@pytest.mark.parametrize("hours", [0, 169, "x"])
def test_hours_have_bounds(filled: Client, hours: object) -> None:
    assert filled.ask("GET", f"{ADDRESS}?hours={hours}", role="viewer").status == 422
