"""What an attempt's end becomes, told by real children of a real host.

Longer than 400 lines because each kind of ending is one claim, told side by side.
"""

import json
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.runner.conftest import StartHost
from tests.runner.fake_scheduler import (
    HostUnderTest,
    callback_context,
    run_context,
    submission,
    task_context,
)
from windward.model.states import Isolation, Semantics
from windward.protocol.calls import (
    Answer,
    Call,
    Done,
    Refused,
    RunAnswer,
    SetXCom,
    TriggerRun,
    VariableAnswer,
)
from windward.protocol.outcomes import Ending, Failed, Rescheduled, Skipped, Succeeded
from windward.protocol.work import AttemptRef, Submission

DAG_FILE = """
import os, sys, signal, time, subprocess, ctypes
from datetime import datetime, timedelta, timezone
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator
from windward.sdk.exceptions import *

def callback(context):
    print("callback saw", type(context.get("exception")).__name__)

class Run(BaseOperator):
    template_fields = ("text", "more")
    def __init__(self, *, body, text="", more=None, **kwargs):
        super().__init__(**kwargs)
        self.body, self.text, self.more = body, text, more
    def execute(self, context):
        return self.body(self, context)

class Jobs:
    name = "Jobs"
    def get_link(self, operator, *, ti_key):
        return f"https://jobs.test/{ti_key.run_id}/{operator.task_id}"

class NoJobs(Jobs):
    def get_link(self, operator, *, ti_key):
        raise KeyError(1 / 0)

def broken(context):
    raise RuntimeError("callback is broken")

def fail(error):
    def body(task, context):
        raise error
    return body

with DAG("d", schedule=None, start_date=datetime(2026, 1, 1), on_failure_callback=[broken, lambda c: print("dag", c["reason"])]) as d:
{tasks}
"""

TASKS = {
    "returns": "body=lambda t, c: {'a': 1, 'b': [1, 2]}",
    "splits": "body=lambda t, c: {'a': 1, 'b': [1, 2]}, multiple_outputs=True",
    "splits_long": "body=lambda t, c: {'k' * 501: 1}, multiple_outputs=True",
    "splits_wrong": "body=lambda t, c: 3, multiple_outputs=True",
    "keeps": "body=lambda t, c: 1, do_xcom_push=False",
    "skips": "body=fail(AirflowSkipException('nothing new')), on_skipped_callback=callback",
    "fails": "body=fail(AirflowFailException('no use')), retries=3",
    "raises": "body=fail(ValueError('first line\\nsecond')), on_failure_callback=[broken, callback], on_retry_callback=lambda c: print('retry callback')",
    "sensor_timeout": "body=fail(AirflowSensorTimeout('too long'))",
    "reschedules": "body=fail(AirflowRescheduleException(datetime(2026, 5, 1, tzinfo=timezone.utc)))",
    "skips_downstream": "body=fail(DownstreamTasksSkipped(tasks=['x', ('y', 2)]))",
    "exits": "body=lambda t, c: sys.exit(3)",
    "exits_well": "body=lambda t, c: sys.exit(0)",
    "leaves": "body=lambda t, c: os._exit(9)",
    "memory": "body=fail(MemoryError())",
    "times_out": "body=lambda t, c: time.sleep(30), execution_timeout=timedelta(seconds=0.1)",
    "swallows_timeout": (
        "body=lambda t, c: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM]) and None or time.sleep(60), "
        "execution_timeout=timedelta(seconds=0.1)"
    ),
    "kills_itself": "body=lambda t, c: os.kill(os.getpid(), signal.SIGKILL)",
    "crashes": "body=lambda t, c: ctypes.string_at(0)",
    "renders": "body=lambda t, c: t.text, text='{{ ds }} of {{ run_id }}', more={'k': 'x' * 6000, 'password': 'sesame'}",
    "renders_badly": "body=lambda t, c: None, text='{{ nothing_like_this }}'",
    "prints": (
        "body=lambda t, c: (print('one'), sys.stdout.flush(), os.system('echo two; echo three >&2'), "
        "print('four', file=sys.stderr), t.log.info('five %s', 5)) and None"
    ),
    "environment": "body=lambda t, c: subprocess.check_output('env', text=True), owner='ada', email='a@example.org'",
    "asks": "body=lambda t, c: __import__('windward.sdk.variable', fromlist=['Variable']).Variable.get('colour')",
    "masks": (
        "body=lambda t, c: (__import__('windward.sdk.masking', fromlist=['x']).mask_secret('tr0ub4dor'), "
        "print('it is tr0ub4dor'), sys.stdout.flush(), os.system('echo raw tr0ub4dor')) and 'tr0ub4dor'"
    ),
    "pushes": "body=lambda t, c: c['ti'].xcom_push(key='k', value=[1, 2])",
    "links": "body=lambda t, c: setattr(t, 'operator_extra_links', (NoJobs(), Jobs()))",
    "links_and_fails": "body=lambda t, c: setattr(t, 'operator_extra_links', (NoJobs(), Jobs())) or 1 / 0",
    "triggers": (
        "body=fail(DagRunTriggerException(trigger_dag_id='other', dag_run_id='r', conf={'a': 1}, logical_date=None, "
        "run_after=None, reset_dag_run=False, skip_when_already_exists=True, wait_for_completion=False, "
        "allowed_states=['success'], failed_states=['failed'], poke_interval=1, deferrable=False))"
    ),
    "as_root": "body=lambda t, c: None",
    "knows_its_context": (
        "body=lambda t, c: __import__('windward.sdk.context', fromlist=['x']).get_current_context() is c"
    ),
    "who": "body=lambda t, c: [os.getuid(), os.getgid(), os.environ['HOME'], os.environ['USER']]",
    "collects": "body=lambda t, c: __import__('gc').isenabled()",
}


