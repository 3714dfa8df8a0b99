"""DAGs that trigger, watch and contain each other, and SLAs, with real processes on both databases."""

import email
import email.policy
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import DATABASES
from tests.acceptance.harness import System, daily, wait_for
from tests.acceptance.other_dags import CHILDREN, LATE, MAILED, MOTHERS, WATCHED
from tests.mails import mail_sink
from tests.tidy import tree

MakeSystem = Callable[..., System]
DATE = "2026-02-03T00:00:00+00:00"


def runs_of(system: System, dag_id: str) -> list[dict[str, str]]:
    return system.rows("dags", "list-runs", dag_id)


@pytest.mark.parametrize("database", DATABASES)
def test_dags_trigger_each_other(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    system.write("children.py", CHILDREN)
    system.write("mothers.py", MOTHERS)
    system.start()
    system.wait_dag("child")
    system.trigger("mother", "r")
    assert system.wait_run("mother", "r") == "failed"

    assert system.states("mother", "r") == {
        "waits": "success", "again": "skipped", "defers": "success", "unlucky": "failed", "invalid": "failed",
        "missing": "failed", "looks": "success",
    }  # fmt: skip
    made = system.run("child", "made_by_r")
    assert made.conf == {"size": 3, "date": made.conf["date"]}
    parent = system.session.store.reads.run_parent(made.run_pk)
    assert parent is not None
    assert (parent.dag_id, parent.run_id, parent.task_id) == ("mother", "r", "waits")
    assert system.value("mother", "r", "waits", "trigger_run_id") == "made_by_r"
    assert "DagNotFound" in str(system.task("mother", "r", "missing").exit_fact)
    assert "cannot be `'large'`" in str(system.task("mother", "r", "invalid").exit_fact)
    assert system.value("mother", "r", "looks") == [
        ["again", "defers", "invalid", "looks", "missing", "unlucky", "waits"],
        "r",
        ["made_by_r"],
    ]
    assert len(runs_of(system, "child")) == 2


def test_a_task_that_is_killed_after_it_triggered_a_run_triggers_no_second_one(
    make_system: MakeSystem,
) -> None:
    system = make_system()
    system.write("children.py", CHILDREN)
    system.write("mothers.py", MOTHERS)
    system.start()
    system.wait_dag("child")
    system.trigger("dies", "r")
    assert system.wait_run("dies", "r") == "success"
    assert system.task("dies", "r", "triggers").try_number == 2
    (run,) = runs_of(system, "child")
    assert system.value("dies", "r", "triggers", "trigger_run_id") == run["run_id"]


@pytest.mark.parametrize("database", DATABASES)
def test_sensors_wait_for_tasks_groups_and_runs_of_other_dags(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    system.write("children.py", CHILDREN)
    system.write("mothers.py", MOTHERS)
    system.write("watched.py", WATCHED)
    system.start()
    system.wait_dag("watched")
    system.trigger("watcher", "r", "--logical-date", DATE)
    system.wait_state("watcher", "r", "whole", "deferred")
    system.wait_log("watcher", "r", "task", "DAG `watched` has no schedule")
    system.trigger("unlucky", "theirs", "--logical-date", DATE)
    system.trigger("watched", "theirs", "--logical-date", DATE)
    assert system.wait_run("watcher", "r") == "failed"
    assert system.states("watcher", "r") == {
        "task": "success", "group": "success", "whole": "success", "fails": "failed",
    }  # fmt: skip


@pytest.mark.parametrize("database", DATABASES)
def test_slas_and_sub_dags_of_airflow_2_files(make_system: MakeSystem, database: str) -> None:
    system = make_system(database=database)
    system.write("late.py", LATE.replace("DAILY", daily()))
    system.start()
    system.trigger("sections", "r")
    wait_for(lambda: system.lines("slas"), "nobody was told of the missed SLA")
    assert system.lines("slas") == [["late", "after+slow", "after+slow"]]
    missed = system.rows("dags", "list-sla-misses", "late")
    assert sorted(row["task_id"] for row in missed) == ["after", "slow"]

    assert system.wait_run("sections", "r") == "success"
    assert system.states("sections", "r") == dict.fromkeys(
        ["start", "part.first", "part.second", "part.done", "end"], "success"
    )
    assert system.value("sections", "r", "end") == "from the sub-DAG"
    (run,) = runs_of(system, "late")
    assert system.wait_run("late", run["run_id"]) == "success"
    assert len(system.lines("slas")) == 1


@pytest.mark.parametrize("database", DATABASES)
def test_the_addresses_of_late_tasks_get_one_mail(make_system: MakeSystem, database: str) -> None:
    with mail_sink() as sink:
        smtp = {
            "HOST": "127.0.0.1", "PORT": str(sink.port), "STARTTLS": "False", "MAIL_FROM": "af@example.com",
        }  # fmt: skip
        settings = {f"AIRFLOW__SMTP__SMTP_{name}": value for name, value in smtp.items()}
        system = make_system(database=database, settings=settings)
        system.write("mailed.py", MAILED.replace("DAILY", daily()))
        system.start()
        wait_for(lambda: sink.mails, "no mail came")
        (system.home / "told").touch()
        (run,) = runs_of(system, "mailed")
        assert system.wait_run("mailed", run["run_id"]) == "success"

        ((receivers, text),) = sink.mails
        assert receivers == ["<boss@example.com>", "<data@example.com>", "<ops@example.com>"]
        message = email.message_from_string(text, policy=email.policy.default)
        assert (message["Subject"], message["From"]) == ("[airflow] SLA miss on DAG=mailed", "af@example.com")
        date = system.run("mailed", run["run_id"]).logical_date
        assert date is not None
        body = message.get_content().replace("\r\n", "\n")
        assert f"load on {date.isoformat()}\nreport on {date.isoformat()}" in body
        assert "quiet on" in body.partition("Blocking tasks")[2]


def test_the_example_of_the_documentation_does_what_it_says(make_system: MakeSystem) -> None:
    system = make_system()
    system.write("other_dags.py", (tree.ROOT / "docs/examples/other_dags.py").read_text())
    system.start()
    for dag_id in ("shop_orders", "shop_report"):
        system.trigger(dag_id, "r", "--logical-date", DATE)
        system.wait_dag("shop_invoices")
    assert system.wait_run("shop_orders", "r") == system.wait_run("shop_report", "r") == "success"
    assert system.run("shop_invoices", "for_2026-02-03").conf == {"day": "2026-02-03"}

    said = system.cli(
        "tasks", "clear", "shop_orders", "-r", "r", "-t", "^report$", "--recursive", "--dry-run"
    )
    assert [line.split()[2] for line in said.splitlines()[2:]] == ["report", "orders", "write"]
