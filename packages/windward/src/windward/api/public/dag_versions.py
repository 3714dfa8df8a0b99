"""Versions of DAGs. Each document that was stored is one: what a run executes is pinned to it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import PageQuery, page_of
from windward.errors import NotFoundError
from windward.model.access import Resource, Verb
from windward.model.numbers import Small
from windward.ports.listings.page import Page
from windward.ports.listings.versions import VersionRow

TAG = "DagVersion"
BUNDLE = "dags-folder"
"""Name of the one bundle that there is: the DAG folder."""
KEPT_MAX = 1000
"""Versions that are put into shape once: every run and task instance of a list shows its own."""


class DagVersionResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a DAG."""

    id: UUID
    version_number: int
    dag_id: str
    bundle_name: str | None
    bundle_version: str | None
    created_at: datetime
    dag_display_name: str
    bundle_url: str | None


class DAGVersionCollectionResponse(msgspec.Struct, kw_only=True):
    """Versions of DAGs."""

    dag_versions: list[DagVersionResponse]
    total_entries: int


class VersionQuery(PageQuery, kw_only=True):
    """Which versions."""

    version_number: Small | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None


def get_dag_versions(call: Call[VersionQuery, Nothing]) -> DAGVersionCollectionResponse:
    """List versions."""
    query, listings = call.query, call.services.listings
    if call.dag_id is not None:
        known_dag(call, call.dag_id)
    page: Page[VersionRow] = Page(rows=(), total=0)
    if query.bundle_name in (None, BUNDLE) and query.bundle_version is None:
        page = listings.versions.list(
            page_of(query), reach=call.reach, dag_id=call.dag_id, number=query.version_number
        )
    return DAGVersionCollectionResponse(
        dag_versions=[version_response(row) for row in page.rows], total_entries=page.total or 0
    )


def get_dag_version(call: Call[Nothing, Nothing]) -> DagVersionResponse:
    """Show a version."""
    dag_id, number = call.text("dag_id"), call.number("version_number")
    row = call.services.listings.versions.one(dag_id, number)
    if row is None:
        raise NotFoundError(
            f"The DagVersion with dag_id: `{dag_id}` and version_number: `{number}` was not found"
        )
    return version_response(row)


@lru_cache(maxsize=KEPT_MAX)
def version_response(row: VersionRow) -> DagVersionResponse:
    """Return a version as the API shows it."""
    return DagVersionResponse(
        id=version_id(row.document_hash),
        version_number=row.number,
        dag_id=row.dag_id,
        bundle_name=BUNDLE,
        bundle_version=None,
        created_at=row.stored_at,
        dag_display_name=row.display_name,
        bundle_url=None,
    )


def version_id(document_hash: str) -> UUID:
    """Return the id of a version: the hash of its document."""
    return UUID(hex=document_hash)


def known_dag(call: Call[Any, Any], dag_id: str) -> None:
    """Go on only if there is such a DAG.

    Raises:
        NotFoundError: when there is none.
    """
    if not call.services.listings.dags.names_of([dag_id]):
        raise NotFoundError(f"The Dag with ID: `{dag_id}` was not found")


_READ = Needs(verb=Verb.READ, resource=Resource.DAG_VERSION, scope=Scope.PATH)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/dagVersions",
        name="get_dag_versions",
        tag=TAG,
        summary="List the versions of a DAG, or with `~` of all.",
        access=_READ,
        query=VersionQuery,
        reply=DAGVersionCollectionResponse,
        handler=get_dag_versions,
        errors=[400, 404],
    ),
    operation(
        "GET",
        "/api/v2/dags/{dag_id}/dagVersions/{version_number}",
        name="get_dag_version",
        tag=TAG,
        summary="Show a version of a DAG.",
        access=_READ,
        reply=DagVersionResponse,
        handler=get_dag_version,
        errors=[404],
    ),
)
