"""`RunStore.apply` on a database: many actions in few statements, the same answers as one by one.

Theory of operation. Actions are put into *stages*: an action that touches a row which an earlier one
touched comes in a later stage, so that within a stage order means nothing; there, all actions of one
shape are one statement. If every statement writes as many rows as it has actions, all expectations
held. If not, the transaction is rolled back and done again in halves, each half under a savepoint,
down to the groups that are refused: k refused groups among n cost about k log n batches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import exc

from windward.core.actions import (
    Action,
    AddAssetEvent,
    AddTasks,
    CreateBackfill,
    CreateRun,
    ExpectRun,
    ForgetAssetEvents,
    LinkRun,
    MoveBackfill,
    MoveCallback,
    MoveRun,
    MoveSlot,
    MoveTask,
    PauseDag,
    PlanRecovery,
    RouteAssetEvent,
    SkipSlot,
    TouchRun,
    WriteNote,
)
from windward.core.slas import MissSla
from windward.core.waits import AnswerInput, AskDeadlines, MissDeadline, SetDeadlines
from windward.errors import ConflictError
from windward.ports.store import Guard
from windward.store.columns import RUN_FAILURES, archives, changes_failures
from windward.store.sql import moves
from windward.store.sql.assets import AssetWrites, stage_of_event
from windward.store.sql.backfill_moves import BackfillStage, stage_of_backfill
from windward.store.sql.database import chunks, is_taken
from windward.store.sql.deferrals import DeferralStage
from windward.store.sql.moves import ADVANCED_DAG, Shape, Texts
from windward.store.sql.slas import sla_rows
from windward.store.sql.transaction import Row, Transaction
from windward.store.sql.waits import WaitStage

Groups = Sequence[Sequence[Action]]


class RefusedError(Exception):
    """An expectation did not hold: the batch is rolled back and looked at in parts."""


class UnwritableError(RefusedError):
    """The database does not take a value, as the cause says: whatever else the group expects, it is never written."""


Unwritable = dict[int, UnwritableError]


class Stage:
    """Actions that touch no row twice."""

    def __init__(self) -> None:
        self.task_moves: dict[Shape, list[Row]] = defaultdict(list)
        self.run_moves: dict[Shape, list[Row]] = defaultdict(list)
        self.archived: list[Row] = []
        self.dropped: list[Row] = []
        self.forgotten: list[Row] = []
        self.puts: list[Row] = []
        self.deferrals = DeferralStage()
        self.waits = WaitStage()
        self.replaced: list[Row] = []
        self.tasks: list[Row] = []
        self.runs: list[Row] = []
        self.assets = AssetWrites()
        self.advances: list[Row] = []
        self.callbacks: list[Row] = []
        self.callback_moves: list[Row] = []
        self.pauses: list[Row] = []
        self.revisions: dict[int, int] = {}
        self.disagrees = False
        """Whether two revisions are expected of one run: at least one of them is not so."""
        self.touched: list[Row] = []
        self.run_notes: list[Row] = []
        self.task_notes: list[Row] = []
        self.backfills = BackfillStage()
        self.links: list[Row] = []
        self.sla_misses: list[Row] = []

    def add(self, action: Action) -> None:
        """Put the statements' values of an action."""
        match action:
            case MoveTask():
                shape, values = moves.task_move(action)
                self.task_moves[shape].append(values)
                if archives(action):
                    self.archived.append(moves.archive_values(action))
                if action.drop_xcoms:
                    self.dropped.append(tuple(action.key))
                if action.drop_states:
                    self.forgotten.append(tuple(action.key))
                if action.xcoms:
                    self.puts.extend(moves.xcom_puts(action))
                self.deferrals.add(action)
                self.waits.ask(action)
                if action.callback is not None:
                    self.callbacks.append(moves.callback_of(action))
            case MoveRun():
                shape, values = moves.run_move(action)
                self.run_moves[shape].append(values)
                if action.callback is not None:
                    self.callbacks.append(moves.callback_of(action))
            case AddTasks():
                if action.replaces is not None:
                    self.replaced.append(moves.replaced_task(action, action.replaces))
                self.tasks.extend(moves.added_tasks(action))
            case CreateRun():
                if action.advance_schedule:
                    self.advances.append(moves.advanced_schedule(action))
                self.runs.append(moves.created_run(action))
                self.assets.consume(action)
                self.tasks.extend(moves.created_tasks(action))
            case LinkRun():
                self.links.append(moves.link(action))
            case AddAssetEvent() | RouteAssetEvent() | ForgetAssetEvents():
                self.assets.add(action)
            case MissSla():
                self.sla_misses.extend(sla_rows(action))
                if action.callback is not None:
                    self.callbacks.append(moves.callback_of(action))
            case SkipSlot():
                self.advances.append(moves.skipped_slot(action))
            case ExpectRun(run_pk=run_pk, revision=revision):
                self.disagrees |= self.revisions.setdefault(run_pk, revision) != revision
            case TouchRun(run_pk=run_pk):
                self.touched.append((run_pk,))
            case WriteNote():
                (self.run_notes if action.key is None else self.task_notes).append(moves.note(action))
            case PauseDag():
                self.pauses.append(moves.pause(action))
            case MoveCallback():
                self.callback_moves.append(moves.callback_move(action))
            case PlanRecovery() | CreateBackfill() | MoveBackfill() | MoveSlot():
                self.backfills.add(action)
            case AnswerInput() | SetDeadlines() | AskDeadlines() | MissDeadline():
                self.waits.add(action)
                if isinstance(action, MissDeadline):
                    self.callbacks.append(moves.callback_of(action))

    def write(self, transaction: Transaction, texts: Texts) -> None:
        """Write the stage; raise `RefusedError` when an expectation does not hold.

        What inserts comes last: an action that should have found a row missing must not find it.
        """
        if self.revisions:
            self._expect_revisions(transaction, texts)
        if self.touched:
            _expect(transaction, texts.touch_run, self.touched)
        # How many rows these change says nothing: MySQL leaves out those that said the same before.
        if self.run_notes:
            transaction.many(texts.note_run, self.run_notes)
        if self.task_notes:
            transaction.many(texts.note_task, self.task_notes)
        if self.archived:
            transaction.many(texts.archive, self.archived)
        for shape, values in self.task_moves.items():
            _expect(transaction, texts.move_task(shape), values)
        for shape, values in self.run_moves.items():
            _expect(transaction, texts.move_run(shape), values)
        if self.pauses:
            _expect(transaction, texts.pause_dag, self.pauses)
        self.backfills.write(transaction, texts.backfills, _expect)
        if self.callback_moves:
            _expect(transaction, texts.move_callback, self.callback_moves)
        if self.callbacks:
            transaction.many(texts.insert_callback, self.callbacks)
        if self.dropped:
            transaction.many(texts.bury_xcoms, self.dropped)
            transaction.many(texts.drop_xcoms, self.dropped)
        if self.forgotten:
            transaction.many(texts.drop_states, self.forgotten)
        if self.puts:
            write_xcoms(transaction, texts, self.puts)
        self.deferrals.write(transaction, texts.deferrals, _expect)
        self.waits.write(transaction, texts.waits, _expect)
        if self.replaced:
            _expect(transaction, texts.delete_task, self.replaced)
        for advances in _waves(self.advances):
            _expect(transaction, texts.advance_schedule, advances)
        if not self.assets.write(transaction, texts.assets):
            raise RefusedError
        if self.runs:
            transaction.many(texts.insert_run, self.runs)
        if self.tasks:
            transaction.many(texts.insert_task, self.tasks)
        if self.links:
            transaction.upsert(texts.put_link, self.links)
        if self.sla_misses:
            transaction.many(texts.insert_sla_miss, self.sla_misses)

    def _expect_revisions(self, transaction: Transaction, texts: Texts) -> None:
        found: dict[int, int] = {}
        for run_pks in chunks(list(self.revisions)):
            found.update(map(tuple, transaction.select(texts.revisions(len(run_pks)), tuple(run_pks))))
        if self.disagrees or found != self.revisions:
            raise RefusedError