@pytest.fixture(scope="module")
def dag_file(shared_host: HostUnderTest) -> str:
    return write_dag_file(shared_host)


def write_dag_file(host: HostUnderTest) -> str:
    lines = [f"    Run(task_id={name!r}, {arguments})" for name, arguments in TASKS.items()]
    lines.append("    Run.partial(task_id='mapped', body=lambda t, c: t.text).expand(text=['x', 'y', 'z'])")
    lines.append(
        "    Run.partial(task_id='named', map_index_template='{{ task.text }}!', body=lambda t, c: 1 / (t.text == 'x'))"
        ".expand(text=['x', 'y'])"
    )
    lines.append(
        "    Run.partial(task_id='unnamed', map_index_template='{{ 1 / 0 }}', body=lambda t, c: 1).expand(text=['x'])"
    )
    return host.write("attempts.py", DAG_FILE.replace("{tasks}", "\n".join(lines)))


class Runs:
    """Runs one task after another on the shared host; each attempt has a fence of its own."""

    def __init__(self, host: HostUnderTest, fileloc: str) -> None:
        self.host = host
        self.fileloc = fileloc

    def work(self, task_id: str, **arguments: Any) -> Submission:
        self.host.next_fence += 1
        return submission(self.fileloc, task_id, fence=self.host.next_fence, **arguments)

    def __call__(self, task_id: str, **arguments: Any) -> Ending:
        work = self.work(task_id, **arguments)
        [ending] = self.host.run(work)
        return ending

    def events(self, ref: AttemptRef, *wanted: str) -> list[dict[str, Any]]:
        """Return the log's lines, once they have the wanted events."""

        def lines() -> list[dict[str, Any]]:
            found = [json.loads(line) for line in self.host.log(ref).splitlines()]
            return found if set(wanted) <= {line["event"] for line in found} else []

        found: list[dict[str, Any]] = self.host.scheduler.until(lines)
        return found


@pytest.fixture
def run(shared_host: HostUnderTest, dag_file: str) -> Runs:
    return Runs(shared_host, dag_file)


def test_a_returned_value_becomes_an_xcom_with_its_length(run: Runs) -> None:
    outcome = run("returns").outcome
    assert isinstance(outcome, Succeeded)
    assert outcome.return_length == 2
    [xcom] = outcome.xcoms
    assert xcom.key == "return_value"
    assert xcom.value.data is not None
    assert msgspec.json.decode(xcom.value.data) == {"a": 1, "b": [1, 2]}


def test_multiple_outputs_become_one_xcom_per_key(run: Runs) -> None:
    outcome = run("splits").outcome
    assert isinstance(outcome, Succeeded)
    assert [xcom.key for xcom in outcome.xcoms] == ["a", "b", "return_value"]


