"""Which values of the context a user's function gets: those that its signature names, or all for `**kwargs`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from types import FunctionType
from typing import Any

from windward.sdk.context import Context


def keyword_arguments(
    function: Callable[..., Any],
    args: Collection[Any],
    context: Mapping[str, Any],
    *,
    own: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments to call a function with after the positional `args`.

    Only the keys of the context that the function takes are read. Raises ValueError when a positional argument has
    the name of a key of the context. A function that tells no signature gets the author's `own` arguments.
    """
    try:
        parameters = _parameters(function)
    except (ValueError, TypeError):  # some built-in functions have no signature
        return dict(own or {})
    if not parameters:
        return {}
    placed = parameters[: len(args)]
    for name, kind in placed:
        if kind is _BY_PLACE_OR_NAME and name in context:
            raise ValueError(f"The key '{name}' in args is a part of kwargs and therefore reserved.")
    if parameters[-1][1] is inspect.Parameter.VAR_KEYWORD:
        taken = {name for name, kind in placed if kind is _BY_PLACE_OR_NAME}
        everything = context.as_kwargs() if isinstance(context, Context) else dict(context)
        return {key: value for key, value in everything.items() if key not in taken}
    return {
        name: context[name] for name, kind in parameters[len(args) :] if kind in _BY_NAME and name in context
    }


def is_coroutine_function(function: Any) -> bool:
    """Whether calling this makes a coroutine."""
    if _is_plain(function):
        return bool(function.__code__.co_flags & inspect.CO_COROUTINE)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object may have an async `__call__`
    )


def is_generator_function(function: Any) -> bool:
    """Whether calling this makes a generator."""
    if _is_plain(function):
        return bool(function.__code__.co_flags & inspect.CO_GENERATOR)
    return inspect.isgeneratorfunction(function)


def _parameters(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Return name and kind of each parameter, in order."""
    if not _is_plain(function):
        return [(name, found.kind) for name, found in inspect.signature(function).parameters.items()]
    code = function.__code__  # a signature object is dearer than a short task
    if code.co_flags & _VARIADIC or code.co_posonlyargcount:
        return [(name, found.kind) for name, found in inspect.signature(function).parameters.items()]
    count, names = code.co_argcount, code.co_varnames
    by_name_only = names[count : count + code.co_kwonlyargcount]
    return [
        *((name, _BY_PLACE_OR_NAME) for name in names[:count]),
        *((name, inspect.Parameter.KEYWORD_ONLY) for name in by_name_only),
    ]


def _is_plain(function: Any) -> bool:
    """Whether the code object tells all: no decorator has left its marks on the function."""
    return type(function) is FunctionType and not function.__dict__


_BY_PLACE_OR_NAME = inspect.Parameter.POSITIONAL_OR_KEYWORD
_BY_NAME = (_BY_PLACE_OR_NAME, inspect.Parameter.KEYWORD_ONLY)
_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
