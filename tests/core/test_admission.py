"""Who gets a slot: order, limits that are never exceeded, fairness, and the cost of what waits.

Longer than 400 lines because the state machine of slots is told once, against a model of its own.
"""

from collections.abc import Hashable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.building import T0, at, plan_of, record_of, run_of, task, view_of
from windward.core.admission import Limits, ReadyQueue, Usage
from windward.core.view import RunView
from windward.document import TaskDocument
from windward.model.ids import TaskKey
from windward.model.states import Semantics, TaskState


class Bench:
    """A queue with its runs, as the engine holds them, and a record of what was looked at."""

    def __init__(self, *, parallelism: int = 1_000, **pools: int) -> None:
        self.queue = ReadyQueue()
        self.usage = Usage()
        self.limits = Limits(parallelism, {"default_pool": -1, **pools})
        self.views: dict[int, RunView] = {}
        self.paused: set[str] = set()
        self.looked_at = 0

    def run(
        self, *tasks: TaskDocument, pk: int = 0, after: float = 0, is_idle: bool = False, **dag: Any
    ) -> RunView:
        pk = pk or len(self.views) + 1
        plan = plan_of(*tasks, **{"max_active_tasks": 10_000, **dag})
        run = run_of(pk, dag_id=plan.document.dag_id, run_after=at(after), is_idle_class=is_idle)
        view = self.views[pk] = view_of(plan, run=run)
        for item in tasks:
            self.queue.add(view, TaskKey(pk, item.task_id))
        return view

    def check(self, key: TaskKey) -> Hashable | bool:
        self.looked_at += 1
        view = self.views[key.run_pk]
        record = view.find(key.task_id, key.map_index)
        if view.run.dag_id in self.paused:
            return ("paused", view.run.dag_id)
        return record is not None and record.state is TaskState.NONE

    def admit(self, *, most: int = 10_000, capacity: int = 10_000) -> list[str]:
        keys = self.queue.admit(
            self.usage, self.limits, capacity=capacity, check=self.check, admitted_max=most
        )
        for key in keys:
            self.move(key, TaskState.QUEUED)
        return [f"{key.run_pk}/{key.task_id}" for key in keys]

    def move(self, key: TaskKey, state: TaskState) -> None:
        view = self.views[key.run_pk]
        before = view.find(key.task_id, key.map_index)
        assert before is not None
        after = msgspec.structs.replace(before, state=state)
        view.tasks[view.plan.number_of[key.task_id]] = after
        self.usage.changed(view, before, after)

    def finish(self, name: str) -> None:
        """End an attempt and let go what was set aside for its limits, as the engine does."""
        from windward.core.admission import scopes

        pk, task_id = name.split("/")
        key = TaskKey(int(pk), task_id)
        self.move(key, TaskState.SUCCESS)
        view = self.views[key.run_pk]
        for scope, size in scopes(view.plan, key.run_pk, view.plan.number_of[task_id]):
            if self.usage.scopes.get(scope, 0) < size:
                self.queue.release(scope)


def weighted(task_id: str, weight: int = 1, **fields: Any) -> TaskDocument:
    return task(task_id, priority_weight=weight, weight_rule="absolute", **fields)


# -- order -------------------------------------------------------------------------------


def test_the_order_is_priority_then_run_date_then_name() -> None:
    bench = Bench()
    bench.run(weighted("b", 1), weighted("a", 1), weighted("c", 9), after=60)
    bench.run(weighted("z", 1), weighted("y", 2), after=0)
    assert bench.admit() == ["1/c", "2/y", "2/z", "1/a", "1/b"]


def test_what_comes_again_stands_behind_what_has_not_begun_and_in_the_order_in_which_it_came() -> None:
    bench = Bench()
    names = ("a", "b", "c", "d")
    plan = plan_of(*map(task, names), max_active_tasks=10_000)
    states = {"a": TaskState.UP_FOR_RESCHEDULE, "b": TaskState.UP_FOR_RETRY, "c": TaskState.UP_FOR_RESCHEDULE}
    due = {"a": at(9), "b": at(5), "c": at(7)}
    records = [record_of(name, state, due_at=due[name]) for name, state in states.items()]
    view = bench.views[1] = view_of(plan, records=records)
    for name in names:
        bench.queue.add(view, TaskKey(1, name))
    assert bench.queue.admit(bench.usage, bench.limits, capacity=9, check=lambda _: True, admitted_max=9) == [
        TaskKey(1, name) for name in ("d", "b", "c", "a")
    ]


