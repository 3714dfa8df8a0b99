"""A triggerer in a thread, and a scheduler that a test plays."""

import asyncio
import socket
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from windward.model.states import RunType, Semantics
from windward.protocol.fired import Fired
from windward.protocol.framing import FrameReader, frame
from windward.protocol.messages import FromHost, Hello, ToHost, Welcome
from windward.protocol.triggers import Template, TriggerFired, TriggerWork, Watch
from windward.protocol.work import AttemptRef, RunContext, TaskContext
from windward.sdk import serde
from windward.triggerer.options import TriggererOptions
from windward.triggerer.triggerer import Triggerer

DEADLINE_S = 60.0
SAYS = """
class Trigger(BaseTrigger):
    def __init__(self, word):
        super().__init__()
        self.word = word

    def serialize(self):
        return __name__ + ".Trigger", {"word": self.word}

    async def run(self):
        self.log.info("waiting for %s", self.word)
        yield TriggerEvent({"word": self.word, "task": self.task_instance.task_id})
"""
STAYS = """
class Trigger(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return "", {}

    async def run(self):
        await asyncio.sleep(1000)
        yield TriggerEvent(None)

    async def cleanup(self):
        open(self.path + ".cleaned", "w").close()

    async def on_kill(self):
        open(self.path + ".killed", "w").close()
"""
Message = TypeVar("Message")
_NAMES = iter(range(1_000_000))


def ref_of(name: str, *, fence: int = 1) -> AttemptRef:
    return AttemptRef(1, name, -1, fence)


def _context(run: RunContext, task_id: str) -> TaskContext:
    return TaskContext(
        run=run,
        dag_id="d",
        task_id=task_id,
        map_index=-1,
        try_number=1,
        max_tries=0,
        start_date=run.run_after,
        semantics=Semantics.AIRFLOW3,
    )


class Scheduler:
    """The other end of a triggerer's connection."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "s.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._listener.settimeout(DEADLINE_S)
        self._connection: socket.socket | None = None
        self._heard: list[FromHost] = []
        self._frames: FrameReader[FromHost] = FrameReader(FromHost)

    def welcome(self, *stale: AttemptRef) -> Hello:
        """Take a connection and its hello, and say welcome."""
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(DEADLINE_S)
        self._frames, self._heard = FrameReader(FromHost), []
        hello = self.hear(Hello)
        self.say(Welcome(lease_s=30.0, stale=stale))
        return hello

    def say(self, message: ToHost) -> None:
        assert self._connection is not None
        self._connection.sendall(frame(message))

    def hear(self, kind: type[Message]) -> Message:
        """Return the next message of a kind; others are skipped."""
        assert self._connection is not None
        while True:
            while self._heard:
                message = self._heard.pop(0)
                if isinstance(message, kind):
                    return message
            data = self._connection.recv(65_536)
            assert data, "the triggerer ended the connection"
            self._heard += self._frames.feed(data)

    def drop(self) -> None:
        """Let the connection end."""
        assert self._connection is not None
        self._connection.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._listener.close()


class Place:
    """A folder of trigger code, the scheduler, and the triggerer between them."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.module = f"triggers_{next(_NAMES)}"
        self.scheduler = Scheduler(folder)
        self.options = TriggererOptions(
            socket_path=self.scheduler.path,
            code_folders=(folder,),
            log_folder=folder / "logs",
            host_id="t",
            heartbeat_s=0.05,
            **options,
        )
        self._triggerer: Triggerer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.scheduler.welcome()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._triggerer = Triggerer(self.options)
        await self._triggerer.run()

    def code(self, text: str) -> None:
        """Write the module of triggers."""
        head = "import asyncio, time\nfrom windward.sdk.triggers.base import *\nfrom windward.sdk.triggers.base import BaseTrigger\n"
        path = self.folder / f"{self.module}.py"
        path.write_text(head + textwrap.dedent(text), encoding="utf-8")

    def watch(
        self,
        name: str,
        *,
        class_path: str | None = None,
        template: str | None = None,
        goes_on: bool = False,
        **arguments: Any,
    ) -> AttemptRef:
        """Give the triggerer a trigger: the class `Trigger` of the module, if nothing else is said.

        `template`: the argument `word` is to be rendered. `goes_on`: it may fire again and again.
        """
        ref = ref_of(name)
        run = RunContext(
            run_pk=1,
            dag_id="d",
            run_id="r",
            run_type=RunType.MANUAL,
            run_after=datetime(2026, 1, 1, tzinfo=UTC),
        )
        work = TriggerWork(
            ref=ref,
            class_path=class_path or f"{self.module}.Trigger",
            kwargs=serde.pack(arguments, name="test"),
            dag_id="d",
            try_number=1,
            log_path=f"{name}.log",
            run=run,
            goes_on=goes_on,
            template=Template(names=("word",), context=_context(run, name)) if template else None,
        )
        self.scheduler.say(Watch(work=(work,)))
        return ref

    def word(self) -> Fired:
        return self.scheduler.hear(TriggerFired).fired

    def log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def wait(self, look: Callable[[], Any]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not look():
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.01)

    def close(self) -> None:
        if self._loop is not None and self._triggerer is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._triggerer.end)
        self.scheduler.close()
        self._thread.join(DEADLINE_S)


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Return a maker of a triggerer that has said hello."""
    made: list[Place] = []

    def make(text: str, **options: Any) -> Place:
        place = Place(tmp_path, **options)
        made.append(place)
        place.code(text)
        place.start()
        return place

    yield make
    for place in made:
        place.close()
