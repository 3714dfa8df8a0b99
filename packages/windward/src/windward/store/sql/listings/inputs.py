"""Questions to people, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from windward.model.waits import InputRecord
from windward.ports.listings.inputs import InputFilter
from windward.ports.listings.page import Page, PageRequest
from windward.store.sql.database import Database
from windward.store.sql.dialect import Dialect
from windward.store.sql.listings.documents import Documents
from windward.store.sql.listings.filters import Condition, matching, visible, within
from windward.store.sql.listings.paging import Columns, Paged, names_in_order
from windward.store.sql.listings.traits import operator_column
from windward.store.sql.tables import DAG_RUN, HUMAN_INPUT, TASK_INSTANCE
from windward.store.sql.waits import input_of

_H, _R, _T = HUMAN_INPUT.c, DAG_RUN.c, TASK_INSTANCE.c
_OPERATOR = "task_instance_operator"
_ORDERS: dict[str, Columns] = {
    "ti_id": (_H.run_pk, _H.task_id, _H.map_index),
    "subject": _H.subject,
    "responded_at": _H.answered_at,
    "created_at": _H.asked_at,
    "responded_by_user_id": _H.answered_by_id,
    "responded_by_user_name": _H.answered_by_name,
    "dag_id": _R.dag_id,
    "run_id": _R.run_id,
    # What a task is called stands in documents; it is its id unless the author says otherwise.
    "task_display_name": _H.task_id,
    "run_after": _R.run_after,
    "rendered_map_index": (_T.map_label, _T.map_index),
    "task_instance_state": _T.state,
}
_CURRENT = sa.and_(
    _T.run_pk == _H.run_pk,
    _T.task_id == _H.task_id,
    _T.map_index == _H.map_index,
    _T.try_number == _H.try_number,
)
_FROM = HUMAN_INPUT.join(TASK_INSTANCE, _CURRENT).join(DAG_RUN, _R.run_pk == _H.run_pk)


class SqlInputListings:
    """Read models of questions."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    def list(self, page: PageRequest, which: InputFilter) -> Page[InputRecord]:
        """Return questions."""
        conditions = _conditions(which, self._database.dialect)
        operator = self._operator(conditions) if _OPERATOR in names_in_order(page) else sa.null()
        paged = Paged({**_ORDERS, _OPERATOR: operator}, default=("ti_id",), unique=("ti_id",))
        query = sa.select(HUMAN_INPUT).select_from(_FROM).where(*conditions)
        count = sa.select(_H.run_pk).select_from(_FROM).where(*conditions)
        return paged.page(self._database, query, page, input_of, count=count)

    def _operator(self, conditions: Sequence[Condition]) -> sa.ColumnElement[str]:
        hashes = sa.select(_R.document_hash).select_from(_FROM).where(*conditions).distinct()
        with self._database.reading() as transaction:
            found = [row[0] for row in transaction.run(hashes)]
        return operator_column(self._documents.load(found))


def _conditions(which: InputFilter, dialect: Dialect) -> Sequence[Condition]:
    found = [
        *visible(_R.dag_id, which.reach, dialect),
        *matching(_R.dag_id, which.dags),
        *matching(_H.task_id, which.tasks),
        *matching(_H.subject, which.subject),
        *matching(_H.text, which.text),
        *within(_H.asked_at, which.asked_at),
    ]
    for column, value in (
        (_R.dag_id, which.dag_id),
        (_R.run_id, which.run_id),
        (_H.task_id, which.task_id),
        (_H.map_index, which.map_index),
    ):
        if value is not None:
            found.append(column == value)
    if which.is_answered is not None:
        found.append(_H.answered_at.is_not(None) if which.is_answered else _H.answered_at.is_(None))
    for column, values in (
        (_T.state, [str(state) for state in which.states]),
        (_H.answered_by_id, list(which.answered_by_ids)),
        (_H.answered_by_name, list(which.answered_by_names)),
    ):
        if values:
            found.append(column.in_(values))
    return found
