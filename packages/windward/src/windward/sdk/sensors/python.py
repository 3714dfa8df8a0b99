"""`PythonSensor`: waits until a function returns something true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from windward.sdk.call_arguments import keyword_arguments
from windward.sdk.sensor import BaseSensorOperator, PokeReturnValue


class PythonSensor(BaseSensorOperator):
    """Call a function until it returns a truth, or a `PokeReturnValue` with a value to push.

    It gets `op_args`, `op_kwargs`, and every value of the context that its signature names.
    """

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        provide_context: bool | None = None,
        **kwargs: Any,
    ) -> None:
        del provide_context  # 1.10's switch: the context is always there
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise TypeError(
                f"`python_callable` of sensor `{self.task_id}` is {python_callable!r}; it is a function"
            )
        self.python_callable = python_callable
        self.op_args: Any = op_args or ()
        self.op_kwargs: Any = op_kwargs or {}
        self.templates_dict = templates_dict

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Ask the function."""
        context.update(self.op_kwargs)
        if self.templates_dict is not None:
            context["templates_dict"] = self.templates_dict
        arguments = keyword_arguments(self.python_callable, self.op_args, context, own=self.op_kwargs)
        answer = self.python_callable(*self.op_args, **arguments)
        return answer if isinstance(answer, PokeReturnValue) else bool(answer)
