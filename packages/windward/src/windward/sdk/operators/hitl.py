"""Operators that ask people: the task waits for an answer without a process, and goes on with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from windward.model.waits import InputRequest, Person
from windward.sdk.configuration import conf
from windward.sdk.exceptions import AirflowException, TaskAwaitingInput
from windward.sdk.operator import BaseOperator
from windward.sdk.params import ParamsDict
from windward.sdk.skip import BranchMixIn, SkipMixin
from windward.sdk.unset import NOTSET, ArgNotSet, is_arg_set


class HITLTriggerEventError(Exception):
    """A question came back without an answer."""


class HITLTimeoutError(HITLTriggerEventError):
    """Nobody answered in time."""


class HITLRejectException(AirflowException):
    """The answer was to reject."""


class HITLOperator(BaseOperator):
    """Ask people to choose among options, and to fill in a form when `params` are given.

    Until somebody answers, or `response_timeout` has passed, the task is `awaiting_input`: no process, no slot. When
    the time is up `defaults` are chosen, or the task fails with `HITLTimeoutError`. It returns a dict with
    `chosen_options`, `params_input`, `responded_at`, `responded_by_user` and `timedout`. A task that says nothing of
    retries has none: nobody is asked twice by surprise.
    """

    template_fields: Sequence[str] = ("subject", "body")

    def __init__(
        self,
        *,
        subject: str,
        options: list[str],
        body: str | None = None,
        defaults: str | list[str] | None = None,
        multiple: bool = False,
        params: Any = None,
        notifiers: Any = None,
        assigned_users: Any = None,
        response_timeout: timedelta | None = None,
        retries: int | ArgNotSet | None = NOTSET,
        **kwargs: Any,
    ) -> None:
        # Named here, so that those of `default_args` arrive.
        super().__init__(retries=retries if is_arg_set(retries) else 0, **kwargs)
        if response_timeout is None and self.execution_timeout is not None:
            response_timeout, self.execution_timeout = self.execution_timeout, None
        self.subject = subject
        self.body = body
        self.options = list(options)
        self.defaults = [defaults] if isinstance(defaults, str) else defaults
        self.multiple = multiple
        self.form = params if isinstance(params, ParamsDict) else ParamsDict(params or {})
        self.notifiers = [notifiers] if callable(notifiers) else list(notifiers or ())
        self.assigned_users = [assigned_users] if isinstance(assigned_users, Mapping) else assigned_users
        self.response_timeout = response_timeout
        self.hitl_summary_extra: dict[str, Any] = {}
        self._check_question()

    def _check_question(self) -> None:
        if not self.options:
            raise ValueError('"options" cannot be empty.')
        if "_options" in self.form:
            raise ValueError('"_options" is not allowed in params')
        unknown = set(self.defaults or ()) - set(self.options)
        if unknown:
            raise ValueError(f"defaults {sorted(unknown)} are not among the options {self.options}")
        if self.defaults is not None and len(self.defaults) > 1 and not self.multiple:
            raise ValueError("more than one of `defaults` needs `multiple=True`")

    @property
    def hitl_summary(self) -> dict[str, Any]:
        """What is asked, for those who look on; a new dict each time."""
        return {
            "subject": self.subject,
            "body": self.body,
            "options": self.options,
            "defaults": self.defaults,
            "multiple": self.multiple,
            "assigned_users": self.assigned_users,
            "serialized_params": self.serialized_params or None,
            **self.hitl_summary_extra,
        }

    @property
    def serialized_params(self) -> dict[str, dict[str, Any]]:
        """The fields of the form as plain data."""
        return {name: self.form.get_param(name).serialize() for name in self.form}

    def execute(self, context: Any) -> Any:
        """Ask: tell the notifiers, and wait without a process."""
        for notifier in self.notifiers:
            notifier(context)
        waiting = TaskAwaitingInput(method_name="execute_complete", timeout=self.response_timeout)
        waiting.request = InputRequest(
            subject=str(self.subject),
            body=None if self.body is None else str(self.body),
            options=tuple(self.options),
            defaults=None if self.defaults is None else tuple(self.defaults),
            multiple=self.multiple,
            params={name: _field(data) for name, data in self.serialized_params.items()},
            assigned_users=tuple(_person(user) for user in self.assigned_users or ()),
        )
        raise waiting

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Go on with the answer."""
        del context
        if "error" in event:
            raise (HITLTimeoutError if event.get("error_type") == "timeout" else HITLTriggerEventError)(
                event["error"]
            )
        self.validate_chosen_options(event["chosen_options"])
        at = event["responded_at"]
        answer = {
            "chosen_options": event["chosen_options"],
            "params_input": event["params_input"] or {},
            "responded_at": datetime.fromisoformat(at) if isinstance(at, str) else at,
            "responded_by_user": event["responded_by_user"],
            "timedout": event.get("timedout", False),
        }
        self.hitl_summary_extra.update(answer)
        return answer

    def validate_chosen_options(self, chosen_options: list[str]) -> None:
        """Raise `ValueError` for a choice that is not offered."""
        unknown = set(chosen_options) - set(self.options)
        if unknown:
            raise ValueError(f"Responses {unknown} not in {self.options}")

    def generate_link_to_ui(
        self,
        *,
        task_instance: Any,
        base_url: str | None = None,
        options: str | list[str] | None = None,
        params_input: dict[str, Any] | None = None,
    ) -> str:
        """Return the address of the page where people answer, with a choice filled in when one is given."""
        base = base_url or conf.get("api", "base_url", fallback=None)
        if not base:
            raise ValueError("the address needs `base_url`, or the setting `[api] base_url`")
        chosen = [options] if isinstance(options, str) else options
        self.validate_chosen_options(chosen or [])
        unknown = set(params_input or {}) - set(self.form)
        if unknown:
            raise ValueError(f"params {sorted(unknown)} are not fields of the form")
        query: dict[str, Any] = {**({"_options": chosen} if chosen else {}), **(params_input or {})}
        query["map_index"] = task_instance.map_index
        place = f"dags/{task_instance.dag_id}/runs/{task_instance.run_id}/tasks/{task_instance.task_id}"
        return f"{base.rstrip('/')}/{place}/required_actions?{urlencode(query, doseq=True)}"

    @staticmethod
    def generate_link_to_ui_from_context(
        *,
        context: Any,
        base_url: str | None = None,
        options: list[str] | None = None,
        params_input: dict[str, Any] | None = None,
    ) -> str:
        """Return the address of the page where people answer the task of a context."""
        task = context["task"]
        if not isinstance(task, HITLOperator):
            raise TypeError(f"`{task.task_id}` asks nobody: it is no HITLOperator")
        return task.generate_link_to_ui(
            task_instance=context["ti"], base_url=base_url, options=options, params_input=params_input
        )


