"""What tasks can do, on the whole real way: file, processor, database, scheduler, worker, child, log.

One system runs the files of `dags/` once; each test looks at what came of one DAG.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.acceptance.conftest import DATABASES
from tests.acceptance.harness import System, wait_for

FILES = Path(__file__).with_name("dags")
MANUAL = (
    "attempts", "paths", "mapped", "setups", "values", "secrets", "callbacks", "callbacks_of_success", "shell",
    "sql", "warm", "pooled", "classic",
    "sensors", "too_long", "one_by_one",
)  # fmt: skip


@pytest.fixture(scope="module", params=DATABASES)
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Return a system in which a run `r` of every DAG goes on."""
    with ExitStack() as stack:
        is_postgres = request.param == "postgres"
        url = stack.enter_context(services.fresh_postgres()) if is_postgres else None
        made = System(
            tmp_path_factory.mktemp("features"),
            url=url,
            settings={"WINDWARD__WORKERS__WARM_CHILDREN_MAX": "1"},
        )
        stack.callback(made.close)
        made.cli("db", "migrate")
        made.cli("variables", "set", "api_token", "tok-very-secret")
        made.cli("variables", "set", "settings", '{"size": 5}')
        made.cli("variables", "set", "plain", "plain value")
        made.cli("pools", "set", "narrow", "2", "two at once")
        made.cli(
            "connections", "add", "warehouse", "--conn-uri", "postgres://me:hunter2secret@db.local:5433/x"
        )
        made.cli("connections", "add", "lite", "--conn-uri", f"sqlite:///{made.home}/data.sqlite")
        for path in FILES.glob("*.py"):
            shutil.copy(path, made.dags)
        made.start()
        for dag_id in MANUAL:
            made.trigger(dag_id, "r", "--logical-date", "2026-02-03T00:00:00+00:00")
        yield made


def exit_of(system: System, dag_id: str, task_id: str) -> dict[str, Any]:
    fact = system.task(dag_id, "r", task_id).exit_fact
    assert fact is not None
    found: dict[str, Any] = json.loads(fact)
    return found


def test_every_file_was_read(system: System) -> None:
    assert system.rows("dags", "list-import-errors") == []
    assert {row["dag_id"] for row in system.rows("dags", "list")} == {*MANUAL, "daily", "turns", "often"}


def test_how_attempts_end_is_kept_as_a_fact(system: System) -> None:
    assert system.wait_run("attempts", "r") == "failed"
    assert system.states("attempts", "r") == {
        "third_time_lucky": "success", "too_slow": "failed", "nothing_to_do": "skipped", "hopeless": "failed",
        "leaves": "failed", "leaves_at_once": "failed", "kills_itself": "success", "hog": "failed",
    }  # fmt: skip
    assert exit_of(system, "attempts", "too_slow")["kind"] == "timeout"
    leaves, at_once = exit_of(system, "attempts", "leaves"), exit_of(system, "attempts", "leaves_at_once")
    assert (leaves["kind"], leaves["exit_code"]) == ("exit", 3)
    assert (at_once["kind"], at_once["exit_code"]) == ("exit", 4)
    assert exit_of(system, "attempts", "hog")["kind"] == "out_of_memory"
    assert exit_of(system, "attempts", "hopeless")["error_type"] == "AirflowFailException"


def test_retries_come_after_their_delay_and_not_when_forbidden(system: System) -> None:
    system.wait_run("attempts", "r")
    lucky = system.task("attempts", "r", "third_time_lucky")
    assert lucky.try_number == 3
    trail = system.session.store.runs.load_trail(lucky.key)
    at = {event: [when for when, what, _ in trail if what == event] for _, event, _ in trail}
    waits = [start - end for end, start in zip(at["retry"], at["start"][1:], strict=True)]
    assert len(waits) == 2
    assert all(wait >= timedelta(seconds=0.5) for wait in waits)
    assert system.task("attempts", "r", "hopeless").try_number == 1
    assert "ValueError: try 1 fails" in system.log_of("attempts", "r", "third_time_lucky", try_number=1)


def test_a_task_that_is_killed_leaves_the_signal_and_its_log(system: System) -> None:
    system.wait_run("attempts", "r")
    task = system.task("attempts", "r", "kills_itself")
    assert task.try_number == 2
    reasons = [
        reason for _, event, reason in system.session.store.runs.load_trail(task.key) if event == "retry"
    ]
    assert len(reasons) == 1
    assert "SIGKILL" in reasons[0]
    assert "SIGKILL" in system.log_of("attempts", "r", "kills_itself", try_number=1)


