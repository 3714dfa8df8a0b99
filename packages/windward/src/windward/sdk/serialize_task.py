"""A task, mapped or not, as a part of a document."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from windward.core.links import link_key
from windward.core.markers import needs_rendering
from windward.document import ParamDocument, StartTrigger, TaskDocument
from windward.document.dag import ExternalMark
from windward.model.states import WeightRule
from windward.sdk.defaults import current
from windward.sdk.extra_links import links_of
from windward.sdk.mapping import MappedOperator
from windward.sdk.operator_arguments import CALLBACKS
from windward.sdk.preview import preview, text_of
from windward.sdk.serialize_assets import leaves_of
from windward.sdk.unset import is_arg_set
from windward.sdk.weight_strategies import PriorityWeightStrategy, asked_weights

if TYPE_CHECKING:
    from windward.sdk.abstract_operator import AbstractOperator
    from windward.sdk.params import ParamsDict


def task_document(task: Any) -> TaskDocument:
    """Return the document of a task. Its priority is its own weight and its rule: relatives are added up elsewhere."""
    group = task.task_group
    mapped_group = task.get_closest_mapped_task_group()
    expansion = task.expand_input.expansion() if isinstance(task, MappedOperator) else None
    timeout = task.execution_timeout
    return TaskDocument(
        task_id=task.task_id,
        operator=task.operator_name,
        operator_module=task.operator_class.__module__,
        label=task.label or "",
        display_name=task.own_display_name,
        group_id=group.group_id if group is not None else None,
        upstream=tuple(sorted(task.upstream_task_ids)),
        trigger_rule=task.trigger_rule,
        retries=task.retries or 0,
        retry_delay_s=_seconds(task.retry_delay) or 0.0,
        retry_backoff=_multiplier(task.retry_exponential_backoff),
        retry_delay_max_s=_seconds(task.max_retry_delay),
        retry_backoff_max_s=current().retry.backoff_max.total_seconds(),
        execution_timeout_s=timeout.total_seconds() if timeout else None,
        depends_on_past=bool(task.depends_on_past or task.wait_for_downstream),
        ignore_first_depends_on_past=bool(task.ignore_first_depends_on_past),
        wait_for_downstream=bool(task.wait_for_downstream),
        wait_for_past_depends_before_skipping=bool(task.wait_for_past_depends_before_skipping),
        start_date=task.start_utc,
        end_date=task.end_utc,
        pool=task.pool,
        pool_slots=task.pool_slots,
        **_weights(task),
        max_active_tis_per_dag=task.max_active_tis_per_dag,
        max_active_tis_per_dagrun=task.max_active_tis_per_dagrun,
        queue=task.queue,
        retry_queues=getattr(task, "retry_queues", ()),
        executor=task.executor,
        executor_config=preview(task.executor_config) if task.executor_config else {},
        isolation=task.isolation,
        run_as_user=task.run_as_user,
        is_inline=_is_inline(task),
        is_setup=task.is_setup,
        is_teardown=task.is_teardown,
        on_failure_fail_dagrun=bool(task.on_failure_fail_dagrun),
        expansion=expansion,
        start_trigger=_start_trigger(task),
        mapped_group=mapped_group.group_id if mapped_group is not None else None,
        map_index_template=task.map_index_template,
        do_xcom_push=bool(task.do_xcom_push),
        multiple_outputs=bool(task.multiple_outputs),
        callbacks=tuple(name for name in CALLBACKS if getattr(task, f"on_{name}_callback", None)),
        mails_on=tuple(
            name for name in ("failure", "retry") if task.email and getattr(task, f"email_on_{name}", False)
        ),
        sla_s=_seconds(task.sla),
        inlets=leaves_of(task.inlets) if task.inlets else (),
        outlets=leaves_of(task.outlets) if task.outlets else (),
        marks=_mark_of(task),
        **_for_people(task),
    )


def _weights(task: Any) -> dict[str, Any]:
    """Return the fields of a task's priority. What a strategy says of it is the whole of it."""
    rule = task.weight_rule
    if not isinstance(rule, PriorityWeightStrategy):
        return {"priority_weight": task.priority_weight, "weight_rule": rule}
    first, later = asked_weights(rule, task)
    return {"priority_weight": first, "weight_rule": WeightRule.ABSOLUTE, "retry_weights": later}


