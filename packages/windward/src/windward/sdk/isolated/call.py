"""Calling a function in another interpreter: its source and arguments go there, its result or error comes back.

What may not live here: which interpreter that is, and what the arguments are.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import json
import os
import pickle  # values pass between two processes of one task; both run the author's code
import signal
import textwrap
import types
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windward.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    DeserializingResultError,
)
from windward.sdk.subprocess_hook import SubprocessHook

SERIALIZERS = ("pickle", "cloudpickle", "dill")
PICKLE_PROTOCOL = 4
"""Understood by every Python that may be at the other end."""
_SCRIPT = Path(__file__).with_name("script.py")
_GIVEN_NAMES = frozenset({"virtualenv_string_args", "sys", *SERIALIZERS})


@dataclass(frozen=True)
class FunctionSource:
    """A function as text. `first_line` is where it begins in its file."""

    text: str
    name: str
    file: str
    first_line: int
    module: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call. `context` is given to `get_current_context()` over there, when it is not None."""

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    serializer: str = "pickle"
    string_args: Sequence[str] = ()
    context: Mapping[str, Any] | None = None
    skip_on_exit_code: Container[int] = ()


def check_function(function: Any, *, what: str) -> None:
    """Raise `AirflowException` unless this is a function whose source can be sent elsewhere."""
    if not isinstance(function, types.FunctionType) or function.__name__ == "<lambda>":
        raise AirflowException(
            f"{what} only supports functions for python_callable arg: only they have a source that can be sent to "
            "another interpreter. Write a `def`."
        )
    if inspect.isgeneratorfunction(function):
        raise AirflowException(f"{what} does not support generator functions: return a list instead")


def source_of(function: Callable[..., Any]) -> FunctionSource:
    """Return a function's source without its decorators. Raises `AirflowException` when there is none."""
    import ast

    plain: Any = inspect.unwrap(function)
    try:
        lines, start = inspect.getsourcelines(plain)
    except (OSError, TypeError) as error:
        raise AirflowException(
            f"the source of `{plain.__name__}` cannot be read: {error}. Only a function that stands in a file can run "
            "in another interpreter."
        ) from error
    text = "".join(lines)
    try:
        node = ast.parse(textwrap.dedent(text)).body[0]
        text, wrapped = textwrap.dedent(text), 0
    except IndentationError:  # a text inside begins further left than the function
        text, wrapped = f"if True:\n{text}", 1
        node = ast.parse(text).body[0].body[0]  # type: ignore[attr-defined]
    kept = text.splitlines()[node.lineno - 1 :]
    first_line = start + node.lineno - 1 - wrapped
    if wrapped:
        kept.insert(0, "if True:")
        first_line -= 1
    return FunctionSource(
        text="\n".join(kept) + "\n",
        name=plain.__name__,
        file=plain.__code__.co_filename,
        first_line=max(first_line, 1),
        module=plain.__module__,
    )


def outer_names(function: Callable[..., Any]) -> set[str]:
    """Return the names that a function takes from outside of itself, which another interpreter does not have."""
    plain: Any = inspect.unwrap(function)
    found = set(plain.__code__.co_freevars) | _globals_of(plain.__code__)
    return {
        name
        for name in found
        if name not in _GIVEN_NAMES and name != plain.__name__ and not hasattr(builtins, name)
    }


def _globals_of(code: types.CodeType) -> set[str]:
    import dis  # few files have such functions

    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _globals_of(constant)
    return names


def call_elsewhere(
    python: str, request: Request, *, folder: Path, hook: SubprocessHook, env: Mapping[str, str]
) -> Any:
    """Call the function by the interpreter `python` and return what it returned.

    Its output goes to the log line by line. `folder` is empty and ours. Raises `AirflowException` when the function
    failed, `AirflowSkipException` when it asked for that, `DeserializingResultError` when its result cannot be read.
    """
    source = source_of(request.function)
    serializer = _serializer(request.serializer)
    (folder / "request.json").write_text(
        json.dumps(
            {
                "source": source.text,
                "function": source.name,
                "file": source.file,
                "first_line": source.first_line,
                "module": source.module,
                "serializer": request.serializer,
                "string_args": [str(text) for text in request.string_args],
                "with_context": request.context is not None,
            }
        ),
        encoding="utf-8",
    )
    (folder / "arguments").write_bytes(_arguments(serializer, request))
    ended = hook.run_command([python, "-u", str(_SCRIPT), str(folder)], env=dict(env), cwd=os.getcwd())  # noqa: PTH109 - a string
    _check_exit(ended.exit_code, folder / "error.json", request, python=python)
    return _result(serializer, folder / "result", request)