def test_multiple_outputs_need_a_dict(run: Runs) -> None:
    ending = run("splits_wrong")
    assert isinstance(ending.outcome, Failed)
    assert ending.exit.message is not None
    assert "`multiple_outputs=True` needs a dict" in ending.exit.message


def test_an_output_whose_name_cannot_be_a_key_fails_the_task(run: Runs) -> None:
    ending = run("splits_long")
    assert isinstance(ending.outcome, Failed)
    assert ending.exit.message is not None
    assert "an XCom key is a text of 1 to 500 characters" in ending.exit.message


def test_no_xcom_is_pushed_when_the_task_says_so(run: Runs) -> None:
    assert run("keeps").outcome == Succeeded()


@pytest.mark.parametrize(
    ("task_id", "outcome", "kind"),
    [
        ("skips", Skipped(message="nothing new"), "ok"),
        ("fails", Failed(may_retry=False), "exception"),
        ("raises", Failed(), "exception"),
        ("sensor_timeout", Failed(may_retry=False), "exception"),
        ("reschedules", Rescheduled(at=datetime(2026, 5, 1, tzinfo=UTC)), "ok"),
        ("skips_downstream", Succeeded(skip=("x", "y")), "ok"),
        ("exits", Failed(), "exit"),
        ("leaves", Failed(), "exit"),
        ("memory", Failed(), "out_of_memory"),
        ("times_out", Failed(), "timeout"),
        ("kills_itself", Failed(), "signal"),
        ("crashes", Failed(), "signal"),
        ("renders_badly", Failed(), "exception"),
    ],
)
def test_an_end_has_its_outcome_and_its_fact(run: Runs, task_id: str, outcome: object, kind: str) -> None:
    ending = run(task_id)
    assert (ending.outcome, ending.exit.kind) == (outcome, kind)


def test_an_exit_fact_holds_code_signal_and_error(run: Runs) -> None:
    assert run("exits").exit.exit_code == 3
    assert run("leaves").exit.exit_code == 9
    assert run("kills_itself").exit.signal == 9
    raised = run("raises").exit
    assert (raised.error_type, raised.message) == ("ValueError", "first line")
    assert raised.peak_rss_bytes is not None
    assert 1 << 20 < raised.peak_rss_bytes < 1 << 30


def test_an_exit_fact_names_the_process_and_its_user(run: Runs) -> None:
    raised, killed = run("raises").exit, run("kills_itself").exit
    assert raised.unixname == pwd.getpwuid(os.geteuid()).pw_name
    assert raised.pid is not None
    assert killed.pid is not None
    assert len({raised.pid, killed.pid, os.getpid()}) == 3


def test_a_crash_of_c_code_leaves_a_stack_in_the_log(run: Runs) -> None:
    work = run.work("crashes")
    run.host.run(work)
    assert any("Segmentation fault" in line["event"] for line in run.events(work.ref))


def test_exit_code_0_is_success_in_airflow_2_and_failure_in_airflow_3(run: Runs) -> None:
    second, third = run.work("exits_well"), run.work("exits_well")
    run.host.scheduler.contexts[second.ref] = task_context(second.ref, semantics=Semantics.AIRFLOW2)
    endings = run.host.run(second, third)
    assert [type(ending.outcome) for ending in endings] == [Succeeded, Failed]


def test_a_task_that_blocks_its_alarm_is_killed_all_the_same(run: Runs) -> None:
    ending = run("swallows_timeout")
    assert ending.exit.kind == "timeout"
    assert isinstance(ending.outcome, Failed)


def test_template_fields_are_rendered_recorded_bounded_and_masked(run: Runs) -> None:
    ending = run("renders")
    assert isinstance(ending.outcome, Succeeded)
    assert ending.rendered is not None
    assert ending.rendered["text"].startswith("2026-01-02 of manual__1")
    assert len(ending.rendered["more"]) < 5000
    assert "sesame" not in str(ending.rendered)


def test_what_is_printed_becomes_lines_with_their_source_and_order(run: Runs) -> None:
    work = run.work("prints")
    run.host.run(work)
    lines = run.events(work.ref, "three", "five 5")
    sources = {line["event"]: line["source"] for line in lines}
    assert sources["one"] == "stdout"
    assert sources["four"] == "stderr"
    assert sources["five 5"] == "task"
    order = [line["event"] for line in lines]
    assert order.index("attempt started") < order.index("one") < order.index("four") < order.index("five 5")
    assert order.index("two") < order.index("three")


