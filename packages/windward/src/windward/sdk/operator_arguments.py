"""The arguments that every task takes: checked, brought into one form, old names mapped to new ones.

Thousands of tasks pass here while files are imported, so what the author left out costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from windward.errors import UserError
from windward.model.ids import check_key
from windward.model.states import Isolation, TriggerRule
from windward.sdk import deprecations
from windward.sdk.defaults import AuthoringDefaults, current
from windward.sdk.planned import within_int32
from windward.sdk.spelling import did_you_mean
from windward.sdk.times import default_zone, duration, parse_date, to_utc
from windward.sdk.unset import ArgNotSet, is_arg_set
from windward.sdk.weight_strategies import weight_rule_of

if TYPE_CHECKING:
    from windward.sdk.dag import DAG

CALLBACKS = ("execute", "success", "failure", "retry", "skipped")
_LEGACY_RULES = {
    "none_failed_or_skipped": TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    "dummy": TriggerRule.ALWAYS,
}

# Arguments that become attributes as they are.
_PLAIN = (
    "email_on_retry", "email_on_failure", "retry_policy", "depends_on_past", "ignore_first_depends_on_past",
    "wait_for_past_depends_before_skipping", "wait_for_downstream", "run_as_user", "map_index_template",
    "max_active_tis_per_dag", "max_active_tis_per_dagrun", "executor", "do_xcom_push", "multiple_outputs",
    "doc", "doc_md", "doc_json", "doc_yaml", "doc_rst", "logger_name", "allow_nested_operators",
    "render_template_as_native_obj", "resources",
)  # fmt: skip


def attributes_of(given: Mapping[str, Any], *, kind: str, dag: DAG | None) -> dict[str, Any]:
    """Return the attributes of a task that was given the arguments `given`; raise on the first impossible one.

    `given` has a value for every argument, `NOTSET` for one that was left out. `kind` is the class's name.
    """
    task_id = given["task_id"]
    check_key(task_id, what=f"task id of a {kind}")
    what = f"of task `{task_id}`"
    defaults = current()
    found = {name: given[name] for name in _PLAIN}
    found["owner"] = given["owner"] if is_arg_set(given["owner"]) else defaults.owner
    found["email"] = given["email"]
    found["queue"] = given["queue"] if is_arg_set(given["queue"]) else defaults.queue
    found["pool"] = given["pool"] or defaults.pool
    found["pool_slots"] = _at_least_one(given["pool_slots"], what=f"`pool_slots` {what}")
    found["isolation"] = _isolation(given["isolation"] or defaults.isolation, what)
    found["start_utc"] = date_of(given["start_date"], dag, what=f"`start_date` {what}")
    found["end_utc"] = date_of(given["end_date"], dag, what=f"`end_date` {what}")
    found["trigger_rule"] = trigger_rule_of(given["trigger_rule"], what)
    weight_rule = given["weight_rule"] if is_arg_set(given["weight_rule"]) else None
    found["weight_rule"] = weight_rule_of(defaults.weight_rule if weight_rule is None else weight_rule, what)
    found["priority_weight"] = _priority_weight(given["priority_weight"], what)
    found["own_display_name"] = given["task_display_name"]
    found["executor_config"] = given["executor_config"] or {}
    found["sla"] = duration(given["sla"], what=f"`sla` {what}")
    found["inlets"] = _as_list(given["inlets"])
    found["outlets"] = _as_list(given["outlets"])
    found["_pre_execute_hook"] = given["pre_execute"]
    found["_post_execute_hook"] = given["post_execute"]
    for name in CALLBACKS:
        found[f"on_{name}_callback"] = callbacks_of(
            given[f"on_{name}_callback"], what=f"`on_{name}_callback` {what}"
        )
    found.update(_retries(given, defaults, what))
    found["execution_timeout"] = _timeout(given["execution_timeout"], defaults, what)
    found["own_params"] = _params_of(given["params"])
    if found["wait_for_downstream"]:
        found["depends_on_past"] = True
    return found


def date_of(value: Any, dag: DAG | None, *, what: str) -> datetime | None:
    """Return a date as aware UTC; a naive one is taken in the DAG's zone."""
    parsed = parse_date(value, what=what)
    if parsed is None:
        return None
    return to_utc(parsed, dag.timezone if dag is not None else default_zone(current().timezone))


