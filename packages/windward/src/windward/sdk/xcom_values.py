"""What `.map()`, `.zip()` and `.concat()` become in a running task: sequences that read their parts when asked.

A mapped instance needs one item of many, so nothing is read before it is indexed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from windward.sdk.unset import ArgNotSet


def items_of(value: Any, *, what: str) -> Sequence[Any]:
    """Return the items a list or dict is mapped over: of a dict, pairs of key and value; raise ValueError else."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise ValueError(f"{what} expects a list or a dict, not `{type(value).__name__}`")  # noqa: TRY004 - Airflow's class
    return value


class _Values(Sequence[Any]):
    def _item(self, index: int) -> Any:
        raise NotImplementedError

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._item(number) for number in range(*index.indices(len(self)))]
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(index)
        return self._item(number)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} items>"


class MapValues(_Values):
    """Items passed through functions."""

    def __init__(self, value: Any, functions: Sequence[Callable[[Any], Any]]) -> None:
        self._items = items_of(value, what="XCom map")
        self._functions = functions

    def __len__(self) -> int:
        return len(self._items)

    def _item(self, index: int) -> Any:
        value = self._items[index]
        for function in self._functions:
            value = function(value)
        return value


class ZipValues(_Values):
    """Tuples of items."""

    def __init__(self, values: Sequence[Any], fillvalue: Any) -> None:
        self._parts = [items_of(value, what="XCom zip") for value in values]
        self._fillvalue = fillvalue

    def __len__(self) -> int:
        lengths = [len(part) for part in self._parts]
        return min(lengths) if isinstance(self._fillvalue, ArgNotSet) else max(lengths)

    def _item(self, index: int) -> Any:
        return tuple(part[index] if index < len(part) else self._fillvalue for part in self._parts)


class ConcatValues(_Values):
    """Items of one part after the other."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._parts = [items_of(value, what="XCom concat") for value in values]

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def _item(self, index: int) -> Any:
        for part in self._parts:
            if index < len(part):
                return part[index]
            index -= len(part)
        raise IndexError(index)
