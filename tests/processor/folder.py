"""A DAG folder under test, and an author that reads DAGs from a plain table instead of the authoring names.

A file of such a folder says `DAGS = {"orders": ["extract", "load"]}`; safe mode wants it to speak of Airflow too.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest

from windward.document import DagDocument, TaskDocument
from windward.model.files import FileRecord
from windward.ports.clock import Clock, SystemClock
from windward.processor.authoring import Author, Declared, Source
from windward.processor.imports import modules_below
from windward.processor.processor import Pass, Processor
from windward.processor.stop import StopPipe
from windward.settings import (
    ApiSettings,
    CoreSettings,
    DatabaseSettings,
    LoggingSettings,
    ProcessorSettings,
    SchedulerSettings,
    Settings,
    WorkerSettings,
    XComSettings,
)
from windward.store.memory import MemoryStore

DEADLINE_S = 60.0


def table_author(source: Source) -> Iterable[Declared]:
    """Declare what the module's `DAGS` says: task ids by DAG id, or an exception."""
    table: dict[str, object] = getattr(source.module, "DAGS", {})
    for dag_id, tasks in table.items():
        also_in = tuple(
            path
            for path, module in modules_below(source.root)
            if module is not source.module and dag_id in getattr(module, "DAGS", {})
        )
        if isinstance(tasks, BaseException):
            yield Declared(dag_id, tasks, also_in)
            continue
        assert isinstance(tasks, list)
        documents = tuple(
            TaskDocument(task_id=name, operator="Python", pool=POOLS.get(name, "default_pool"))
            for name in tasks
        )
        yield Declared(dag_id, DagDocument(dag_id=dag_id, fileloc=source.fileloc, tasks=documents), also_in)


POOLS = {"crowded": "no_such_pool"}


class CountingWakeup:
    def __init__(self) -> None:
        self.count = 0

    def wake(self) -> None:
        self.count += 1


class MemoryCode:
    """Snapshots in a dictionary."""

    def __init__(self) -> None:
        self.saved: dict[str, dict[str, bytes]] = {}

    def save(self, root: Path, paths: Mapping[str, bytes]) -> str:
        name = str(hash(tuple(sorted(paths.items()))))
        self.saved[name] = dict(paths)
        return name

    def materialise(self, code_hash: str) -> Path:
        raise NotImplementedError

    def manifest(self, code_hash: str) -> dict[str, str]:
        raise NotImplementedError

    def snapshots(self) -> list[tuple[str, datetime]]:
        raise NotImplementedError

    def discard(self, code_hashes: Collection[str], *, saved_before: datetime) -> int:
        raise NotImplementedError


class Folder:
    """A DAG folder with a memory store behind it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "dags"
        self.path.mkdir()
        self.store = MemoryStore()
        self.wakeup = CountingWakeup()
        self.code = MemoryCode()
        self.settings = Settings(
            home=path,
            core=CoreSettings(dags_folder=self.path),
            database=DatabaseSettings(sql_alchemy_conn=""),
            scheduler=SchedulerSettings(),
            processor=ProcessorSettings(),
            workers=WorkerSettings(),
            xcom=XComSettings(),
            logging=LoggingSettings(base_log_folder=path / "logs"),
            api=ApiSettings(),
        )

    def set(self, **changes: object) -> None:
        """Change settings of the processor."""
        self.settings = replace(self.settings, processor=replace(self.settings.processor, **changes))  # type: ignore[arg-type]

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file that safe mode lets through when it is text."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else f"# an airflow dag file\n{text}\n".encode())
        return path

    def processor(self, clock: Clock | None = None) -> Processor:
        author = Author(table_author)
        return Processor(
            self.settings, self.store, self.wakeup, clock or SystemClock(), author=author, code=self.code
        )

    def parse(self, *, is_forced: bool = False) -> Pass:
        """Bring the store in step with the folder, by a processor that has just started."""
        processor = self.processor()
        try:
            return processor.parse_once(is_forced=is_forced)
        finally:
            processor.close()

    def file(self, name: str) -> FileRecord:
        return next(record for record in self.store.catalog.load_files() if record.fileloc == name)

    def error(self, name: str) -> str:
        """Return the error of a file, which must have one."""
        error = self.file(name).error
        assert error is not None
        return error

    def dags(self) -> list[str]:
        """Return the ids of all active DAGs."""
        return [dag.dag_id for dag in self.store.catalog.load_dags()]

    def document(self, dag_id: str) -> DagDocument:
        dag = self.store.catalog.load_dag(dag_id)
        assert dag is not None
        return self.store.catalog.load_documents([dag.document_hash])[dag.document_hash]

    def tasks(self, dag_id: str) -> list[str]:
        return [task.task_id for task in self.document(dag_id).tasks]

    @contextmanager
    def running(self, clock: Clock | None = None) -> Iterator[Processor]:
        """Run a processor in a thread for a block."""
        processor = self.processor(clock)
        stop = StopPipe()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                processor.run(stop)
            except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
                failures.append(error)

        thread = Thread(target=work)
        thread.start()
        try:
            yield processor
        finally:
            stop.set()
            thread.join(DEADLINE_S)
            processor.close()
            stop.close()
            if failures:
                raise failures[0]


def eventually(is_so: Callable[[], bool], *, within_s: float = DEADLINE_S) -> float:
    """Return after how many seconds something became so; fail the test if it does not."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > within_s:
            pytest.fail(f"did not become so within {within_s} s")
        time.sleep(0.005)
    return time.monotonic() - began
