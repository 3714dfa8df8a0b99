"""Decisions on questions to people: what is stored of one, what an answer or the end of the time means.

An instance that waits for a person has no process and holds no slot. The first answer counts: it is stored by
compare-and-set together with the instance's move, so that of two people who answer at once one is told that the
other was first. The try then goes on in the method that the task named, as after a deferral.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from windward.core.actions import Action, MoveTask, TouchRun, move
from windward.core.moments import later
from windward.core.transitions import TaskEvent
from windward.core.waits import AnswerInput
from windward.document.params import QUESTION_SHOWN_BY, check_value
from windward.errors import ConflictError, UserError
from windward.model.records import TaskRecord, TriggerRecord
from windward.model.states import TaskState
from windward.model.waits import InputRecord, Person
from windward.protocol.fired import Event
from windward.protocol.outcomes import AwaitsInput, Ending, XComValue

TRIGGER_CLASS = "windward.human_input"
"""Stands in the place of a trigger's class: nobody but a person, or the clock, fires it."""
_JSON = msgspec.json.Encoder()


class NotAskedError(UserError):
    """Somebody answers a question that was put to others."""


def decide_ask(record: TaskRecord, outcome: AwaitsInput, ending: Ending, *, now: datetime) -> MoveTask:
    """Store the question that a running attempt asks; its slot is free from now on."""
    due_at = None if outcome.timeout_s is None else later(now, max(0.0, outcome.timeout_s))
    return move(
        record,
        TaskEvent.AWAIT_INPUT,
        at=now,
        reason=f"waits for an answer: {outcome.request.subject}",
        owner=None,
        end_date=ending.at,
        due_at=due_at,
        exit_fact=_JSON.encode(ending.exit).decode(),
        rendered=_JSON.encode(ending.rendered).decode() if ending.rendered else None,
        asks=outcome.request,
        asks_try=record.try_number,
        trigger_class=TRIGGER_CLASS,
        deferral=TriggerRecord(
            run_pk=record.run_pk,
            task_id=record.task_id,
            map_index=record.map_index,
            fence=record.fence,
            class_path=TRIGGER_CLASS,
            kwargs=b"",
            next_method=outcome.next_method,
            next_kwargs=outcome.next_kwargs,
        ),
    )


def decide_answer(
    record: TaskRecord,
    asked: InputRecord,
    *,
    chosen: Sequence[str],
    params_input: Mapping[str, Any],
    by: Person,
    now: datetime,
) -> list[Action]:
    """Take a person's answer.

    Raises:
        ConflictError: when the question has an answer already, or nobody waits for one any more.
        NotAskedError: when the question was put to others.
        UserError: when an option is not offered, or a field does not fit its schema.
    """
    if asked.answered_at is not None:
        raise ConflictError(f"the question of `{record.task_id}` was answered {_by_whom(asked)}")
    if record.state is not TaskState.AWAITING_INPUT or record.try_number != asked.try_number:
        raise ConflictError(f"task `{record.task_id}` does not wait for an answer: it is {record.state}")
    _check_person(asked, by)
    _check_options(asked, chosen)
    values = _checked_params(asked, params_input)
    answer = AnswerInput(
        key=record.key,
        try_number=asked.try_number,
        at=now,
        by=by,
        chosen=tuple(chosen),
        params_input=values,
    )
    reason = f"answered by {by.name}: {', '.join(chosen)}"
    return [answer, _go_on(record, answer, reason), TouchRun(run_pk=record.run_pk)]


def decide_unanswered(record: TaskRecord, asked: InputRecord | None, *, now: datetime) -> list[Action]:
    """Decide on a question whose time is up: its defaults are chosen, or the task hears that there is no answer."""
    if record.state is not TaskState.AWAITING_INPUT or record.due_at is None or record.due_at > now:
        return []
    if asked is None or asked.answered_at is not None:
        return []
    request = asked.request
    fields = {name: field.get("value") for name, field in request.params.items()}
    answer = AnswerInput(
        key=record.key,
        try_number=asked.try_number,
        at=now,
        by=None,
        chosen=request.defaults,
        params_input=fields if request.defaults is not None else {},
        is_timeout=True,
    )
    became = "the task fails" if request.defaults is None else f"default: {', '.join(request.defaults)}"
    return [answer, _go_on(record, answer, f"nobody answered in time; {became}")]


def _go_on(record: TaskRecord, answer: AnswerInput, reason: str) -> MoveTask:
    return move(
        record,
        TaskEvent.RESUME,
        at=answer.at,
        reason=reason,
        due_at=answer.at,
        resumed=_JSON.encode(Event(payload=_payload(answer))),
    )


def _payload(answer: AnswerInput) -> XComValue:
    """Return the event that the task's method is called with."""
    if answer.chosen is None:
        event: dict[str, Any] = {"error": "nobody answered in time", "error_type": "timeout"}
    else:
        event = {
            "chosen_options": list(answer.chosen),
            "params_input": answer.params_input,
            "responded_at": answer.at.isoformat(),
            "responded_by_user": None if answer.by is None else {"id": answer.by.id, "name": answer.by.name},
            "timedout": answer.is_timeout,
        }
    data = _JSON.encode(event)
    return XComValue(encoding="json", data=data, size_bytes=len(data), preview=data.decode()[:200])


def _by_whom(asked: InputRecord) -> str:
    at = asked.answered_at.isoformat(timespec="seconds") if asked.answered_at is not None else ""
    if asked.is_timeout:
        return f"by its timeout at {at}"
    return f"by {asked.answered_by.name if asked.answered_by is not None else 'somebody'} at {at}"


def _check_person(asked: InputRecord, by: Person) -> None:
    assigned = asked.request.assigned_users
    if assigned and not any(by.id in {user.id, user.name} for user in assigned):
        names = ", ".join(user.name for user in assigned)
        raise NotAskedError(
            f"`{by.name}` may not answer the question of `{asked.task_id}`", hint=f"It was put to: {names}."
        )


def _check_options(asked: InputRecord, chosen: Sequence[str]) -> None:
    request = asked.request
    offered = f"Offered are: {', '.join(request.options)}."
    unknown = [option for option in chosen if option not in request.options]
    if unknown:
        raise UserError(f"`{unknown[0]}` is not an option of `{asked.task_id}`", hint=offered)
    if not chosen:
        raise UserError(f"the answer to `{asked.task_id}` chooses nothing", hint=offered)
    if len(chosen) > 1 and not request.multiple:
        raise UserError(f"`{asked.task_id}` takes one option, not {len(chosen)}", hint=offered)


def _checked_params(asked: InputRecord, given: Mapping[str, Any]) -> dict[str, Any]:
    fields = asked.request.params
    for name in given:
        if name not in fields:
            known = ", ".join(sorted(fields)) or "none"
            raise UserError(f"`{asked.task_id}` asks for no field `{name}`", hint=f"Its fields: {known}.")
    values = {}
    for name, field in fields.items():
        values[name] = given.get(name, field.get("value"))
        check_value(
            f"field `{name}` of `{asked.task_id}`",
            value=values[name],
            schema=field.get("schema") or {},
            shown_by=QUESTION_SHOWN_BY,
        )
    return values