def test_the_order_holds_across_pools_and_limits() -> None:
    bench = Bench(red=5, blue=5)
    bench.run(weighted("a", 3, pool="red"), weighted("b", 9, pool="blue", max_active_tis_per_dag=1))
    bench.run(weighted("c", 5, pool="red", pool_slots=2))
    assert bench.admit() == ["1/b", "2/c", "1/a"]


def test_an_instance_that_waits_already_is_not_added_twice() -> None:
    bench = Bench()
    view = bench.run(task("a"))
    bench.queue.add(view, TaskKey(1, "a"))
    assert (len(bench.queue), bench.admit(), bench.admit()) == (1, ["1/a"], [])


def test_what_is_not_ready_any_more_is_dropped_and_the_next_one_comes() -> None:
    bench = Bench()
    bench.run(weighted("a", 9), weighted("b", 1))
    bench.move(TaskKey(1, "a"), TaskState.SKIPPED)
    assert bench.admit() == ["1/b"]
    assert len(bench.queue) == 0


# -- limits ------------------------------------------------------------------------------


def test_no_more_is_admitted_than_parallelism_capacity_and_the_batch_allow() -> None:
    for limits, most, capacity in ((2, 99, 99), (99, 2, 99), (99, 99, 2)):
        bench = Bench(parallelism=limits)
        bench.run(*(task(f"t{n}") for n in range(5)))
        assert len(bench.admit(most=most, capacity=capacity)) == 2


def test_a_pool_that_does_not_exist_gives_no_slot() -> None:
    bench = Bench()
    bench.run(task("a", pool="gone"), task("b"))
    assert bench.admit() == ["1/b"]


def test_a_task_may_take_several_slots_and_a_smaller_one_passes_by_when_it_does_not_fit() -> None:
    bench = Bench(red=3)
    bench.run(weighted("large", 9, pool="red", pool_slots=2), weighted("other", 8, pool="red", pool_slots=2))
    bench.run(weighted("small", 1, pool="red"))
    assert bench.admit() == ["1/large", "2/small"]
    bench.finish("1/large")
    assert bench.admit() == ["1/other"]


def test_active_tasks_are_limited_per_run_or_per_dag_by_semantics() -> None:
    counts = {}
    for semantics in Semantics:
        bench = Bench()
        for pk in (1, 2):
            bench.run(*(task(f"t{n}") for n in range(5)), pk=pk, semantics=semantics, max_active_tasks=2)
        counts[semantics] = len(bench.admit())
    assert counts == {Semantics.AIRFLOW2: 2, Semantics.AIRFLOW3: 4}


def test_instances_of_a_task_are_limited_over_all_runs_and_within_one() -> None:
    over_all, within = Bench(), Bench()
    for pk in (1, 2, 3):
        over_all.run(task("a", max_active_tis_per_dag=2), task("b"), pk=pk)
        within.run(task("a", max_active_tis_per_dagrun=1), pk=pk)
    assert sorted(name for name in over_all.admit() if name.endswith("a")) == ["1/a", "2/a"]
    assert len(within.admit()) == 3


def test_what_was_set_aside_for_a_limit_comes_back_when_it_has_room() -> None:
    bench = Bench()
    bench.run(*(task(f"t{n}") for n in range(3)), max_active_tasks=1)
    seen = []
    for _ in range(3):
        (name,) = bench.admit()
        assert bench.admit() == []
        bench.finish(name)
        seen.append(name)
    assert (seen, bench.admit()) == (["1/t0", "1/t1", "1/t2"], [])


def test_a_paused_dag_is_set_aside_until_it_is_released() -> None:
    bench = Bench()
    bench.run(task("a"), dag_id="paused")
    bench.run(task("b"), dag_id="other")
    bench.paused = {"paused"}
    assert bench.admit() == ["2/b"]
    bench.paused = set()
    assert bench.admit() == []
    bench.queue.release(("paused", "paused"))
    assert bench.admit() == ["1/a"]


# -- fairness ----------------------------------------------------------------------------


