"""Values that are gone are purged in a child of the processor, whose failures stay there."""

from pathlib import Path

import msgspec
import pytest

from tests.processor.folder import Folder, eventually
from windward.ports.clock import Clock, SystemClock
from windward.processor import purging
from windward.processor.processor import Processor, open_processor
from windward.protocol.outcomes import DeadXCom, XComValue

SHELVES = """
import os
from pathlib import Path
from windward.sdk.xcom import BaseXCom
from windward.sdk.variable import Variable

class Shelf(BaseXCom):
    @staticmethod
    def purge(xcom, *args):
        if xcom.value == "die":
            os._exit(3)
        if xcom.value == "fail":
            raise OSError("the shelf is locked")
        (Path(Variable.get("shelf")) / xcom.value).unlink()
"""


class SdkFolder(Folder):
    def processor(self, clock: Clock | None = None) -> Processor:
        return open_processor(self.settings, self.store, self.wakeup, clock or SystemClock(), code=self.code)


@pytest.fixture
def shelf(tmp_path: Path) -> Folder:
    folder = SdkFolder(tmp_path)
    (folder.path / "shelves.py").write_text(SHELVES)
    for name in ("a", "b"):
        (folder.path / name).write_text("kept")
    folder.store.secrets.set_variable("shelf", str(folder.path))
    return folder


def bury(folder: Folder, *texts: str) -> None:
    for number, text in enumerate(texts, start=1):
        value = XComValue(encoding="json", data=msgspec.json.encode(text), backend="shelves.Shelf")
        item = DeadXCom(
            dead_pk=number, dag_id="d", run_id="r", task_id="t", map_index=-1, key=f"k{number}", value=value
        )
        folder.store.tables.dead_xcoms[number] = (1, item)


def test_what_a_backend_kept_is_gone_after_the_value(shelf: Folder) -> None:
    bury(shelf, "a", "b")
    with shelf.running():
        eventually(lambda: not shelf.store.tables.dead_xcoms)
    assert not (shelf.path / "a").exists()
    assert not (shelf.path / "b").exists()


def test_one_that_fails_or_kills_its_process_is_counted_and_keeps_nobody(shelf: Folder) -> None:
    bury(shelf, "fail", "a", "die", "b")
    with shelf.running():
        eventually(lambda: not (shelf.path / "b").exists())
        eventually(lambda: set(shelf.store.tables.dead_xcoms) == {1, 3})
    tries = {pk: dead.tries for pk, (_, dead) in shelf.store.tables.dead_xcoms.items()}
    assert tries[1] >= 1
    assert tries[3] >= 1


def test_one_that_fails_too_often_is_given_up(shelf: Folder) -> None:
    bury(shelf, "fail")
    run_pk, dead = shelf.store.tables.dead_xcoms[1]
    again = msgspec.structs.replace(dead, tries=purging.TRIES_MAX - 1)
    shelf.store.tables.dead_xcoms[1] = (run_pk, again)
    with shelf.running():
        eventually(lambda: not shelf.store.tables.dead_xcoms)
    assert (shelf.path / "a").exists()


def test_a_processor_that_lost_its_lease_while_it_purged_sleeps(
    shelf: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windward.processor.processor.BEAT_S", 0.02)
    wait = "__import__('time').sleep(0.01)"
    slow = f"Path(Variable.get('shelf'), 'b').unlink()\n        while not Path(Variable.get('shelf'), 'go').exists(): {wait}\n        (Path(Variable"
    (shelf.path / "shelves.py").write_text(SHELVES.replace("(Path(Variable", slow))
    bury(shelf, "a")
    beats, turns = [0], [0]

    def refuse(*_: object, **__: object) -> None:
        beats[0] += 1

    with shelf.running() as processor:
        drain = processor._events.drain

        def count() -> bool:
            turns[0] += 1
            return drain()

        eventually(lambda: not (shelf.path / "b").exists())
        shelf.store.leases.take_lease = refuse  # type: ignore[method-assign]
        processor._events.drain = count  # type: ignore[method-assign]
        eventually(lambda: beats[0] > 1)
        (shelf.path / "go").touch()
        eventually(lambda: not (shelf.path / "a").exists() and not processor._pool._running)
        before = turns[0] - beats[0]
        until = beats[0] + 20
        eventually(lambda: beats[0] > until)
        assert turns[0] - beats[0] - before < 10
    assert set(shelf.store.tables.dead_xcoms) == {1}
