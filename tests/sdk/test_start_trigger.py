"""Tasks that begin in a trigger: which of them need a worker first, and what is rendered where."""

from datetime import UTC, datetime
from typing import Any

import pytest

from windward.document import StartTrigger
from windward.errors import UserError
from windward.sdk import serde
from windward.sdk.dag import DAG
from windward.sdk.exceptions import TaskDeferred
from windward.sdk.operator import BaseOperator
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.start_trigger import defer_at_start, start_trigger_document
from windward.sdk.triggers.base import StartTriggerArgs

START = datetime(2026, 1, 1, tzinfo=UTC)


class Starts(BaseOperator):
    template_fields = ("word", "other")
    start_from_trigger = True

    def __init__(self, *, arguments: Any, word: str = "", other: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.word, self.other = word, other
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="mine.Wait", next_method="go_on", trigger_kwargs=arguments, next_kwargs={"n": 1}
        )


def starts(arguments: Any, **fields: Any) -> Starts:
    return Starts(task_id="a", arguments=arguments, dag=DAG("d", schedule=None, start_date=START, **fields))


def test_arguments_that_are_named_like_template_fields_are_rendered_when_they_hold_templates() -> None:
    found = start_trigger_document(
        starts({"word": ["{{ ds }}"], "other": "plain", "path": "{{ ds }} is none of them"})
    )
    assert isinstance(found, StartTrigger)
    assert found.template_fields == ("word",)
    assert serde.unpack(found.kwargs)["word"] == ["{{ ds }}"]


def test_a_dag_with_macros_of_its_own_begins_on_a_worker_only_when_there_are_templates() -> None:
    macros = {"user_defined_macros": {"shout": str.upper}}
    assert start_trigger_document(starts({"word": "{{ shout(ds) }}"}, **macros)) is None
    assert start_trigger_document(starts({"word": "plain"}, **macros)) is not None


def test_an_argument_that_is_the_result_of_another_task_begins_on_a_worker() -> None:
    dag = DAG("d", schedule=None, start_date=START)
    before = EmptyOperator(task_id="before", dag=dag)
    task = Starts(task_id="a", arguments={"word": [before.output]}, dag=dag)
    assert start_trigger_document(task) is None


def test_a_function_among_the_arguments_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="argument `when` in `start_trigger_args` of task `a` is a function"):
        start_trigger_document(starts({"when": len}))


def test_a_worker_hands_the_rendered_wait_over_at_once() -> None:
    task = starts({"word": "{{ x }}", "path": "{{ x }}"})
    with pytest.raises(TaskDeferred) as deferred:
        defer_at_start(task, {"x": "rendered"})

    assert deferred.value.trigger.serialize() == ("mine.Wait", {"word": "rendered", "path": "{{ x }}"})
    assert (deferred.value.method_name, deferred.value.kwargs) == ("go_on", {"n": 1})