def test_a_log_has_a_first_and_a_last_line_of_ours(run: Runs) -> None:
    work = run.work("returns")
    run.host.run(work)
    lines = run.events(work.ref, "attempt ended")
    assert lines[0]["event"] == "attempt started"
    assert lines[-1] | {"outcome": "succeeded"} == lines[-1]


def test_a_secret_is_masked_in_printed_lines_and_in_raw_output(run: Runs) -> None:
    work = run.work("masks")
    run.host.run(work)
    lines = run.events(work.ref, "it is ***", "raw ***")
    assert "tr0ub4dor" not in json.dumps(lines)


def test_callbacks_run_after_the_report_each_whatever_the_one_before_raised(run: Runs) -> None:
    work = run.work("raises")
    run.host.run(work)
    lines = run.events(work.ref, "callback saw ValueError", "callback failed")
    assert [line["event"] for line in lines].index("attempt ended") > 0
    [failed] = [line for line in lines if line["event"] == "task failed"]
    assert "second" in failed["exception"]
    assert "windward/runner" not in failed["exception"]


def test_a_try_that_will_be_repeated_calls_on_retry_instead(run: Runs) -> None:
    work = run.work("raises")
    run.host.scheduler.contexts[work.ref] = task_context(work.ref, max_tries=work.ref.fence)
    run.host.run(work)
    lines = run.events(work.ref, "retry callback")
    assert "callback saw ValueError" not in {line["event"] for line in lines}


def test_code_of_a_task_finds_the_context_of_the_attempt(run: Runs) -> None:
    outcome = run("knows_its_context").outcome
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value.data == b"true"


def test_child_processes_of_a_task_know_where_they_belong(run: Runs) -> None:
    outcome = run("environment").outcome
    assert isinstance(outcome, Succeeded)
    text = msgspec.json.decode(outcome.xcoms[0].value.data or b"")
    for line in (
        "AIRFLOW_CTX_DAG_ID=d",
        "AIRFLOW_CTX_TASK_ID=environment",
        "WINDWARD_CTX_DAG_RUN_ID=manual__1",
        "AIRFLOW_CTX_DAG_OWNER=ada",
        "AIRFLOW_CTX_DAG_EMAIL=a@example.org",
        "AIRFLOW_CTX_LOGICAL_DATE=2026-01-02T03:04:05+00:00",
    ):
        assert line in text.splitlines()


def test_calls_of_user_code_are_answered_by_the_service(run: Runs) -> None:
    def answer(_ref: AttemptRef, call: Call) -> Answer:
        return VariableAnswer(value="blue") if type(call).__name__ == "GetVariable" else Refused("no", "no")

    run.host.scheduler.answer = answer
    outcome = run("asks").outcome
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value.data == b'"blue"'


def test_a_pushed_xcom_is_a_call(run: Runs) -> None:
    calls: list[Call] = []
    before = run.host.scheduler.answer
    run.host.scheduler.answer = lambda ref, call: calls.append(call) or before(ref, call)  # type: ignore[func-returns-value]
    run("pushes")
    assert [call.key for call in calls if isinstance(call, SetXCom)] == ["k"]


@pytest.mark.parametrize(("task_id", "kind"), [("links", Succeeded), ("links_and_fails", Failed)])
def test_links_are_kept_however_the_task_ended_and_a_broken_one_costs_nothing(
    run: Runs, task_id: str, kind: type
) -> None:
    calls: list[Call] = []
    before = run.host.scheduler.answer
    run.host.scheduler.answer = lambda ref, call: calls.append(call) or before(ref, call)  # type: ignore[func-returns-value]
    assert isinstance(run(task_id).outcome, kind)
    [kept] = [call for call in calls if isinstance(call, SetXCom)]
    address = f"https://jobs.test/{run_context().run_id}/{task_id}"
    assert (kept.key, kept.value.data) == ("_link_Jobs", json.dumps(address).encode())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (RunAnswer(run=run_context()), Succeeded()),
        (
            Refused(code="conflict", message="there is one"),
            Skipped(
                message="Skipping due to skip_when_already_exists is set to True and DagRunAlreadyExists"
            ),
        ),
    ],
)
def test_a_task_may_end_by_triggering_a_run(run: Runs, answer: Answer, outcome: object) -> None:
    calls: list[Call] = []

    def reply(_ref: AttemptRef, call: Call) -> Answer:
        calls.append(call)
        return answer if isinstance(call, TriggerRun) else Done()

    run.host.scheduler.answer = reply
    assert run("triggers").outcome == outcome
    wish = calls[0]
    assert isinstance(wish, TriggerRun)
    assert (wish.dag_id, wish.run_id, wish.conf, wish.place) == ("other", "r", {"a": 1}, 0)
    assert wish.since is not None


