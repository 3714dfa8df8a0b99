"""The context of a running task or callback: every key of Airflow 2 and 3, each computed when it is first read.

Making a context costs microseconds: nothing is parsed, converted or fetched until a key is used. Keys that only
Airflow 2 has are there in any DAG; reading one warns. What may not live here: how fields are rendered (`templating`).
"""

from __future__ import annotations

import contextvars
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from contextlib import contextmanager
from typing import Any

from windward.protocol.work import CallbackContext, TaskContext
from windward.sdk.context_values import DEPRECATED, MAKERS, NEED_LOGICAL_DATE, Source
from windward.sdk.dag_run import DagRunView
from windward.sdk.exceptions import AirflowException
from windward.sdk.task_instance import RuntimeTaskInstance

_current: contextvars.ContextVar[Context | None] = contextvars.ContextVar("windward_context", default=None)
_running: Context | None = None


class Context(dict[str, Any]):
    """A dict whose values are made when they are read; what was set by hand wins."""

    __slots__ = ("_absent", "_listed", "_source")

    def __init__(self, source: Source, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._source = source
        # Who copies a context whole lists the keys and then reads each: nobody asked for the old ones.
        self._listed: set[str] = set()
        self._absent: set[str] = set() if source.run.logical_date is not None else set(NEED_LOGICAL_DATE)

    def __missing__(self, key: str) -> Any:
        if key in self._listed:
            self._listed.discard(key)
        elif key in DEPRECATED and self._can_make(key):
            _warn_deprecated(key)
        return self._make(key)

    def _can_make(self, key: object) -> bool:
        return key in MAKERS and key not in self._absent

    def _make(self, key: str) -> Any:
        if not self._can_make(key):
            raise MissingContextKeyError(key, self.explain_missing(key))
        value = MAKERS[key](self._source)
        if key not in DEPRECATED:  # a deprecated key warns each time that it is read
            dict.__setitem__(self, key, value)
        return value

    def explain_missing(self, key: str) -> tuple[str, str] | None:
        """Return why a key of Airflow's is not in this context, and what to do; None for any other key."""
        if key in NEED_LOGICAL_DATE and key in self._absent and self._source.run.logical_date is None:
            return (
                f"run `{self._source.run.run_id}` has no logical date",
                "Use `dag_run.run_after`, or trigger the run with a logical date.",
            )
        return None

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or self._can_make(key)

    def __iter__(self) -> Iterator[str]:
        yield from list(dict.keys(self))
        for key in [
            name for name in MAKERS if name not in self._absent and not dict.__contains__(self, name)
        ]:
            if key in DEPRECATED:
                self._listed.add(key)
            yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        return self[key] if key in self else default  # noqa: SIM401 - this is `get`

    def keys(self) -> Any:
        """Return all keys, made or not."""
        return KeysView(self)

    def items(self) -> Any:
        """Return all keys with their values, which are made for it."""
        return ItemsView(self)

    def values(self) -> Any:
        """Return all values, which are made for it."""
        return ValuesView(self)

    def as_kwargs(self) -> dict[str, Any]:
        """Return a plain dict of everything, for `function(**kwargs)`; no key warns."""
        return dict(self.items())

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self.pop(key)

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a key and return its value."""
        if key not in self:
            return dict.pop(self, key, *default)
        value = self[key]
        dict.pop(self, key, None)
        self._absent.add(key)
        return value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a value, or set it."""
        if key in self:
            return self[key]
        self[key] = default
        return default

    def copy(self) -> Context:
        """Return a context with the same keys, that may be changed on its own."""
        new = Context(self._source, {})
        dict.update(new, [(key, dict.__getitem__(self, key)) for key in dict.keys(self)])
        new._absent = set(self._absent)
        return new

    __copy__ = copy

    def __or__(self, other: Any) -> Any:
        new = self.copy()
        new.update(other)
        return new

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None

    def __reduce__(self) -> Any:
        raise TypeError("a context cannot be pickled; pass on what is needed of it")

    def __repr__(self) -> str:
        return f"<Context of {self._source.run.dag_id} {self._source.run.run_id}>"


class MissingContextKeyError(KeyError):
    """A key that the context does not have."""

    def __init__(self, key: str, reason: tuple[str, str] | None) -> None:
        super().__init__(key)
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        if self.reason is None:
            return repr(self.key)
        return f"`{self.key}` is not in the context: {self.reason[0]}\n\nhint: {self.reason[1]}"


def build_context(
    task: Any, work: TaskContext, dag: Any = None, *, more: Mapping[str, Any] | None = None
) -> Context:
    """Return the context of an attempt. `dag` is the task's own when not given; `more` are further keys."""
    dag = task.dag if dag is None else dag
    run = DagRunView(work.run, dag)
    ti = RuntimeTaskInstance(task, work, run)
    values = {
        "dag": dag,
        "dag_run": run,
        "run_id": work.run.run_id,
        "task": task,
        "task_instance": ti,
        "ti": ti,
    }
    context = Context(Source(dag=dag, run=work.run, ti=ti, work=work), values)
    if more:
        context.update(more)
    ti.bind(context)
    return context


def build_callback_context(work: CallbackContext, dag: Any) -> Context:
    """Return the context of a callback that has a process of its own; with `ti` when it is about a task."""
    task = dag.get_task(work.task_id) if work.task_id is not None and dag.has_task(work.task_id) else None
    if task is None:
        run = DagRunView(work.run, dag)
        values = {"dag": dag, "dag_run": run, "run_id": work.run.run_id, "reason": work.reason}
        return Context(Source(dag=dag, run=work.run, ti=None, work=None), values)
    as_task = TaskContext(
        run=work.run,
        dag_id=work.dag_id,
        task_id=task.task_id,
        map_index=work.map_index,
        try_number=work.try_number,
        max_tries=max(work.max_tries, work.try_number),
        start_date=work.task_start_date or work.run.start_date or work.run.run_after,
        semantics=work.semantics,
        timezone=work.timezone,
        log_path=work.log_path,
    )
    context = build_context(task, as_task, dag, more={"reason": work.reason})
    context["ti"].state = _STATES.get(work.kind, work.run.state)
    if work.kind in {"task_failure", "task_retry"}:
        context["exception"] = AirflowException(work.reason)
    return context


_STATES = {
    "task_failure": "failed",
    "task_retry": "up_for_retry",
    "task_success": "success",
    "task_skipped": "skipped",
}
"""The state of a task whose process could not call back: all that is left of its exception is the reason."""


Entered = tuple[contextvars.Token["Context | None"], "Context | None"]
"""What `leave` needs to make the context before the current one again."""


def enter(context: Context) -> Entered:
    """Make `context` the one that `get_current_context` returns, in this thread and in those it starts."""
    global _running  # noqa: PLW0603 - a process runs one attempt at a time; threads see it too
    entered = _current.set(context), _running
    _running = context
    return entered


def enter_for_good(context: Context) -> None:
    """Make `context` the current one of a process that ends with it: less to do than `enter`."""
    global _running  # noqa: PLW0603 - as in `enter`
    _running = context


def leave(entered: Entered) -> None:
    """Undo an `enter`."""
    global _running  # noqa: PLW0603 - as in `enter`
    _current.reset(entered[0])
    _running = entered[1]


@contextmanager
def running_in(context: Context) -> Iterator[Context]:
    """Make `context` the current one for a block."""
    entered = enter(context)
    try:
        yield context
    finally:
        leave(entered)


def get_current_context() -> Context:
    """Return the context of the running task. Raises `AirflowException` outside of one."""
    context = _current.get() or _running
    if context is None:
        raise AirflowException(
            "Current context was requested but no context was found! `get_current_context()` works only while a "
            "task runs, not at the top of a DAG file."
        )
    return context


def running_task_instance() -> Any:
    """Return the running task instance, or None outside of one."""
    context = _current.get() or _running
    return None if context is None else context.get("ti")


def _warn_deprecated(key: str) -> None:
    from windward.sdk.deprecations import warn  # few tasks use old keys

    instead = DEPRECATED[key]
    warn(f"the context key `{key}` is gone in Airflow 3" + (f"; use `{instead}`" if instead else ""))
