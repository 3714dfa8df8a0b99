"""The triggerer against a played scheduler: what triggers say, that it is not lost, and that they hurt nobody."""

import asyncio
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.triggerer.conftest import DEADLINE_S, SAYS, STAYS, Place, ref_of
from windward.protocol.calls import GetVariable, VariableAnswer
from windward.protocol.fired import Broken, EndTask, Event
from windward.protocol.messages import Beat, CallAnswer, ChildCall, Goodbye, Heartbeat
from windward.protocol.triggers import FiredAccepted, GiveBack, GivenBack, TriggerFired, Unwatch
from windward.sdk import serde
from windward.sdk.masking import MASKER
from windward.triggerer.logs import TriggerLog, TriggerStream
from windward.triggerer.triggerer import run_until_signal

MakePlace = Callable[..., Place]

FAILS_AT_LENGTH = """
    def fail(self):
        if self.word == "long":
            raise ValueError("x" * 20_000_000)
"""


def test_an_event_reaches_the_scheduler_with_its_payload(make_place: MakePlace) -> None:
    place = make_place(SAYS)
    place.watch("a", encrypted__word="x")
    word = place.word()
    assert isinstance(word, Event)
    assert serde.decode(word.payload) == {"word": "x", "task": "a"}


def test_what_a_trigger_said_is_said_again_until_it_is_accepted(make_place: MakePlace) -> None:
    place = make_place(SAYS)
    ref = place.watch("a", word="x")
    place.scheduler.hear(TriggerFired)
    place.scheduler.drop()
    hello = place.scheduler.welcome()
    again = place.scheduler.hear(TriggerFired)
    place.scheduler.say(FiredAccepted(ref=ref))
    place.watch("b", word="y")
    place.scheduler.hear(TriggerFired)
    place.scheduler.drop()

    assert (hello.kind, hello.running, again.ref) == ("triggerer", (ref,), ref)
    assert place.scheduler.welcome().running == (ref_of("b"),)


def test_a_trigger_outlives_the_connection(make_place: MakePlace) -> None:
    place = make_place(STAYS)
    ref = place.watch("a", path=str(place.folder / "a"))
    place.wait(lambda: "trigger started" in place.log("a"))
    place.scheduler.drop()
    assert place.scheduler.welcome().running == (ref,)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise ValueError('no such luck')\n        yield", "ValueError: no such luck"),
        ("return\n        yield", "it ended without an event"),
        ("yield 7", "TypeError: a trigger yields `TriggerEvent`s, not `int`"),
        ("return 7", "TypeError"),
        ("raise SystemExit(3)\n        yield", "SystemExit: 3"),
        ("raise asyncio.CancelledError\n        yield", "it cancelled itself"),
        ("yield TriggerEvent(lambda: (yield))", ""),
    ],
)
def test_a_trigger_that_fails_says_why_and_the_next_one_runs(
    make_place: MakePlace, body: str, error: str
) -> None:
    place = make_place(
        f"class Trigger(BaseTrigger):\n    def serialize(self): return '', {{}}\n    async def run(self):\n        {body}\n"
    )
    place.watch("a")
    word = place.word()
    place.watch("b")

    if error:
        assert isinstance(word, Broken)
        assert error in word.error
    assert isinstance(place.word(), Broken | Event)


@pytest.mark.parametrize(
    ("class_path", "error"),
    [
        ("nowhere_at_all.Trigger", "ModuleNotFoundError"),
        ("json.Trigger", "has no `Trigger`"),
        ("Trigger", "no import path"),
        ("json.JSONDecoder", "is no trigger"),
    ],
)
def test_a_trigger_that_cannot_be_made_says_why(make_place: MakePlace, class_path: str, error: str) -> None:
    place = make_place("")
    place.watch("a", class_path=class_path)
    word = place.word()
    assert isinstance(word, Broken)
    assert error in word.error


def test_a_trigger_may_end_its_task_and_push_values(make_place: MakePlace) -> None:
    place = make_place(SAYS.replace("TriggerEvent({", "TaskSuccessEvent(xcoms={"))
    place.watch("a", word="x")
    word = place.word()
    assert isinstance(word, EndTask)
    assert word.state == "success"
    assert {put.key: serde.decode(put.value) for put in word.xcoms} == {"word": "x", "task": "a"}


def test_what_a_trigger_logs_is_in_the_log_of_its_task(make_place: MakePlace) -> None:
    place = make_place(SAYS)
    place.watch("a", word="x")
    place.word()
    lines = [json.loads(line) for line in place.log("a").splitlines()]
    assert {line["source"] for line in lines} == {"trigger"}
    assert next(line["event"] for line in lines) == "trigger started"