def test_a_mapped_instance_gets_its_own_argument(run: Runs) -> None:
    endings = run.host.run(*[run.work("mapped", map_index=index) for index in range(3)])
    values = [
        ending.outcome.xcoms[0].value.data for ending in endings if isinstance(ending.outcome, Succeeded)
    ]
    assert values == [b'"x"', b'"y"', b'"z"']


def test_an_instance_has_a_name_for_people_however_it_ends(run: Runs) -> None:
    well, badly = run.host.run(*[run.work("named", map_index=index) for index in range(2)])
    assert (type(well.outcome), well.map_label) == (Succeeded, "x!")
    assert (type(badly.outcome), badly.map_label) == (Failed, "y!")


def test_a_name_that_cannot_be_made_costs_no_result(run: Runs) -> None:
    [ending] = run.host.run(run.work("unnamed", map_index=0))
    assert (type(ending.outcome), ending.map_label) == (Succeeded, None)


def test_a_task_that_the_file_does_not_have_is_an_import_error(run: Runs) -> None:
    ending = run("no_such_task")
    assert ending.exit.kind == "import_error"
    assert ending.exit.message is not None
    assert "`no_such_task`" in ending.exit.message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_task_runs_as_the_user_that_it_names(run: Runs) -> None:
    work = run.work("who", run_as_user="nobody")
    [ending] = run.host.run(work)
    nobody = pwd.getpwnam("nobody")
    assert isinstance(ending.outcome, Succeeded), run.events(work.ref)
    found = json.loads(ending.outcome.xcoms[0].value.data or b"")
    assert found == [nobody.pw_uid, nobody.pw_gid, nobody.pw_dir, "nobody"]


def test_a_user_that_the_machine_does_not_have_is_named(run: Runs) -> None:
    work = run.work("who", run_as_user="no-such-user")
    [ending] = run.host.run(work)
    assert (ending.exit.error_type, "no-such-user" in (ending.exit.message or "")) == ("UserError", True)
    assert any("hint" in line.get("exception", "") for line in run.events(work.ref))


def test_long_tasks_collect_garbage(run: Runs) -> None:
    outcome = run("collects").outcome
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value.data == b"true"


def test_dag_callbacks_are_all_called_and_the_first_error_is_the_ending(run: Runs) -> None:
    ref = AttemptRef(1, "", -1, 1, callback_pk=5)
    run.host.scheduler.contexts[ref] = callback_context("failure", reason="all_tasks_deadlocked")
    [ending] = run.host.run(Submission(ref=ref, dag_id="d", fileloc=run.fileloc, code_hash=""))
    assert ending.outcome == Failed(may_retry=False)
    assert ending.exit.message == "callback is broken"
    text = (run.host.home / "logs" / callback_context("failure").log_path).read_text(encoding="utf-8")
    assert "dag all_tasks_deadlocked" in text


def test_a_warm_child_runs_attempts_in_turn_each_with_its_own_log(start_host: StartHost) -> None:
    host = start_host("--warm-children", "1")
    run = Runs(host, write_dag_file(host))
    works = [run.work("prints", isolation=Isolation.WARM) for _ in range(3)]
    for work in works:
        run.host.run(work)
        assert run.events(work.ref, "one", "two", "three", "four", "five 5", "attempt ended")
    pids = {line["pid"] for work in works for line in run.events(work.ref) if "pid" in line}
    assert len(pids) == 1


def test_the_file_of_a_log_is_where_the_rule_says(run: Runs) -> None:
    work = run.work("returns")
    run.host.run(work)
    expected = Path(f"dag_id=d/run_id=manual__1/task_id=returns/attempt={work.ref.fence}.log")
    assert (run.host.home / "logs" / expected).exists()
