"""Operators whose work is a coroutine."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sdk_runtime.fakes import running, task_context
from windward.runner.resuming import run_operator
from windward.sdk.async_operator import BaseAsyncOperator
from windward.sdk.context import get_current_context
from windward.sdk.dag import DAG
from windward.sdk.operator import BaseOperator
from windward.sdk.operators.python import PythonOperator

START = datetime(2026, 1, 1, tzinfo=UTC)


class Double(BaseAsyncOperator):
    async def aexecute(self, context: Any) -> Any:
        await asyncio.sleep(0)
        return [get_current_context()["ti"].task_id, context["ti"].task_id]


class PlainlyAsync(BaseOperator):
    async def execute(self, context: Any) -> Any:
        await asyncio.sleep(0)
        return context["run_id"]


def ran(cls: type[BaseOperator]) -> Any:
    operator = cls(task_id="a", dag=DAG("d", schedule=None, start_date=START))
    with running(operator) as (context, bridge):
        return run_operator(operator, context, task_context(operator), bridge.large_values)


def test_an_async_operator_runs_its_coroutine_within_the_context() -> None:
    assert ran(Double) == ["a", "a"]


def test_execute_itself_may_be_a_coroutine() -> None:
    assert isinstance(ran(PlainlyAsync), str)


def test_an_async_operator_without_work_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="`BaseAsyncOperator` has no `aexecute`"):
        ran(BaseAsyncOperator)


def test_a_python_operator_is_async_by_its_function() -> None:
    async def one() -> int:
        return 1

    found = [PythonOperator(task_id="a", python_callable=function).is_async for function in (one, len)]
    assert found == [True, False]
    assert issubclass(PythonOperator, BaseAsyncOperator)
