"""Questions to people and deadlines of runs on a database: what actions write of them, and their reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from windward.core.actions import MoveTask
from windward.core.waits import AnswerInput, AskDeadlines, MissDeadline, SetDeadlines
from windward.model.ids import TaskKey
from windward.model.records import DEADLINE_REFERENCE_KIND
from windward.model.waits import DeadlineRecord, InputRecord, InputRequest, Person
from windward.store.sql.columns import json_text, storable, storable_or_none, to_us
from windward.store.sql.database import Database, chunks
from windward.store.sql.deferrals import Expect
from windward.store.sql.dialect import Dialect
from windward.store.sql.slas import SqlSlaReads
from windward.store.sql.tables import DAG_RUN, DEADLINE, HUMAN_INPUT
from windward.store.sql.transaction import Row, Transaction

_ASKED = ("run_pk", "task_id", "map_index", "try_number")
_REQUEST = ("request", "asked_at", "due_at", "answered_at", "answered_by", "answer", "is_timeout", "subject", "text",
            "answered_by_id", "answered_by_name")  # fmt: skip
_OPEN_RUN = "r.state IN ('queued', 'running')"
_read_request = msgspec.json.Decoder(InputRequest).decode
_read_person = msgspec.json.Decoder(Person).decode


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    chosen: tuple[str, ...] | None
    params_input: dict[str, Any] = {}


_read_answer = msgspec.json.Decoder(_Answer).decode


class WaitTexts:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.ask = dialect.upsert("human_input", _ASKED, _REQUEST)
        self.answer = dialect.sql(
            "UPDATE human_input SET answered_at = ?, answered_by = ?, answer = ?, is_timeout = ?,"
            " answered_by_id = ?, answered_by_name = ?"
            " WHERE run_pk = ? AND task_id = ? AND map_index = ? AND try_number = ? AND answered_at IS NULL"
        )
        self.hold_run = dialect.sql("UPDATE dag_run SET revision = revision WHERE run_pk = ?")
        self.put_deadline = dialect.upsert("deadline", ("run_pk", "number"), ("name", "due_at", "missed_at"))
        self.miss = dialect.sql(
            "UPDATE deadline SET missed_at = ? WHERE run_pk = ? AND number = ? AND due_at = ?"
            " AND missed_at IS NULL AND EXISTS"
            f" (SELECT 1 FROM dag_run r WHERE r.run_pk = deadline.run_pk AND {_OPEN_RUN})"
        )
        self.ask_deadline = dialect.sql(_ASK_DEADLINE)


_ASK_DEADLINE = (
    "INSERT INTO callback (kind, reason, fence, tries, state, try_number, deadline_number, moved_at, run_pk, dag_id)"
    " SELECT ?, '', 0, 0, 'queued', ?, ?, ?, r.run_pk, r.dag_id FROM dag_run r"
    f" WHERE r.run_pk = ? AND {_OPEN_RUN} AND NOT EXISTS"
    " (SELECT 1 FROM callback c WHERE c.run_pk = r.run_pk AND c.kind = ? AND c.deadline_number = ?"
    " AND c.try_number = ? AND c.state <> 'failed')"
)


class WaitStage:
    """What the actions of one stage write of questions and deadlines; no two of them are about one row."""

    def __init__(self) -> None:
        self._asked: list[Row] = []
        self._answered: list[Row] = []
        self._runs: list[Row] = []
        self._deadlines: list[Row] = []
        self._missed: list[Row] = []
        self._questions: list[Row] = []

    def ask(self, action: MoveTask) -> None:
        """Note the question of a move."""
        if action.asks is None:
            return
        due_at = action.due_at if isinstance(action.due_at, datetime) else None
        request = storable(json_text(action.asks))
        shown = (storable(action.asks.subject), storable_or_none(action.asks.body), None, None)
        asked = (request, to_us(action.at), to_us(due_at), None, None, None, False, *shown)
        self._asked.append((*action.key, action.asks_try, *asked))

    def add(self, action: AnswerInput | SetDeadlines | AskDeadlines | MissDeadline) -> None:
        """Note what an action writes."""
        match action:
            case AnswerInput():
                by = None if action.by is None else storable(json_text(action.by))
                answer = _Answer(chosen=action.chosen, params_input=action.params_input)
                who = (
                    (None, None) if action.by is None else (storable(action.by.id), storable(action.by.name))
                )
                values = (to_us(action.at), by, storable(json_text(answer)), action.is_timeout, *who)
                self._answered.append((*values, *action.key, action.try_number))
            case SetDeadlines(deadlines=deadlines):
                self._runs.append((action.run_pk,))
                self._deadlines.extend(
                    (one.run_pk, one.number, one.name, to_us(one.due_at), to_us(one.missed_at))
                    for one in deadlines
                )
            case AskDeadlines(run_pk=run_pk, asks=asks, at=at):
                kind = DEADLINE_REFERENCE_KIND
                self._questions.extend(
                    (kind, one.round, one.number, to_us(at), run_pk, kind, one.number, one.round)
                    for one in asks
                )
            case MissDeadline():
                self._missed.append((to_us(action.at), action.run_pk, action.number, to_us(action.due_at)))

    def write(self, transaction: Transaction, texts: WaitTexts, expect: Expect) -> None:
        """Write it; refuse a second answer, and deadlines of a run that is gone."""
        if self._answered:
            expect(transaction, texts.answer, self._answered)
        if self._asked:
            transaction.upsert(texts.ask, self._asked)
        if self._missed:
            expect(transaction, texts.miss, self._missed)
        if self._runs:
            expect(transaction, texts.hold_run, self._runs)
        if self._deadlines:
            transaction.upsert(texts.put_deadline, self._deadlines)
        if self._questions:
            transaction.many(texts.ask_deadline, self._questions)


class SqlWaits(SqlSlaReads):
    """Reads of questions and deadlines."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_input(self, key: TaskKey, *, try_number: int) -> InputRecord | None:
        """Return the question of one try of an instance, or None."""
        values = (*key, try_number)
        which = sa.and_(*(HUMAN_INPUT.c[name] == value for name, value in zip(_ASKED, values, strict=True)))
        found = self._inputs(sa.select(HUMAN_INPUT).where(which))
        return found[0] if found else None

    def list_inputs(self, *, run_pk: int | None = None, open_only: bool, limit: int) -> list[InputRecord]:
        """Return questions, the newest first."""
        query = sa.select(HUMAN_INPUT)
        if run_pk is not None:
            query = query.where(HUMAN_INPUT.c.run_pk == run_pk)
        if open_only:
            query = query.where(HUMAN_INPUT.c.answered_at.is_(None))
        order = (HUMAN_INPUT.c.asked_at.desc(), *(HUMAN_INPUT.c[name] for name in _ASKED))
        return self._inputs(query.order_by(*order).limit(limit))

    def _inputs(self, query: sa.Select[Any]) -> list[InputRecord]:
        with self._database.reading() as transaction:
            rows = transaction.run(query).fetchall()
        return [input_of(row) for row in rows]

    def load_deadlines(self, run_pks: Sequence[int]) -> list[DeadlineRecord]:
        """Return the deadlines of these runs by run and number."""
        found: list[DeadlineRecord] = []
        for part in chunks(sorted(set(run_pks))):
            query = sa.select(DEADLINE).where(DEADLINE.c.run_pk.in_(part))
            found += self._deadlines(query.order_by(DEADLINE.c.run_pk, DEADLINE.c.number))
        return found

    def list_deadlines(
        self, *, dag_id: str | None = None, missed_only: bool, limit: int
    ) -> list[DeadlineRecord]:
        """Return deadlines, the latest `due_at` first."""
        query = sa.select(DEADLINE).join(DAG_RUN, DAG_RUN.c.run_pk == DEADLINE.c.run_pk)
        if dag_id is not None:
            query = query.where(DAG_RUN.c.dag_id == dag_id)
        if missed_only:
            query = query.where(DEADLINE.c.missed_at.is_not(None))
        order = (DEADLINE.c.due_at.desc(), DEADLINE.c.run_pk, DEADLINE.c.number)
        return self._deadlines(query.order_by(*order).limit(limit))

    def _deadlines(self, query: sa.Select[Any]) -> list[DeadlineRecord]:
        with self._database.reading() as transaction:
            rows = transaction.run(query).mappings().fetchall()
        return [DeadlineRecord(**row) for row in rows]


def input_of(row: Any) -> InputRecord:
    """Return the question of a row of `human_input`."""
    answer = _Answer(chosen=None) if row.answer is None else _read_answer(row.answer)
    return InputRecord(
        run_pk=row.run_pk,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
        request=_read_request(row.request),
        asked_at=row.asked_at,
        due_at=row.due_at,
        answered_at=row.answered_at,
        answered_by=None if row.answered_by is None else _read_person(row.answered_by),
        chosen=answer.chosen,
        params_input=answer.params_input,
        is_timeout=row.is_timeout,
    )
