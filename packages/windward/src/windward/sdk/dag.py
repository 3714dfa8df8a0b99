"""`DAG`: tasks, how they depend on each other, and when they run.

Its arguments are checked in `dag_arguments`, the whole of it in `dag_checks`; `@dag` is in `dag_decorator`.
"""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, NoReturn, Self

from windward.model.ids import check_key
from windward.sdk import dag_arguments as arguments
from windward.sdk import scopes
from windward.sdk.dag_tasks import TaskGraph
from windward.sdk.groups import TaskGroup
from windward.sdk.named_timetables import named_timetable
from windward.sdk.operator_arguments import callbacks_of
from windward.sdk.params import DagParam, ParamsDict, raw_params
from windward.sdk.times import at_users_edge
from windward.sdk.unset import NOTSET, ArgNotSet, is_arg_set

_OURS = ("windward.", "airflow.")


class DAG(TaskGraph):
    """A directed acyclic graph of tasks with a schedule: `with DAG("orders", schedule="@daily", ...):`.

    Arguments that were left out stay unset until the DAG is serialized: what they mean depends on `semantics`.
    """

    def __init__(  # the signature is the documentation
        self,
        dag_id: str,
        *positional: Any,
        description: str | None = None,
        schedule: Any = NOTSET,
        start_date: datetime | str | None = None,
        end_date: datetime | str | None = None,
        template_searchpath: str | Iterable[str] | None = None,
        template_undefined: type | None = None,
        user_defined_macros: dict[str, Any] | None = None,
        user_defined_filters: dict[str, Any] | None = None,
        default_args: dict[str, Any] | None = None,
        max_active_tasks: int | ArgNotSet = NOTSET,
        max_active_runs: int | ArgNotSet = NOTSET,
        max_consecutive_failed_dag_runs: int | ArgNotSet = NOTSET,
        dagrun_timeout: timedelta | None = None,
        deadline: Any = None,
        catchup: bool | ArgNotSet | None = NOTSET,
        on_success_callback: Any = None,
        on_failure_callback: Any = None,
        doc_md: str | None = None,
        params: MutableMapping[str, Any] | None = None,
        access_control: dict[str, Any] | None = None,
        is_paused_upon_creation: bool | None = None,
        jinja_environment_kwargs: dict[str, Any] | None = None,
        render_template_as_native_obj: bool = False,
        tags: Collection[str] | None = None,
        owner_links: dict[str, str] | None = None,
        auto_register: bool = True,
        fail_fast: bool = False,
        allowed_run_types: Any = None,
        dag_display_name: str | None = None,
        task_group: TaskGroup | None = None,
        disable_bundle_versioning: bool | None = None,
        rerun_with_latest_version: bool | None = None,
        semantics: str | None = None,
        xcom_retention_days: float | None = None,
        **others: Any,
    ) -> None:
        given = dict(locals())
        named = {key: value for key, value in arguments.DEFAULTS.items() if key in given}
        named = {key: given[key] for key, unset in named.items() if given[key] is not unset}
        found = arguments.collect(positional, {**named, **others}, dag_id=dag_id)
        self.dag_id: str = check_key(dag_id, what="DAG id")
        self.fileloc = _file_of_caller()
        super().__init__()
        self.author_warnings: list[str] = []
        self.partial = False
        self._take(found)
        self.task_group = found["task_group"] or TaskGroup.create_root(self)
        if self.task_group.dag is None:
            self.task_group.dag = self

    def _take(self, found: dict[str, Any]) -> None:
        """Store the arguments in one form."""
        self.default_args: dict[str, Any] = dict(found["default_args"] or {})
        own_params = dict(raw_params(found["params"])) if found["params"] else {}
        self.params = own_params | raw_params(self.default_args.pop("params", None) or {})
        self.start_utc, self.end_utc, self.timezone = arguments.dates_of(
            found["start_date"], found["end_date"], self.default_args, dag_id=self.dag_id
        )
        self.author_warnings += arguments.notes_on_dates(
            found["start_date"], found["end_date"], self.default_args,
            zone=self.timezone, start_utc=self.start_utc, now=datetime.now(UTC),
        )  # fmt: skip
        plain = (
            "description", "schedule", "catchup", "max_active_tasks", "max_active_runs",
            "max_consecutive_failed_dag_runs", "deadline", "user_defined_macros", "user_defined_filters",
            "access_control", "is_paused_upon_creation", "jinja_environment_kwargs", "fail_fast", "semantics",
            "auto_register", "disable_bundle_versioning", "rerun_with_latest_version",
            "template_undefined", "render_template_as_native_obj",
        )  # fmt: skip
        for name in plain:
            setattr(self, name, found[name])
        self.template_searchpath = arguments.paths_of(found["template_searchpath"])
        self.dagrun_timeout = arguments.check_timeout(found["dagrun_timeout"], dag_id=self.dag_id)
        self.xcom_retention_days = arguments.check_retention(found["xcom_retention_days"], dag_id=self.dag_id)
        self.tags = arguments.tags_of(found["tags"], dag_id=self.dag_id)
        self.owner_links = arguments.check_owner_links(found["owner_links"] or {}, dag_id=self.dag_id)
        self.allowed_run_types = arguments.run_types_of(found["allowed_run_types"])
        self.dag_display_name = found["dag_display_name"] or self.dag_id
        for name in ("on_success_callback", "on_failure_callback", "sla_miss_callback"):
            setattr(self, name, callbacks_of(found[name], what=f"`{name}` of DAG `{self.dag_id}`"))
        self.doc_md = self._documentation(found["doc_md"])
        self.schedule = named_timetable(self.schedule)
        arguments.check_schedule(self.schedule, self.timezone, dag_id=self.dag_id)

    @property
    def params(self) -> ParamsDict:
        """The declared params; any mapping of names and values may be assigned."""
        return self._params

    @params.setter
    def params(self, declared: Mapping[str, Any]) -> None:
        self._params = ParamsDict(declared)

    description: str | None
    schedule: Any
    catchup: Any
    max_active_tasks: Any
    max_active_runs: Any
    max_consecutive_failed_dag_runs: Any
    deadline: Any

    @property
    def deadline_alerts(self) -> list[Any]:
        """The `deadline` as a list of alerts; a missed one is known by its place."""
        if self.deadline is None:
            return []
        return list(self.deadline) if isinstance(self.deadline, list | tuple) else [self.deadline]

    user_defined_macros: dict[str, Any] | None
    user_defined_filters: dict[str, Any] | None
    access_control: Any
    is_paused_upon_creation: bool | None
    jinja_environment_kwargs: dict[str, Any] | None
    render_template_as_native_obj: bool
    template_undefined: Any
    fail_fast: bool
    semantics: str | None
    auto_register: bool
    disable_bundle_versioning: bool | None
    rerun_with_latest_version: bool | None
    xcom_retention_days: float | None
    on_success_callback: list[Any]
    on_failure_callback: list[Any]
    sla_miss_callback: list[Any]

    def _documentation(self, text: str | None) -> str | None:
        """Return the text, or the content of the Markdown file that it names."""
        if not text or not text.endswith(".md") or "\n" in text:
            return text
        for path in (text, os.path.join(self.folder, text)):  # noqa: PTH118 - a path joined to a path
            try:
                with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
                    return file.read()
            except OSError:
                continue
        return text

    def __enter__(self) -> Self:
        scopes.push_dag(self)
        return self

    def __exit__(self, kind: object, *_exception: object) -> None:
        scopes.pop_dag()
        if self.auto_register and kind is None:
            scopes.register(self)

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"

    @property
    def start_date(self) -> Any:
        """The start date as a pendulum datetime in UTC, None when there is none."""
        return at_users_edge(self.start_utc)

    @start_date.setter
    def start_date(self, value: Any) -> None:
        self.start_utc, _, self.timezone = arguments.dates_of(value, None, {}, dag_id=self.dag_id)

    @property
    def end_date(self) -> Any:
        """The end date as a pendulum datetime in UTC, None when there is none."""
        return at_users_edge(self.end_utc)

    @end_date.setter
    def end_date(self, value: Any) -> None:
        self.end_utc = arguments.dates_of(self.start_utc, value, {}, dag_id=self.dag_id)[1]

    @property
    def schedule_interval(self) -> Any:
        """The schedule as the author wrote it, by its old name."""
        return self.schedule if is_arg_set(self.schedule) else None

    @property
    def concurrency(self) -> Any:
        """`max_active_tasks` by its old name."""
        return self.max_active_tasks

    @property
    def filepath(self) -> str:
        """The file that declares the DAG."""
        return self.fileloc

    @property
    def folder(self) -> str:
        """The folder of the file that declares the DAG."""
        return os.path.dirname(self.fileloc)  # noqa: PTH120 - pathlib is slow to import

    def param(self, name: str, default: Any = NOTSET) -> DagParam:
        """Return a reference to a param of the run, for use in arguments."""
        return DagParam(self, name, default)

    def validate(self) -> None:
        """Raise what is wrong with the DAG as a whole."""
        from windward.sdk.dag_checks import check_dag  # when the file has been imported

        check_dag(self)

    def resolve_template_files(self) -> None:
        """Replace the template files of every task by their content."""
        for task in self.tasks:
            if not task.is_mapped:
                task.resolve_template_files()

    def get_template_env(self, *, force_sandboxed: bool = False) -> Any:
        """Return the Jinja environment; it is always sandboxed."""
        del force_sandboxed
        from windward.sdk.template_environment import environment_of  # imports Jinja

        return environment_of(self, native=self.render_template_as_native_obj)

    def partial_subset(
        self,
        task_ids: str | re.Pattern[str] | Iterable[str] | None = None,
        include_downstream: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        include_upstream: bool = True,  # noqa: FBT001, FBT002 - Airflow's signature
        include_direct_upstream: bool = False,  # noqa: FBT001, FBT002 - Airflow's signature
        depth: int | None = None,
        *,
        task_ids_or_regex: Any = None,
    ) -> DAG:
        """Return a copy with the tasks whose ids are listed, or match a pattern, and their relatives."""
        from windward.sdk.dag_subset import subset  # few files cut DAGs

        wanted = task_ids if task_ids is not None else task_ids_or_regex
        return subset(
            self, wanted, downstream=include_downstream, upstream=include_upstream,
            direct_upstream=include_direct_upstream, depth=depth,
        )  # fmt: skip

    sub_dag = partial_subset

    def __deepcopy__(self, memo: dict[int, Any]) -> DAG:
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        for key, value in self.__dict__.items():
            shared = key in {"user_defined_macros", "user_defined_filters", "_params", "timezone"}
            new.__dict__[key] = copy.copy(value) if shared else copy.deepcopy(value, memo)
        return new

    def test(self, *args: Any, **kwargs: Any) -> Any:
        """Run the DAG here and now, in this process, without a database; return its run."""
        return _app_function("run_dag_test")(self, *args, **kwargs)

    def cli(self) -> NoReturn:
        """Run the command of this file's arguments: `python orders.py test 2026-01-31`."""
        sys.exit(_app_function("run_dag_cli")(self, sys.argv[1:]))


def _app_function(name: str) -> Callable[..., Any]:
    """Find a function above this layer, so that a DAG file can run itself."""
    import importlib  # only files that run themselves need it

    found: Callable[..., Any] = getattr(importlib.import_module("windward.app.dag_test"), name)
    return found


def _file_of_caller() -> str:
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at the stack cheaply
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame = frame.f_back
    return frame.f_code.co_filename


class _CallableModule(ModuleType):
    """Lets `from windward.sdk import dag` be the decorator, though the package has a module of that name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from windward.sdk.dag_decorator import dag  # it needs this module

        return dag(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