class ApprovalOperator(HITLOperator, SkipMixin):
    """Ask people to approve or reject: a rejection skips what comes after, or fails the task."""

    inherits_from_skipmixin = True
    _can_skip_downstream = True
    FIXED_ARGS = ("options", "multiple")
    APPROVE = "Approve"
    REJECT = "Reject"

    def __init__(
        self, *, ignore_downstream_trigger_rules: bool = False, fail_on_reject: bool = False, **kwargs: Any
    ) -> None:
        for name in self.FIXED_ARGS:
            if name in kwargs:
                raise ValueError(f"Passing {name} to ApprovalOperator is not allowed.")
        super().__init__(options=[self.APPROVE, self.REJECT], multiple=False, **kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules
        self.fail_on_reject = fail_on_reject

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Go on, or skip what comes after."""
        answer = super().execute_complete(context, event)
        if answer["chosen_options"][0] == self.APPROVE:
            return answer
        if self.fail_on_reject:
            raise HITLRejectException('Receive "Reject"')
        task = context["task"]
        relatives: Iterable[Any] = (
            task.get_flat_relatives(upstream=False)
            if self.ignore_downstream_trigger_rules
            else task.get_direct_relatives(upstream=False)
        )
        skipped = [other for other in relatives if not other.is_teardown]
        if skipped:
            self.skip(ti=context["ti"], tasks=skipped)
        return answer


class HITLBranchOperator(HITLOperator, BranchMixIn):
    """Ask people which way to go: options are ids of tasks, or are mapped to them."""

    inherits_from_skipmixin = True
    _can_skip_downstream = True

    def __init__(self, *, options_mapping: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.options_mapping = options_mapping or {}
        unknown = sorted(set(self.options_mapping) - set(self.options))
        if unknown:
            raise ValueError(f"`options_mapping` contains keys that are not in `options`: {unknown}")
        wrong = {key: value for key, value in self.options_mapping.items() if not isinstance(value, str)}
        if wrong:
            raise ValueError(f"`options_mapping` values must be strings (task_ids): {wrong}")

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Follow what was chosen."""
        answer = super().execute_complete(context, event)
        branches = [self.options_mapping.get(option, option) for option in answer["chosen_options"]]
        return self.do_branch(context, branches)


class HITLEntryOperator(HITLOperator):
    """Ask people to fill in a form; its only option is `OK` unless others are given."""

    OK = "OK"

    def __init__(self, **kwargs: Any) -> None:
        if "options" not in kwargs:
            kwargs["options"] = [self.OK]
            kwargs.setdefault("defaults", [self.OK])
        super().__init__(**kwargs)


def _field(data: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: data.get(name) for name in ("value", "description", "schema")}
    return {name: value for name, value in found.items() if value is not None and is_arg_set(value)}


def _person(user: Any) -> Person:
    if isinstance(user, Mapping):
        return Person(id=str(user["id"]), name=str(user.get("name", user["id"])))
    return Person(id=str(user), name=str(user))
