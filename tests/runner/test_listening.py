"""Listeners of plugins hear how attempts end, links take no longer than they may: what goes wrong there stays there."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sdk_runtime.fakes import FakeBridge
from windward.protocol.outcomes import Failed, Outcome, Rescheduled, Skipped, Succeeded
from windward.runner import shown
from windward.runner.listening import tell_end, tell_run, tell_running
from windward.sdk import extensions
from windward.sdk.bridge import use_bridge
from windward.sdk.xcom_backend import Place

TI: Any = SimpleNamespace(task_id="t")


class Log:
    """Keeps what failed."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []

    def failure(self, message: str, error: BaseException, **_fields: object) -> None:
        self.failures.append((message, str(error)))


class Heard:
    """Notes what it hears; takes fewer arguments than it may, as Airflow's listeners do."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def on_task_instance_running(self, previous_state: str, task_instance: Any, session: Any) -> None:
        self.said.append(("running", previous_state, task_instance.task_id))

    def on_task_instance_success(self, task_instance: Any) -> None:
        self.said.append(("success", task_instance.task_id))

    def on_task_instance_failed(self, **said: Any) -> None:
        self.said.append(("failed", said["previous_state"], str(said["error"])))

    def on_task_instance_skipped(self) -> None:
        self.said.append(("skipped",))


class Broken:
    def on_task_instance_success(self, previous_state: str, task_instance: Any) -> None:
        raise SystemExit("the ledger is closed")


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[extensions.Extensions]:
    extensions.configure(extensions.Places(plugins_folder=str(tmp_path)))
    yield extensions.load()
    extensions.configure(extensions.Places())


def test_each_end_is_told_by_its_hook(loaded: extensions.Extensions) -> None:
    heard, log = Heard(), Log()
    loaded.listeners.append(heard)
    tell_running(TI, log)  # type: ignore[arg-type]
    ends: list[Outcome] = [Succeeded(), Failed(), Skipped()]
    for outcome in ends:
        tell_end({"ti": TI}, outcome, ValueError("why"), log)  # type: ignore[arg-type]
    assert heard.said == [
        ("running", "queued", "t"),
        ("success", "t"),
        ("failed", "running", "why"),
        ("skipped",),
    ]
    assert log.failures == []


def test_of_a_run_its_beginning_and_its_ends_are_told(loaded: extensions.Extensions) -> None:
    said: list[tuple[str, str, str]] = []

    class OfRuns:
        def on_dag_run_running(self, dag_run: Any, msg: str) -> None:
            said.append(("running", dag_run, msg))

        def on_dag_run_failed(self, dag_run: Any) -> None:
            said.append(("failed", dag_run, ""))

    loaded.listeners.append(OfRuns())
    for kind in ("running", "success", "failure", "deadline"):
        tell_run(kind, "r", f"why {kind}", Log())  # type: ignore[arg-type]
    assert said == [("running", "r", "why running"), ("failed", "r", "")]
    assert extensions.heard_of_runs() == {"running", "failure"}


def test_what_is_not_over_is_not_told(loaded: extensions.Extensions) -> None:
    heard = Heard()
    loaded.listeners.append(heard)
    from tests.store.building import T0

    tell_end({"ti": TI}, Rescheduled(at=T0), None, Log())  # type: ignore[arg-type]
    assert heard.said == []


def test_a_listener_that_fails_is_logged_and_the_others_hear(loaded: extensions.Extensions) -> None:
    heard, log = Heard(), Log()
    loaded.listeners += [Broken(), heard]
    tell_end({"ti": TI}, Succeeded(), None, log)  # type: ignore[arg-type]
    assert log.failures == [("listener failed", "the ledger is closed")]
    assert heard.said == [("success", "t")]


class Slow:
    name = "slow"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        time.sleep(600)
        return "https://never.test"


class Quick:
    name = "quick"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return "https://quick.test"


def test_a_link_that_takes_too_long_is_left_out_and_the_next_is_made() -> None:
    log, bridge = Log(), FakeBridge()
    operator = SimpleNamespace(operator_extra_links=(Slow(), Quick()))
    ti = SimpleNamespace(key=None, place=Place("d", "r", "t", -1))
    with use_bridge(bridge):
        shown.keep_links(operator, {"ti": ti}, log, limit_s=1.0)  # type: ignore[arg-type]
    assert log.failures == [("a link could not be made", "it takes longer than 1 s")]
    (kept,) = bridge.xcoms.values()
    assert kept.data == b'"https://quick.test"'
