"""References to what another task returns: `op.output`, the result of a `@task` call, and what is made of them.

What lives here: the references, the links they imply, and how they become values in a running task.
What may not: reading and writing XComs (`ti` of the context does that).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from windward.sdk.exceptions import AirflowException, XComNotFound
from windward.sdk.relations import DependencyMixin
from windward.sdk.resolve import ResolveMixin
from windward.sdk.unset import NOTSET, ArgNotSet
from windward.sdk.xcom_values import ConcatValues, MapValues, ZipValues

if TYPE_CHECKING:
    from windward.document import Length
    from windward.sdk.abstract_operator import AbstractOperator
    from windward.sdk.edges import EdgeModifier

XCOM_RETURN_KEY = "return_value"


class XComArg(ResolveMixin, DependencyMixin):
    """A value that another task will have pushed. `XComArg(op)` and `XComArg(op, key)` make a plain reference."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> XComArg:  # noqa: PYI034 - of `XComArg` itself it makes a subclass
        """Make `XComArg(operator, key)` a plain reference; combinations have their own classes."""
        return super().__new__(PlainXComArg if cls is XComArg else cls)

    @staticmethod
    def iter_xcom_references(arg: Any) -> Iterator[tuple[AbstractOperator, str]]:
        """Yield the tasks and keys that are referred to anywhere inside `arg`."""
        yield from iter_references(arg)

    @staticmethod
    def apply_upstream_relationship(op: DependencyMixin, arg: Any) -> None:
        """Make `op` wait for every task that `arg` refers to."""
        for operator, _ in iter_references(arg):
            op.set_upstream(operator)

    @property
    def roots(self) -> list[DependencyMixin]:
        """The tasks referred to."""
        return [operator for operator, _ in self.iter_references()]

    @property
    def leaves(self) -> list[DependencyMixin]:
        """The tasks referred to."""
        return self.roots

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make `other` come before the tasks referred to."""
        for operator, _ in self.iter_references():
            operator.set_upstream(other, edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Make `other` come after the tasks referred to."""
        for operator, _ in self.iter_references():
            operator.set_downstream(other, edge_modifier)

    def as_setup(self) -> XComArg:
        """Mark the tasks referred to as setups."""
        for operator, _ in self.iter_references():
            operator.as_setup()
        return self

    def as_teardown(self, **options: Any) -> XComArg:
        """Mark the tasks referred to as teardowns."""
        for operator, _ in self.iter_references():
            operator.as_teardown(**options)
        return self

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        """Return a reference whose items are `f(item)`; `f` runs in the task that reads them."""
        return MapXComArg(self, [f])

    def zip(self, *others: XComArg, fillvalue: Any = NOTSET) -> ZipXComArg:
        """Return a reference to tuples of items, as long as the shortest, or the longest with a `fillvalue`."""
        return ZipXComArg([self, *others], fillvalue=fillvalue)

    def concat(self, *others: XComArg) -> ConcatXComArg:
        """Return a reference to the items of this and the others, one after the other."""
        return ConcatXComArg([self, *others])

    def length(self) -> Length:
        """Return what the scheduler has to know to count the items."""
        raise NotImplementedError

    def items(self, context: Mapping[str, Any]) -> Any:
        """Return what is mapped over: as `resolve`, but nothing is read that is not asked for."""
        return self.resolve(context)

    def __getitem__(self, item: str) -> XComArg:
        """Return the value under another key; only a plain reference has keys."""
        raise TypeError(
            f"`{self!r}` has no keys: they belong to what a task pushed, not to what was made of it"
        )

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"'{type(self).__name__}' object is not iterable: its value is known only when the task runs. "
            "Use `.expand()` to make one task for each item."
        )

    def __enter__(self) -> Any:
        from windward.sdk import setup_scopes  # few files have setups

        return setup_scopes.enter(self.roots)

    def __exit__(self, *_exception: object) -> None:
        from windward.sdk import setup_scopes  # few files have setups

        setup_scopes.leave()


