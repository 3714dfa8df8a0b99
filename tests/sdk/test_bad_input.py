"""What authors get wrong, each with the sentence that helps: most of it when the file is read."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest

from tests.sdk.declared import Work, document
from tests.sdk_runtime.fakes import running
from windward import DAG, BashOperator, Param, TaskGroup
from windward.errors import (
    DagCycleError,
    DagImportError,
    InvalidCronError,
    InvalidIdError,
    InvalidParamError,
    TemplateError,
)

SEOUL = ZoneInfo("Asia/Seoul")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("zone", [SEOUL, pendulum.timezone("Asia/Seoul")])
def test_a_naive_date_beside_a_zone_is_taken_in_it_with_a_hint(zone: Any) -> None:
    made = document(DAG("d", start_date=datetime(2026, 1, 1, tzinfo=zone), end_date=datetime(2026, 2, 1)))
    assert made.end_date == datetime(2026, 1, 31, 15, tzinfo=UTC)
    (hint,) = made.warnings
    assert "`end_date` has no zone and is taken in `Asia/Seoul`" in hint
    assert 'pendulum.datetime(2026, 2, 1, tz="Asia/Seoul")' in hint


def test_dates_that_everybody_reads_alike_have_no_hint() -> None:
    assert document(DAG("d", start_date=datetime(2026, 1, 1), end_date="2026-02-01")).warnings == ()
    aware = DAG("d", start_date=datetime(2026, 1, 1, tzinfo=SEOUL), end_date=START)
    assert document(aware).warnings == ()


@pytest.mark.parametrize("in_default_args", [True, False])
def test_a_start_date_of_now_is_warned_of(in_default_args: bool) -> None:
    now = {"start_date": datetime.now(UTC)}
    made = DAG("d", default_args=now) if in_default_args else DAG("d", start_date=now["start_date"])
    assert "`start_date` is the time of import" in document(made).warnings[0]


def test_an_argument_that_an_operator_does_not_know_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(TypeError, match="Did you mean `retries`"):
        Work(task_id="a", retires=3)


def test_a_cycle_is_an_error_that_names_its_tasks() -> None:
    with DAG("d") as made:
        a, b = Work(task_id="a"), Work(task_id="b")
        a >> b >> a
    with pytest.raises(DagCycleError, match="`a` → `b` → `a`"):
        document(made)


@pytest.mark.parametrize("bad", ["with space", "a/b", "", "a..b", "x" * 251, "quo'te"])
def test_an_id_with_bad_characters_is_an_error_that_says_what_is_allowed(bad: str) -> None:
    with DAG("d"):
        for make in (DAG, lambda name: Work(task_id=name), TaskGroup):
            with pytest.raises(InvalidIdError, match=re.escape(f"`{bad}`")) as caught:
                make(bad)
            assert "letters" in caught.value.hint or "dots" in caught.value.hint


@pytest.mark.parametrize("template", ["{{ ds", "{{ dss }}", "{% if %}"])
def test_a_template_that_fails_names_its_task_and_field(template: str) -> None:
    with DAG("d", start_date=START):
        task = BashOperator(task_id="load", bash_command=template)
    with (
        running(task) as (context, _),
        pytest.raises(TemplateError, match="field `bash_command` of task `load`"),
    ):
        task.render_template_fields(context)


def test_params_that_do_not_fit_their_schema_are_an_error_of_a_scheduled_dag() -> None:
    with pytest.raises(InvalidParamError, match="param `size` of DAG `d`") as caught:
        document(DAG("d", schedule="@daily", start_date=START, params={"size": Param("x", type="integer")}))
    assert "Give it a default that fits" in caught.value.hint


def test_an_end_before_the_start_is_noted() -> None:
    start, end = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)

    backwards = DAG("d", schedule="@daily", start_date=start, end_date=end)
    forwards = DAG("d", schedule="@daily", start_date=end, end_date=start)

    assert ["`end_date` lies before `start_date`" in note for note in backwards.author_warnings] == [True]
    assert not forwards.author_warnings


def test_a_cron_that_never_fires_is_an_error_that_says_why() -> None:
    with pytest.raises(
        InvalidCronError, match=r"`schedule` of DAG `d`.* `0 0 31 2 \*` never fires"
    ) as caught:
        DAG("d", schedule="0 0 31 2 *", start_date=START)
    assert "February has at most 29 days" in caught.value.hint


@pytest.mark.parametrize("value", [5, None, object()])
def test_an_expand_over_what_is_no_list_is_an_error_that_names_the_argument(value: Any) -> None:
    with DAG("d"), pytest.raises(ValueError, match=r"keyword argument value: it expands over a list, a dict"):
        Work.partial(task_id="a").expand(value=value)


def test_an_expand_of_a_million_is_an_error_that_says_to_make_batches() -> None:
    with DAG("d") as made:
        Work.partial(task_id="a").expand(value=list(range(1_000_000)))
    with pytest.raises(DagImportError, match="task `a` of DAG `d` expands to 1000000 instances") as caught:
        document(made)
    assert "Expand over batches" in caught.value.hint
