"""Of several processors one leads, and one that was held up does not believe that it still does."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.processor.folder import Folder, eventually
from windward.document import DagDocument, encode
from windward.model.files import FileRecord
from windward.ports.clock import SystemClock
from windward.processor.pool import ParseOutcome
from windward.processor.processor import LEASE_S


class Jumping(SystemClock):
    """A clock that may go on by itself, as if its process had been frozen meanwhile."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


def test_a_processor_that_was_frozen_looks_whether_it_still_leads_before_it_writes(folder: Folder) -> None:
    clock = Jumping()
    folder.write("one.py", "DAGS = {'one': []}")
    with folder.running(clock) as processor:
        wait, leases = processor._pool.wait, folder.store.leases

        def wait_frozen(timeout_s: float) -> list[ParseOutcome]:
            if done := wait(timeout_s):
                clock.ahead_s = LEASE_S + 1
                leases.take_lease = lambda *_, **__: None  # type: ignore[method-assign]
            return done

        processor._pool.wait = wait_frozen  # type: ignore[method-assign]
        eventually(lambda: clock.ahead_s > 0 and processor._lease is None)
    assert folder.store.catalog.load_files() == []


def test_a_processor_that_leads_again_learns_what_another_did(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windward.processor.processor.BEAT_S", 0.05)
    folder.write("one.py", "DAGS = {'one': ['a']}")
    later = datetime.now(UTC) + timedelta(hours=1)
    with folder.running():
        eventually(lambda: folder.dags() == ["one"])
        with folder.store.tables.lock:
            other = folder.store.leases.take_lease("processor", "another", now=later, until=later)
            assert other is not None
            document = DagDocument(dag_id="ghost", fileloc="ghost.py")
            folder.store.catalog.put_file(
                FileRecord(fileloc="ghost.py", content_hash="x", dag_ids=("ghost",)),
                [("x", encode(document), document)],
                paused_at_creation=False,
                now=datetime.now(UTC),
            )
            folder.store.leases.release_lease(other)
        assert folder.dags() == ["ghost", "one"]
        eventually(lambda: folder.dags() == ["one"])