class PlainXComArg(XComArg):
    """One task's value under one key."""

    def __init__(self, operator: AbstractOperator, key: str = XCOM_RETURN_KEY) -> None:
        self.operator = operator
        self.key = key

    def __getitem__(self, item: str) -> PlainXComArg:
        """Return the value under another key, as a task with `multiple_outputs` pushes them."""
        if not isinstance(item, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(item).__name__}")  # noqa: TRY004 - Airflow's class
        return PlainXComArg(self.operator, item)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PlainXComArg):
            return NotImplemented
        return self.operator is other.operator and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.operator), self.key))

    def __repr__(self) -> str:
        key = "" if self.key == XCOM_RETURN_KEY else f", {self.key!r}"
        return f"XComArg({self.operator!r}{key})"

    def __str__(self) -> str:
        """Return a template with the same value, for fields that are put together as text."""
        return (
            f"{{{{ task_instance.xcom_pull(task_ids='{self.operator.task_id}', "
            f"dag_id='{self.operator.dag_id}', key='{self.key}') }}}}"
        )

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        """Yield the task and the key."""
        yield self.operator, self.key

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        """Return a reference whose items are `f(item)`."""
        self._check_return_value()
        return super().map(f)

    def zip(self, *others: XComArg, fillvalue: Any = NOTSET) -> ZipXComArg:
        """Return a reference to tuples of items."""
        self._check_return_value()
        return super().zip(*others, fillvalue=fillvalue)

    def concat(self, *others: XComArg) -> ConcatXComArg:
        """Return a reference to the items of this and the others."""
        self._check_return_value()
        return super().concat(*others)

    def length(self) -> Length:
        """Return the length of the task's return value."""
        from windward.document import XComLength  # built while a DAG is serialized, not while it is imported

        self._check_return_value()
        return XComLength(self.operator.task_id)

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the value: of the own instance within a mapped group, of all instances of another mapped task.

        The values of a task in another mapped group are a list, as in Airflow 3; those of a mapped task a sequence.
        """
        found = self.items(context)
        is_single = (
            not has_instances(self.operator) or _index_in_shared_group(self.operator, context) is not None
        )
        return found if is_single or self.operator.is_mapped else list(found)

    def items(self, context: Mapping[str, Any]) -> Any:
        """Return the value, or the values of all instances as a sequence that reads them when they are used."""
        task_id = self.operator.task_id
        map_index = _index_in_shared_group(self.operator, context)
        is_sequence = map_index is None and has_instances(self.operator)
        if map_index is None and not is_sequence:
            map_index = -1
        value = context["ti"].xcom_pull(task_ids=task_id, key=self.key, map_indexes=map_index, default=NOTSET)
        if not isinstance(value, ArgNotSet):
            return value
        if is_sequence:
            return []  # none of its instances returned anything
        if self.key == XCOM_RETURN_KEY:
            return None
        if getattr(self.operator, "multiple_outputs", False):
            raise XComNotFound(self.operator.dag_id, task_id, self.key)
        raise AirflowException(
            f"task `{task_id}` pushed no XCom `{self.key}`; for a key of its returned dict, set `multiple_outputs=True`"
        )

    def _check_return_value(self) -> None:
        if self.key != XCOM_RETURN_KEY:
            raise ValueError(
                f"cannot map over the XCom `{self.key}` of task `{self.operator.task_id}`: "
                "only what a task returns can be mapped over. Return it from a task of its own."
            )


class MapXComArg(XComArg):
    """The items of another reference, each passed through functions."""

    def __init__(self, arg: XComArg, functions: Sequence[Callable[[Any], Any]]) -> None:
        for function in functions:
            if getattr(function, "_is_task_decorator", False):
                raise ValueError("map() argument must be a plain function, not a @task operator")
        self.arg = arg
        self.functions = tuple(functions)

    def __repr__(self) -> str:
        return f"{self.arg!r}" + "".join(f".map({_name(function)})" for function in self.functions)

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        """Yield what the inner reference refers to."""
        yield from self.arg.iter_references()

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        """Return a reference whose items pass through `f` too."""
        return MapXComArg(self.arg, [*self.functions, f])

    def length(self) -> Length:
        """Return the length of the inner reference: functions keep it."""
        return self.arg.length()

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return a sequence that applies the functions to an item when it is read."""
        return MapValues(self.arg.items(context), self.functions)


