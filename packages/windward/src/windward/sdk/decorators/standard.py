"""The operators behind `@task`, `@task.branch` and `@task.short_circuit`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from windward.sdk.decorators.factory import DecoratedOperator
from windward.sdk.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator


class PythonDecoratedOperator(DecoratedOperator, PythonOperator):
    """A task that calls a function in its own process."""

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
    custom_operator_name = "@task"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        handed_on = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(
            kwargs_to_upstream=handed_on,
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            **kwargs,
        )


class BranchPythonDecoratedOperator(PythonDecoratedOperator, BranchPythonOperator):
    """A task whose function returns the ids of the tasks or groups to go on with."""

    template_fields = BranchPythonOperator.template_fields
    custom_operator_name = "@task.branch"


class ShortCircuitDecoratedOperator(PythonDecoratedOperator, ShortCircuitOperator):
    """A task whose function returns whether to go on at all."""

    template_fields = ShortCircuitOperator.template_fields
    custom_operator_name = "@task.short_circuit"
