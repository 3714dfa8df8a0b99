"""A small installation for commands: three DAGs, a file that does not import, and a clock that stands still."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from windward.app.session import Session
from windward.cli.main import main
from windward.core.actions import Action, move, move_run
from windward.core.runs import decide_manual_run
from windward.core.transitions import RunEvent, TaskEvent
from windward.document import DagDocument, content_hash, encode
from windward.document.dag import ParamDocument, TaskDocument
from windward.model.files import FileRecord
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunState, TaskState, TriggerRule
from windward.ports.store import Store
from windward.store.memory import MemoryStore
from windward.timetable.schedule import CronSchedule, NullSchedule, ScheduleKind

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


class StandingClock:
    """A clock that shows one time."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class CountingWakeup:
    """A wake-up that counts."""

    def __init__(self) -> None:
        self.count = 0

    def wake(self) -> None:
        self.count += 1


@dataclass(frozen=True)
class Said:
    """All that a command said, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A home with a store, and commands that run in it."""

    home: Path
    store: Store
    capture: pytest.CaptureFixture[str]
    open_session: Callable[[Mapping[str, str]], Session]
    wakeup: CountingWakeup

    def run(self, *words: str, **environ: str) -> Said:
        """Run a command in this process."""
        variables = {"WINDWARD_HOME": str(self.home), **environ}
        code = main(words, environ=variables, make_session=self.open_session)
        said = self.capture.readouterr()
        return Said(code=code, out=said.out, err=said.err)


def orders() -> DagDocument:
    """A daily DAG in Seoul with params and a small graph."""
    return DagDocument(
        dag_id="orders",
        fileloc="orders.py",
        description="Orders of the shop",
        timezone="Asia/Seoul",
        schedule=CronSchedule(expression="0 6 * * *", timezone="Asia/Seoul", kind=ScheduleKind.DATA_INTERVAL),
        schedule_text="0 6 * * *",
        start_date=datetime(2026, 2, 1, tzinfo=UTC),
        tags=("shop", "daily"),
        params={
            "limit": ParamDocument(has_default=True, default=10, schema={"type": "integer", "minimum": 1}),
            "region": ParamDocument(has_default=True, default="kr", schema={"enum": ["kr", "jp"]}),
        },
        tasks=(
            TaskDocument(task_id="extract", operator="PythonOperator", owner="ada", retries=2),
            TaskDocument(task_id="load_a", operator="BashOperator", owner="ada", upstream=("extract",)),
            TaskDocument(task_id="load_b", operator="BashOperator", owner="bob", upstream=("extract",)),
            TaskDocument(
                task_id="report",
                operator="EmptyOperator",
                upstream=("load_a", "load_b"),
                trigger_rule=TriggerRule.ALL_DONE,
            ),
        ),
    )


def documents() -> list[DagDocument]:
    """All DAGs of the installation."""
    return [
        orders(),
        DagDocument(
            dag_id="by_hand",
            fileloc="by_hand.py",
            schedule=NullSchedule(),
            params={"name": ParamDocument(schema={"type": "string"})},
            tasks=(TaskDocument(task_id="only", operator="BashOperator"),),
        ),
        DagDocument(
            dag_id="hourly",
            fileloc="hourly.py",
            schedule=CronSchedule(expression="@hourly", timezone="UTC", kind=ScheduleKind.TRIGGER),
            schedule_text="@hourly",
            start_date=datetime(2026, 1, 1, tzinfo=UTC),
            is_paused_upon_creation=True,
            tasks=(TaskDocument(task_id="tick", operator="PythonOperator"),),
        ),
    ]


def fill(store: Store) -> None:
    """Put the DAGs and the broken file into a store."""
    for document in documents():
        body = encode(document)
        store.catalog.put_file(
            FileRecord(
                fileloc=document.fileloc,
                content_hash="0" * 32,
                dag_ids=(document.dag_id,),
                parsed_at=NOW - timedelta(hours=1),
                duration_s=0.125,
            ),
            [(content_hash(body), body, document)],
            paused_at_creation=False,
            now=NOW - timedelta(hours=1),
        )
    store.catalog.put_file(
        FileRecord(
            fileloc="broken.py",
            content_hash="1" * 32,
            error="File \"broken.py\", line 3\n    import nowhere\nModuleNotFoundError: No module named 'nowhere'",
            parsed_at=NOW,
            duration_s=0.5,
        ),
        [],
        paused_at_creation=False,
        now=NOW,
    )


