"""Run one function in this interpreter, for a task in another one. Started by its path, never imported.

It may be read by any Python from 3.8 on, in an environment that has nothing: only the standard library, no newer
syntax. The folder named by the first argument holds the request and takes the answer:

    request.json    what to run: the function's source, its name, file and first line, the serializer, the text arguments
    arguments       `{"args": …, "kwargs": …}`, serialized
    result          what the function returned, serialized; absent for None
    error.json      how it failed: the names of the exception's classes, its message, and at which step
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import json
import logging
import sys
import traceback
import types
from pathlib import Path
from typing import Any

FAILED = 1


class _Step:
    """The step that is being taken, told when it fails."""

    name = "start"


def main(folder: str) -> int:
    """Run the function of a request; return the exit code."""
    place = Path(folder)
    request = json.loads((place / "request.json").read_text(encoding="utf-8"))
    try:
        _run(place, request)
    except Exception as error:  # noqa: BLE001 - whatever the function raises is told to the other side
        traceback.print_exc()
        names = [kind.__name__ for kind in type(error).__mro__]
        told = {
            "step": _Step.name,
            "types": names,
            "message": str(error),
            "name": getattr(error, "name", None),
        }
        (place / "error.json").write_text(json.dumps(told), encoding="utf-8")
        return FAILED
    return 0


def _run(folder: Path, request: dict[str, Any]) -> None:
    _Step.name = "serializer"
    serializer = importlib.import_module(request["serializer"])
    _Step.name = "source"
    module = types.ModuleType("__main__")
    module.__file__ = request["file"]
    # Names that a function has always found here without importing them.
    module.__dict__.update({"sys": sys, request["serializer"]: serializer})
    module.__dict__["virtualenv_string_args"] = request["string_args"]
    sys.modules["__main__"] = module
    # What the function's annotations name need not exist here.
    flags = __future__.annotations.compiler_flag
    # As many empty lines as stand before the function, so that tracebacks show the lines of its file.
    source = "\n" * (request["first_line"] - 1) + request["source"]
    exec(compile(source, request["file"], "exec", flags, True), module.__dict__)  # noqa: S102 - the task's own code
    function = module.__dict__[request["function"]]
    if request["module"] not in sys.modules:  # values may name the function by the module that it came from
        origin = sys.modules[request["module"]] = types.ModuleType(request["module"])
        setattr(origin, request["function"], function)
    _Step.name = "arguments"
    arguments = serializer.loads((folder / "arguments").read_bytes())
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s - %(message)s")
    _Step.name = "call"
    result = _called(function, arguments, with_context=request["with_context"])
    _Step.name = "result"
    if result is not None:
        (folder / "result").write_bytes(serializer.dumps(result))


def _called(function: Any, arguments: dict[str, Any], *, with_context: bool) -> Any:
    if with_context:
        context_module = importlib.import_module("windward.sdk.context")
        with context_module.running_in(arguments["context"]):
            result = function(*arguments["args"], **arguments["kwargs"])
    else:
        result = function(*arguments["args"], **arguments["kwargs"])
    if inspect.iscoroutine(result):
        return importlib.import_module("asyncio").run(result)
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
