"""Small values that are kept, as the API shows them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from windward.ports.listings.page import Page, PageRequest
from windward.ports.listings.states import AssetStateRow, InstancePlace, TaskStateRow
from windward.store.sql.database import Database
from windward.store.sql.listings.paging import Paged
from windward.store.sql.tables import ASSET_STATE, DAG_RUN, TASK_STATE

_T, _A = TASK_STATE.c, ASSET_STATE.c
_OF_TASK = Paged({"key": _T.state_key}, default=("key",), unique=("key",))
_OF_ASSET = Paged({"key": _A.state_key}, default=("key",), unique=("key",))


class SqlStateListings:
    """Read models of kept values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_task(
        self, page: PageRequest, place: InstancePlace, *, now: datetime, key: str | None = None
    ) -> Page[TaskStateRow]:
        """Return the values of an instance."""
        query = (
            sa.select(_T.state_key.label("key"), _T.value, _T.set_at, _T.expires_at)
            .join(DAG_RUN, DAG_RUN.c.run_pk == _T.run_pk)
            .where(
                DAG_RUN.c.dag_id == place.dag_id,
                DAG_RUN.c.run_id == place.run_id,
                _T.task_id == place.task_id,
                _T.map_index == place.map_index,
                _T.expires_at.is_(None) | (_T.expires_at > now),
            )
        )
        if key is not None:
            query = query.where(_T.state_key == key)
        return _OF_TASK.page(self._database, query, page, lambda row: TaskStateRow(**row))

    def of_asset(self, page: PageRequest, asset: str, *, key: str | None = None) -> Page[AssetStateRow]:
        """Return the values of an asset."""
        query = sa.select(_A.state_key.label("key"), _A.value, _A.set_at, _A.set_by.label("by"))
        query = query.where(_A.asset == asset)
        if key is not None:
            query = query.where(_A.state_key == key)
        return _OF_ASSET.page(self._database, query, page, lambda row: AssetStateRow(**row))
