"""Answers to running user code: XComs, variables, connections, other runs. Reads, and a few plain writes.

The same handlers serve the local socket and, later, the HTTP execution API. A call of an attempt that is
not the current one is refused as stale.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from windward.core.attempts import count_reschedules
from windward.core.triggering import PausedError
from windward.engine.asset_lookups import lookup_asset, place_of
from windward.engine.contexts import key_of, run_context
from windward.engine.lookups import is_latest_slot, lookup, tasks_of
from windward.engine.plain_calls import fault_of
from windward.engine.states import answer_state
from windward.engine.triggering import trigger_run
from windward.errors import ConflictError, InvalidParamError, NotFoundError, UnavailableError, UserError
from windward.model.ids import XCOM_KEY_LENGTH_MAX, is_xcom_key
from windward.model.records import RunRecord, TaskRecord
from windward.ports.clock import Ids
from windward.ports.store import Store
from windward.protocol import calls as c
from windward.protocol.states import DeleteState, GetState, SetState
from windward.protocol.work import AttemptRef

log = logging.getLogger("windward.engine.service")
DEAD_XCOMS_MAX = 200
"""Values that an attempt purges before it begins: what is left over the processor purges after the run."""


class ExecutionService:
    """Handles `Call`s against a store."""

    def __init__(self, store: Store, ids: Ids, *, wake: Callable[[], None]) -> None:
        self._store = store
        self._ids = ids
        self._wake = wake

    def reschedules(self, record: TaskRecord) -> int:
        """Return how often an instance gave its slot back; nothing is read for one that begins for the first time."""
        if record.first_start_date is None or record.first_start_date == record.start_date:
            return 0
        return count_reschedules(event for _, event, _ in self._store.runs.load_trail(record.key))

    def was_last(self, ref: AttemptRef) -> bool:
        """Whether no other attempt of the instance has begun since: its run may be over, and its callbacks still ask."""
        found = self._store.runs.find_tasks([key_of(ref)]) if ref.callback_pk is None else []
        return any(record.fence == ref.fence for record in found)

    def answer(self, ref: AttemptRef, call: c.Call, *, now: datetime, is_current: bool) -> c.Answer:
        """Carry out a call; everything that goes wrong becomes a `Refused`."""
        if not is_current:
            return c.Refused(code="stale", message="the attempt is not the current one any more")
        if fault := fault_of(call):
            return c.Refused(code="invalid", message=fault)
        try:
            return self._answer(ref, call, now)
        except ConflictError as error:
            return c.Refused(code="conflict", message=str(error))
        except NotFoundError as error:
            return c.Refused(code="not_found", message=str(error))
        except InvalidParamError as error:
            return c.Refused(code="invalid_params", message=error.message, hint=error.hint)
        except PausedError as error:
            return c.Refused(code="paused", message=error.message, hint=error.hint)
        except UserError as error:
            return c.Refused(code="invalid", message=error.message, hint=error.hint)
        except UnavailableError:
            raise  # the pass is made again when the database answers
        except Exception:
            # A bug of ours. The call comes again with each connection: it must not stop the scheduler each time.
            log.exception(
                "a call of user code failed", extra={"call": type(call).__name__, "task": ref.task_id}
            )
            return c.Refused(code="broken", message="an error of the server; its log says which")

    def _answer(self, ref: AttemptRef, call: c.Call, now: datetime) -> c.Answer:
        match call:
            case c.GetXCom() | c.GetXComs() | c.SetXCom() | c.DeleteXComs():
                return self._xcom(ref, call, now)
            case c.GetDeadXComs():
                dead = self._store.xcoms.load_dead_xcoms(limit=DEAD_XCOMS_MAX, of=key_of(ref))
                return c.DeadXComsAnswer(items=tuple(dead))
            case c.SettleDeadXComs(purged=purged, failed=failed):
                self._store.xcoms.settle_dead_xcoms(purged, failed=failed)
                return c.Done()
            case (
                c.GetVariable() | c.ListVariables() | c.SetVariable() | c.DeleteVariable() | c.GetConnection()
            ):
                return self._secret(call)
            case (
                c.GetRun()
                | c.GetPreviousRun()
                | c.CountRuns()
                | c.GetTaskStates()
                | c.TriggerRun()
                | c.LatestSlot()
            ):
                return self._run(ref, call, now)
            case c.GetSchedulePlace(dag_id=dag_id):
                return place_of(self._store.catalog.load_dag(dag_id))
            case c.GetAssetEvents() | c.GetConsumedEvents() | c.GetAsset():
                return lookup_asset(self._store, call)
            case c.TallyTasks() | c.FindRuns() | c.FindDag():
                return lookup(self._store, call)
            case GetState() | SetState() | DeleteState():
                return answer_state(self._store, ref, call, now=now)

    def _xcom(
        self, ref: AttemptRef, call: c.GetXCom | c.GetXComs | c.SetXCom | c.DeleteXComs, now: datetime
    ) -> c.Answer:
        xcoms = self._store.xcoms
        match call:
            case c.GetXCom():
                value = xcoms.get_xcom(
                    call.dag_id,
                    call.run_id,
                    call.key,
                    task_id=call.task_id,
                    map_index=call.map_index,
                    include_prior_dates=call.include_prior_dates,
                )
                return c.XComAnswer(value=value)
            case c.GetXComs():
                items, total = xcoms.get_xcoms(
                    call.dag_id,
                    call.run_id,
                    call.key,
                    task_ids=call.task_ids,
                    map_indexes=call.map_indexes,
                    include_prior_dates=call.include_prior_dates,
                    offset=call.offset,
                    limit=call.limit,
                )
                found = tuple(
                    c.XComItem(task_id=task_id, map_index=map_index, run_id=run_id, value=value)
                    for task_id, map_index, run_id, value in items
                )
                return c.XComsAnswer(items=found, total=total)
            case c.SetXCom():
                if not is_xcom_key(call.key):
                    raise UserError(
                        f"an XCom's key has 1 to {XCOM_KEY_LENGTH_MAX} characters, and no NUL",
                        hint="Use a shorter key of plain text.",
                    )
                xcoms.set_xcom(key_of(ref), call.key, call.value, fence=ref.fence, now=now)
                return c.Done()
            case c.DeleteXComs():
                xcoms.delete_xcoms(key_of(ref), call.key, is_purged=call.is_purged)
                return c.Done()

    def _secret(
        self,
        call: c.GetVariable | c.ListVariables | c.SetVariable | c.DeleteVariable | c.GetConnection,
    ) -> c.Answer:
        secrets = self._store.secrets
        match call:
            case c.GetVariable():
                return c.VariableAnswer(value=secrets.get_variable(call.key))
            case c.ListVariables(prefix=prefix):
                keys = (key for key, _, _ in secrets.list_variables())
                return c.KeysAnswer(keys=tuple(key for key in keys if key.startswith(prefix)))
            case c.SetVariable():
                secrets.set_variable(call.key, call.value, description=call.description)
                return c.Done()
            case c.DeleteVariable():
                secrets.delete_variable(call.key)
                return c.Done()
            case c.GetConnection():
                return c.ConnectionAnswer(fields=secrets.get_connection(call.conn_id))

    def _run(
        self,
        ref: AttemptRef,
        call: c.GetRun | c.GetPreviousRun | c.CountRuns | c.GetTaskStates | c.TriggerRun | c.LatestSlot,
        now: datetime,
    ) -> c.Answer:
        runs = self._store.runs
        match call:
            case c.GetRun():
                return _run_answer(
                    runs.find_run(call.dag_id, run_id=call.run_id, logical_date=call.logical_date)
                )
            case c.GetPreviousRun():
                return _run_answer(runs.find_previous(call.dag_id, call.run_id, state=call.state))
            case c.CountRuns():
                return c.CountAnswer(
                    count=runs.count_runs(
                        call.dag_id,
                        logical_dates=call.logical_dates,
                        run_ids=call.run_ids,
                        states=call.states,
                    )
                )
            case c.GetTaskStates():
                items = runs.find_task_states(
                    call.dag_id,
                    task_ids=tasks_of(self._store, call.dag_id, call.task_ids, call.group_id),
                    run_ids=call.run_ids,
                    logical_dates=call.logical_dates,
                    states=call.states,
                )
                return c.TaskStatesAnswer(
                    items=tuple(
                        c.TaskStateItem(run_id=run_id, task_id=task_id, map_index=map_index, state=state)
                        for run_id, task_id, map_index, state in items
                    )
                )
            case c.TriggerRun():
                made = trigger_run(self._store, self._ids, ref, call, now=now, wake=self._wake)
                return _run_answer(made)
            case c.LatestSlot():
                return c.BoolAnswer(value=is_latest_slot(self._store, call, now=now))


def _run_answer(run: RunRecord | None) -> c.RunAnswer:
    return c.RunAnswer(run=run_context(run) if run is not None else None)
