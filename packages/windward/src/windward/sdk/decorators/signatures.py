"""What a function's text says about its task: how it may be called, what it returns, its source."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_origin, get_type_hints

from windward.sdk.context_keys import AIRFLOW3_KEYS, CONTEXT_KEYS
from windward.sdk.operator_meta import AirflowTypeError


@functools.lru_cache(maxsize=4096)
def parameters_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...] | None:
    """Return the parameters of a function; None when it does not tell them."""
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def check_call(function: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Raise TypeError when a function cannot be called so, the names that the context gives aside.

    Raise ValueError when a name of the context has a default: it would never be used.
    """
    parameters = parameters_of(function)
    if parameters is None:
        return
    for parameter in parameters:
        is_useless = parameter.default is not parameter.empty and parameter.default is not None
        if is_useless and parameter.name in AIRFLOW3_KEYS and parameter.name not in named:
            raise ValueError(
                f"Context key parameter {parameter.name} of `{name_of(function)}` "
                "can't have a default other than None"
            )
    signature = inspect.Signature(list(parameters))
    try:
        bound = signature.bind_partial(*args, **named)
    except TypeError as error:
        raise AirflowTypeError(f"`{name_of(function)}` cannot be called like this: {error}") from error
    for parameter in parameters:
        is_open = parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
        if is_open or parameter.name in bound.arguments or parameter.name in CONTEXT_KEYS:
            continue
        if parameter.default is parameter.empty:
            raise AirflowTypeError(
                f"`{name_of(function)}` cannot be called like this: missing a required argument: '{parameter.name}'"
            )


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function or of another object that can be called."""
    return getattr(function, "__name__", type(function).__name__)


def infer_multiple_outputs(function: Callable[..., Any]) -> bool:
    """True when the return annotation is a mapping: each key becomes an XCom of its own."""
    annotations = getattr(function, "__annotations__", None) or {}
    if "return" not in annotations:
        return False
    found = annotations["return"]
    if isinstance(found, str):
        try:
            found = get_type_hints(function).get("return")
        except Exception:  # noqa: BLE001 - annotations may name what exists for type checkers only
            return False
    kind = get_origin(found) or found
    return isinstance(kind, type) and issubclass(kind, Mapping)


def source_without_decorators(function: Callable[..., Any]) -> str:
    """Return a function's source text, unindented, from its `def` on."""
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    node = ast.parse(source).body[0]
    first = getattr(node, "lineno", 1)
    return "\n".join(source.splitlines()[first - 1 :]) + "\n"
