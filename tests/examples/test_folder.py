"""The folder of examples as a whole: what `make run` does with it."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES, Home

DEADLINE_S = 300.0
"""A busy machine is no bug; on a quiet one it takes a few seconds."""


def test_hello_takes_a_name_and_nothing_else(home: Home) -> None:
    hello = str(EXAMPLES / "hello.py")

    assert home.windward("dags", "test", hello, "--conf", '{"name": "Ada"}').returncode == 0
    assert home.windward("dags", "test", hello, "--conf", '{"name": 7}').returncode != 0


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_EXAMPLES", "set, so that importing the module leaves nothing behind")
    from examples import output

    report = tmp_path / "report.txt"
    output.write_atomically(report, "old")
    with pytest.raises(UnicodeEncodeError):
        output.write_atomically(report, "new, and then a character that no file takes: \ud800")

    assert report.read_text() == "old"
    assert list(tmp_path.iterdir()) == [report]


def test_the_readme_names_every_dag_file() -> None:
    readme = (EXAMPLES / "README.md").read_text()

    assert [path.name for path in EXAMPLES.glob("*.py") if f"`{path.name}`" not in readme] == []


@pytest.mark.slow
def test_both_pipelines_succeed_on_a_fresh_home_without_being_asked(home: Home) -> None:
    deadline, first_day = time.monotonic() + DEADLINE_S, datetime.now(UTC).date()
    states: dict[str, list[str]] = {}

    with home.standalone() as process:
        while time.monotonic() < deadline and process.poll() is None:
            states = {
                name: [run["state"] for run in home.runs(name)] for name in ("crawl_site", "zone_changes")
            }
            if all(found and set(found) <= {"success", "failed"} for found in states.values()):
                break

    assert {name: set(found) for name, found in states.items()} == {
        "crawl_site": {"success"},
        "zone_changes": {"success"},
    }, (home.folder / "standalone.log").read_text()
    days_max = 1 + (datetime.now(UTC).date() - first_day).days  # one run for the last day, also at midnight
    assert all(len(found) <= days_max for found in states.values())
    assert (home.output / "crawl_site-last-run.txt").exists()
    assert 1 <= len(list(home.output.glob("*.svg"))) <= days_max
    logs = {path.parent.name for path in (home.folder / "logs").rglob("*.log")}
    assert {"task_id=crawl", "task_id=report", "task_id=draw"} <= logs
