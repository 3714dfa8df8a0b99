"""Who may do what: the built-in roles, and the decision. Default deny: what no permission names is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

import msgspec

from windward.model.access import OF_A_DAG, DagReach, Permission, Principal, Resource, Verb

__all__ = ["BUILT_IN_ROLES", "EVERYWHERE", "is_allowed", "is_within", "reach_of", "without_the_covered"]

EVERYWHERE = DagReach(is_all=True)
REACHES_MAX = 1024
"""Answers of `reach_of` that are remembered: somebody may hold rights to thousands of DAGs."""

_READ_BY_ALL = frozenset(Resource) - {
    Resource.AUDIT_LOG,
    Resource.CONFIG,
    Resource.CONNECTION,
    Resource.ROLE,
    Resource.USER,
    Resource.VARIABLE,
}
"""What says nothing of secrets or of other people."""
_CHANGED_BY_USERS = frozenset(
    {
        Resource.ASSET,
        Resource.BACKFILL,
        Resource.DAG,
        Resource.HUMAN_INPUT,
        Resource.RUN,
        Resource.TASK_INSTANCE,
    }
)
_CHANGED_BY_OPERATORS = frozenset(
    {
        Resource.ASSET_STATE,
        Resource.CONNECTION,
        Resource.JOB,
        Resource.POOL,
        Resource.TASK_STATE,
        Resource.VARIABLE,
        Resource.WORKER,
        Resource.XCOM,
    }
)
_READ_BY_OPERATORS = frozenset({Resource.AUDIT_LOG, Resource.CONFIG, Resource.CONNECTION, Resource.VARIABLE})


def _all_of(resources: Iterable[Resource], verbs: Iterable[Verb]) -> frozenset[Permission]:
    verbs = tuple(verbs)
    return frozenset(Permission(resource=resource, verb=verb) for resource in resources for verb in verbs)


_VIEWER = _all_of(_READ_BY_ALL, [Verb.READ])
_USER = _VIEWER | _all_of(_CHANGED_BY_USERS, Verb)
_OP = _USER | _all_of(_CHANGED_BY_OPERATORS, Verb) | _all_of(_READ_BY_OPERATORS, [Verb.READ])

BUILT_IN_ROLES: dict[str, frozenset[Permission]] = {
    "viewer": _VIEWER,
    "user": _USER,
    "op": _OP,
    "admin": _all_of(Resource, Verb),
}
"""Each holds what the ones before it hold: look, run, operate, administer."""


def is_allowed(
    principal: Principal,
    verb: Verb,
    resource: Resource,
    *,
    dag_id: str | None = None,
    tags: Collection[str] = (),
) -> bool:
    """Whether `principal` may do `verb` to `resource`; to that of one DAG when `dag_id` says so.

    Without a DAG, a resource that belongs to DAGs needs leave for all of them.
    """
    held, scopes = principal.permissions, principal.scopes
    return _permits(held, verb, resource, dag_id, tags) and (
        scopes is None or _permits(scopes, verb, resource, dag_id, tags)
    )


def _permits(
    held: frozenset[Permission], verb: Verb, resource: Resource, dag_id: str | None, tags: Collection[str]
) -> bool:
    if Permission(resource=resource, verb=verb) in held:
        return True
    if dag_id is None or resource not in OF_A_DAG:
        return False
    if Permission(resource=resource, verb=verb, dag_id=dag_id) in held:
        return True
    return any(Permission(resource=resource, verb=verb, tag=tag) in held for tag in tags)


def reach_of(principal: Principal, verb: Verb, resource: Resource) -> DagReach:
    """Return the DAGs whose `resource` the principal may do `verb` to; what a list may show."""
    held = _reach(principal.permissions, verb, resource)
    if principal.scopes is None:
        return held
    scoped = _reach(principal.scopes, verb, resource)
    if held.is_all or scoped.is_empty:
        return scoped
    if scoped.is_all or held.is_empty:
        return held
    if held.tags or scoped.tags:
        return msgspec.structs.replace(held, within=scoped)
    return DagReach(dag_ids=held.dag_ids & scoped.dag_ids)


@lru_cache(maxsize=REACHES_MAX)
def _reach(held: frozenset[Permission], verb: Verb, resource: Resource) -> DagReach:
    if Permission(resource=resource, verb=verb) in held:
        return EVERYWHERE
    mine = [one for one in held if one.resource is resource and one.verb is verb]
    return DagReach(
        dag_ids=frozenset(one.dag_id for one in mine if one.dag_id is not None),
        tags=frozenset(one.tag for one in mine if one.tag is not None),
    )


def without_the_covered(held: frozenset[Permission]) -> frozenset[Permission]:
    """Return rights without those to some DAGs that are held for all of them: they allow the same."""
    everywhere = {(one.resource, one.verb) for one in held if one.dag_id is None and one.tag is None}
    return frozenset(
        one
        for one in held
        if (one.dag_id is None and one.tag is None) or (one.resource, one.verb) not in everywhere
    )


def is_within(reach: DagReach, dag_id: str, tags: Collection[str]) -> bool:
    """Whether a DAG is one of those that are reached."""
    if reach.within is not None and not is_within(reach.within, dag_id, tags):
        return False
    return reach.is_all or dag_id in reach.dag_ids or not reach.tags.isdisjoint(tags)