class ZipXComArg(XComArg):
    """Tuples of the items of several references."""

    def __init__(self, args: Sequence[XComArg], *, fillvalue: Any = NOTSET) -> None:
        if len(args) < 2:
            raise ValueError("zip() needs at least one other reference")
        self.args = tuple(args)
        self.fillvalue = fillvalue

    def __repr__(self) -> str:
        others = ", ".join(repr(arg) for arg in self.args[1:])
        fill = "" if isinstance(self.fillvalue, ArgNotSet) else f", fillvalue={self.fillvalue!r}"
        return f"{self.args[0]!r}.zip({others}{fill})"

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        """Yield what every part refers to."""
        for arg in self.args:
            yield from arg.iter_references()

    def length(self) -> Length:
        """Return the shortest length of the parts, or the longest when there is a fill value."""
        from windward.document import ZipLength  # see `PlainXComArg.length`

        fill = not isinstance(self.fillvalue, ArgNotSet)
        return ZipLength(tuple(arg.length() for arg in self.args), fill=fill)

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the sequence of tuples."""
        return ZipValues([arg.items(context) for arg in self.args], self.fillvalue)


class ConcatXComArg(XComArg):
    """The items of several references, one after the other."""

    def __init__(self, args: Sequence[XComArg]) -> None:
        if len(args) < 2:
            raise ValueError("concat() needs at least one other reference")
        self.args = tuple(args)

    def __repr__(self) -> str:
        return f"{self.args[0]!r}.concat({', '.join(repr(arg) for arg in self.args[1:])})"

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        """Yield what every part refers to."""
        for arg in self.args:
            yield from arg.iter_references()

    def concat(self, *others: XComArg) -> ConcatXComArg:
        """Return a reference to the items of this and the others."""
        return ConcatXComArg([*self.args, *others])

    def length(self) -> Length:
        """Return the sum of the lengths."""
        from windward.document import ConcatLength  # see `PlainXComArg.length`

        return ConcatLength(tuple(arg.length() for arg in self.args))

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the long sequence."""
        return ConcatValues([arg.items(context) for arg in self.args])


def iter_references(value: Any) -> Iterator[tuple[AbstractOperator, str]]:
    """Yield the tasks and keys referred to anywhere inside `value`: in references, containers, templated objects."""
    if value is None or isinstance(value, str | int | float | bytes):
        return
    if isinstance(value, ResolveMixin):
        yield from value.iter_references()
    elif isinstance(value, dict):
        for item in value.values():
            yield from iter_references(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from iter_references(item)
    elif not isinstance(value, DependencyMixin | type) and hasattr(value, "template_fields"):
        for field in value.template_fields:
            yield from iter_references(getattr(value, field, None))


def _index_in_shared_group(operator: AbstractOperator, context: Mapping[str, Any]) -> int | None:
    """Return the own map index when the running task stands in the same mapped group as `operator`."""
    group = operator.get_closest_mapped_task_group()
    if group is None:
        return None
    running = context.get("task") or context["ti"].task
    own = running.get_closest_mapped_task_group()
    return int(context["ti"].map_index) if own is not None and own.group_id == group.group_id else None


def has_instances(operator: AbstractOperator) -> bool:
    """Whether a task may have many instances in a run: it is mapped, or in a mapped group."""
    return operator.is_mapped or operator.get_closest_mapped_task_group() is not None


def _name(function: Callable[[Any], Any]) -> str:
    return getattr(function, "__qualname__", type(function).__qualname__)
