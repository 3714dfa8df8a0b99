"""A value that is fetched when it is first used: for context keys that cost a call to the execution service."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

_UNFETCHED = object()


class LazyValue:
    """Stands for the value that `fetch` returns; passes on attributes, comparisons, arithmetic and text forms.

    `is` sees the stand-in, as it does with Airflow's own: compare with `==` or test the truth.
    """

    __slots__ = ("_fetch", "_value")

    def __init__(self, fetch: Callable[[], Any]) -> None:
        object.__setattr__(self, "_fetch", fetch)
        object.__setattr__(self, "_value", _UNFETCHED)

    @property
    def __wrapped__(self) -> Any:
        """The value."""
        if self._value is _UNFETCHED:
            object.__setattr__(self, "_value", self._fetch())
        return self._value

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __getitem__(self, key: Any) -> Any:
        return self.__wrapped__[key]

    def __bool__(self) -> bool:
        return bool(self.__wrapped__)

    def __str__(self) -> str:
        return str(self.__wrapped__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __format__(self, spec: str) -> str:
        return format(self.__wrapped__, spec)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __iter__(self) -> Any:
        return iter(self.__wrapped__)

    def __len__(self) -> int:
        return len(self.__wrapped__)

    def __reduce__(self) -> Any:
        return _itself, (self.__wrapped__,)


def _itself(value: Any) -> Any:
    return value


def unwrap(value: Any) -> Any:
    """Return the value that a stand-in stands for; any other value as it is."""
    return value.__wrapped__ if type(value) is LazyValue else value


def _forward(name: str, function: Callable[[Any, Any], Any], *, reflected: bool = False) -> None:
    def method(self: LazyValue, other: Any) -> Any:
        left, right = self.__wrapped__, unwrap(other)
        return function(right, left) if reflected else function(left, right)

    setattr(LazyValue, name, method)


for _name in ("eq", "ne", "lt", "le", "gt", "ge", "add", "sub"):
    _forward(f"__{_name}__", getattr(operator, _name))
for _name in ("add", "sub"):
    _forward(f"__r{_name}__", getattr(operator, _name), reflected=True)