@pytest.mark.parametrize(("kills", "left"), [(True, {"a.cleaned", "a.killed"}), (False, {"a.cleaned"})])
def test_a_stopped_trigger_cleans_up_and_kills_only_when_a_person_stopped_it(
    make_place: MakePlace, kills: bool, left: set[str]
) -> None:
    place = make_place(STAYS)
    ref = place.watch("a", path=str(place.folder / "a"))
    place.wait(lambda: "trigger started" in place.log("a"))
    place.scheduler.say(Unwatch(refs=(ref,), kills=kills))
    place.wait((place.folder / "a.cleaned").exists)

    assert {name for name in os.listdir(place.folder) if name.startswith("a.")} == left  # noqa: PTH208
    place.wait(lambda: not place.scheduler.hear(Heartbeat).running)


def test_a_stale_trigger_is_dropped(make_place: MakePlace) -> None:
    place = make_place(STAYS)
    ref = place.watch("a", path=str(place.folder / "a"))
    place.wait(lambda: "trigger started" in place.log("a"))
    place.scheduler.say(Beat(stale=(ref,)))
    place.wait((place.folder / "a.cleaned").exists)


def test_a_trigger_asks_the_execution_service_from_a_thread_too(make_place: MakePlace) -> None:
    place = make_place("""
        from windward.sdk.variable import Variable

        class Trigger(BaseTrigger):
            def serialize(self): return "", {}
            async def run(self):
                yield TriggerEvent([Variable.get("k"), await asyncio.to_thread(Variable.get, "k")])
    """)
    ref = place.watch("a")
    for _ in range(2):
        call = place.scheduler.hear(ChildCall)
        assert (call.ref, call.call) == (ref, GetVariable(key="k"))
        place.scheduler.say(CallAnswer(ref=ref, call_id=call.call_id, answer=VariableAnswer(value="v")))
    word = place.word()
    assert isinstance(word, Event)
    assert serde.decode(word.payload) == ["v", "v"]


def test_changed_code_is_used_by_the_next_trigger(make_place: MakePlace) -> None:
    place = make_place(SAYS)
    place.watch("a", word="x")
    place.word()
    place.code(SAYS.replace('"word": self.word, "task"', '"new": self.word, "task"'))
    place.watch("b", word="x")
    word = place.word()
    assert isinstance(word, Event)
    assert serde.decode(word.payload) == {"new": "x", "task": "b"}


def test_a_trigger_that_blocks_the_loop_is_named_with_its_line(make_place: MakePlace) -> None:
    place = make_place(
        """
        class Trigger(BaseTrigger):
            def serialize(self): return "", {}
            async def run(self):
                time.sleep(3)
                yield TriggerEvent(1)
        """,
        blocked_warn_s=0.5,
    )
    place.watch("a")
    assert isinstance(place.word(), Event)
    blocked = [json.loads(line) for line in place.log("a").splitlines() if "blocks" in line]
    assert [place.module in line["where"] for line in blocked] == [True]


def test_a_blocked_loop_is_told_with_one_heartbeat(make_place: MakePlace) -> None:
    place = make_place(
        """
        class Trigger(BaseTrigger):
            def serialize(self): return "", {}
            async def run(self):
                time.sleep(3)
                yield TriggerEvent(1)
        """,
        blocked_warn_s=0.5,
    )
    place.watch("a")
    while not (beat := place.scheduler.hear(Heartbeat)).blocked:
        pass
    assert beat.blocked == 1
    assert place.scheduler.hear(Heartbeat).blocked == 0


def test_a_trigger_that_keeps_the_loop_fails_and_the_others_go_elsewhere(make_place: MakePlace) -> None:
    lost, go_on = threading.Event(), threading.Event()

    def begin_anew() -> None:
        lost.set()
        go_on.wait(DEADLINE_S)

    place = make_place(
        """
        GO_ON = []

        class Trigger(BaseTrigger):
            def serialize(self): return "", {}
            async def run(self):
                while not GO_ON:
                    time.sleep(0.01)
                yield TriggerEvent(1)
        """,
        blocked_warn_s=0.2,
        blocked_max_s=1.5,
        begin_anew=begin_anew,
    )
    ref = place.watch("a")
    said = place.scheduler.hear(TriggerFired)
    place.scheduler.hear(Goodbye)
    assert (said.ref, isinstance(said.fired, Broken)) == (ref, True)
    assert lost.wait(DEADLINE_S)
    _let_go(place)
    go_on.set()


def _let_go(place: Place) -> None:
    module: Any = sys.modules[place.module]
    module.GO_ON.append(1)


def test_a_triggerer_says_goodbye_before_it_ends(make_place: MakePlace) -> None:
    place = make_place("", idle_s=0.05)
    assert place.scheduler.hear(Goodbye).host_id == "t"