def _expect(transaction: Transaction, sql: str, values: list[Row]) -> None:
    if transaction.many(sql, values) != len(values):
        raise RefusedError


def _waves(advances: list[Row]) -> list[list[Row]]:
    """Return steps of schedules in lists that hold one step of a DAG each: its second step expects its first."""
    waves: list[list[Row]] = []
    seen: dict[Any, int] = defaultdict(int)
    for advance in advances:
        wave = seen[advance[ADVANCED_DAG]]
        seen[advance[ADVANCED_DAG]] += 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(advance)
    return waves


def write_xcoms(transaction: Transaction, texts: Texts, puts: list[Row]) -> None:
    """Insert or replace XComs, the last of each name; what large values they replace goes to the list of dead objects."""
    puts = list({put[:4]: put for put in puts}.values())
    transaction.many(texts.bury_xcom, [put[:4] for put in puts])
    transaction.upsert(texts.put_xcom, puts)


def stages_of(groups: Groups) -> list[Stage]:
    """Put the actions of all groups, in order, into stages."""
    stages: list[Stage] = []
    touched: dict[Any, int] = {}
    filled: dict[int, int] = {}
    for actions in groups:
        for action in actions:
            stage = _stage_of(action, touched, filled)
            while stage >= len(stages):
                stages.append(Stage())
            stages[stage].add(action)
    return stages


