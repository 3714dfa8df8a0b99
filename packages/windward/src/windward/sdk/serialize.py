"""A DAG as a document: what an author declared becomes plain data, the same bytes for the same declaration.

What lives here: DAGs, groups and edges. Tasks are in `serialize_task`, arbitrary values in `preview`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windward.document import DagDocument, EdgeDocument, GroupDocument
from windward.model.states import Semantics
from windward.sdk.dag_access import access_of
from windward.sdk.dag_checks import check_dag, warnings_of
from windward.sdk.dag_schedule import catchup_of, max_active_runs_of, schedule_of, schedule_text
from windward.sdk.defaults import current
from windward.sdk.extensions import heard_of_runs
from windward.sdk.groups import UI_COLOR, UI_FGCOLOR, MappedTaskGroup
from windward.sdk.preview import cut, preview, text_of
from windward.sdk.serialize_assets import assets_of, conflicts_of
from windward.sdk.serialize_task import params_document, task_document
from windward.sdk.unset import ArgNotSet, is_arg_set
from windward.timetable import can_be_scheduled, zone_name

if TYPE_CHECKING:
    from windward.sdk.dag import DAG
    from windward.sdk.groups import TaskGroup


def to_document(
    dag: DAG, *, fileloc: str, code_hash: str, semantics: Semantics, semantics_reason: str
) -> DagDocument:
    """Return the document of a DAG, after checking it; raise a `UserError` when something is wrong with it.

    `fileloc` is the file's path relative to the DAG folder, `code_hash` names the code snapshot.
    """
    check_dag(dag, semantics)
    schedule = schedule_of(dag, semantics)
    defaults = current()
    heard = heard_of_runs()
    assets, aliases = assets_of(dag)
    catchup = catchup_of(dag, semantics) and can_be_scheduled(schedule)
    return DagDocument(
        dag_id=dag.dag_id,
        fileloc=fileloc,
        code_hash=code_hash,
        display_name=dag.dag_display_name if dag.dag_display_name != dag.dag_id else None,
        description=text_of(dag.description),
        doc_md=text_of(dag.doc_md),
        semantics=semantics,
        semantics_reason=semantics_reason,
        timezone=zone_name(dag.timezone),
        schedule=schedule,
        schedule_text=schedule_text(dag, semantics),
        start_date=_first_start(dag),
        end_date=dag.end_utc,
        catchup=catchup,
        is_catchup_explicit=is_arg_set(dag.catchup),
        max_active_runs=max_active_runs_of(dag, schedule),
        max_active_tasks=_number(dag.max_active_tasks, defaults.max_active_tasks),
        max_consecutive_failed_dag_runs=_number(
            dag.max_consecutive_failed_dag_runs, defaults.max_consecutive_failed_dag_runs
        ),
        dagrun_timeout_s=dag.dagrun_timeout.total_seconds() if dag.dagrun_timeout else None,
        deadlines=tuple(alert.document() for alert in dag.deadline_alerts),
        fail_fast=bool(dag.fail_fast),
        is_paused_upon_creation=dag.is_paused_upon_creation,
        render_template_as_native_obj=bool(dag.render_template_as_native_obj),
        template_searchpath=tuple(cut(str(path)) for path in dag.template_searchpath or ()),
        default_args=preview(dag.default_args),
        callbacks=tuple(
            name
            for name, given in (
                ("success", dag.on_success_callback),
                ("failure", dag.on_failure_callback),
                ("sla_miss", dag.sla_miss_callback),
                ("running", None),
            )
            if given or name in heard
        ),
        allowed_run_types=dag.allowed_run_types,
        tags=tuple(sorted(dag.tags)),
        owner_links=dict(sorted(dag.owner_links.items())),
        access_control=access_of(dag.access_control, dag_id=dag.dag_id),
        params=params_document(dag.params),
        tasks=tuple(task_document(task) for task in dag.topological_sort()),
        groups=tuple(_group_document(group) for _, group in sorted(dag.task_group_dict.items())),
        edges=_edges(dag),
        assets=assets,
        aliases=aliases,
        warnings=(*warnings_of(dag, semantics), *conflicts_of(assets)),
        xcom_retention_days=dag.xcom_retention_days,
    )


def _first_start(dag: DAG) -> Any:
    """The DAG's own start; a DAG that leaves it to its tasks starts with the first of them, as in Airflow 2."""
    if dag.start_utc is not None:
        return dag.start_utc
    return min((task.start_utc for task in dag.tasks if task.start_utc is not None), default=None)


def _number(value: Any, default: int) -> int:
    return default if value is None or isinstance(value, ArgNotSet) else int(value)


def _group_document(group: TaskGroup) -> GroupDocument:
    parent = group.parent_group
    return GroupDocument(
        group_id=group.node_id,
        parent=parent.group_id if parent is not None else None,
        label=group.label or "",
        tooltip=group.tooltip or "",
        doc_md=text_of(group.doc_md),
        ui_color=group.ui_color if group.ui_color != UI_COLOR else "",
        ui_fgcolor=group.ui_fgcolor if group.ui_fgcolor != UI_FGCOLOR else "",
        expansion=group.expand_input.expansion() if isinstance(group, MappedTaskGroup) else None,
    )


def _edges(dag: DAG) -> tuple[EdgeDocument, ...]:
    return tuple(
        EdgeDocument(upstream=up, downstream=down, label=str(info["label"]))
        for up, ends in sorted(dag.edge_info.items())
        for down, info in sorted(ends.items())
        if info.get("label") and up in dag.task_dict and down in dag.task_dict
    )
