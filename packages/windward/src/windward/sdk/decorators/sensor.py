"""The operator behind `@task.sensor`: the function says whether what it waits for is there."""

from __future__ import annotations

from typing import Any

from windward.sdk.call_arguments import keyword_arguments
from windward.sdk.decorators.factory import DecoratedOperator
from windward.sdk.sensor import BaseSensorOperator, PokeReturnValue


class SensorDecoratedOperator(DecoratedOperator, BaseSensorOperator):
    """A task that calls its function until it returns something true."""

    custom_operator_name = "@task.sensor"

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Ask the function; it returns a truth, or a `PokeReturnValue` with a value to push."""
        context.update(self.op_kwargs)
        arguments = keyword_arguments(self.python_callable, self.op_args, context)
        answer = self.python_callable(*self.op_args, **arguments)
        return answer if isinstance(answer, PokeReturnValue) else bool(answer)