def _stage_of(action: Action, touched: dict[Any, int], filled: dict[int, int]) -> int:
    """Return the stage after the last one that touched a row of the action, and remember it.

    `touched`: the last stage of a row; `filled`: the last stage that inserted task instances of a run.
    Longer than 60 lines because it is one table, with a case for each action.
    """
    match action:
        case MoveTask(key=key):
            stage = max(touched.get(key, -1), filled.get(key.run_pk, -1)) + 1
            touched[key] = stage
            return stage
        case AddTasks(run_pk=run_pk, replaces=replaces):
            stage = max(touched.get(replaces, -1), filled.get(run_pk, -1)) + 1
            filled[run_pk] = stage
            if replaces is not None:
                touched[replaces] = stage
            return stage
        case CreateRun(run=run):
            # Runs of one DAG advance its schedule one after the other within a stage: `_waves` keeps their order.
            uses = (touched.get(("use", run.dag_id, pk), -1) for pk in action.consumes)
            stage = max(filled.get(run.run_pk, -1), *uses, -1) + 1
            filled[run.run_pk] = stage
            touched.update((("use", run.dag_id, pk), stage) for pk in action.consumes)
            return stage
        case CreateBackfill() | MoveBackfill() | MoveSlot():
            return stage_of_backfill(action, touched)
        case MoveRun(run_pk=run_pk) | PlanRecovery(run_pk=run_pk):
            stage = max(touched.get(run_pk, -1), filled.get(run_pk, -1)) + 1
            touched[run_pk] = stage
            return stage
        case LinkRun(run_pk=run_pk) | MissSla(run_pk=run_pk):
            beside = (type(action), run_pk)
            stage = max(touched.get(beside, -1), filled.get(run_pk, -1)) + 1
            touched[beside] = stage
            return stage
        case AddAssetEvent() | RouteAssetEvent() | ForgetAssetEvents():
            return stage_of_event(action, touched)
        case SkipSlot():
            # As runs: with them in one list, in order. Nothing else touches these columns.
            return 0
        case ExpectRun(run_pk=run_pk):
            # It writes nothing, and a stage looks before it writes: all groups of a run ask once between two touches.
            return max(touched.get(("revision", run_pk), -1), filled.get(run_pk, -1)) + 1
        case TouchRun(run_pk=run_pk):
            stage = max(touched.get(("revision", run_pk), -1), filled.get(run_pk, -1)) + 1
            touched["revision", run_pk] = stage
            return stage
        case WriteNote(run_pk=run_pk, key=key):
            place = ("note", run_pk if key is None else key)
            stage = max(touched.get(place, -1), filled.get(run_pk, -1)) + 1
            touched[place] = stage
            return stage
        case PauseDag(dag_id=dag_id):
            stage = touched.get(dag_id, -1) + 1
            touched[dag_id] = stage
            return stage
        case MoveCallback(callback_pk=callback_pk):
            stage = touched.get(("callback", callback_pk), -1) + 1
            touched["callback", callback_pk] = stage
            return stage
        case AnswerInput(key=key):
            stage = max(touched.get(("input", key), -1), touched.get(key, -1)) + 1
            touched["input", key] = touched[key] = stage
            return stage
        case SetDeadlines(run_pk=run_pk) | AskDeadlines(run_pk=run_pk) | MissDeadline(run_pk=run_pk):
            places = (("deadlines", run_pk), ("revision", run_pk), run_pk)
            stage = max(filled.get(run_pk, -1), *(touched.get(place, -1) for place in places)) + 1
            touched.update((place, stage) for place in places)
            return stage