def test_a_signal_ends_a_triggerer_however_much_others_tell_its_loop(tmp_path: Path) -> None:
    place = Place(tmp_path)
    before = signal.getsignal(signal.SIGTERM)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        running = asyncio.ensure_future(run_until_signal(place.options))
        await asyncio.sleep(0)
        for _ in range(10_000):  # each leaves a byte in a pipe that holds a few hundred
            loop.call_soon_threadsafe(lambda: None)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, DEADLINE_S)

    asyncio.run(run())
    place.scheduler.close()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_trigger_is_given_back_after_its_cleanup_and_what_it_watches_goes_on(make_place: MakePlace) -> None:
    place = make_place(STAYS)
    ref = place.watch("a", path=str(place.folder / "a"))
    place.wait(lambda: "trigger started" in place.log("a"))
    place.scheduler.say(GiveBack(refs=(ref,)))

    assert place.scheduler.hear(GivenBack).ref == ref
    assert {path.name for path in place.folder.glob("a.*")} == {"a.cleaned"}
    place.scheduler.drop()
    assert place.scheduler.welcome().running == ()


def test_a_trigger_that_has_fired_is_not_given_back(make_place: MakePlace) -> None:
    place = make_place(SAYS + STAYS.replace("Trigger(", "Other("))
    fired = place.watch("a", word="x")
    place.scheduler.hear(TriggerFired)
    other = place.watch("b", class_path=f"{place.module}.Other", path=str(place.folder / "b"))
    place.scheduler.say(GiveBack(refs=(fired, other)))

    assert place.scheduler.hear(GivenBack).ref == other


def test_a_trigger_that_comes_back_runs_again(make_place: MakePlace) -> None:
    place = make_place(STAYS)
    ref = place.watch("a", path=str(place.folder / "a"))
    place.scheduler.say(GiveBack(refs=(ref,)))
    place.scheduler.hear(GivenBack)
    place.watch("a", path=str(place.folder / "a"))
    place.wait(lambda: place.scheduler.hear(Heartbeat).running == (ref,))
    place.scheduler.drop()

    assert place.scheduler.welcome().running == (ref,)


def test_a_triggerer_tells_the_queues_that_it_serves(make_place: MakePlace) -> None:
    place = make_place("", queues=("gpu", "ssd"))
    place.scheduler.drop()
    assert place.scheduler.welcome().queues == ("gpu", "ssd")


def test_a_template_that_cannot_be_rendered_fails_the_trigger_by_name(make_place: MakePlace) -> None:
    place = make_place(SAYS)
    place.watch("a", template="{{ nothing_of_that_name }}", word="{{ nothing_of_that_name }}")
    word = place.word()

    assert isinstance(word, Broken)
    assert "nothing_of_that_name" in word.error


def test_what_a_trigger_prints_goes_to_its_log_line_by_line(tmp_path: Path) -> None:
    other = io.StringIO()
    target = TriggerLog(tmp_path / "a.log", MASKER)
    current: list[TriggerLog | None] = [target]
    stream = TriggerStream(lambda: current[0], other, level="info")
    print("one", "two", file=stream)
    print("three\nfour", end="", file=stream)
    early = (tmp_path / "a.log").read_text(encoding="utf-8")
    target.finish()
    current[0] = None
    print("not of a trigger", file=stream)

    lines = [json.loads(line) for line in (tmp_path / "a.log").read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["one two", "three", "four"]
    assert {line["source"] for line in lines} == {"trigger"}
    assert "four" not in early
    assert other.getvalue() == "not of a trigger\n"


def test_an_error_however_long_is_told_and_others_are_heard(make_place: MakePlace) -> None:
    place = make_place(
        SAYS.replace('self.log.info("waiting for %s", self.word)', "self.fail()") + FAILS_AT_LENGTH
    )
    place.watch("a", word="long")
    place.watch("b", word="x")
    words = [place.word(), place.word()]

    [error] = [word for word in words if isinstance(word, Broken)]
    assert error.error.startswith("ValueError: xxx")
    assert [serde.decode(word.payload) for word in words if isinstance(word, Event)] == [
        {"word": "x", "task": "b"}
    ]


def test_what_is_too_large_to_be_sent_is_an_error_of_its_trigger_alone(make_place: MakePlace) -> None:
    text = SAYS.replace('"word": self.word', '"word": self.word if self.word == "x" else "y" * 20_000_000')
    place = make_place(text)
    place.watch("a", word="long")
    place.watch("b", word="x")
    words = [place.word(), place.word()]

    [error] = [word for word in words if isinstance(word, Broken)]
    assert "FrameError" in error.error
    assert [serde.decode(word.payload) for word in words if isinstance(word, Event)] == [
        {"word": "x", "task": "b"}
    ]
