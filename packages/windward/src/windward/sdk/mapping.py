"""Mapped tasks: one declaration, many instances. `Operator.partial(...).expand(...)` makes them.

What lives here: the declaration, and how a running instance becomes an ordinary operator (`instance_of`).
How values belong to instances is in `expand_input`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from windward.sdk.abstract_operator import AbstractOperator
from windward.sdk.expand_input import ExpandInput, check_expand, check_expand_kwargs, note_sources
from windward.sdk.operator import BaseOperator, attach, place_of
from windward.sdk.operator_arguments import attributes_of
from windward.sdk.operator_meta import AirflowTypeError, merged_defaults, parameter_names
from windward.sdk.spelling import did_you_mean
from windward.sdk.templating import has_values

if TYPE_CHECKING:
    from windward.sdk.dag import DAG
    from windward.sdk.groups import TaskGroup

ARGUMENT_DEFAULTS: dict[str, Any] = dict(BaseOperator.__init__.__wrapped__.__kwdefaults__)  # type: ignore[attr-defined]
"""Every argument of `BaseOperator` but the task id, with the value it has when it is left out."""

MAPPABLE = frozenset({"params", "doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"})
"""Arguments of `BaseOperator` that may differ between instances: the scheduler does not need them."""


class NotMapped(Exception):
    """A task is neither mapped nor in a mapped group."""


class OperatorPartial:
    """An operator class with the arguments that all instances share; `.expand` or `.expand_kwargs` completes it."""

    def __init__(
        self, operator_class: type[BaseOperator], kwargs: dict[str, Any], place: tuple[Any, Any]
    ) -> None:
        self.operator_class = operator_class
        self.kwargs = kwargs
        self.place = place
        self.is_expanded = False

    def __repr__(self) -> str:
        return f"<OperatorPartial({self.operator_class.__name__}): {self.kwargs.get('task_id')}>"

    def __del__(self) -> None:
        if not getattr(self, "is_expanded", True):
            import warnings  # almost every partial is expanded

            warnings.warn(
                f"task `{self.kwargs.get('task_id')}` was declared with `partial` and never expanded, so it is not "
                "part of its DAG",
                category=UserWarning,
                stacklevel=1,
            )

    def expand(self, **mapped: Any) -> MappedOperator:
        """Make one instance for each combination of the given lists, dicts and task outputs."""
        name = f"{self.operator_class.__name__}.expand()"
        self.is_expanded = True
        check_known(self.operator_class, mapped, what=name)
        return self._map(check_expand(mapped, what=name), taken=mapped)

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> MappedOperator:
        """Make one instance for each dict of arguments; with `strict` none may repeat an argument of `partial`."""
        self.is_expanded = True
        expand_input = check_expand_kwargs(kwargs)
        taken: dict[str, Any] = {}
        if isinstance(expand_input.value, list | tuple):
            for item in expand_input.value:
                if isinstance(item, Mapping):
                    check_known(
                        self.operator_class, item, what=f"{self.operator_class.__name__}.expand_kwargs()"
                    )
                    taken.update(item)
        return self._map(expand_input, taken=taken if strict else {})

    def _map(self, expand_input: ExpandInput, *, taken: Mapping[str, Any]) -> MappedOperator:
        refused = sorted(
            name for name in taken
            if name in self.kwargs or (name in ARGUMENT_DEFAULTS and name not in MAPPABLE) or name == "task_id"
        )  # fmt: skip
        if refused:
            plural = "s" if len(refused) > 1 else ""
            raise AirflowTypeError(
                f"unmappable or already specified argument{plural}: {', '.join(refused)} "
                f"(task_id: {self.kwargs['task_id']})"
            )
        return MappedOperator(self.operator_class, self.kwargs, expand_input, place=self.place)


class MappedOperator(AbstractOperator):
    """A mapped task, as declared. It has the attributes of a task that the scheduler needs."""

    is_mapped: ClassVar[bool] = True
    start_trigger_args: Any = None
    start_from_trigger: bool = False

    def __init__(
        self,
        operator_class: type[BaseOperator],
        partial_kwargs: dict[str, Any],
        expand_input: ExpandInput,
        *,
        place: tuple[DAG | None, TaskGroup | None],
        into: str | None = None,
    ) -> None:
        dag, group = place
        self._operator_class = operator_class
        self.partial_kwargs = partial_kwargs
        self.expand_input = expand_input
        self.into = into
        base = {name: partial_kwargs.get(name, default) for name, default in ARGUMENT_DEFAULTS.items()}
        base["task_id"] = partial_kwargs["task_id"]
        self.__dict__.update(attributes_of(base, kind=operator_class.__name__, dag=dag))
        self.__dict__.update(
            task_id=base["task_id"],
            upstream_task_ids=set(),
            downstream_task_ids=set(),
            template_fields=operator_class.template_fields,
            template_ext=operator_class.template_ext,
            template_fields_renderers=operator_class.template_fields_renderers,
            operator_extra_links=operator_class.operator_extra_links,
            ui_color=operator_class.ui_color,
            ui_fgcolor=operator_class.ui_fgcolor,
            inherits_from_empty_operator=operator_class.inherits_from_empty_operator,
        )
        if dag is not None:
            attach(self, dag, group)
        outer = self.get_closest_mapped_task_group()
        if outer is not None:
            raise NotImplementedError(
                f"task `{self.task_id}` is expanded inside the expanded group `{outer.group_id}`: "
                "operator expansion in an expanded task group is not yet supported"
            )
        self._link_references()

    def _link_references(self) -> None:
        from windward.sdk.xcom_arg import iter_references

        note_sources(self.expand_input, self.task_id)
        for operator, _ in (*self.expand_input.iter_references(), *iter_references(self.partial_kwargs)):
            self.set_upstream(operator)

    def __repr__(self) -> str:
        return f"<Mapped({self.task_type}): {self.task_id}>"

    @property
    def operator_class(self) -> type[BaseOperator]:
        """The class whose instances run."""
        return self._operator_class

    def unmap(self, resolve: Mapping[str, Any] | None) -> BaseOperator:
        """Return the ordinary operator of an instance whose mapped arguments are `resolve`."""
        mapped = dict(resolve or {})
        kwargs = dict(self.partial_kwargs)
        if self.into is None:
            _merge_params(kwargs, mapped)
            kwargs.update(mapped)
        else:
            kwargs[self.into] = {**(kwargs.get(self.into) or {}), **mapped}
        for name in ("dag", "task_group", "default_args"):
            kwargs.pop(name, None)
        kwargs["task_id"] = self.task_id
        kwargs["start_date"], kwargs["end_date"] = self.start_utc, self.end_utc
        operator = self._operator_class(**kwargs, _airflow_from_mapped=True)
        operator.__dict__.update(
            _dag=self._dag,
            task_group=self.task_group,
            upstream_task_ids=set(self.upstream_task_ids),
            downstream_task_ids=set(self.downstream_task_ids),
            trigger_rule=self.trigger_rule,
            is_setup=self.is_setup,
            is_teardown=self.is_teardown,
            on_failure_fail_dagrun=self.on_failure_fail_dagrun,
        )
        return operator

    def instance(self, context: Mapping[str, Any], map_index: int) -> BaseOperator:
        """Return the operator of one instance, with references of its mapped arguments resolved."""
        arguments, data = self.expand_input.resolve(context, map_index)
        operator = self.unmap(arguments)
        operator.__dict__["_resolved_ids"] = data
        return operator

    def prepare_for_execution(self) -> MappedOperator:
        """Return the task itself: a running instance is made by `instance`."""
        return self


def instance_of(
    task: AbstractOperator, context: Mapping[str, Any], map_index: int, *, may_change: bool = False
) -> BaseOperator:
    """Return the operator to render and run for one task instance of `task`.

    `context` needs `ti` when arguments refer to other tasks. `map_index` is -1 for a task that is not mapped.
    The operator's `_resolved_ids` holds the `id` of each argument that is another task's data: templating leaves
    those as they are. With `may_change` a task that has nothing to render is returned itself: the process ends
    with the attempt, and a copy would cost more than all the rest of a short task.
    """
    if task.is_mapped:  # an ABC's `isinstance` costs a child ten times as much
        assert isinstance(task, MappedOperator)
        return task.instance(context, map_index)
    operator = cast("BaseOperator", task)  # what is not mapped is an operator
    if may_change and not has_values(operator, operator.template_fields):
        operator.__dict__["_is_built"] = False  # as in a copy: what is set from now on declares nothing
        return operator
    return operator.prepare_for_execution()


def partial_of(cls: type[BaseOperator], kwargs: dict[str, Any]) -> OperatorPartial:
    """Return the partial of an operator class; arguments that are left out come from `default_args` now."""
    check_known(cls, kwargs, what=f"{cls.__name__}.partial()")
    given = dict(kwargs)
    place = place_of(given.get("dag"), given.get("task_group"), detached=False)
    known = parameter_names(cls)
    for name, value in merged_defaults(given).items():
        if name in known and name not in given:
            given[name] = value
    for name in ("dag", "task_group", "default_args"):
        given.pop(name, None)
    return OperatorPartial(cls, given, place)


def check_known(cls: type, kwargs: Mapping[str, Any], *, what: str) -> None:
    """Raise TypeError when `cls` does not take one of the arguments."""
    known = parameter_names(cls)
    for name in kwargs:
        if name not in known:
            hint = did_you_mean(name, known)
            raise AirflowTypeError(
                f"{what} got an unexpected keyword argument {name!r}"
                + (f"\n\nhint: {hint.strip()}" if hint else "")
            )


def _merge_params(kwargs: dict[str, Any], mapped: dict[str, Any]) -> None:
    if mapped.get("params") and kwargs.get("params"):
        mapped["params"] = {**kwargs["params"], **mapped["params"]}
