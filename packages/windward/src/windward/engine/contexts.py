"""What goes to a worker: submissions and the context of a granted start, made from a run's view."""

from __future__ import annotations

from datetime import datetime

from windward.core.paths import log_path
from windward.core.view import RunView
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord, TriggerRecord
from windward.model.states import Semantics
from windward.protocol.fired import Resumption
from windward.protocol.triggers import Template
from windward.protocol.work import AttemptRef, RunContext, Submission, TaskContext
from windward.timetable import DataInterval, RunSlot, previous_slot


def ref_of(record: TaskRecord) -> AttemptRef:
    """Return the name of the instance's current attempt."""
    return AttemptRef(record.run_pk, record.task_id, record.map_index, record.fence)


def key_of(ref: AttemptRef) -> TaskKey:
    """Return the instance that an attempt belongs to."""
    return TaskKey(ref.run_pk, ref.task_id, ref.map_index)


def submission_of(view: RunView, record: TaskRecord) -> Submission:
    """Return what a worker host needs to prepare an attempt."""
    document = view.plan.document
    task = view.plan.tasks[view.plan.number_of[record.task_id]]
    return Submission(
        ref=ref_of(record),
        dag_id=document.dag_id,
        fileloc=document.fileloc,
        code_hash=document.code_hash,
        isolation=task.isolation,
        queue=task.queue_of(record.try_number),
        run_as_user=task.run_as_user,
        is_idle_class=view.run.is_idle_class,
    )


def run_context(run: RunRecord) -> RunContext:
    """Return the run as tasks see it."""
    return RunContext(
        run_pk=run.run_pk,
        dag_id=run.dag_id,
        run_id=run.run_id,
        run_type=run.run_type,
        run_after=run.run_after,
        state=run.state,
        logical_date=run.logical_date,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        start_date=run.start_date,
        end_date=run.end_date,
        queued_at=run.queued_at,
        conf=run.conf,
        triggered_by=run.triggered_by,
        triggering_user=run.triggering_user,
        note=run.note,
        clear_number=run.clear_number,
    )


def task_context(
    view: RunView, record: TaskRecord, resumption: Resumption | None = None, reschedule_count: int = 0
) -> TaskContext:
    """Return what a child needs to run the attempt that was just granted."""
    run = view.run
    document = view.plan.document
    task = view.plan.tasks[view.plan.number_of[record.task_id]]
    assert record.start_date is not None, "a granted attempt has a start"
    earlier = later = None
    if document.semantics is Semantics.AIRFLOW2:
        earlier, later = _neighbours(view)
    return TaskContext(
        run=run_context(run),
        dag_id=run.dag_id,
        task_id=record.task_id,
        map_index=record.map_index,
        try_number=record.try_number,
        max_tries=record.max_tries,
        start_date=record.start_date,
        semantics=document.semantics,
        queued_at=record.queued_at,
        first_start_date=record.first_start_date,
        reschedule_count=reschedule_count,
        owner=task.owner,
        timezone=document.timezone,
        prev_logical_date=earlier.logical_date if earlier else None,
        next_logical_date=later,
        log_path=log_path(run.dag_id, run.run_id, record.task_id, record.map_index, record.try_number),
        resumption=resumption,
    )


def template_of(view: RunView, record: TaskRecord, deferral: TriggerRecord) -> Template | None:
    """Return what the trigger with which a try begins is rendered with; None for one without templates."""
    document = view.plan.document
    task = view.plan.tasks[view.plan.number_of[record.task_id]]
    start = task.start_trigger
    if start is None or not start.template_fields or start.kwargs != deferral.kwargs:
        return None
    declared = {**document.params, **task.params}
    defaults = {name: param.default for name, param in declared.items() if param.has_default}
    return Template(
        names=start.template_fields,
        context=task_context(view, record),
        params={**defaults, **view.run.conf},
        is_native=document.render_template_as_native_obj,
    )


def _neighbours(view: RunView) -> tuple[RunSlot | None, datetime | None]:
    run = view.run
    if run.logical_date is None or run.data_interval_start is None or run.data_interval_end is None:
        return None, None
    slot = RunSlot(
        run_after=run.run_after,
        logical_date=run.logical_date,
        data_interval=DataInterval(run.data_interval_start, run.data_interval_end),
    )
    return previous_slot(view.plan.document.schedule, slot), run.data_interval_end