def test_branches_short_circuits_and_trigger_rules_choose_the_way(system: System) -> None:
    assert system.wait_run("paths", "r") == "failed"
    assert system.states("paths", "r") == {
        "choose": "success", "left": "success", "right": "skipped", "both": "success", "join": "success",
        "strict": "skipped", "stop_here": "success", "cut": "skipped", "cut_too": "skipped", "fails": "failed",
        "fine": "success", "rule_all_success": "upstream_failed", "rule_all_failed": "skipped",
        "rule_all_done": "success", "rule_one_failed": "success", "rule_one_success": "success",
        "rule_none_failed": "upstream_failed", "rule_none_skipped": "success", "rule_always": "success",
    }  # fmt: skip


def test_tasks_are_mapped_over_literals_and_over_what_others_return(system: System) -> None:
    assert system.wait_run("mapped", "r") == "success"
    assert system.value("mapped", "r", "of_literal") == 25 + 36
    assert system.value("mapped", "r", "of_xcom") == 1 + 4 + 9 + 16 + 40
    states = system.states("mapped", "r")
    assert [name for name in states if name.startswith("over_xcom")] == [f"over_xcom[{n}]" for n in range(4)]
    assert [states[f"pair[{n}]"] for n in range(2)] == ["success", "success"]
    assert states["over_nothing"] == "skipped"


def test_a_teardown_runs_after_failed_work_and_cannot_save_the_run(system: System) -> None:
    assert system.wait_run("setups", "r") == "failed"
    assert system.states("setups", "r") == {"make": "success", "use": "failed", "remove": "success"}
    assert system.lines("setups") == [["make"], ["use", "cluster"], ["remove", "cluster"]]


def test_any_picklable_value_passes_between_tasks(system: System) -> None:
    assert system.wait_run("values", "r") == "success"
    assert system.value("values", "r", "read_point") == ["Point", 1, 2]
    assert system.value("values", "r", "read_many") == [1, "2026-01-02T00:00:00", [1, 2]]


def test_a_large_value_goes_to_the_object_store(system: System) -> None:
    system.wait_run("values", "r")
    assert system.value("values", "r", "read_large") == [150_000, "abc"]
    get = system.session.store.xcoms.get_xcom
    large = get("values", "r", "return_value", task_id="large", map_index=None)
    assert large is not None
    assert (large.data, large.size_bytes >= 150_000) == (None, True)
    assert sum(path.stat().st_size for path in (system.home / "xcom").rglob("*") if path.is_file()) >= 1000


def test_secrets_reach_the_task_and_no_log(system: System) -> None:
    assert system.wait_run("secrets", "r") == "success"
    assert system.value("secrets", "r", "looks") == ["db.local", 5433, "me", 5, "dflt"]
    assert system.cli("variables", "get", "written").strip() == "by a task"
    said = ("the password is ***", "the token is ***", "the child says ***")
    system.wait_log("secrets", "r", "looks", *said, "attempt ended")
    for path in [*(system.home / "logs").rglob("*"), system.out]:
        if path.is_file():
            text = path.read_text(errors="replace")
            assert "hunter2secret" not in text
            assert "tok-very-secret" not in text


def test_callbacks_hear_of_every_event_and_change_nothing(system: System) -> None:
    assert system.wait_run("callbacks", "r") == "failed"
    assert system.wait_run("callbacks_of_success", "r") == "success"
    wait_for(lambda: len(system.lines("callbacks")) >= 12, lambda: f"{system.lines('callbacks')}")
    told = sorted(tuple(line) for line in system.lines("callbacks"))
    of_tasks = [line for line in told if not line[0].startswith("run_")]
    assert of_tasks == sorted([
        ("execute", "good", "1"), ("success", "good", "1"),
        ("execute", "bad", "1"), ("retry", "bad", "1"), ("execute", "bad", "2"), ("failure", "bad", "2"),
        ("execute", "idle", "1"), ("skipped", "idle", "1"),
        ("execute", "its_callback_fails", "1"),
    ])  # fmt: skip
    of_runs = [line[0] for line in told if line[0].startswith("run_")]
    assert of_runs == ["run_failure", "run_failure_again", "run_success"]
    assert system.states("callbacks", "r")["its_callback_fails"] == "success"
    system.wait_log("callbacks", "r", "its_callback_fails", "ZeroDivisionError")


def test_bash_runs_with_templates_environment_and_exit_codes(system: System) -> None:
    assert system.wait_run("shell", "r") == "failed"
    assert system.states("shell", "r") == {
        "bash": "success", "bash_skips": "skipped", "bash_fails": "failed", "talks": "success",
    }  # fmt: skip
    assert system.value("shell", "r", "bash") == "last line"
    log = system.log_of("shell", "r", "bash")
    assert "hello world on 2026-02-03" in log
    assert "to stderr" in log
    assert "before" in system.log_of("shell", "r", "bash_fails")


def test_all_that_a_task_says_is_in_its_log(system: System) -> None:
    system.wait_run("shell", "r")
    texts = ("printed", "to stderr", "logged", "of a child process", "raw bytes")
    system.wait_log("shell", "r", "talks", *texts)