def write_groups(transaction: Transaction, texts: Texts, groups: Groups) -> None:
    """Write all groups; raise `RefusedError` (and leave the transaction to be rolled back) when one is refused."""
    try:
        for stage in stages_of(groups):
            stage.write(transaction, texts)
        _count_failures(transaction, texts, groups)
    except exc.IntegrityError as error:
        if is_taken(error):
            raise RefusedError from error
        raise UnwritableError from error
    except (exc.DataError, UnicodeError, OverflowError) as error:  # some are said by a driver before it asks
        raise UnwritableError from error


def _count_failures(transaction: Transaction, texts: Texts, groups: Groups) -> None:
    """Keep `failed_in_a_row`: a success or an unpause sets it to 0, each failure after that adds one."""
    added: dict[str, int] = {}
    reset: set[str] = set()
    for actions in groups:
        for action in actions:
            is_unpause = isinstance(action, PauseDag) and not action.is_paused
            if is_unpause or (isinstance(action, MoveRun) and changes_failures(action)):
                assert isinstance(action, PauseDag | MoveRun)
                if isinstance(action, MoveRun) and action.event in RUN_FAILURES:
                    added[action.dag_id] = added.get(action.dag_id, 0) + 1
                else:
                    added[action.dag_id] = 0
                    reset.add(action.dag_id)
    for dag_id in sorted(added):
        if dag_id in reset:
            transaction.one(texts.reset_dag, (added[dag_id], dag_id, added[dag_id]))
        else:
            transaction.one(texts.fail_dag, (added[dag_id], dag_id))


def write_in_parts(
    transaction: Transaction, texts: Texts, groups: Groups, unwritable: Unwritable, first: int = 0
) -> list[bool]:
    """Write the groups that can be written, and return which they are; those that never can are put into `unwritable`.

    `first`: the place of the first group among all.
    """
    rows = transaction.rows
    savepoint = transaction.connection.begin_nested()
    try:
        write_groups(transaction, texts, groups)
    except RefusedError as error:
        savepoint.rollback()
        transaction.rows = rows
        if len(groups) == 1:
            if isinstance(error, UnwritableError):
                unwritable[first] = error
            return [False]
        middle = len(groups) // 2
        found = write_in_parts(transaction, texts, groups[:middle], unwritable, first)
        return found + write_in_parts(transaction, texts, groups[middle:], unwritable, first + middle)
    savepoint.commit()
    return [True] * len(groups)


def check_guard(transaction: Transaction, texts: Texts, guard: Guard | None) -> None:
    """Raise `ConflictError` when the guard's lease was taken; otherwise hold it until the end of the transaction."""
    if guard is not None and not transaction.select(texts.guard, (guard.name, guard.holder, guard.epoch)):
        raise ConflictError(
            f"lease `{guard.name}` is not held by `{guard.holder}` in epoch {guard.epoch} any more"
        )
