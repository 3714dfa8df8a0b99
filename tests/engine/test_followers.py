"""What a run knows of the run before it: told change by change, it is what looking at the whole run would say."""

from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, calls_of, plan_of, record_of, run_of, task, view_of
from windward.core.actions import move
from windward.core.past import previous_of
from windward.core.transitions import TaskEvent
from windward.core.view import RunView
from windward.document import Expansion, LiteralLength
from windward.engine.cache import Cache
from windward.model.states import TaskState

EARLIER = plan_of(
    task("a"), task("m", "a", expansion=Expansion(style="product", arguments=(("x", LiteralLength(3)),))),
    task("z", "m"),
)  # fmt: skip
LATER = plan_of(
    task("a", wait_for_downstream=True, depends_on_past=True),
    task("m", "a", depends_on_past=True, wait_for_downstream=True),
    task("z", "m"),
)
EVENTS = (TaskEvent.PASS, TaskEvent.FAIL, TaskEvent.SKIP, TaskEvent.CLEAR, TaskEvent.MARK_SUCCESS)


def _earlier(size: int = 3) -> RunView:
    records = [record_of("a"), record_of("z"), *(record_of("m", map_index=n) for n in range(size))]
    return view_of(EARLIER, run=run_of(1), records=records)


def _said(view: RunView, size: int) -> object:
    previous = view.previous
    assert previous is not None
    states = [previous.state_of(name, index) for name in ("a", "m") for index in range(-1, size)]
    return [state if state is not TaskState.NONE else None for state in states], [
        previous.is_downstream_done(name) for name in ("a", "m")
    ]


def _cache(earlier: RunView) -> tuple[Cache, RunView]:
    cache = Cache(parallelism=10, queued_timeout_s=60)
    later = view_of(LATER, run=run_of(2))
    later.is_first, later.previous_pk, later.previous = False, 1, previous_of(earlier, LATER)
    cache.add_view(earlier)
    cache.add_view(later)
    return cache, later


@given(
    st.lists(st.tuples(st.sampled_from([("a", -1), ("z", -1), ("m", 0), ("m", 2)]), st.sampled_from(EVENTS)))
)
def test_a_later_run_knows_after_each_change_what_it_would_learn_anew(
    changes: list[tuple[tuple[str, int], TaskEvent]],
) -> None:
    earlier = _earlier()
    cache, later = _cache(earlier)
    for (task_id, index), event in changes:
        record = earlier.find(task_id, index)
        assert record is not None
        if record.state is TaskState.NONE or event in (TaskEvent.CLEAR, TaskEvent.MARK_SUCCESS):
            cache.fold(move(record, event, at=T0))
        anew = view_of(LATER, run=run_of(2))
        anew.previous = previous_of(earlier, LATER)
        assert _said(later, 3) == _said(anew, 3)


def test_a_good_end_wakes_the_same_instance_of_the_later_run_and_no_other() -> None:
    earlier = _earlier()
    cache, later = _cache(earlier)
    later.clean()
    record = earlier.find("m", 2)
    assert record is not None
    cache.fold(move(record, TaskEvent.PASS, at=T0))
    assert (later.dirty, later.dirty_instances) == (set(), {1: {2}})


def test_the_last_good_end_after_a_task_wakes_all_that_waits_for_downstream() -> None:
    earlier = _earlier(2)
    cache, later = _cache(earlier)
    for index in (0, 1):
        later.clean()
        record = earlier.find("m", index)
        assert record is not None
        cache.fold(move(record, TaskEvent.PASS, at=T0))
        assert later.dirty == (set() if index == 0 else {0})


def test_telling_a_later_run_costs_the_same_however_many_instances_there_are() -> None:
    costs = set()
    for size in (10, 2_000):
        earlier = _earlier(size)
        cache, _ = _cache(earlier)
        record = earlier.find("m", 5)
        assert record is not None
        action = move(record, TaskEvent.PASS, at=T0)
        costs.add(calls_of(lambda cache=cache, action=action: cache.fold(action)))  # type: ignore[misc]
    assert len(costs) == 1