def finished_run(store: Store, run_id: str = "first", *, number: int = 1) -> RunRecord:
    """Put a run of `orders` into the store whose `load_b` failed; those with higher numbers are of later days."""
    began = NOW - timedelta(minutes=10)
    found = store.reads.dag_details("orders")
    assert found is not None
    action = decide_manual_run(
        found.document,
        document_hash=found.record.document_hash,
        run_pk=1000 + number,
        now=began,
        run_id=run_id,
        logical_date=datetime(2026, 2, 27, 21, tzinfo=UTC) + timedelta(days=number),
    )
    _apply(store, action, move_run(action.run, RunEvent.START, at=began, start_date=began))
    for second, task_id in enumerate(("extract", "load_a", "load_b", "report")):
        event = TaskEvent.FAIL if task_id == "load_b" else TaskEvent.SUCCEED
        _finish(store, action.run.run_pk, task_id, event, at=began + timedelta(seconds=second))
    (run,) = store.runs.load_runs([action.run.run_pk])
    _apply(store, move_run(run, RunEvent.FAIL, at=began, end_date=began + timedelta(seconds=9)))
    (run,) = store.runs.load_runs([action.run.run_pk])
    assert run.state is RunState.FAILED
    return run


def _finish(store: Store, run_pk: int, task_id: str, event: TaskEvent, *, at: datetime) -> None:
    _apply(store, move(_task(store, run_pk, task_id), TaskEvent.QUEUE, at=at, try_number=1, queued_at=at))
    _apply(store, move(_task(store, run_pk, task_id), TaskEvent.START, at=at, start_date=at, owner="host"))
    ended = at + timedelta(seconds=1)
    _apply(store, move(_task(store, run_pk, task_id), event, at=ended, end_date=ended))
    assert _task(store, run_pk, task_id).state in {TaskState.SUCCESS, TaskState.FAILED}


def _task(store: Store, run_pk: int, task_id: str) -> TaskRecord:
    (task,) = (task for task in store.runs.load_tasks([run_pk]) if task.task_id == task_id)
    return task


def _apply(store: Store, *actions: Action) -> None:
    assert store.runs.apply([list(actions)]).all


class KeptOpen(Session):
    """A session that leaves its store to the test."""

    @override
    def close(self) -> None:
        pass


@pytest.fixture
def make_installation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Store], Installation]:
    """Return a maker of installations over a store."""

    def make(store: Store) -> Installation:
        fill(store)

        wakeup = CountingWakeup()

        def session(environ: Mapping[str, str]) -> Session:
            return KeptOpen(
                environ,
                clock=StandingClock(),
                open_store=lambda settings: store,
                open_wakeup=lambda settings, store: wakeup,
            )

        return Installation(
            home=tmp_path / "home", store=store, capture=capsys, open_session=session, wakeup=wakeup
        )

    return make


@pytest.fixture
def installation(make_installation: Callable[[Store], Installation]) -> Installation:
    """Return an installation over a store in memory."""
    return make_installation(MemoryStore())


def transcript(installation: Installation, commands: Sequence[Sequence[str]]) -> str:
    """Run commands in turn and return all they said, as a person would see it."""
    parts = []
    for words in commands:
        said = installation.run(*words)
        lines = [f"$ windward {' '.join(_quoted(word) for word in words)}"]
        lines += said.out.splitlines()
        lines += [f"! {line}".rstrip() for line in said.err.splitlines()]
        if said.code:
            lines.append(f"[exit {said.code}]")
        parts.append("\n".join(lines))
    return "\n\n".join(parts).replace(str(installation.home), "HOME") + "\n"


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word)
