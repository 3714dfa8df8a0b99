"""The operator behind `@task.bash`: the function returns the command to run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from windward.sdk.call_arguments import keyword_arguments
from windward.sdk.decorators.factory import DecoratedOperator
from windward.sdk.operators.bash import BashOperator
from windward.sdk.unset import SET_DURING_EXECUTION


class BashDecoratedOperator(DecoratedOperator, BashOperator):
    """A task that runs the Bash command which its function returns."""

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *BashOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **BashOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.bash"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            bash_command=SET_DURING_EXECUTION,
            **kwargs,
        )

    def execute(self, context: Any) -> Any:
        """Ask the function for the command, render it and run it."""
        context.update(self.op_kwargs)
        arguments = keyword_arguments(self.python_callable, self.op_args, context)
        command = self.python_callable(*self.op_args, **arguments)
        if not isinstance(command, str) or not command.strip():
            raise TypeError(
                f"the function of `@task.bash` `{self.task_id}` has to return a command, not {command!r}"
            )
        self.bash_command = self.render_template(command, context)
        return super().execute(context)
