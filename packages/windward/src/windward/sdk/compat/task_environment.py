"""What operators ask about the running task (`airflow.utils.operator_helpers`, `airflow.utils.context`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from windward.sdk.airflow_environment import airflow_variables
from windward.sdk.call_arguments import keyword_arguments

_PREFIX = "AIRFLOW_CTX_"


def context_to_airflow_vars(
    context: Mapping[str, Any],
    in_env_var_format: bool = False,  # noqa: FBT001, FBT002 - Airflow's
) -> dict[str, str]:
    """Return who runs, by names of environment variables or of Hadoop settings (`airflow.ctx.dag_id`)."""
    variables = airflow_variables(context)
    if in_env_var_format:
        return variables
    return {f"airflow.ctx.{name.removeprefix(_PREFIX).lower()}": value for name, value in variables.items()}


def context_merge(
    context: dict[str, Any], *additions: Mapping[str, Any] | Iterable[tuple[str, Any]], **named: Any
) -> None:
    """Put more keys into a context."""
    context.update(dict(*additions, **named))


class KeywordParameters:
    """The part of a context that a function takes by name."""

    def __init__(self, taken: Mapping[str, Any]) -> None:
        self._taken = taken

    @classmethod
    def determine(
        cls, func: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]
    ) -> KeywordParameters:
        """Look at a function's signature; `args` are given by place and taken already."""
        return cls(keyword_arguments(func, args, kwargs))

    def unpacking(self) -> Mapping[str, Any]:
        """Return what to call the function with."""
        return self._taken

    def serializing(self) -> Mapping[str, Any]:
        """Return what to send to a function in another interpreter."""
        return self._taken