def test_a_long_backlog_in_a_full_pool_hides_nobody() -> None:
    bench = Bench(full=0)
    bench.run(*(weighted(f"t{n}", 99, pool="full") for n in range(1_000)))
    bench.run(weighted("a", 1))
    assert bench.admit() == ["2/a"]


def test_a_long_backlog_of_one_dag_hides_no_other_dag_in_the_same_pool() -> None:
    bench = Bench(red=5)
    bench.run(*(weighted(f"t{n}", 99, pool="red") for n in range(1_000)), dag_id="greedy", max_active_tasks=2)
    bench.run(weighted("a", 1, pool="red"), dag_id="modest")
    assert bench.admit() == ["1/t0", "1/t1", "2/a"]


def test_backfills_take_a_slot_only_when_no_other_run_waits_for_one() -> None:
    bench = Bench(parallelism=3)
    bench.run(*(weighted(f"i{n}", 99) for n in range(4)), is_idle=True)
    bench.run(weighted("a", 1), weighted("b", 1))
    assert bench.admit() == ["2/a", "2/b", "1/i0"]


def test_backfills_do_not_wait_for_those_that_wait_for_another_limit() -> None:
    bench = Bench(full=0)
    bench.run(task("i"), is_idle=True)
    bench.run(task("a", pool="full"))
    assert bench.admit() == ["1/i"]


def test_backfills_get_no_slot_of_a_pool_that_others_wait_for() -> None:
    bench = Bench(red=2)
    bench.run(weighted("i", 99, pool="red"), is_idle=True)
    bench.run(weighted("big", 1, pool="red", pool_slots=2), dag_id="normal")
    assert bench.admit() == ["2/big"]


# -- cost --------------------------------------------------------------------------------


