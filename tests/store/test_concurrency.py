"""Several writers on one database: exactly one wins, nobody is lost, nobody fails."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.building import T0, at, create, put, run_of, step, task_in, tasks_of
from tests.store.conftest import FERNET_KEY, SQL_PARAMS
from windward.core.actions import Action, ExpectRun, MoveTask, TouchRun, move, move_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.errors import ConflictError
from windward.model.ids import TaskKey
from windward.model.states import RunState
from windward.ports.store import Guard, Note
from windward.store.sql.apply import check_guard, write_groups
from windward.store.sql.cipher import Cipher
from windward.store.sql.database import Database
from windward.store.sql.moves import Texts
from windward.store.sql.open import SqlStore
from windward.store.sql.transaction import Transaction

WAIT_S = 60
LOAD = TaskKey(1, "load")


@pytest.fixture(params=SQL_PARAMS)
def pair(request: pytest.FixtureRequest, open_sql: Callable[[str], SqlStore]) -> tuple[SqlStore, SqlStore]:
    """Return two stores on one empty database, as two processes have them."""
    return open_sql(request.param), open_sql(request.param)


class Held:
    """A transaction that another thread keeps open until it is told to commit."""

    def __init__(self, store: SqlStore, work: Callable[[Transaction], Any]) -> None:
        self._inside = threading.Event()
        self._commit = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._done = self._pool.submit(Database(store.engine).write, self._run(work))
        assert self._inside.wait(WAIT_S)

    def _run(self, work: Callable[[Transaction], Any]) -> Callable[[Transaction], Any]:
        def run(transaction: Transaction) -> Any:
            result = work(transaction)
            self._inside.set()
            assert self._commit.wait(WAIT_S)
            return result

        return run

    def commit(self) -> Any:
        self._commit.set()
        result = self._done.result(WAIT_S)
        self._pool.shutdown()
        return result


def in_background(work: Callable[[], Any]) -> "Future[Any]":
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all at the same time; return what they give, in order."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        gate.wait(WAIT_S)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(WAIT_S) for future in [pool.submit(run, work) for work in works]]


def test_of_two_that_move_one_row_exactly_one_wins(pair: tuple[SqlStore, SqlStore]) -> None:
    pair[0].runs.apply([[create(run_of(), *(f"t{n}" for n in range(20)))]])
    for task in pair[0].runs.load_tasks([1]):
        action = move(task, TaskEvent.QUEUE, at=T0)
        results = at_once(
            *(lambda store=store, action=action: store.runs.apply([[action]]).all for store in pair)
        )
        assert sorted(results) == [False, True]
    assert {task.fence for task in pair[0].runs.load_tasks([1])} == {1}


def test_who_waits_for_a_row_decides_upon_what_it_became(pair: tuple[SqlStore, SqlStore]) -> None:
    first, second = pair
    first.runs.apply([[create(run_of(), "load")]])
    action = move(task_in(first, LOAD), TaskEvent.QUEUE, at=T0, reason="slow")
    shape_sql = "UPDATE task_instance SET state = 'queued', fence = 1 WHERE run_pk = 1"
    held = Held(first, lambda transaction: transaction.one(shape_sql, ()))

    waiting = in_background(lambda: second.runs.apply([[action]]))
    assert task_in(second, LOAD).fence == 0, "a reader waits for nobody and sees what is committed"
    held.commit()

    assert waiting.result(WAIT_S).results == (False,)
    assert second.runs.load_trail(LOAD) == []


def test_what_was_decided_before_a_person_changed_the_run_is_refused(pair: tuple[SqlStore, SqlStore]) -> None:
    leader, person = pair
    leader.runs.apply([[create(run_of(), "load", "sum")]])
    touch = "UPDATE dag_run SET revision = revision + 1 WHERE run_pk = 1"
    held = Held(person, lambda transaction: transaction.one(touch, ()))

    group: list[Action] = [
        ExpectRun(run_pk=1, revision=0),
        move(task_in(leader, LOAD), TaskEvent.QUEUE, at=T0),
    ]
    deciding = in_background(lambda: leader.runs.apply([group]))
    held.commit()

    assert deciding.result(WAIT_S).results == (False,)
    assert task_in(leader, LOAD).fence == 0


def test_a_person_waits_for_what_was_decided_on_the_run_as_it_was(pair: tuple[SqlStore, SqlStore]) -> None:
    leader, person = pair
    leader.runs.apply([[create(run_of(), "load")]])
    texts = Texts(Database(leader.engine).dialect, Cipher([FERNET_KEY]))
    order: list[str] = []

    def clear() -> None:
        person.runs.apply([[TouchRun(run_pk=1)]])
        order.append("touched")

    held = Held(
        leader, lambda transaction: write_groups(transaction, texts, [[ExpectRun(run_pk=1, revision=0)]])
    )
    clearing = in_background(clear)
    # A write that does not wait would be there before the commit, and the order below would be another one.
    threading.Event().wait(0.05)
    order.append("decided")
    held.commit()
    clearing.result(WAIT_S)

    assert order == ["decided", "touched"]


def test_two_that_create_one_run_make_one(pair: tuple[SqlStore, SqlStore]) -> None:
    for number in range(1, 11):
        runs = [run_of(2 * number + side, run_id=f"r{number}", logical_date=at(number)) for side in (0, 1)]
        results = at_once(
            *(
                lambda store=store, run=run: store.runs.apply([[create(run, "load", "sum")]]).all
                for store, run in zip(pair, runs, strict=True)
            )
        )
        assert sorted(results) == [False, True]
    assert len(pair[0].runs.load_open_runs()) == 10


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
)
def test_who_is_chosen_to_break_a_deadlock_does_its_work_again(
    kind: str, open_sql: Callable[[str], SqlStore]
) -> None:
    first, second = open_sql(kind), open_sql(kind)
    first.runs.apply([[create(run_of(), "a", "b")]])
    mark = "UPDATE task_instance SET max_tries = 7 WHERE run_pk = 1 AND map_index = -1 AND task_id = "
    has_a, may_go_on = threading.Event(), threading.Event()

    def a_then_b(transaction: Transaction) -> None:
        transaction.one(f"{mark}'a'", ())
        has_a.set()
        assert may_go_on.wait(WAIT_S)
        transaction.one(f"{mark}'b'", ())

    one = in_background(lambda: Database(first.engine).write(a_then_b))
    assert has_a.wait(WAIT_S)
    a, b = tasks_of(1, "a", "b")
    # Two shapes, for moves of one shape are one statement, which takes its locks in no order of ours.
    b_then_a = [[move(b, TaskEvent.QUEUE, at=T0, due_at=None)], [move(a, TaskEvent.QUEUE, at=T0)]]
    two = in_background(lambda: second.runs.apply(b_then_a))
    _wait_until_locked(first, "b")
    may_go_on.set()

    one.result(WAIT_S)
    assert two.result(WAIT_S).all
    assert {(task.max_tries, task.fence) for task in first.runs.load_tasks([1])} == {(7, 1)}


def _wait_until_locked(store: SqlStore, task_id: str) -> None:
    deadline = time.monotonic() + WAIT_S
    sql = f"SELECT 1 FROM task_instance WHERE run_pk = 1 AND task_id = '{task_id}' AND map_index = -1 FOR UPDATE NOWAIT"
    while time.monotonic() < deadline:
        try:
            with store.engine.begin() as connection:
                connection.exec_driver_sql(sql)
        except sa.exc.OperationalError:
            return
        threading.Event().wait(0.005)
    raise AssertionError(f"nobody locks `{task_id}`")


def test_a_write_that_reads_first_waits_for_its_turn_instead_of_failing_later(
    pair: tuple[SqlStore, SqlStore],
) -> None:
    first, second = pair
    first.runs.apply([[create(run_of(), "load")]])
    sql = "UPDATE task_instance SET max_tries = max_tries + 1"
    tries: list[int] = []
    held = Held(first, lambda transaction: transaction.one(sql, ()))

    def read_and_write(transaction: Transaction) -> None:
        tries.append(len(transaction.select("SELECT max_tries FROM task_instance")))
        transaction.one(sql, ())

    waiting = in_background(lambda: Database(second.engine).write(read_and_write))
    held.commit()
    waiting.result(WAIT_S)

    assert tries == [1]
    assert task_in(first, LOAD).max_tries == 2


def test_opposite_orders_lose_nothing(pair: tuple[SqlStore, SqlStore]) -> None:
    names = [f"t{n}" for n in range(30)]
    pair[0].runs.apply([[create(run_of(1), *names)], [create(run_of(2), *names)]])
    tasks = pair[0].runs.load_tasks([1, 2])
    forth = [[move(task, TaskEvent.QUEUE, at=T0, xcoms=(put("k", "v"),))] for task in tasks]
    back = list(reversed(forth))

    one, two = at_once(lambda: pair[0].runs.apply(forth), lambda: pair[1].runs.apply(back))

    assert [first ^ second for first, second in zip(one.results, reversed(two.results), strict=True)] == [
        True
    ] * 60
    assert {task.fence for task in pair[0].runs.load_tasks([1, 2])} == {1}


def test_one_of_many_gets_the_lease(pair: tuple[SqlStore, SqlStore]) -> None:
    for epoch in range(1, 6):
        now, until = at(epoch * 10), at(epoch * 10 + 5)
        takes = [
            lambda store=store, holder=f"{holder}-{epoch}", now=now, until=until: store.leases.take_lease(
                "scheduler", holder, now=now, until=until
            )
            for holder in "ab"
            for store in pair
        ]
        guards = [guard for guard in at_once(*takes) if guard is not None]
        # The same holder may take it twice: that is a renewal, with the same epoch.
        assert len({(guard.holder, guard.epoch) for guard in guards}) == 1
        assert guards[0].epoch == epoch


def test_a_takeover_in_between_refuses_everything(pair: tuple[SqlStore, SqlStore]) -> None:
    leader, other = pair
    guard = leader.leases.take_lease("scheduler", "a", now=at(0), until=at(10))
    leader.runs.apply([[create(run_of(), "load")]])
    takeover = Held(
        other, lambda transaction: transaction.one("UPDATE lease SET holder = 'b', epoch = epoch + 1", ())
    )

    groups = [[move(task_in(leader, LOAD), TaskEvent.QUEUE, at=T0)]]
    late = in_background(
        lambda: leader.runs.apply(groups, guard=guard, notes=[Note(kind="run", subject="1")])
    )
    takeover.commit()

    with pytest.raises(ConflictError):
        late.result(WAIT_S)
    assert task_in(leader, LOAD).fence == 0
    assert leader.runs.load_notes(after=0, limit=9) == []


def test_a_takeover_waits_for_a_write_that_was_guarded_in_time(pair: tuple[SqlStore, SqlStore]) -> None:
    leader, other = pair
    guard = leader.leases.take_lease("scheduler", "a", now=at(0), until=at(10))
    assert guard is not None
    texts = Texts(Database(leader.engine).dialect, Cipher([FERNET_KEY]))
    order: list[str] = []

    def guarded(transaction: Transaction) -> None:
        check_guard(transaction, texts, guard)

    def take_over() -> Guard | None:
        taken = other.leases.take_lease("scheduler", "b", now=at(11), until=at(20))
        order.append("takeover")
        return taken

    held = Held(leader, guarded)
    taking = in_background(take_over)
    assert not taking.done()
    order.append("commit")
    held.commit()

    taken = taking.result(WAIT_S)
    assert taken is not None
    assert (taken.epoch, order) == (2, ["commit", "takeover"])


def test_the_change_feed_never_shows_a_smaller_number_later(pair: tuple[SqlStore, SqlStore]) -> None:
    writers, notes_each = 4, 25
    stop = threading.Event()
    seen: list[Note] = []

    def write(store: SqlStore, writer: int) -> None:
        for number in range(notes_each):
            store.runs.apply(
                [], notes=[Note(kind="run", subject=f"{writer}.{number}"), Note(kind="dag", subject="x")]
            )

    def read() -> None:
        while True:
            is_last = stop.is_set()
            seen.extend(pair[0].runs.load_notes(after=seen[-1].note_pk if seen else 0, limit=1000))
            if is_last:
                return

    reading = in_background(read)
    at_once(
        *(lambda store=pair[writer % 2], writer=writer: write(store, writer) for writer in range(writers))
    )
    stop.set()
    reading.result(WAIT_S)

    assert [note.note_pk for note in seen] == list(range(1, 2 * writers * notes_each + 1))


def test_a_value_of_an_old_attempt_never_gets_in_behind_a_new_fence(pair: tuple[SqlStore, SqlStore]) -> None:
    pair[0].runs.apply([[create(run_of(), *(f"t{n}" for n in range(15)))]])
    for task in pair[0].runs.load_tasks([1]):
        group = [move(task, TaskEvent.QUEUE, at=T0, drop_xcoms=True)]
        value = put("k", "old").value

        def push(key: TaskKey = task.key, value: Any = value) -> bool:
            try:
                pair[1].xcoms.set_xcom(key, "k", value, fence=0, now=T0)
            except ConflictError:
                return False
            return True

        def queue(group: list[MoveTask] = group) -> bool:
            return pair[0].runs.apply([group]).all

        moved, _ = at_once(queue, push)
        assert moved
        assert pair[0].xcoms.get_xcom("sales", "manual__1", "k", task_id=task.task_id, map_index=-1) is None


def test_a_run_and_its_tasks_end_once_however_many_finish_it(pair: tuple[SqlStore, SqlStore]) -> None:
    run = run_of(state=RunState.RUNNING)
    pair[0].runs.apply([[create(run, "load")]])
    step(pair[0], LOAD, TaskEvent.QUEUE)
    step(pair[0], LOAD, TaskEvent.START)
    task = task_in(pair[0], LOAD)
    group = [
        move(task, TaskEvent.SUCCEED, at=T0),
        move_run(run, RunEvent.SUCCEED, at=T0, callback="success"),
    ]

    results = at_once(*(lambda store=pair[n % 2]: store.runs.apply([group]).all for n in range(4)))

    assert sorted(results) == [False, False, False, True]
    assert len(pair[0].runs.load_callbacks(limit=9)) == 1
