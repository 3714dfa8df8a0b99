"""The same DAG files end the same way here as in real Airflow: states, XComs, run ids, intervals.

`record.py` recorded what Airflow does. Each difference that we want is named below with its reason; one that
is not there any more fails too.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.golden.replay import load_dags, replay, replay_cleared, replay_latest, settings_for
from windward.document import DagDocument
from windward.model.states import RunType, Semantics
from windward.sdk.dag import DAG
from windward.settings import Settings
from windward.timetable import Restriction, next_slot, run_id_of

HERE = Path(__file__).parent
RECORDED = {
    "airflow2": json.loads((HERE / "airflow_2_11.json").read_text(encoding="utf-8")),
    "airflow3": json.loads((HERE / "airflow_3_3.json").read_text(encoding="utf-8")),
}
RUNS = [(semantics, dag_id) for semantics, found in RECORDED.items() for dag_id in sorted(found["dags"])]
CLEARED = [
    (semantics, dag_id, words)
    for semantics, found in RECORDED.items()
    for dag_id, asked in sorted(found["cleared"].items())
    for words in asked
]
DIFFERENCES: dict[str, dict[str, tuple[Any, Any]]] = {
    # A failure crosses the graph in one decision here: `u2` has ended before `k1` runs. In Airflow each level
    # of the graph takes a pass of its own, so that the skip comes first. `all_success` follows the first.
    "trigger_rules": {"0 tasks all_success__ku": ("skipped", "upstream_failed")},
}
"""By DAG, for both semantics, what differs: (theirs, ours)."""
DIFFERENCES_OF: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {
    # Airflow 3.3 does not see what a branch within a mapped group decided; 2.11 does, by map index, as we do.
    ("airflow3", "group_branches"): {
        "0 tasks branched.left[1]": ("success", "skipped"),
        "0 tasks branched.right[0]": ("success", "skipped"),
    },
    ("airflow3", "group_short_circuits"): {
        "0 tasks short.one[1]": ("success", "skipped"),
        "0 tasks short.two[1]": ("success", "skipped"),
        "0 tasks after_all_success": ("success", "skipped"),
    },
    # A short circuit skips all below it whatever their rules. In a mapped group 2.11 does so for direct successors only.
    ("airflow2", "group_short_circuits"): {
        "0 tasks short.two[1]": ("success", "skipped"),
        "0 tasks after_all_success": ("success", "skipped"),
    },
    # `one_failed` and its like within a mapped group look at every map index in 2.11, at their own in 3.3 and here.
    ("airflow2", "group_one_fails"): {
        "0 tasks mixed.if_failed[0]": ("success", "skipped"),
        "0 tasks mixed.if_failed[2]": ("success", "skipped"),
        "0 tasks after_all_success": ("success", "skipped"),
    },
    # From outside, the results of a task in a mapped group are a list in 3.3 and here, a sequence of its own in 2.11.
    ("airflow2", "group_values_outside"): {
        "0 xcoms kinds return_value": ([False, ["a", "c"]], [True, ["a", "c"]])
    },
    # All results of a mapped task that returned nothing are None in 2.11, and no results in 3.3 and here.
    ("airflow2", "map_all_skipped"): {
        "0 state": ("failed", "success"),
        "0 tasks total": ("failed", "success"),
        "0 xcoms total return_value": (None, []),
    },
}
"""By semantics and DAG, what differs from one Airflow only."""
CLEARED_DIFFERENCES: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {
    # A far short circuit skips all below it; that stays so for each of them until the short circuit is cleared with
    # it. In Airflow it stays so for what is right behind it only.
    ("gate_far", "two"): {"0 tasks two": (["success", 1], ["skipped"])},
    ("gate_far", "one down"): {
        "0 tasks two": (["success", 1], ["skipped"]),
        "0 tasks three": (["success", 1], ["skipped"]),
    },
    # What follows something that runs again runs again too, here also when that is above what was named.
    ("branch", "left up down"): {
        "0 cleared": (
            ["choose", "join", "left", "strict_join"],
            ["below_right", "choose", "join", "left", "right", "strict_join"],
        ),
    },
}
"""By DAG and what is cleared, for both semantics."""
LATEST_DIFFERENCES: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {
    # The slots of a trigger timetable have no length, and 2.11 looks whether now is inside the next one: it never is.
    ("airflow2", "latest_trigger"): {
        "0 newest one": (["skipped", 0], ["success"]),
        "0 newest two": (["skipped", 0], ["success"]),
    },
}
"""By semantics and DAG."""


@pytest.fixture(scope="module", params=sorted(RECORDED))
def semantics(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Settings, dict[str, Any]]]:
    home = tmp_path_factory.mktemp("home")
    settings = {semantics: settings_for(semantics, home) for semantics in RECORDED}
    return {semantics: (item, load_dags(item)) for semantics, item in settings.items()}


@pytest.mark.parametrize(("semantics", "dag_id"), RUNS)
def test_a_dag_ends_as_it_does_in_airflow(
    semantics: str, dag_id: str, loaded: dict[str, tuple[Settings, dict[str, Any]]], tmp_path: Path
) -> None:
    settings, dags = loaded[semantics]
    expected = RECORDED[semantics]["dags"][dag_id]
    dates = [datetime.fromisoformat(run["logical_date"]) for run in expected]

    dag, document = dags[dag_id]
    ours = replay(dag, document, dates, settings, tmp_path)

    named = DIFFERENCES.get(dag_id, {}) | DIFFERENCES_OF.get((semantics, dag_id), {})
    assert _different(expected, ours) == named


@pytest.mark.parametrize(("semantics", "dag_id", "words"), CLEARED)
def test_a_cleared_dag_ends_as_it_does_in_airflow(
    semantics: str,
    dag_id: str,
    words: str,
    loaded: dict[str, tuple[Settings, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    settings, dags = loaded[semantics]
    dag, document = dags[dag_id]

    ours = replay_cleared(dag, document, words.split(), settings, tmp_path)

    expected = RECORDED[semantics]["cleared"][dag_id][words]
    assert _different([expected], [ours]) == CLEARED_DIFFERENCES.get((dag_id, words), {})


@pytest.mark.parametrize("dag_id", sorted(RECORDED["airflow3"]["latest"]))
def test_only_the_newest_of_a_schedule_goes_on_as_in_airflow(
    semantics: str, dag_id: str, loaded: dict[str, tuple[Settings, dict[str, Any]]], tmp_path: Path
) -> None:
    settings, dags = loaded[semantics]
    dag, document = dags[dag_id]

    ours = replay_latest(dag, document, settings, tmp_path)

    expected = RECORDED[semantics]["latest"][dag_id]
    assert _different([expected], [ours]) == LATEST_DIFFERENCES.get((semantics, dag_id), {})


def test_every_dag_file_was_recorded(loaded: dict[str, tuple[Settings, dict[str, Any]]]) -> None:
    _, dags = loaded["airflow3"]
    assert set(RECORDED["airflow3"]["dags"]) | set(RECORDED["airflow3"]["latest"]) == set(dags)
    assert set(RECORDED["airflow3"]["dags"]) - set(RECORDED["airflow2"]["dags"]) == {"trigger_rules_of_3_1"}


@pytest.mark.parametrize("name", ["daily", "quarter_past", "two_hours", "once"])
def test_a_schedule_gives_the_slots_and_run_ids_of_airflow(semantics: str, name: str) -> None:
    document = _scheduled(name, semantics)
    restriction = Restriction(document.start_date, None, catchup=True)
    far = datetime(2027, 1, 1, tzinfo=UTC)
    found: list[dict[str, Any]] = []
    last = None
    while len(found) < 3:
        slot = next_slot(document.schedule, last=last, restriction=restriction, now=far)
        if slot is None:
            break
        last = slot.data_interval
        run_id = run_id_of(
            RunType.SCHEDULED,
            semantics=semantics,
            run_after=slot.run_after,
            logical_date=slot.logical_date,
            suffix="",
        )
        found.append(
            {
                "run_id": run_id,
                "run_after": slot.run_after.isoformat(),
                "logical_date": slot.logical_date.isoformat(),
                "data_interval": [last.start.isoformat(), last.end.isoformat()],
            }
        )
    assert found == RECORDED[semantics]["schedules"][name]


def _scheduled(name: str, semantics: str) -> DagDocument:
    from datetime import timedelta

    from windward.sdk.serialize import to_document

    schedule = {
        "daily": "@daily",
        "quarter_past": "15 3 * * *",
        "two_hours": timedelta(hours=2),
        "once": "@once",
    }[name]
    dag = DAG("slots", schedule=schedule, start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=True)
    return to_document(
        dag, fileloc="slots.py", code_hash="", semantics=Semantics(semantics), semantics_reason="asked"
    )


def _different(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> dict[str, tuple[Any, Any]]:
    found = {}
    for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
        for part in sorted(one):
            left, right = one[part], other[part]
            if isinstance(left, dict):
                for name in sorted(set(left) | set(right)):
                    if not _same(left.get(name), right.get(name)):
                        found[f"{number} {part} {name}"] = (left.get(name), right.get(name))
            elif left != right:
                found[f"{number} {part}"] = (left, right)
    return found


def _same(theirs: Any, ours: Any) -> bool:
    """Whether two values agree; tasks that do nothing have no tries here, and one in Airflow."""
    has_no_tries = isinstance(ours, list) and len(ours) == 1 and isinstance(theirs, list) and len(theirs) == 2
    return bool(theirs[:1] == ours if has_no_tries else theirs == ours)