def _cost_with_backlog(count: int) -> tuple[int, list[str]]:
    bench = Bench(full=0)
    for dag in range(10):
        bench.run(
            *(weighted(f"t{n}", 9, pool="full" if dag % 2 else "default_pool") for n in range(count // 10)),
            dag_id=f"d{dag}",
            max_active_tasks=0,
        )
    bench.run(*(weighted(f"r{n}", 1) for n in range(5)), dag_id="runs")
    bench.admit(most=1)
    bench.looked_at = 0
    entries = _CountingEntry.count(bench)
    return entries + bench.looked_at, bench.admit()


class _CountingEntry:
    """Counts comparisons of entries: each heap operation makes some."""

    @staticmethod
    def count(bench: Bench) -> int:
        import sys

        calls = 0

        def trace(_frame: object, event: str, argument: object) -> None:
            nonlocal calls
            name = getattr(argument, "__name__", "")
            if event == "c_call" and name in {"heappush", "heappop"}:
                calls += 1

        before = sys.getprofile()
        sys.setprofile(trace)
        try:
            bench.admit(most=4)
        finally:
            sys.setprofile(before)
        return calls


def test_work_is_proportional_to_what_is_admitted_and_not_to_what_waits() -> None:
    small, rest = _cost_with_backlog(100)
    large, same = _cost_with_backlog(100_000)
    assert rest == same == []
    assert small == large
    assert 0 < large <= 5 * 4


# -- a model -----------------------------------------------------------------------------


class Admission(RuleBasedStateMachine):
    """Random work against the limits counted naively, and against a search for anything that was passed over."""

    @initialize(
        parallelism=st.integers(1, 6),
        red=st.integers(-1, 4),
        blue=st.integers(0, 4),
        per_dag=st.integers(1, 4),
    )
    def begin(self, parallelism: int, red: int, blue: int, per_dag: int) -> None:
        self.bench = Bench(parallelism=parallelism, red=red, blue=blue)
        self.per_dag = per_dag
        self.live: list[str] = []

    @rule(
        pools=st.lists(st.sampled_from(["red", "blue"]), min_size=1, max_size=4),
        slots=st.integers(1, 2),
        weight=st.integers(1, 3),
        dag=st.sampled_from(["one", "two"]),
        is_idle=st.booleans(),
        limit=st.sampled_from([None, 1, 2]),
    )
    def add(
        self, pools: list[str], slots: int, weight: int, dag: str, is_idle: bool, limit: int | None
    ) -> None:
        tasks = [
            weighted(f"t{n}", weight, pool=pool, pool_slots=slots, max_active_tis_per_dagrun=limit)
            for n, pool in enumerate(pools)
        ]
        semantics = Semantics.AIRFLOW2 if dag == "two" else Semantics.AIRFLOW3
        self.bench.run(
            *tasks, dag_id=dag, is_idle=is_idle, max_active_tasks=self.per_dag, semantics=semantics
        )

    @rule(most=st.integers(1, 5))
    def admit(self, most: int) -> None:
        admitted = self.bench.admit(most=most)
        self.live.extend(admitted)
        if len(admitted) < most:
            assert not self._could_run(), "somebody was passed over"

    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        if self.live:
            name = data.draw(st.sampled_from(sorted(self.live)))
            self.live.remove(name)
            self.bench.finish(name)

    @rule(data=st.data())
    def skip(self, data: st.DataObject) -> None:
        """What waits may be ended by somebody else."""
        waiting = self._waiting()
        if waiting:
            self.bench.move(data.draw(st.sampled_from(waiting)), TaskState.SKIPPED)

    @invariant()
    def limits_hold(self) -> None:
        if hasattr(self, "bench"):
            for label, used, size in self._counts():
                assert size < 0 or used <= size, label

    def _waiting(self) -> list[TaskKey]:
        return [
            record.key
            for view in self.bench.views.values()
            for record in view.all_instances()
            if record.state is TaskState.NONE
        ]

    def _counts(self, more: TaskKey | None = None) -> list[tuple[str, int, int]]:
        """Count everything from the instances; with one `more` in flight."""
        keys = [TaskKey(int(name.split("/")[0]), name.split("/")[1]) for name in self.live]
        keys += [more] if more else []
        counts: dict[tuple[str, Any], list[int]] = {("all", 0): [0, self.bench.limits.parallelism]}
        for key in keys:
            view = self.bench.views[key.run_pk]
            document = view.plan.tasks[view.plan.number_of[key.task_id]]
            dag = view.plan.document
            scope = key.run_pk if dag.semantics is Semantics.AIRFLOW3 else dag.dag_id
            counts["all", 0][0] += 1
            pool = counts.setdefault(("pool", document.pool), [0, self.bench.limits.pools[document.pool]])
            pool[0] += document.pool_slots
            counts.setdefault(("dag", scope), [0, dag.max_active_tasks])[0] += 1
            if document.max_active_tis_per_dagrun is not None:
                name = ("task", (key.run_pk, key.task_id))
                counts.setdefault(name, [0, document.max_active_tis_per_dagrun])[0] += 1
        return [(f"{label}", used, size) for label, (used, size) in counts.items()]

    def _could_run(self) -> list[TaskKey]:
        waiting = self._waiting()
        wanted = {self._pool(key) for key in waiting if not self._is_idle(key) and self._fits(key)}
        return [
            key
            for key in waiting
            if all(size < 0 or used <= size for _, used, size in self._counts(key))
            and not (self._is_idle(key) and self._pool(key) in wanted)
        ]

    def _pool(self, key: TaskKey) -> str:
        view = self.bench.views[key.run_pk]
        return view.plan.tasks[view.plan.number_of[key.task_id]].pool

    def _is_idle(self, key: TaskKey) -> bool:
        return self.bench.views[key.run_pk].run.is_idle_class

    def _fits(self, key: TaskKey) -> bool:
        """Whether an instance could ever run in its pool: then the idle class leaves the pool to it."""
        view = self.bench.views[key.run_pk]
        size = self.bench.limits.pools[self._pool(key)]
        return size < 0 or view.plan.tasks[view.plan.number_of[key.task_id]].pool_slots <= size


TestAdmission = Admission.TestCase
TestAdmission.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_everything_that_waits_is_admitted_in_one_order(items: list[tuple[int, int]]) -> None:
    bench = Bench()
    for pk, (weight, after) in enumerate(items, start=1):
        bench.run(weighted("a", weight), pk=pk, after=after)
    order = sorted(range(1, len(items) + 1), key=lambda pk: (-items[pk - 1][0], items[pk - 1][1], pk))
    assert bench.admit() == [f"{pk}/a" for pk in order]
    assert at(0) == T0
