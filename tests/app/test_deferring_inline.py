"""Deferrable tasks where there is no triggerer: `dags test` and `tasks test` run the trigger themselves."""

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from windward.app import dag_test
from windward.settings import Settings, load

FILE = """
import asyncio
from datetime import datetime, timedelta

from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator
from windward.sdk.triggers.base import BaseTrigger, TaskSkippedEvent, TriggerEvent
from windward.sdk.variable import Variable


class Trigger(BaseTrigger):
    def __init__(self, word):
        super().__init__()
        self.word = word

    def serialize(self):
        return "waits_of_a_test.Trigger", {"word": self.word}

    async def run(self):
        await asyncio.sleep(0.01)
        if self.word == "never":
            await asyncio.sleep(1000)
        if self.word == "raise":
            raise ValueError("no such luck")
        if self.word == "skip":
            yield TaskSkippedEvent()
            return
        yield TriggerEvent(Variable.get(self.word))


class Wait(BaseOperator):
    def __init__(self, *, word, wait_s=None, **kwargs):
        super().__init__(**kwargs)
        self.word, self.wait_s = word, wait_s

    def execute(self, context):
        self.defer(trigger=Trigger(self.word), method_name="resume", kwargs={"n": 1}, timeout=self.wait_s)

    def resume(self, context, n, event):
        if n < 3:
            self.defer(trigger=Trigger(self.word), method_name="resume", kwargs={"n": n + 1})
        with open(Variable.get("out"), "a") as out:
            out.write(f"{self.task_id} {event} {n}\\n")
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings of a folder in which the trigger module is."""
    (tmp_path / "waits_of_a_test.py").write_text(FILE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("AIRFLOW_VAR_OUT", str(tmp_path / "out"))
    monkeypatch.setenv("AIRFLOW_VAR_COLOUR", "red")
    return load({}, home=tmp_path / "home")


def dag_file(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "dag.py"
    inner = textwrap.indent(body, "    ")
    head = (
        "from datetime import datetime\nfrom windward.sdk.dag import DAG\nfrom waits_of_a_test import Wait\n"
    )
    path.write_text(
        f"{head}with DAG('d', schedule=None, start_date=datetime(2026, 1, 1)):\n{inner}\n", encoding="utf-8"
    )
    return path


def test_a_tested_run_waits_for_its_triggers_and_goes_on(tmp_path: Path, settings: Settings) -> None:
    path = dag_file(tmp_path, "Wait(task_id='a', word='colour')\nWait(task_id='b', word='colour')")
    assert dag_test.main(str(path), None, {}, settings=settings) == 0
    assert sorted((tmp_path / "out").read_text().splitlines()) == ["a red 3", "b red 3"]


def test_a_tested_run_runs_the_triggers_of_all_queues(tmp_path: Path, settings: Settings) -> None:
    path = dag_file(tmp_path, "Wait(task_id='a', word='colour', queue='gpu')")
    settings = replace(settings, triggerer=replace(settings.triggerer, queues_enabled=True))
    assert dag_test.main(str(path), None, {}, settings=settings) == 0


def test_a_tested_run_fails_by_a_trigger_that_fails_or_is_late(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = dag_file(tmp_path, "Wait(task_id='a', word='raise')\nWait(task_id='b', word='never', wait_s=0.2)")
    assert dag_test.main(str(path), None, {}, settings=settings) == 1
    said = capsys.readouterr()
    assert "no such luck" in said.out + said.err
    assert "TaskDeferralTimeout" in said.out + said.err


@pytest.mark.parametrize(("word", "code"), [("colour", 0), ("skip", 0), ("raise", 1)])
def test_one_tested_task_waits_for_its_trigger(
    tmp_path: Path, settings: Settings, word: str, code: int
) -> None:
    folder = tmp_path / "home" / "dags"
    folder.mkdir(parents=True)
    dag_file(folder, f"Wait(task_id='a', word='{word}')")
    ended = dag_test.test_task("d", "a", None, params={}, env={}, settings=settings)
    assert ended == code
    assert (tmp_path / "out").exists() == (word == "colour")