def _serializer(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise AirflowException(
            f"`serializer='{name}'` needs the package `{name}` where Windward runs: `pip install {name}`"
        ) from error


def _arguments(serializer: Any, request: Request) -> bytes:
    values: dict[str, Any] = {"args": list(request.args), "kwargs": dict(request.kwargs)}
    if request.context is not None:
        values["context"] = dict(request.context)
    try:
        return bytes(serializer.dumps(values, protocol=PICKLE_PROTOCOL))
    except Exception as error:
        named = [*((f"op_args[{n}]", value) for n, value in enumerate(request.args)), *request.kwargs.items()]
        bad = [name for name, value in named if not can_dump(serializer, value)]
        raise AirflowException(
            f"{', '.join(f'`{name}`' for name in bad) or 'the context'} cannot be sent to another interpreter by "
            f"`{request.serializer}`: {error}\n\nhint: Pass plain data (numbers, texts, lists, dicts, dates), or give "
            "`serializer='cloudpickle'`."
        ) from error


def can_dump(serializer: Any, value: Any) -> bool:
    """Whether a value can be sent."""
    try:
        serializer.dumps(value, protocol=PICKLE_PROTOCOL)
    except Exception:  # noqa: BLE001 - any object may refuse, in any way
        return False
    return True


def _check_exit(code: int, error_file: Path, request: Request, *, python: str) -> None:
    name = request.function.__name__
    if code in request.skip_on_exit_code:
        raise AirflowSkipException(f"Process exited with code {code}. Skipping.")
    if code == 0:
        return
    if error_file.exists():
        _raise_error(json.loads(error_file.read_text("utf-8")), request)
    if code < 0:
        raise AirflowException(
            f"`{name}` was ended in `{python}` by signal {-code} ({signal.Signals(-code).name})"
        )
    raise AirflowException(f"`{name}` ended in `{python}` with exit code {code}")


def _raise_error(told: Mapping[str, Any], request: Request) -> None:
    message, kinds = str(told["message"]), told["types"]
    if told["step"] == "call" and "AirflowSkipException" in kinds:
        raise AirflowSkipException(message)
    if told["step"] == "call" and "AirflowFailException" in kinds:
        raise AirflowFailException(message)
    raise AirflowException(_explained(told, request))


def _explained(told: Mapping[str, Any], request: Request) -> str:
    name, kind, message = request.function.__name__, told["types"][0], told["message"]
    match told["step"]:
        case "serializer":
            return f"the other interpreter has no `{request.serializer}`: {message}\n\nhint: Add it to its requirements."
        case "arguments":
            return (
                f"the arguments of `{name}` cannot be read in the other interpreter: {kind}: {message}\n\nhint: "
                "It must have the packages of the values that it gets; pass plain data, or add the packages."
            )
        case "result":
            return (
                f"what `{name}` returned cannot be sent back by `{request.serializer}`: {kind}: {message}\n\nhint: "
                "Return plain data, or give `serializer='cloudpickle'`."
            )
        case _:
            missing = told.get("name")
            if kind in {"NameError", "UnboundLocalError"} and missing in outer_names(request.function):
                return (
                    f"`{name}` uses `{missing}`, which stands outside of it in its file\n\nhint: Another interpreter "
                    "gets the function's own source only: import and define inside of it whatever it uses."
                )
            return f"`{name}` failed in the other interpreter: {kind}: {message}"


def _result(serializer: Any, file: Path, request: Request) -> Any:
    if not file.exists():
        return None
    try:
        return serializer.loads(file.read_bytes())
    except (Exception, pickle.UnpicklingError) as error:
        raise DeserializingResultError(
            f"what `{request.function.__name__}` returned cannot be read here: {error}\n\nhint: The result must not "
            "need packages or classes that only the other interpreter has; return plain data."
        ) from error
