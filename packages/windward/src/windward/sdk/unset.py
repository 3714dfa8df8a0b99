"""The value of an argument that nobody gave, told apart from None. Only sentinels live here."""

from __future__ import annotations

from typing import Any


class ArgNotSet:
    """The type of `NOTSET`."""

    def __repr__(self) -> str:
        return "NOTSET"

    def __reduce__(self) -> str:
        return "NOTSET"


class SetDuringExecution(ArgNotSet):
    """The type of `SET_DURING_EXECUTION`."""

    def __repr__(self) -> str:
        return "DYNAMIC (set during execution)"

    def __reduce__(self) -> str:
        return "SET_DURING_EXECUTION"


NOTSET = ArgNotSet()
"""Nothing was given. It stays itself when copied or pickled, so compare with `is`."""

SET_DURING_EXECUTION = SetDuringExecution()
"""The value is known only when the task runs."""


def is_arg_set(value: Any) -> bool:
    """True when `value` was given."""
    return not isinstance(value, ArgNotSet)
