"""The table of transitions: closed, reachable, and what the documentation draws."""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.core.building import T0, record_of, run_of
from windward.core.actions import move, move_run
from windward.core.paths import callback_log_path, log_path
from windward.core.transitions import (
    ARCHIVING,
    REVOKING,
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    RunEvent,
    TaskEvent,
    is_legal,
    is_legal_for_run,
)
from windward.model.states import FINISHED, IN_FLIGHT, RunState, TaskState

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw", ROOT / "docs" / "draw.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_event_has_a_row() -> None:
    assert set(TASK_TRANSITIONS) == set(TaskEvent)
    assert set(RUN_TRANSITIONS) == set(RunEvent)


def _reached(first: str, table: dict, *, without: frozenset = frozenset()) -> set[str]:  # type: ignore[type-arg]
    found = {first}
    while True:
        more = {to for event, (froms, to) in table.items() if event not in without and froms & found} - found
        if not more:
            return found
        found |= more


def test_every_event_can_happen_to_something_that_was_created() -> None:
    reached = _reached(TaskState.NONE, TASK_TRANSITIONS)
    assert all(froms & reached for froms, _ in TASK_TRANSITIONS.values())
    assert all(froms & _reached(RunState.QUEUED, RUN_TRANSITIONS) for froms, _ in RUN_TRANSITIONS.values())


def test_every_state_can_be_reached() -> None:
    assert _reached(TaskState.NONE, TASK_TRANSITIONS) == set(TaskState)


def test_from_every_state_an_instance_can_finish_without_people() -> None:
    people = frozenset(
        {TaskEvent.MARK_SUCCESS, TaskEvent.MARK_FAILED, TaskEvent.MARK_SKIPPED, TaskEvent.CLEAR}
    )
    for state in TaskState:
        assert _reached(state, TASK_TRANSITIONS, without=people) & FINISHED


def test_a_finished_instance_moves_only_when_a_person_or_a_new_version_asks() -> None:
    moving = {event for event in TaskEvent for state in FINISHED if is_legal(event, state)}
    assert moving == {
        TaskEvent.CLEAR,
        TaskEvent.REMOVE,
        TaskEvent.RESTORE,
        TaskEvent.MARK_SUCCESS,
        TaskEvent.MARK_FAILED,
        TaskEvent.MARK_SKIPPED,
    }


def test_whatever_takes_an_attempt_from_its_worker_raises_the_fence() -> None:
    """Else the old attempt's last word would be believed. Its own word, and the end of a restart, need not."""
    own_word = {
        TaskEvent.START, TaskEvent.SUCCEED, TaskEvent.SKIP, TaskEvent.FAIL, TaskEvent.RETRY, TaskEvent.RESCHEDULE,
        TaskEvent.DEFER, TaskEvent.AWAIT_INPUT, TaskEvent.RESTART, TaskEvent.RESTARTED,
    }  # fmt: skip
    taking = {event for event, (froms, _) in TASK_TRANSITIONS.items() if froms & IN_FLIGHT} - own_word
    assert taking <= REVOKING


@pytest.mark.parametrize("event", sorted(TaskEvent))
@pytest.mark.parametrize("state", sorted(TaskState))
def test_a_move_that_the_table_does_not_have_cannot_be_built(event: TaskEvent, state: TaskState) -> None:
    record = record_of("a", state, fence=3, try_number=1)
    if not is_legal(event, state):
        with pytest.raises(AssertionError):
            move(record, event, at=T0)
        return
    action = move(record, event, at=T0)
    assert (action.expect_state, action.expect_fence, action.state) == (state, 3, TASK_TRANSITIONS[event][1])
    assert action.archives == (event in ARCHIVING)
    assert (action.fence == 4) == (event in REVOKING)


@pytest.mark.parametrize("event", sorted(RunEvent))
@pytest.mark.parametrize("state", sorted(RunState))
def test_a_move_of_a_run_that_the_table_does_not_have_cannot_be_built(
    event: RunEvent, state: RunState
) -> None:
    if is_legal_for_run(event, state):
        assert move_run(run_of(state=state), event, at=T0).state is RUN_TRANSITIONS[event][1]
    else:
        with pytest.raises(AssertionError):
            move_run(run_of(state=state), event, at=T0)


def test_an_instance_that_never_ran_leaves_nothing_in_the_history() -> None:
    assert move(record_of("a", TaskState.SKIPPED), TaskEvent.CLEAR, at=T0).archives is False


# -- the documentation -------------------------------------------------------------------


def test_the_page_of_states_is_the_one_that_the_table_draws(drawing: ModuleType) -> None:
    assert (ROOT / "docs" / "states.md").read_text(encoding="utf-8") == drawing._states_page()


def test_the_drawn_diagram_has_exactly_the_edges_of_the_table() -> None:
    """Read back from the Mermaid text, boxes taken apart, over the diagrams of tasks together."""
    text = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    tables: tuple[Mapping[Any, tuple[frozenset[Any], Any]], ...] = (TASK_TRANSITIONS, RUN_TRANSITIONS)
    drawn: set[tuple[str, str, str]] = set()
    for diagram in re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL):
        boxes = {
            box: set(members.split(", ")) for members, box in re.findall(r'state "([^"]+)" as (\w+)', diagram)
        }
        for source, target, events in re.findall(r"^    (\w+) --> (\w+): (.+)$", diagram, re.MULTILINE):
            for state in boxes.get(source, {source}):
                drawn |= {(event, state, target) for event in events.split(", ")}
    expected = {
        (event.value, state.value, target.value)
        for table in tables
        for event, (sources, target) in table.items()
        for state in sources
    }
    assert drawn <= expected
    by_people = {"clear", "restart", "restarted"}
    missing = {
        edge for edge in expected - drawn if edge[0] not in by_people and not edge[0].startswith("mark_")
    }
    assert missing == set()


# -- paths -------------------------------------------------------------------------------


def test_a_log_is_where_airflow_puts_it() -> None:
    assert log_path("d", "r", "t", -1, 2) == "dag_id=d/run_id=r/task_id=t/attempt=2.log"
    assert log_path("d", "r", "t", 7, 1) == "dag_id=d/run_id=r/task_id=t/map_index=7/attempt=1.log"


def test_no_two_attempts_share_a_log() -> None:
    found = [
        log_path("d", "r", task, index, number) for task in "ab" for index in (-1, 0, 1) for number in (1, 2)
    ]
    found += [
        callback_log_path("d", "r", kind, number) for kind in ("success", "failure") for number in (1, 2)
    ]
    assert len(set(found)) == len(found)