def _for_people(task: Any) -> dict[str, Any]:
    """Return the fields that only people look at."""
    return {
        "owner": str(task.owner),
        "email": _addresses(task.email),
        "params": params_document(task.own_params) if task.own_params else {},
        "template_fields": _template_fields(task),
        "template_renderers": {str(k): str(v) for k, v in sorted(task.template_fields_renderers.items())},
        "ui_color": task.ui_color,
        "ui_fgcolor": task.ui_fgcolor,
        "doc_md": _documentation(task),
        "extra_links": tuple(str(getattr(link, "name", link)) for link in links_of(task)),
        "link_keys": tuple(link_key(link) for link in links_of(task)),
    }


def _mark_of(task: Any) -> ExternalMark | None:
    """A marker of ours or of Airflow's own package: what it is called, and what it names."""
    if isinstance(task, MappedOperator) or all(
        cls.__name__ != "ExternalTaskMarker" for cls in task.operator_class.__mro__
    ):
        return None
    return ExternalMark(
        dag_id=str(task.external_dag_id),
        task_id=str(task.external_task_id),
        logical_date=str(getattr(task, "logical_date", "")),
        recursion_depth=int(task.recursion_depth),
    )


def params_document(params: ParamsDict) -> dict[str, ParamDocument]:
    """Return params as documents by name: `has_default` tells a default of None from none."""
    found = {}
    for place, (name, param) in enumerate(params.raw().items()):
        has_default = is_arg_set(param.value)
        found[name] = ParamDocument(
            has_default=has_default,
            default=preview(param.value) if has_default else None,
            description=param.description,
            schema=preview(param.schema) if param.schema else {},
            place=place,
        )
    return found


def _start_trigger(task: Any) -> StartTrigger | None:
    if not getattr(task, "start_from_trigger", False):
        return None
    from windward.sdk.start_trigger import start_trigger_document  # few tasks begin in a trigger

    return start_trigger_document(task)


def _is_inline(task: Any) -> bool:
    """True when there is nothing to run: an empty operator, no subclass's `execute`, no callback, no hook."""
    cls = task.operator_class
    if not cls.inherits_from_empty_operator:
        return False
    mark = _mark_of(task)
    if mark is not None and needs_rendering(mark.dag_id, mark.task_id, mark.logical_date):
        return False
    empty = next((base for base in cls.__mro__ if "inherits_from_empty_operator" in base.__dict__), cls)
    methods = ("execute", "pre_execute", "post_execute")
    if any(getattr(cls, name) is not getattr(empty, name) for name in methods):
        return False
    names = ("_pre_execute_hook", "_post_execute_hook", "map_index_template", "inlets", "outlets")
    hooks = [getattr(task, name) for name in names]
    return not any(hooks) and not any(
        getattr(task, f"on_{name}_callback", None) for name in ("execute", "success")
    )


def _template_fields(task: AbstractOperator) -> dict[str, Any]:
    if isinstance(task, MappedOperator):
        values = dict(task.partial_kwargs)
        mapped = task.expand_input.value
        if isinstance(mapped, dict):
            if task.into:
                values[task.into] = {**(values.get(task.into) or {}), **mapped}
            else:
                values.update(mapped)
        return {name: preview(values.get(name)) for name in task.template_fields}
    return {name: preview(getattr(task, name, None)) for name in task.template_fields}


def _documentation(task: Any) -> str | None:
    for name in ("doc_md", "doc_rst", "doc", "doc_yaml", "doc_json"):
        value = getattr(task, name, None)
        if value:
            return text_of(value)
    return None


def _seconds(value: Any) -> float | None:
    return value.total_seconds() if isinstance(value, timedelta) else None if value is None else float(value)


def _multiplier(value: Any) -> float:
    """Subclasses set the attribute after the arguments were checked, so True may stand here."""
    return (2.0 if value else 0.0) if isinstance(value, bool) else float(value or 0)


def _addresses(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    many = value.replace(";", ",").split(",") if isinstance(value, str) else list(value)
    return tuple(str(one).strip() for one in many if str(one).strip())
