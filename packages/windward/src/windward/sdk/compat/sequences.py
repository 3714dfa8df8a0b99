"""Airflow's small functions on collections and words (`airflow.utils.helpers`, `.strings`)."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from windward.sdk.exceptions import AirflowException

T = TypeVar("T")

KEY_LENGTH_MAX = 250
_KEY = re.compile(r"[\w.-]+")
_GROUP_KEY = re.compile(r"[\w-]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def is_container(obj: Any) -> bool:
    """True for what can be iterated, text excepted."""
    return hasattr(obj, "__iter__") and not isinstance(obj, str)


def as_tuple(obj: Any) -> tuple[Any, ...]:
    """Return a tuple of a collection's members, or of one thing."""
    return tuple(obj) if is_container(obj) else (obj,)


def as_flattened_list(iterable: Iterable[Iterable[T]]) -> list[T]:
    """Return the members of all the collections."""
    return [member for members in iterable for member in members]


def chunks(items: list[T], chunk_size: int) -> Generator[list[T], None, None]:
    """Yield parts of at most `chunk_size` members; raise `ValueError` when that is not positive."""
    if chunk_size <= 0:
        raise ValueError("`chunk_size` has to be at least 1")
    rest = iter(items)
    while part := list(islice(rest, chunk_size)):
        yield part


def partition(pred: Callable[[T], bool], iterable: Iterable[T]) -> tuple[Iterator[T], Iterator[T]]:
    """Return the members for which `pred` does not hold, and those for which it does."""
    fails: list[T] = []
    holds: list[T] = []
    for member in iterable:
        (holds if pred(member) else fails).append(member)
    return iter(fails), iter(holds)


def exactly_one(*args: object) -> bool:
    """True when one of the values is true and all others are not; raise `ValueError` when given a collection."""
    if is_container(args[0]):
        raise ValueError("`exactly_one` takes the values themselves, not a collection of them")
    return sum(map(bool, args)) == 1


def at_most_one(*args: object) -> bool:
    """True when at most one of the values is given: not None, not false, not `NOTSET`."""
    from windward.sdk.unset import is_arg_set

    return sum(bool(one) and is_arg_set(one) for one in args) <= 1


def prune_dict(val: Any, mode: str = "strict") -> Any:
    """Return a copy without None (`strict`), or without anything false (`truthy`), at every depth."""
    if mode not in {"strict", "truthy"}:
        raise ValueError(f"`mode` is `strict` or `truthy`, not `{mode}`")

    def keeps(one: Any) -> bool:
        return bool(one) if mode == "truthy" else one is not None

    if isinstance(val, Mapping):
        pruned = {key: prune_dict(one, mode) for key, one in val.items() if keeps(one)}
        return {key: one for key, one in pruned.items() if keeps(one)}
    if isinstance(val, list):
        return [one for one in (prune_dict(one, mode) for one in val if keeps(one)) if keeps(one)]
    return val


def merge_dicts(dict1: dict[str, Any], dict2: dict[str, Any]) -> dict[str, Any]:
    """Return both in one; where both have a key the second wins, and dicts are merged."""
    merged = dict(dict1)
    for key, value in dict2.items():
        ours = merged.get(key)
        merged[key] = (
            merge_dicts(ours, value) if isinstance(ours, dict) and isinstance(value, dict) else value
        )
    return merged


def convert_camel_to_snake(camel_str: str) -> str:
    """Return `CamelCase` as `camel_case`."""
    return _HUMP.sub("_", camel_str).lower()


def validate_key(k: str, max_length: int = KEY_LENGTH_MAX) -> None:
    """Raise `AirflowException` when an id has letters or a length that ids may not have."""
    _validate(k, pattern=_KEY, allowed="letters, digits, dashes, dots and underscores", length_max=max_length)


def validate_group_key(k: str, max_length: int = KEY_LENGTH_MAX) -> None:
    """Raise `AirflowException` when the id of a task group has letters or a length that it may not have."""
    _validate(k, pattern=_GROUP_KEY, allowed="letters, digits, dashes and underscores", length_max=max_length)


def _validate(key: str, *, pattern: re.Pattern[str], allowed: str, length_max: int) -> None:
    if not isinstance(key, str):
        raise TypeError(f"an id is a text, and `{key!r}` is none")
    if len(key) > length_max:
        raise AirflowException(f"the id `{key}` is longer than {length_max} characters")
    if not pattern.fullmatch(key):
        raise AirflowException(f"the id `{key}` may only have {allowed}")


def to_boolean(astring: str | None) -> bool:
    """True for `true`, `t`, `yes`, `y`, `on` and `1` in any case."""
    return astring is not None and astring.strip().lower() in {"true", "t", "yes", "y", "on", "1"}


def get_random_string(
    length: int = 8, choices: Collection[str] = string.ascii_letters + string.digits
) -> str:
    """Return random letters and digits. Not for secrets."""
    return "".join(random.choices(tuple(choices), k=length))
