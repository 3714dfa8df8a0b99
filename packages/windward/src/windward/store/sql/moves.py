"""Actions as statements: the text and the values of every write of `RunStore.apply`.

A statement stands for all actions of one shape (the same columns are written), so that a batch is one
call of the driver. Each is compare-and-set: it writes no row when its expectation does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from windward.core.actions import (
    AddTasks,
    CreateRun,
    LinkRun,
    MoveCallback,
    MoveRun,
    MoveTask,
    PauseDag,
    SkipSlot,
    WriteNote,
)
from windward.core.slas import MissSla
from windward.core.waits import MissDeadline
from windward.model.ids import TaskKey
from windward.model.records import DEADLINE_KIND
from windward.store.columns import RUN_CHANGES, TASK_CHANGES
from windward.store.history import ADDED
from windward.store.sql.assets import AssetTexts
from windward.store.sql.backfill_moves import BackfillTexts
from windward.store.sql.columns import storable, storable_or_none, to_us
from windward.store.sql.deferrals import DeferralTexts
from windward.store.sql.dialect import Dialect
from windward.store.sql.rows import (
    RUN_COLUMNS,
    TASK_COLUMNS,
    XCOM_COLUMNS,
    run_row,
    task_row,
    trail_line,
    xcom_row,
)
from windward.store.sql.transaction import Row

if TYPE_CHECKING:
    from windward.store.sql.cipher import Cipher
from windward.store.sql.slas import SLA_COLUMNS
from windward.store.sql.waits import WaitTexts

_TIMES = frozenset({"recover_at", "queued_at", "start_date", "end_date", "due_at", "first_start_date"})
_TEXTS = frozenset({"exit_fact", "map_label", "rendered", "trigger_class"})
_WORDS = frozenset({"run_type", "triggered_by"})
_INSTANCE = ("run_pk", "task_id", "map_index")
_WHERE_INSTANCE = "run_pk = ? AND task_id = ? AND map_index = ?"

LINK_COLUMNS = (
    "parent_run_pk", "parent_dag_id", "parent_run_id", "parent_task_id", "parent_map_index", "since", "place",
)  # fmt: skip

Shape = tuple[str, ...]
ADVANCED_DAG = 3
"""Where the values of `Texts.advance_schedule` hold the DAG."""


def _converter(name: str) -> Any:
    if name in _WORDS:
        return str
    return to_us if name in _TIMES else storable_or_none if name in _TEXTS else None


_TASK_FIELDS = tuple((name, _converter(name)) for name in (*TASK_CHANGES, "rendered"))
_RUN_FIELDS = tuple((name, _converter(name)) for name in RUN_CHANGES)


def _changes(action: MoveTask | MoveRun, fields: tuple[tuple[str, Any], ...]) -> tuple[Shape, list[Any]]:
    names = []
    values = []
    for name, convert in fields:
        value = getattr(action, name)
        if value is not UNSET:
            names.append(name)
            values.append(value if convert is None else convert(value))
    return tuple(names), values


def task_move(action: MoveTask) -> tuple[Shape, Row]:
    """Return which columns a move writes, and the values of its update."""
    shape, values = _changes(action, _TASK_FIELDS)
    reason = storable(action.reason)
    line = trail_line(to_us(action.at), action.event._value_, reason)
    expected = (*action.key, action.expect_state._value_, action.expect_fence)
    return shape, (action.state._value_, reason, line, *values, *expected)


def run_move(action: MoveRun) -> tuple[Shape, Row]:
    """Return which columns a move writes, and the values of its update."""
    shape, values = _changes(action, _RUN_FIELDS)
    reason = storable(action.reason)
    line = trail_line(to_us(action.at), action.event._value_, reason)
    expected = (action.run_pk, action.dag_id, action.expect_state._value_)
    return shape, (action.state._value_, reason, line, *values, *expected)


def archive_values(action: MoveTask) -> Row:
    """Return the values of `Texts.archive`."""
    newer = (
        None if action.end_date is UNSET else to_us(action.end_date),
        None if action.exit_fact is UNSET else storable_or_none(action.exit_fact),
        None if action.rendered is UNSET else storable_or_none(action.rendered),
        None if action.map_label is UNSET else storable_or_none(action.map_label),
    )
    expected = (*action.key, action.expect_state._value_, action.expect_fence)
    return (action.event._value_, storable(action.reason), *newer, *expected)


def xcom_puts(action: MoveTask) -> list[Row]:
    """Return the values of `Texts.put_xcom` for each value of a move."""
    at_us = to_us(action.at)
    return [(*action.key, put.key, *xcom_row(put.value), at_us) for put in action.xcoms]


def added_tasks(action: AddTasks) -> list[Row]:
    """Return the values of `Texts.insert_task` for each instance of an expansion."""
    line = trail_line(to_us(action.at), ADDED, storable(action.reason))
    return [(*task_row(task), line) for task in action.tasks]


def replaced_task(action: AddTasks, key: TaskKey) -> Row:
    """Return the values of `Texts.delete_task` for the placeholder."""
    return (*key, action.replaces_state._value_, action.replaces_fence)


def created_tasks(action: CreateRun) -> list[Row]:
    """Return the values of `Texts.insert_task` for each instance of a new run."""
    return [(*task_row(task), "") for task in action.tasks]


def created_run(action: CreateRun) -> Row:
    """Return the values of `Texts.insert_run`."""
    return (*run_row(action.run), "")


def link(action: LinkRun) -> Row:
    """Return the values of `Texts.put_link`."""
    parent = action.parent
    return (
        action.run_pk,
        parent.run_pk,
        parent.dag_id,
        parent.run_id,
        parent.task_id,
        parent.map_index,
        to_us(parent.since),
        parent.place,
    )


def advanced_schedule(action: CreateRun) -> Row:
    """Return the values of `Texts.advance_schedule`."""
    run = action.run
    return (
        to_us(run.run_after),
        to_us(run.data_interval_start),
        to_us(run.data_interval_end),
        run.dag_id,
        to_us(action.expect_last_run_after),
    )


def skipped_slot(action: SkipSlot) -> Row:
    """Return the values of `Texts.advance_schedule`."""
    times = (action.run_after, action.interval_start, action.interval_end)
    return (*map(to_us, times), action.dag_id, to_us(action.expect_last_run_after))


def callback_of(action: MoveRun | MoveTask | MissDeadline | MissSla) -> Row:
    """Return the values of `Texts.insert_callback`."""
    task: TaskKey | None = None
    deadline: int | None = None
    try_number = 0
    if isinstance(action, MoveTask):
        run_pk, kind, task, try_number = action.key.run_pk, action.callback, action.key, action.callback_try
    elif isinstance(action, MoveRun | MissSla):
        run_pk, kind, task = action.run_pk, action.callback, action.callback_task
    else:
        run_pk, kind, deadline = action.run_pk, DEADLINE_KIND, action.number
    place = (None, None) if task is None else (task.task_id, task.map_index)
    reason = storable(action.reason)
    return (kind, reason, 0, 0, "queued", *place, try_number, deadline, to_us(action.at), run_pk)


def callback_move(action: MoveCallback) -> Row:
    """Return the values of `Texts.move_callback`."""
    return (
        action.state,
        action.fence,
        action.owner,
        action.tries,
        to_us(action.at),
        action.callback_pk,
        action.expect_state,
        action.expect_fence,
    )


def pause(action: PauseDag) -> Row:
    """Return the values of `Texts.pause_dag`."""
    return (
        action.is_paused,
        to_us(action.at),
        storable(action.reason),
        action.dag_id,
        not action.is_paused,
    )


def note(action: WriteNote) -> Row:
    """Return the values of `Texts.note_task`, or of `Texts.note_run` for a note on a run."""
    text = storable_or_none(action.text)
    return (text, action.run_pk) if action.key is None else (text, *action.key)


class Texts:
    """The statements of one dialect; updates are made once per shape."""

    def __init__(self, dialect: Dialect, cipher: Cipher) -> None:
        sql = dialect.sql
        self.deferrals = DeferralTexts(dialect, cipher)
        self._dialect = dialect
        self.backfills = BackfillTexts(dialect)
        self._task_moves: dict[Shape, str] = {}
        self._run_moves: dict[Shape, str] = {}
        self.guard = sql(
            f"SELECT epoch FROM lease WHERE name = ? AND holder = ? AND epoch = ?{dialect.share_lock}"
        )
        self.assets = AssetTexts(dialect)
        self.touch_run = sql("UPDATE dag_run SET revision = revision + 1 WHERE run_pk = ?")
        self.note_run = sql("UPDATE dag_run SET note = ? WHERE run_pk = ?")
        self.note_task = sql(f"UPDATE task_instance SET note = ? WHERE {_WHERE_INSTANCE}")
        self.insert_run = sql(_insert("dag_run", (*RUN_COLUMNS, "trail")))
        self.insert_task = sql(_insert("task_instance", (*TASK_COLUMNS, "trail")))
        self.delete_task = sql(
            f"DELETE FROM task_instance WHERE {_WHERE_INSTANCE} AND state = ? AND fence = ?"
        )
        self.advance_schedule = sql(
            "UPDATE dag SET last_run_after = ?, last_interval_start = ?, last_interval_end = ?"
            f" WHERE dag_id = ? AND last_run_after {dialect.is_same}"
        )
        self.archive = sql(_ARCHIVE)
        self.insert_sla_miss = sql(_insert("sla_miss", SLA_COLUMNS))
        self.put_link = dialect.upsert("run_link", ("run_pk",), LINK_COLUMNS)
        self.put_xcom = dialect.upsert("xcom", (*_INSTANCE, "xcom_key"), XCOM_COLUMNS)
        self.bury_xcoms = sql(_BURY)
        self.bury_xcom = sql(f"{_BURY} AND x.xcom_key = ?")
        self.drop_states = sql(f"DELETE FROM task_state WHERE {_WHERE_INSTANCE}")
        self.drop_xcoms = sql(f"DELETE FROM xcom WHERE {_WHERE_INSTANCE}")
        self.insert_callback = sql(_INSERT_CALLBACK)
        self.waits = WaitTexts(dialect)
        self.move_callback = sql(
            "UPDATE callback SET state = ?, fence = ?, owner = ?, tries = ?, moved_at = ?"
            " WHERE callback_pk = ? AND state = ? AND fence = ?"
        )
        self.pause_dag = sql(
            "UPDATE dag SET is_paused = ?, paused_at = ?, paused_reason = ? WHERE dag_id = ? AND is_paused = ?"
        )
        self.fail_dag = sql("UPDATE dag SET failed_in_a_row = failed_in_a_row + ? WHERE dag_id = ?")
        self.reset_dag = sql("UPDATE dag SET failed_in_a_row = ? WHERE dag_id = ? AND failed_in_a_row <> ?")
        self.count_notes = sql("UPDATE counter SET value = value + ? WHERE name = 'note'")
        self.counted_notes = sql("SELECT value FROM counter WHERE name = 'note'")
        self.insert_note = sql(_insert("note", ("note_pk", "kind", "subject")))

    def revisions(self, count: int) -> str:
        """Return the query for the revisions of `count` runs, which stay so until the transaction ends."""
        marks = ", ".join("?" * count)
        return self._dialect.sql(
            f"SELECT run_pk, revision FROM dag_run WHERE run_pk IN ({marks}){self._dialect.share_lock}"
        )

    def move_task(self, shape: Shape) -> str:
        """Return the update of a task instance that writes the columns of `shape`."""
        if (text := self._task_moves.get(shape)) is None:
            text = self._move("task_instance", shape, f"{_WHERE_INSTANCE} AND state = ? AND fence = ?")
            self._task_moves[shape] = text
        return text

    def move_run(self, shape: Shape) -> str:
        """Return the update of a run that writes the columns of `shape`."""
        if (text := self._run_moves.get(shape)) is None:
            text = self._move("dag_run", shape, "run_pk = ? AND dag_id = ? AND state = ?")
            self._run_moves[shape] = text
        return text

    def _move(self, table: str, shape: Shape, where: str) -> str:
        changes = "".join(f", {name} = ?" for name in shape)
        return self._dialect.sql(
            f"UPDATE {table} SET state = ?, reason = ?, trail = {self._dialect.append_trail}{changes} WHERE {where}"
        )


def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


# What the values of an instance leave behind; `data` only where a backend has to be told it.
_BURY = (
    "INSERT INTO dead_object (run_pk, location, backend, dag_id, run_id, task_id, map_index, xcom_key, encoding, data, tries)"
    " SELECT x.run_pk, COALESCE(x.location, ''), x.backend, r.dag_id, r.run_id, x.task_id, x.map_index, x.xcom_key,"
    " x.encoding, CASE WHEN x.backend IS NULL THEN NULL ELSE x.data END, 0"
    " FROM xcom x JOIN dag_run r ON r.run_pk = x.run_pk"
    " WHERE (x.location IS NOT NULL OR x.backend IS NOT NULL)"
    " AND x.run_pk = ? AND x.task_id = ? AND x.map_index = ?"
)

_INSERT_CALLBACK = (
    "INSERT INTO callback (kind, reason, fence, tries, state, task_id, map_index, try_number,"
    " deadline_number, moved_at, run_pk, dag_id) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, r.run_pk, r.dag_id FROM dag_run r WHERE r.run_pk = ?"
)

# An attempt is archived once, by its try number: a later move of the same try finds it there.
_ARCHIVE = (
    "INSERT INTO task_attempt (run_pk, task_id, map_index, try_number, fence, state, event, reason, owner,"
    " queued_at, start_date, end_date, exit_fact, rendered, map_label)"
    " SELECT t.run_pk, t.task_id, t.map_index, t.try_number, t.fence, t.state, ?, ?, t.owner,"
    " t.queued_at, t.start_date, COALESCE(?, t.end_date), COALESCE(?, t.exit_fact), COALESCE(?, t.rendered),"
    " COALESCE(?, t.map_label)"
    " FROM task_instance t WHERE t.run_pk = ? AND t.task_id = ? AND t.map_index = ? AND t.state = ? AND t.fence = ?"
    " AND NOT EXISTS (SELECT 1 FROM task_attempt a WHERE a.run_pk = t.run_pk AND a.task_id = t.task_id"
    " AND a.map_index = t.map_index AND a.try_number = t.try_number)"
)
