"""How a run that is tested shows itself: a live tree on a terminal, a line per event elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from windward.document import DagDocument
from windward.logs.records import LogLine, decode_lines
from windward.logs.render import render_lines
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import FINISHED, RunState, TaskState

if TYPE_CHECKING:
    from rich.tree import Tree

_STYLES: dict[TaskState, tuple[str, str]] = {
    TaskState.SUCCESS: ("✔", "green"),
    TaskState.FAILED: ("✘", "bold red"),
    TaskState.UPSTREAM_FAILED: ("✘", "dark_orange"),
    TaskState.SKIPPED: ("↷", "magenta"),
    TaskState.RUNNING: ("●", "bright_cyan"),
    TaskState.UP_FOR_RESCHEDULE: ("◔", "yellow"),
    TaskState.REMOVED: ("-", "dim"),
}
Errors = tuple[str, Sequence[LogLine]]
"""Whose log it is, and what it says of errors."""
INSTANCES_SHOWN_MAX = 20
"""Instances of a mapped task that are shown each by itself; more are counted."""


class Progress(Protocol):
    """What a run that is tested tells."""

    def show(self, tasks: Sequence[TaskRecord], *, running: TaskKey | None = None) -> None:
        """Show the task instances as they are now; `running` is about to run."""

    def end(
        self, run: RunRecord, failures: Sequence[tuple[str, Path]], errors: Sequence[Errors] = ()
    ) -> None:
        """Show how the run ended, the logs of what failed as (name, file), and what else went wrong."""


class Lines:
    """A line for each task instance that ends."""

    def __init__(self, document: DagDocument, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._shown: dict[TaskKey, TaskState] = {}
        self._width = max((len(task.task_id) for task in document.tasks), default=0)

    def show(self, tasks: Sequence[TaskRecord], *, running: TaskKey | None = None) -> None:
        """Print what is new."""
        del running
        for task in tasks:
            if self._shown.get(task.key) == task.state:
                continue
            self._shown[task.key] = task.state
            if task.state in FINISHED or task.state is TaskState.UP_FOR_RESCHEDULE:
                name = name_of(task).ljust(self._width)
                print(f"  {name}  {task.state:<15}  {took(task)}".rstrip(), file=self._out, flush=True)

    def end(
        self, run: RunRecord, failures: Sequence[tuple[str, Path]], errors: Sequence[Errors] = ()
    ) -> None:
        """Print the logs of failures and other errors, then how the run ended."""
        print_logs(failures, out=self._out)
        _print_errors(errors, out=self._out)
        print(summary(run), file=self._out, flush=True)


class LiveTree:
    """A tree of tasks that is drawn anew as they move."""

    def __init__(self, document: DagDocument) -> None:
        from rich.console import Console
        from rich.live import Live

        self._document = document
        self._tasks: Sequence[TaskRecord] = ()
        self._running: TaskKey | None = None
        self._running_since = datetime.now(UTC)
        self._live = Live(
            console=Console(stderr=True),
            get_renderable=self._tree,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="visible",
        )
        self._live.start()

    def show(self, tasks: Sequence[TaskRecord], *, running: TaskKey | None = None) -> None:
        """Draw the tree."""
        self._tasks = tasks
        if running != self._running:
            self._running, self._running_since = running, datetime.now(UTC)
        self._live.refresh()

    def end(
        self, run: RunRecord, failures: Sequence[tuple[str, Path]], errors: Sequence[Errors] = ()
    ) -> None:
        """Draw the tree a last time; print the logs of failures and other errors, then how the run ended."""
        self._live.refresh()
        self._live.stop()
        print_logs(failures, out=sys.stderr)
        _print_errors(errors, out=sys.stderr)
        colour = "green" if run.state is RunState.SUCCESS else "red"
        self._live.console.print(summary(run), style=f"bold {colour}", markup=False, highlight=False)

    def _tree(self) -> Tree:
        from rich.text import Text
        from rich.tree import Tree

        root = Tree(Text(self._document.dag_id, style="bold"), guide_style="dim")
        branches: dict[str | None, Any] = {None: root}
        for group in sorted(self._document.groups, key=lambda group: group.group_id):
            above = branches.get(group.parent, root)
            branches[group.group_id] = above.add(Text(group.label or group.group_id, style="bold dim"))
        by_task: dict[str, list[TaskRecord]] = {}
        for record in self._tasks:
            by_task.setdefault(record.task_id, []).append(record)
        for task in self._document.tasks:
            branch = branches.get(task.group_id, root)
            for record in by_task.get(task.task_id, [])[:INSTANCES_SHOWN_MAX]:
                branch.add(self._line(record))
            if (more := len(by_task.get(task.task_id, [])) - INSTANCES_SHOWN_MAX) > 0:
                branch.add(Text(f"… {task.task_id}: {more} more", style="dim"))
        return root

    def _line(self, record: TaskRecord) -> Any:
        from rich.text import Text

        is_running = record.key == self._running and record.state not in FINISHED
        state = TaskState.RUNNING if is_running else record.state
        sign, style = _STYLES.get(state, ("○", "dim"))
        tries = f" try {record.try_number}" if record.try_number > 1 else ""
        elapsed = took(record)
        if is_running:
            elapsed = f"{(datetime.now(UTC) - self._running_since).total_seconds():.1f} s"
        shown = "" if state is TaskState.NONE else state
        return Text.assemble(
            (f"{sign} ", style), name_of(record), (f"  {shown}{tries}  {elapsed}".rstrip(), "dim")
        )


def make_progress(document: DagDocument, *, live: bool) -> Progress:
    """Return a tree for a terminal, lines for anything else."""
    return LiveTree(document) if live else Lines(document)


def name_of(record: TaskRecord) -> str:
    """Return a task instance's name as people write it."""
    if record.map_index < 0:
        return record.task_id
    return f"{record.task_id}[{record.map_label or record.map_index}]"


