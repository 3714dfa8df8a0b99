"""Versions of DAGs, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from windward.model.access import DagReach
from windward.ports.listings.page import Page, PageRequest
from windward.ports.listings.versions import VersionRow
from windward.store.sql.columns import EPOCH
from windward.store.sql.database import Database, chunks
from windward.store.sql.listings.filters import visible
from windward.store.sql.listings.paging import Paged
from windward.store.sql.tables import DAG, DAG_DOCUMENT

STORED_AT = sa.func.coalesce(DAG_DOCUMENT.c.stored_at, DAG.c.first_seen_at)
"""Documents of before this was kept are as old as their DAG."""
VERSION_COLUMNS = (
    DAG_DOCUMENT.c.number.label("version_number"),
    STORED_AT.label("version_stored_at"),
    DAG.c.display_name.label("dag_display_name"),
)
"""What `version_of` reads besides `document_hash` and `dag_id`, from the DAG and the document of a row."""
_QUERY = sa.select(DAG_DOCUMENT.c.document_hash, DAG_DOCUMENT.c.dag_id, *VERSION_COLUMNS).outerjoin(
    DAG, DAG.c.dag_id == DAG_DOCUMENT.c.dag_id
)
_PAGED = Paged(
    {
        "id": DAG_DOCUMENT.c.document_hash,
        "version_number": DAG_DOCUMENT.c.number,
        "bundle_name": DAG_DOCUMENT.c.document_hash,
        "bundle_version": DAG_DOCUMENT.c.document_hash,
    },
    default=("id",),
    unique=("id",),
)
"""All versions are of one bundle, and bundles have no versions: these two orders are that of the ids."""


class SqlVersionListings:
    """Read models of versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self, page: PageRequest, *, reach: DagReach, dag_id: str | None = None, number: int | None = None
    ) -> Page[VersionRow]:
        """Return versions."""
        query = _QUERY.where(*visible(DAG_DOCUMENT.c.dag_id, reach, self._database.dialect))
        if dag_id is not None:
            query = query.where(DAG_DOCUMENT.c.dag_id == dag_id)
        if number is not None:
            query = query.where(DAG_DOCUMENT.c.number == number)
        return _PAGED.page(self._database, query, page, _found)

    def one(self, dag_id: str, number: int | None) -> VersionRow | None:
        """Return one version, or None."""
        query = _QUERY.where(DAG_DOCUMENT.c.dag_id == dag_id)
        if number is None:
            query = query.where(DAG_DOCUMENT.c.document_hash == DAG.c.document_hash)
        else:
            query = query.where(DAG_DOCUMENT.c.number == number)
        with self._database.reading() as transaction:
            row = transaction.run(query).mappings().first()
        return None if row is None else version_of(row)

    def by_hashes(self, document_hashes: Sequence[str]) -> dict[str, VersionRow]:
        """Return versions by hash."""
        found: dict[str, VersionRow] = {}
        with self._database.reading() as transaction:
            for some in chunks(sorted(set(document_hashes))):
                rows = transaction.run(_QUERY.where(DAG_DOCUMENT.c.document_hash.in_(some))).mappings()
                found.update((row["document_hash"], _found(row)) for row in rows)
        return found


def version_of(row: Any) -> VersionRow | None:
    """Return the version of a row with `VERSION_COLUMNS`; None when its document is gone."""
    if row["version_number"] is None:
        return None
    return VersionRow(
        document_hash=row["document_hash"],
        number=row["version_number"],
        dag_id=row["dag_id"],
        display_name=row["dag_display_name"] or row["dag_id"],
        stored_at=row["version_stored_at"] or EPOCH,
    )


def _found(row: Any) -> VersionRow:
    version = version_of(row)
    assert version is not None, "a document has a number"
    return version
