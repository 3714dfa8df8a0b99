"""What a DAG file gives roles over its own DAG by `access_control`, in Airflow's words.

The words stand in the document and in the database as the author wrote them; what they permit is said here alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from windward.core.access import BUILT_IN_ROLES
from windward.model.access import OF_A_DAG, Permission, Resource, Verb

__all__ = ["DAG_WORD", "FileGrants", "holder_of", "permissions_of_word", "unknown_words"]

FileGrants = Mapping[str, Mapping[str, Sequence[str]]]
"""By role, and within that by kind of thing (`DAGs`, `DAG Runs`): what its holders can do."""
DAG_WORD, RUN_WORD = "DAGs", "DAG Runs"
_VERBS = {
    "can_read": (Verb.READ,),
    "can_dag_read": (Verb.READ,),
    "can_create": (Verb.CREATE,),
    "can_edit": (Verb.CREATE, Verb.EDIT),
    "can_dag_edit": (Verb.CREATE, Verb.EDIT),
    "can_delete": (Verb.DELETE,),
}
"""Whoever can edit a DAG can also run it and answer for its tasks."""
_RESOURCES = {DAG_WORD: OF_A_DAG, RUN_WORD: frozenset({Resource.RUN})}


def unknown_words(grants: FileGrants) -> list[str]:
    """Return the words that permit nothing, sorted."""
    things = {thing for things in grants.values() for thing in things} - _RESOURCES.keys()
    words = {word for things in grants.values() for some in things.values() for word in some} - _VERBS.keys()
    return sorted(things | words)


def holder_of(role: str) -> str:
    """Return the role that a file means: Airflow's names of built-in roles begin with a capital letter."""
    return role.lower() if role.lower() in BUILT_IN_ROLES else role


@lru_cache(maxsize=4096)
def permissions_of_word(thing: str, word: str, dag_id: str) -> frozenset[Permission]:
    """Return what a word permits to a DAG: no more than a user may who may do so to all DAGs; unknown ones nothing."""
    wanted = _everywhere(_RESOURCES.get(thing, ()), _VERBS.get(word, ()))
    return frozenset(
        Permission(resource=one.resource, verb=one.verb, dag_id=dag_id)
        for one in wanted & BUILT_IN_ROLES["user"]
    )


def _everywhere(resources: Iterable[Resource], verbs: Iterable[Verb]) -> frozenset[Permission]:
    verbs = tuple(verbs)
    return frozenset(Permission(resource=resource, verb=verb) for resource in resources for verb in verbs)
