"""What people read when a DAG file does not import: the author's own lines, without ours.

Only text is made here, from exceptions and exit codes.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterable
from pathlib import Path

import windward
from windward.errors import UserError

ERROR_CHARS_MAX = 32_000
WARNINGS_MAX = 50
OUTPUT_BYTES_MAX = 8_192

_OURS = str(Path(windward.__file__).parent) + os.sep


def describe_error(error: BaseException, *, root: str, fileloc: str) -> str:
    """Return the text of an import error, with paths relative to the DAG folder."""
    if isinstance(error, UserError):
        place = _last_place(error, root)
        return _cut(f"{error.message}{place}\n\nhint: {error.hint}")
    if isinstance(error, SystemExit):
        place = _last_place(error, root)
        return _cut(
            f"the file calls `sys.exit({error.code!r})` while being imported{place}\n\n"
            f'hint: Put it under `if __name__ == "__main__":`, or raise an error that says what is wrong.'
        )
    shown = traceback.TracebackException.from_exception(error, compact=True)
    _keep_the_authors_lines(shown, root)
    text = "".join(shown.format())
    return _cut(text.replace(root.rstrip("/") + "/", "").rstrip() or f"`{fileloc}` raised {error!r}")


def memory_error(*, memory_mb_max: int, error: BaseException | None, root: str) -> str:
    """Return the text for a file that needs more memory than it may have."""
    place = _last_place(error, root) if error is not None else ""
    return (
        f"importing the file takes more than {memory_mb_max} MB of memory{place}\n\n"
        "hint: Move the work into a task, or raise `[dag_processor] parse_memory_mb_max`."
    )


def time_limit_error(stack: str, *, limit_s: float, setting: str, root: str) -> str:
    """Return the text for a file that is not imported in time; `stack` is what faulthandler wrote."""
    where = tidy_stack(stack, root=root)
    return _cut(
        f"importing the file takes longer than {limit_s:g} s\n"
        + (f"\nit stood here (innermost call first):\n{where}\n" if where else "")
        + f"\nhint: Move slow work into a task, or raise `[dag_processor] {setting}`."
    )


def ending_error(status: int, stack: str, *, root: str) -> str:
    """Return the text for a child that ended without a result. `status` is what `waitpid` said."""
    where = tidy_stack(stack, root=root)
    stood = f"\n\nit stood here (innermost call first):\n{where}" if where else ""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGKILL:
            return (
                "the process that imported the file was killed: the machine ran out of memory, "
                "or someone killed it\n\nhint: Move the work into a task; see the kernel's log for `oom`."
            )
        return _cut(
            f"the process that imported the file crashed with {signal.Signals(number).name}{stood}\n\n"
            "hint: A library written in C crashed; import it inside the task that needs it."
        )
    return _cut(
        f"the process that imported the file ended with exit code {os.WEXITSTATUS(status)} "
        f"before it was done{stood}\n\nhint: Does the file, or a library, call `os._exit`?"
    )


def describe_warnings(caught: Iterable[warnings.WarningMessage], *, root: str) -> list[str]:
    """Return warnings that were raised at a line of the DAG folder, each once, with file and line."""
    prefix = root.rstrip("/") + "/"
    texts: dict[str, None] = {}
    for warning in caught:
        if warning.filename.startswith(prefix):
            relative = warning.filename[len(prefix) :]
            texts[f"{relative}:{warning.lineno}: {warning.category.__name__}: {warning.message}"] = None
    return list(texts)[:WARNINGS_MAX]


def describe_output(data: bytes, *, dropped: int) -> str:
    """Return the warning that shows what a file printed."""
    text = data.decode("utf-8", errors="backslashreplace").rstrip()
    more = f"\n… and {dropped} bytes more" if dropped else ""
    return f"printed while being imported:\n{text}{more}"


def tidy_stack(stack: str, *, root: str) -> str:
    """Return the author's part of a stack written by faulthandler, innermost call first."""
    lines: list[str] = []
    prefix = root.rstrip("/") + "/"
    for line in stack.splitlines():
        stripped = line.strip()
        if not stripped.startswith("File "):
            if "most recent call first" in stripped and lines:
                break  # The first thread is the one that hangs; the others are not ours to show.
            continue
        if _OURS not in stripped and "<frozen importlib" not in stripped:
            lines.append("  " + stripped.replace(prefix, ""))
    return "\n".join(lines)


def _keep_the_authors_lines(shown: traceback.TracebackException, root: str) -> None:
    prefix = root.rstrip("/") + "/"
    seen: set[int] = set()
    pending: list[traceback.TracebackException | None] = [shown]
    while pending:
        part = pending.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        pending += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
        frames = [frame for frame in part.stack if not _is_ours(frame.filename)]
        first = next((at for at, frame in enumerate(frames) if frame.filename.startswith(prefix)), 0)
        part.stack = traceback.StackSummary.from_list(frames[first:])


def _is_ours(filename: str) -> bool:
    if filename.startswith((_OURS, "<frozen importlib", "<frozen runpy")):
        return True
    names = getattr(sys.modules.get("airflow"), "__file__", None)
    folder = os.path.dirname(names) + os.sep if names else None  # noqa: PTH120 - a text in a hot filter
    return (
        folder is not None
        and filename.startswith(folder)
        and not filename.startswith(f"{folder}providers{os.sep}")
    )


def _last_place(error: BaseException, root: str) -> str:
    prefix = root.rstrip("/") + "/"
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(prefix):
            line = f"\n    {frame.line}" if frame.line else ""
            place = f'\n  File "{frame.filename[len(prefix) :]}", line {frame.lineno}, in {frame.name}{line}'
    return place


def _cut(text: str) -> str:
    if len(text) <= ERROR_CHARS_MAX:
        return text
    half = ERROR_CHARS_MAX // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