def took(record: TaskRecord) -> str:
    """Return how long the last attempt ran, or nothing."""
    if record.start_date is None or record.end_date is None:
        return ""
    return f"{(record.end_date - record.start_date).total_seconds():.2f} s"


def summary(run: RunRecord) -> str:
    """Return how the run ended, in a line."""
    seconds = ""
    if run.start_date is not None and run.end_date is not None:
        seconds = f" after {(run.end_date - run.start_date).total_seconds():.2f} s"
    return f"{run.dag_id} {run.run_id}: {run.state}{seconds}" + (f" ({run.reason})" if run.reason else "")


def errors_in(logs: Path, *, but: Collection[Path]) -> Sequence[Errors]:
    """Return what logs say of errors, such as a callback that failed; of all logs `but` those."""
    found = []
    for path in sorted(set(logs.rglob("*.log")) - set(but)):
        if errors := [line for line in decode_lines(path.read_bytes()) if line.level == "error"]:
            found.append((path.relative_to(logs).parent.name.removeprefix("task_id="), errors))
    return found


def print_logs(failures: Sequence[tuple[str, Path]], *, out: TextIO) -> None:
    """Print logs, each under its task's name."""
    for name, path in failures:
        print(f"\nlog of {name}:", file=out)
        try:
            data = path.read_bytes()
        except OSError as error:
            print(f"  it cannot be read: {error}", file=out)
            continue
        _print_lines(decode_lines(data), out=out)
        print(file=out, flush=True)


def _print_errors(errors: Sequence[Errors], *, out: TextIO) -> None:
    for name, lines in errors:
        print(f"\nerrors in the log of {name}:", file=out)
        _print_lines(lines, out=out)
        print(file=out, flush=True)


def _print_lines(lines: Iterable[LogLine], *, out: TextIO) -> None:
    for text in render_lines(lines):
        print("  " + text.replace("\n", "\n  "), file=out)
