"""Stand-ins for Airflow's database: names that a DAG file may import and pass around, and an error on use.

Tasks do not reach the database of the scheduler. What files import from it for type hints and signatures works here;
what they would read or write raises `DatabaseAccessError`, which names the way that there is.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn, ParamSpec, TypeVar

from windward.errors import UserError
from windward.sdk.exceptions import AirflowException

P = ParamSpec("P")
R = TypeVar("R")

_CONTEXT = "In a task use its context (`ti`, `dag_run`, `ti.xcom_pull`)"
_SESSION_HINT = (
    f"{_CONTEXT}, `Variable.get` and `BaseHook.get_connection`. For a database of your own use a hook, such as "
    "`BaseHook.get_connection(...).get_hook()`."
)
_RECORDS_HINT = f"{_CONTEXT}; from outside use the command line or the REST API."
_CLEANING_HINT = (
    "Windward removes old runs, logs and XComs on its own, by its retention settings; drop this DAG."
)


class DatabaseAccessError(UserError, AirflowException, RuntimeError):
    """A DAG file wanted to read or write the database of the scheduler."""


class UnreachableSession:
    """A session of a database that this process does not reach."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        raise DatabaseAccessError(
            f"`session.{name}` would use the scheduler's database, which DAG files and tasks do not reach",
            hint=_SESSION_HINT,
        )

    def __bool__(self) -> bool:
        return True


class _Unreachable(UnreachableSession):
    """`settings.Session` and `settings.engine`: making a session is an error already."""

    def __call__(self, *_args: Any, **_options: Any) -> NoReturn:
        raise DatabaseAccessError(
            "`settings.Session()` would open the scheduler's database, which DAG files and tasks do not reach",
            hint=_SESSION_HINT,
        )


Session = _Unreachable()
NEW_SESSION: Any = None
"""The default of a `session` argument that `provide_session` fills."""


@contextmanager
def create_session(scoped: bool = True) -> Iterator[UnreachableSession]:  # noqa: FBT001, FBT002 - Airflow's
    """Give a block a session whose use is an error."""
    del scoped
    yield UnreachableSession()


def provide_session(func: Callable[P, R]) -> Callable[P, R]:
    """Fill the argument `session`, if the caller does not, with a session whose use is an error."""
    parameters = list(inspect.signature(func).parameters)
    if "session" not in parameters:
        raise ValueError(f"`provide_session` needs an argument `session`, and `{func.__qualname__}` has none")
    place = parameters.index("session")

    @functools.wraps(func)
    def with_session(*args: P.args, **kwargs: P.kwargs) -> R:
        if "session" not in kwargs and place >= len(args):
            kwargs["session"] = UnreachableSession()
        return func(*args, **kwargs)

    return with_session


class _RecordType(type):
    """The class of classes whose every use but as a type is an error."""

    _hint = _RECORDS_HINT
    _seen_as: tuple[str, str] | None = None
    """Module and name of the class whose instances tasks get in place of the record."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls._seen_as is None:
            return False
        module, name = cls._seen_as
        return isinstance(instance, getattr(import_module(module), name))

    def __call__(cls, *_args: Any, **_options: Any) -> NoReturn:
        _refuse(cls, f"{cls.__name__}(...)")

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        _refuse(cls, f"{cls.__name__}.{name}")


def _refuse(cls: _RecordType, what: str) -> NoReturn:
    raise DatabaseAccessError(
        f"`{what}` would use the scheduler's database, which DAG files and tasks do not reach", hint=cls._hint
    )


def _later(module: str, name: str) -> Callable[..., Any]:
    """Return a function that is imported when it is called: few DAG files read records."""

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(module), name)(*args, **options)

    return call


class DagRun(metaclass=_RecordType):
    """A run's record. `context["dag_run"]` has the same attributes; `find` reads, by the execution service."""

    _seen_as = ("windward.sdk.dag_run", "DagRunView")
    find = staticmethod(_later("windward.sdk.run_lookups", "find_runs"))
    get_run = staticmethod(_later("windward.sdk.run_lookups", "get_run"))
    get_latest_runs = staticmethod(_later("windward.sdk.run_lookups", "latest_runs"))
    generate_run_id = staticmethod(_later("windward.sdk.run_lookups", "generate_run_id"))


class TaskInstance(metaclass=_RecordType):
    """A task instance's record. `context["ti"]` has the same attributes."""

    _seen_as = ("windward.sdk.task_instance", "RuntimeTaskInstance")


class DagModel(metaclass=_RecordType):
    """A DAG's record."""


class DagBag(metaclass=_RecordType):
    """The collection of all DAGs."""

    _hint = (
        "To run a DAG in a test use `dag.test()` or `windward dags test`; to list DAGs, `windward dags list`."
    )


class DagTag(metaclass=_RecordType):
    """The record of a DAG's tag."""


class Pool(metaclass=_RecordType):
    """A pool's record."""

    _hint = "Make pools by `windward pools set`, and name them by the argument `pool` of a task."


class SerializedDagModel(metaclass=_RecordType):
    """The record of a DAG's document."""


class TaskReschedule(metaclass=_RecordType):
    """The record of a sensor's reschedules."""


class Trigger(metaclass=_RecordType):
    """A trigger's record."""


class _CleanedType(_RecordType):
    """The class of records that DAG files only know in order to delete them."""

    _hint = _CLEANING_HINT


class Log(metaclass=_CleanedType):
    """The record of an event."""


class SlaMiss(metaclass=_CleanedType):
    """The record of a missed SLA. An SLA callback gets the same attributes in its `slas`."""

    _seen_as = ("windward.sdk.slas", "SlaMissView")


class TaskFail(metaclass=_CleanedType):
    """The record of a failed attempt."""


class RenderedTaskInstanceFields(metaclass=_CleanedType):
    """The record of rendered fields."""


class ParseImportError(metaclass=_CleanedType):
    """The record of a file that does not import."""


class Job(metaclass=_CleanedType):
    """The record of a component."""


def clear_task_instances(*_args: Any, **_options: Any) -> NoReturn:
    """Refuse: clearing is done from outside."""
    raise DatabaseAccessError(
        "`clear_task_instances` would write the scheduler's database, which DAG files and tasks do not reach",
        hint="Use `windward tasks clear`, or the REST API.",
    )


def initdb(*_args: Any, **_options: Any) -> NoReturn:
    """Refuse: the database is made from outside."""
    raise DatabaseAccessError(
        "`initdb` would write the scheduler's database, which DAG files and tasks do not reach",
        hint="Use `windward db migrate`; `dag.test()` needs no database.",
    )