def test_sql_runs_many_statements_with_bound_parameters(system: System) -> None:
    assert system.wait_run("sql", "r") == "success"
    read = system.session.store.xcoms.get_xcom("sql", "r", "return_value", task_id="read", map_index=None)
    assert read is not None
    assert read.preview == """[("it's", 7)]"""


def test_warm_tasks_share_a_process_and_isolated_ones_do_not(system: System) -> None:
    assert system.wait_run("warm", "r") == "success"
    assert len({system.value("warm", "r", f"w{n}") for n in range(4)}) == 1
    assert len({system.value("warm", "r", f"i{n}") for n in range(4)}) == 4


def test_a_pool_is_never_exceeded_and_is_used_whole(system: System) -> None:
    assert system.wait_run("pooled", "r") == "success"
    spans = [(float(begin), float(end)) for begin, end in system.lines("pooled")]
    assert len(spans) == 12
    at_once = [sum(begin <= moment < end for begin, end in spans) for moment, _ in spans]
    assert max(at_once) == 2


def test_a_classic_file_means_what_it_meant(system: System) -> None:
    assert system.wait_run("classic", "r") == "failed"
    assert system.states("classic", "r") == {
        "push": "success", "pull": "success", "shown": "success", "branch": "success", "yes": "success",
        "no": "skipped", "join": "success", "short": "success", "never": "skipped", "broken": "failed",
    }  # fmt: skip
    assert system.value("classic", "r", "pull") == [42, "returned", "plain value"]
    assert system.value("classic", "r", "shown") == "41 plain value"
    wait_for(
        lambda: ["broken", "KeyError"] in system.lines("classic_callbacks"), "nobody heard of the failure"
    )


def scheduled(system: System, dag_id: str, count: int) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]] | None:
        rows = system.rows("dags", "list-runs", dag_id)
        done = [row for row in rows if row["state"] == "success"]
        return sorted(done, key=lambda row: str(row["logical_date"])) if len(done) >= count else None

    return wait_for(look, lambda: f"{system.cli('dags', 'list-runs', dag_id)}\n{system.said()[-2000:]}")


def test_a_day_that_depends_on_the_past_waits_for_it(system: System) -> None:
    runs = scheduled(system, "daily", 3)
    assert [row["run_id"][:21] for row in runs] == [f"scheduled__2026-01-0{day}" for day in (1, 2, 3)]
    assert {row["run_type"] for row in runs} == {"scheduled"}
    firsts = [(day, number) for task_id, day, number in system.lines("days") if task_id == "first"]
    assert firsts == [("2026-01-01", "1"), ("2026-01-02", "1"), ("2026-01-02", "2"), ("2026-01-03", "1")]
    seconds = [day for task_id, day, _ in system.lines("days") if task_id == "second"]
    assert seconds == ["2026-01-01", "2026-01-02", "2026-01-03"]


def test_one_active_run_means_one_after_another(system: System) -> None:
    runs = scheduled(system, "turns", 5)
    assert all(earlier["end_date"] <= later["start_date"] for earlier, later in pairwise(runs))
    days = [day for _, day in system.lines("turns")]
    assert days == [f"2026-01-0{day}" for day in (1, 1, 2, 2, 3, 3, 4, 4, 5, 5)]


def test_sensors_poke_reschedule_and_give_up(system: System) -> None:
    assert system.wait_run("sensors", "r") == "failed"
    assert system.states("sensors", "r") == {
        "poking": "success", "rescheduling": "success", "times_out": "failed", "gives_up_softly": "skipped",
    }  # fmt: skip
    assert system.lines("looks_rescheduling") == [["1"]] * 3, "a rescheduled sensor goes on within its try"


def test_a_run_that_takes_too_long_fails_and_its_task_is_stopped(system: System) -> None:
    assert system.wait_run("too_long", "r") == "failed"
    assert set(system.states("too_long", "r").values()) == {"skipped"}
    run = system.run("too_long", "r")
    assert run.start_date is not None
    assert run.end_date is not None
    assert timedelta(seconds=1) <= run.end_date - run.start_date


def test_a_schedule_makes_its_runs_by_itself_one_per_slot(system: System) -> None:
    dates = [row["logical_date"] for row in scheduled(system, "often", 3)]
    assert len(set(dates)) == len(dates)
    moments = sorted(datetime.fromisoformat(date) for date in dates)
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(moments))


def test_a_limit_per_run_lets_one_instance_after_another_run(system: System) -> None:
    assert system.wait_run("one_by_one", "r") == "success"
    words = [line[0] for line in system.lines("one_by_one")]
    assert words == ["begin", "end"] * 5
    assert system.value("one_by_one", "r", "what_is_there") == [0, 2, 4]


def test_nothing_of_all_this_troubled_a_component(system: System) -> None:
    for dag_id in MANUAL:
        system.wait_run(dag_id, "r")
    assert [
        line for line in system.said().splitlines() if re.search(r"Z (error|critical)|Traceback", line)
    ] == []
