"""What `access_control` of a DAG says, as plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from windward.core.file_grants import DAG_WORD
from windward.sdk.dag_arguments import DagTypeError

ROLE_LENGTH_MAX, WORD_LENGTH_MAX = 100, 50


def access_of(given: Any, *, dag_id: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return by role, then by kind of thing, what its holders can do; a set of words is about the DAG.

    Raises:
        DagTypeError: when it is anything else.
    """
    if not given:
        return {}
    if not isinstance(given, Mapping):
        raise _wrong(given, dag_id)
    return {role: _things(given[role], dag_id) for role in _sorted(given, dag_id, longest=ROLE_LENGTH_MAX)}


def _things(given: Any, dag_id: str) -> dict[str, tuple[str, ...]]:
    things = given if isinstance(given, Mapping) else {DAG_WORD: given}
    return {thing: _sorted(things[thing], dag_id) for thing in _sorted(things, dag_id)}


def _sorted(given: Any, dag_id: str, *, longest: int = WORD_LENGTH_MAX) -> tuple[str, ...]:
    """Return words in order: the author's may be a set, which has none."""
    words = {given} if isinstance(given, str) else given
    if not isinstance(words, Collection) or not all(
        isinstance(word, str) and 0 < len(word) <= longest for word in words
    ):
        raise _wrong(given, dag_id)
    return tuple(sorted(set(words)))


def _wrong(given: Any, dag_id: str) -> DagTypeError:
    return DagTypeError(
        f'`access_control` of DAG `{dag_id}` has `{given!r}`; write `{{"team": {{"can_read", "can_edit"}}}}`'
    )