def trigger_rule_of(value: Any, what: str) -> TriggerRule:
    """Return the trigger rule of a name, old names included; raise `UserError` naming all rules."""
    if isinstance(value, TriggerRule):
        return value
    name = str(getattr(value, "value", value))
    if name in _LEGACY_RULES:
        rule = _LEGACY_RULES[name]
        deprecations.warn(f"the trigger rule `{name}` {what} is now called `{rule}`")
        return rule
    try:
        return TriggerRule(name)
    except ValueError as error:
        raise UserError(
            f"the trigger rule {what} is `{name}`, which does not exist",
            hint=f"{did_you_mean(name, list(TriggerRule))}The rules are {', '.join(f'`{r}`' for r in TriggerRule)}.",
        ) from error


def callbacks_of(value: Any, *, what: str) -> list[Any]:
    """Return one callback or a collection of them as a list; raise `UserError` when one cannot be called."""
    if value is None:
        return []
    found = [value] if callable(value) or not hasattr(value, "__iter__") else list(value)
    for callback in found:
        if not callable(callback):
            raise UserError(
                f"{what} is `{callback!r}`, which cannot be called",
                hint="Give a function that takes the context, a notifier, or a list of them.",
            )
    return found


def _retries(given: Mapping[str, Any], defaults: AuthoringDefaults, what: str) -> dict[str, Any]:
    """A task that says nothing of retries gets the whole default policy; one that says something gets Airflow's."""
    names = ("retries", "retry_delay", "retry_exponential_backoff", "max_retry_delay")
    retries, delay, backoff, delay_max = (given[name] for name in names)
    policy = defaults.retry
    if all(isinstance(given[name], ArgNotSet) for name in names):
        return dict(
            zip(names, (policy.retries, policy.first_delay, policy.backoff, policy.delay_max), strict=True)
        )
    return {
        "retries": _count(retries, what) if is_arg_set(retries) else policy.retries,
        "retry_delay": duration(delay, what=f"`retry_delay` {what}")
        if is_arg_set(delay)
        else policy.plain_delay,
        "retry_exponential_backoff": _backoff(backoff, what) if is_arg_set(backoff) else 0.0,
        "max_retry_delay": duration(delay_max, what=f"`max_retry_delay` {what}")
        if is_arg_set(delay_max)
        else None,
    }


def _count(value: Any, what: str) -> int:
    if value is None:
        return 0
    try:
        count = int(value)
    except (TypeError, ValueError):
        count = -1
    if count < 0 or isinstance(value, float):
        raise UserError(f"`retries` {what} is `{value!r}`", hint="Give a whole number that is not negative.")
    return count


def _backoff(value: Any, what: str) -> float:
    """Airflow 2 says True for doubling, Airflow 3 the multiplier."""
    if value is None or isinstance(value, bool):
        return 2.0 if value else 0.0
    if isinstance(value, int | float) and value >= 0:
        return float(value)
    raise UserError(
        f"`retry_exponential_backoff` {what} is `{value!r}`", hint="Give a multiplier such as 2.0, or True."
    )


def _timeout(value: Any, defaults: AuthoringDefaults, what: str) -> timedelta | None:
    if isinstance(value, ArgNotSet):
        return defaults.execution_timeout
    if value is not None and not isinstance(value, timedelta):
        raise UserError(
            f"`execution_timeout` {what} must be a timedelta but is a `{type(value).__name__}`",
            hint="Write `execution_timeout=timedelta(minutes=30)`.",
        )
    return value


def _at_least_one(value: Any, *, what: str) -> int:
    if not isinstance(value, int) or value < 1:
        raise UserError(
            f"{what} is `{value!r}` and cannot be less than 1", hint="Give a whole number from 1 on."
        )
    return value


def _isolation(value: Any, what: str) -> Isolation:
    try:
        return Isolation(value)
    except ValueError as error:
        raise UserError(f"`isolation` {what} is `{value!r}`", hint="Use `isolated` or `warm`.") from error


def _priority_weight(value: Any, what: str) -> int:
    if not isinstance(value, int):
        raise TypeError(
            f"`priority_weight` {what} expects a whole number, got `{value!r}` of type {type(value).__name__}"
        )
    return within_int32(value)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set) else [value]


def _params_of(value: Any) -> Any:
    if not value:
        return None
    from windward.sdk.params import ParamsDict  # few tasks have params

    return value if isinstance(value, ParamsDict) else ParamsDict(value)
