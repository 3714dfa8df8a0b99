"""What a mapped task or group expands over, and which arguments belong to which instance.

`expand(a=…, b=…)` makes one instance for each combination, the last keyword changing fastest; `expand_kwargs(…)`
makes one for each dict. The items of a dict are pairs of key and value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from windward.sdk.exceptions import (
    UnmappableXComLengthPushed,
    UnmappableXComTypePushed,
    XComForMappingNotPushed,
)
from windward.sdk.resolve import ResolveMixin
from windward.sdk.xcom_arg import XComArg, has_instances, iter_references
from windward.sdk.xcom_values import items_of

if TYPE_CHECKING:
    from windward.document import Expansion, Length


class ExpandInput:
    """The arguments of `expand` or `expand_kwargs`."""

    value: Any

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        """Yield the tasks and XCom keys that the values refer to."""
        yield from iter_references(self.value)

    def iter_sources(self) -> Iterator[Any]:
        """Yield the tasks whose results decide how many instances there are."""
        raise NotImplementedError

    def expansion(self) -> Expansion:
        """Return what the scheduler has to know: lengths, never values."""
        raise NotImplementedError

    def resolve(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """Return the arguments of one instance, and the `id` of each value that came from another task.

        Those values are data: they must not be rendered as templates.
        """
        raise NotImplementedError


class DictOfListsExpandInput(ExpandInput):
    """`expand(a=[…], b=[…])`: one instance for each combination."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def iter_sources(self) -> Iterator[Any]:
        """Yield the tasks whose results decide how many instances there are."""
        for value in self.value.values():
            yield from _sources(value)

    def expansion(self) -> Expansion:
        """Return the lengths of all arguments."""
        from windward.document import Expansion, LiteralLength  # see `PlainXComArg.length`

        lengths: list[tuple[str, Length]] = [
            (name, value.length() if isinstance(value, XComArg) else LiteralLength(len(value)))
            for name, value in self.value.items()
        ]
        return Expansion(style="product", arguments=tuple(lengths))

    def resolve(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """Return the arguments of one instance."""
        columns = {name: _column(name, value, context) for name, value in self.value.items()}
        positions = positions_of(map_index, {name: len(column) for name, column in columns.items()})
        found: dict[str, Any] = {}
        data: set[int] = set()
        for name, position in positions.items():
            found[name] = columns[name][position]
            if isinstance(self.value[name], ResolveMixin):
                data.add(id(found[name]))
            elif isinstance(found[name], ResolveMixin):
                found[name] = found[name].resolve(context)
                data.add(id(found[name]))
        return found, data


class ListOfDictsExpandInput(ExpandInput):
    """`expand_kwargs([{…}, {…}])`: one instance for each dict."""

    def __init__(self, value: Sequence[Any] | XComArg) -> None:
        self.value = value

    def iter_sources(self) -> Iterator[Any]:
        """Yield the tasks whose results decide how many instances there are."""
        yield from _sources(self.value)

    def expansion(self) -> Expansion:
        """Return the number of dicts."""
        from windward.document import Expansion, LiteralLength  # see `PlainXComArg.length`

        length = self.value.length() if isinstance(self.value, XComArg) else LiteralLength(len(self.value))
        return Expansion(style="kwargs", arguments=(("", length),))

    def resolve(self, context: Mapping[str, Any], map_index: int) -> tuple[dict[str, Any], set[int]]:
        """Return the arguments of one instance."""
        rows = self.value
        if isinstance(rows, XComArg):
            rows = rows.items(context)
            if isinstance(rows, str | bytes | dict) or not isinstance(rows, Sequence):
                raise ValueError(f"expand_kwargs() expects a list[dict], not {type(rows).__name__}")  # noqa: TRY004 - Airflow's class
        elif positions_of(map_index, {"": len(rows)}) and isinstance(rows[map_index], XComArg):
            rows = {map_index: rows[map_index].resolve(context)}
        row = rows[map_index]
        if not isinstance(row, Mapping):
            raise ValueError(f"expand_kwargs() expects a list[dict], not list[{type(row).__name__}]")  # noqa: TRY004 - Airflow's class
        for key in row:
            if not isinstance(key, str):
                raise ValueError(  # noqa: TRY004 - Airflow's class
                    f"expand_kwargs() input dict keys must all be str, but {key!r} is of type {type(key).__name__}"
                )
        is_data = isinstance(self.value, XComArg) or isinstance(self.value[map_index], XComArg)
        found = dict(row)
        data: set[int] = set()
        for name, value in row.items():
            if isinstance(value, ResolveMixin):
                found[name] = value.resolve(context)
            if is_data or isinstance(value, ResolveMixin):
                data.add(id(found[name]))
        return found, data


class MappedArgument(ResolveMixin):
    """One argument of a mapped group, as the tasks in it see it: the value of their own instance."""

    def __init__(self, expand_input: ExpandInput, key: str) -> None:
        self._input = expand_input
        self._key = key

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        """Yield what the group's expansion refers to."""
        yield from self._input.iter_references()

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the argument for the map index of the running instance."""
        found, _ = self._input.resolve(context, context["ti"].map_index)
        return found[self._key]

    def __repr__(self) -> str:
        return f"MappedArgument({self._key!r})"


def positions_of(map_index: int, lengths: Mapping[str, int]) -> dict[str, int]:
    """Return the position in each argument of instance `map_index`, the last argument changing fastest."""
    if not 0 <= map_index < prod(lengths.values()):
        counts = ", ".join(f"`{name}`: {length}" for name, length in lengths.items())
        raise IndexError(f"there is no mapped instance {map_index}; the lengths are {counts}")
    found: dict[str, int] = {}
    rest = map_index
    for name in reversed(list(lengths)):
        rest, found[name] = divmod(rest, lengths[name])
    return {name: found[name] for name in lengths}


def check_expand(arguments: Mapping[str, Any], *, what: str) -> DictOfListsExpandInput:
    """Return the input of `expand(**arguments)`; raise when there is none, or one that has no items."""
    if not arguments:
        raise TypeError(
            "no arguments to expand against: give `expand` at least one list, dict or task output"
        )
    for name, value in arguments.items():
        if isinstance(value, XComArg):
            value.length()
        elif isinstance(value, MappedArgument):
            raise NotImplementedError(
                f"{what}: `{name}` is an argument of a mapped group; "
                "operator expansion in an expanded task group is not yet supported"
            )
        elif isinstance(value, str | bytes) or not isinstance(value, Sequence | dict):
            raise ValueError(  # noqa: TRY004 - Airflow's class
                f"{what} got an unexpected type {type(value).__name__!r} for keyword argument {name}: "
                "it expands over a list, a dict or the output of a task. Use `partial` for a value that is the same "
                "for all instances."
            )
    return DictOfListsExpandInput(dict(arguments))


def check_expand_kwargs(value: Any) -> ListOfDictsExpandInput:
    """Return the input of `expand_kwargs(value)`; raise TypeError when it is not a list of dicts or a reference."""
    if isinstance(value, XComArg):
        value.length()
        return ListOfDictsExpandInput(value)
    if isinstance(value, str | bytes | dict) or not isinstance(value, Sequence):
        raise TypeError(f"expected XComArg or list[dict], not {type(value).__name__}")
    for item in value:
        if not isinstance(item, XComArg | Mapping):
            raise TypeError(f"expected XComArg or list[dict], not list with {type(item).__name__}")
    return ListOfDictsExpandInput(value)


def note_sources(expand_input: ExpandInput, mapped: str) -> None:
    """Note with each task whose result is expanded over who does that: it must return a list or a dict."""
    for operator in expand_input.iter_sources():
        operator.__dict__.setdefault("_expanded_by", mapped)


def check_returned(task: Any, result: Any, *, length: int | None, length_max: int) -> None:
    """Raise when a task that another is expanded over returned something that cannot be expanded over.

    `length` is how many instances there would be, None when the result has no items.
    """
    mapped_by = task.__dict__.get("_expanded_by")
    if mapped_by is None or has_instances(task):
        return
    if result is None or not task.do_xcom_push:
        raise XComForMappingNotPushed(task.task_id, mapped_by)
    if length is None:
        raise UnmappableXComTypePushed(result, task_id=task.task_id, mapped_by=mapped_by)
    if length > length_max:
        raise UnmappableXComLengthPushed(result, length_max, task_id=task.task_id, mapped_by=mapped_by)


def _sources(value: Any) -> Iterator[Any]:
    if isinstance(value, XComArg):
        for operator, _ in value.iter_references():
            yield operator


def _column(name: str, value: Any, context: Mapping[str, Any]) -> Sequence[Any]:
    if isinstance(value, XComArg):
        value = value.items(context)
    return items_of(value, what=f"expand() over `{name}`")
