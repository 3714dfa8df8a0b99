"""Warnings of DAGs: what their authors should look at, of the kinds that Airflow has."""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.api.contract.paging import PageQuery, page_of
from windward.document.warnings import DagWarningType
from windward.model.access import Resource, Verb


class DAGWarningResponse(msgspec.Struct, kw_only=True):
    """A warning."""

    dag_id: str
    warning_type: DagWarningType
    message: str
    timestamp: datetime
    dag_display_name: str


class DAGWarningCollectionResponse(msgspec.Struct, kw_only=True):
    """Warnings."""

    dag_warnings: list[DAGWarningResponse]
    total_entries: int


class WarningsQuery(PageQuery, kw_only=True):
    """Which warnings."""

    dag_id: str | None = None
    warning_type: DagWarningType | None = None


def list_dag_warnings(call: Call[WarningsQuery, Nothing]) -> DAGWarningCollectionResponse:
    """List warnings."""
    query = call.query
    page = call.services.listings.files.warnings(
        page_of(query), reach=call.reach, dag_id=query.dag_id, kind=query.warning_type
    )
    return DAGWarningCollectionResponse(
        dag_warnings=[
            DAGWarningResponse(
                dag_id=row.dag_id,
                warning_type=row.kind,
                message=row.message,
                timestamp=row.at,
                dag_display_name=row.display_name,
            )
            for row in page.rows
        ],
        total_entries=page.total or 0,
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "GET",
        "/api/v2/dagWarnings",
        name="list_dag_warnings",
        tag="DagWarning",
        summary="List what authors of DAGs should look at.",
        access=Needs(verb=Verb.READ, resource=Resource.WARNING, scope=Scope.LISTED),
        query=WarningsQuery,
        reply=DAGWarningCollectionResponse,
        handler=list_dag_warnings,
        errors=[400],
    ),
)
