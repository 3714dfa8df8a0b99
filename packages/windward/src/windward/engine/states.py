"""Answers to tasks about the small values that they keep."""

from __future__ import annotations

from datetime import datetime

from windward.core.moments import later
from windward.engine.contexts import key_of
from windward.errors import UserError
from windward.model.writers import StateWriter, WriterKind, writer_text
from windward.ports.store import Store
from windward.protocol import calls as c
from windward.protocol.states import VALUE_BYTES_MAX, DeleteState, GetState, SetState, StateAnswer
from windward.protocol.work import AttemptRef

KEY_CHARACTERS_MAX = 250


def answer_state(
    store: Store, ref: AttemptRef, call: GetState | SetState | DeleteState, *, now: datetime
) -> StateAnswer | c.Done:
    """Read, write or delete; raise `UserError` for a key or value that is too long."""
    states = store.states
    if call.key is not None:
        checked_key(call.key)
    match call:
        case GetState(key=key, asset=str(asset)):
            return StateAnswer(value=states.get_asset_state(asset, key))
        case GetState(key=key):
            return StateAnswer(value=states.get_task_state(key_of(ref), key, now=now))
        case SetState():
            _set(store, ref, call, now)
        case DeleteState(key=name, asset=str(asset)):
            states.delete_asset_state(asset, name)
        case DeleteState(key=name):
            states.delete_task_state(key_of(ref), name, all_instances=call.all_instances)
    return c.Done()


def checked_key(key: str) -> str:
    """Return a key. Raises `UserError` when it cannot be one."""
    if not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise UserError(
            f"a key of a state store has 1 to {KEY_CHARACTERS_MAX} characters, not {len(key)}",
            hint="Use a shorter key.",
        )
    return key


def checked_value(key: str, value: str) -> str:
    """Return the text of a value. Raises `UserError` when it is too long."""
    size = len(value.encode())
    if size > VALUE_BYTES_MAX:
        raise UserError(
            f"the value of `{key}` has {size} bytes, more than {VALUE_BYTES_MAX}",
            hint="Keep a reference (a path, an id) here, and the value itself elsewhere.",
        )
    return value


def _set(store: Store, ref: AttemptRef, call: SetState, now: datetime) -> None:
    checked_value(call.key, call.value)
    if call.asset is not None:
        runs = store.runs.load_runs([ref.run_pk])
        writer = StateWriter(
            kind=WriterKind.TASK,
            dag_id=runs[0].dag_id if runs else None,
            run_id=runs[0].run_id if runs else None,
            task_id=ref.task_id,
            map_index=ref.map_index,
        )
        store.states.set_asset_state(call.asset, call.key, call.value, by=writer_text(writer), now=now)
        return
    expires_at = None if call.keep_s is None else later(now, call.keep_s)
    store.states.set_task_state(
        key_of(ref), call.key, call.value, fence=ref.fence, now=now, expires_at=expires_at
    )
