"""`@dag`: a function that declares a DAG each time it is called."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, overload

from windward.sdk.dag import DAG


@overload
def dag(dag_id_or_func: Callable[..., Any], **options: Any) -> Callable[..., DAG]: ...
@overload
def dag(
    dag_id_or_func: str | None = None, *positional: Any, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., DAG]]: ...
def dag(dag_id_or_func: Any = None, *positional: Any, **options: Any) -> Any:
    """Make a function a DAG: `@dag`, `@dag("orders")`, or `@dag(schedule="@daily", ...)`.

    The arguments of the function become params of the DAG. Its docstring documents it. Calling it declares the DAG
    and returns it.
    """
    if callable(dag_id_or_func):
        return _factory(dag_id_or_func, (), options)
    if dag_id_or_func is not None and "dag_id" not in options:
        options["dag_id"] = dag_id_or_func
    return lambda function: _factory(function, positional, options)


def _factory(
    function: Callable[..., Any], positional: tuple[Any, ...], options: dict[str, Any]
) -> Callable[..., DAG]:
    @functools.wraps(function)
    def declare(*args: Any, **kwargs: Any) -> DAG:
        bound = inspect.signature(function).bind(*args, **kwargs)
        bound.apply_defaults()
        given = {"dag_id": function.__name__, **options}
        if given.get("doc_md") is None and function.__doc__:
            given["doc_md"] = textwrap.dedent(function.__doc__).strip()
        new = DAG(given.pop("dag_id") or function.__name__, *positional, **given)
        new.fileloc = function.__code__.co_filename if hasattr(function, "__code__") else new.fileloc
        with new:
            function(**{name: new.param(name, value) for name, value in bound.arguments.items()})
        return new

    return declare
