"""What an attempt's end means: a returned value or an exception becomes an outcome and an exit fact. No effects.

The table of exceptions is Airflow's; `DagRunTriggerException` is no end and is not here.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from windward.model.states import Semantics
from windward.model.waits import InputRequest
from windward.protocol.outcomes import (
    AssetWrite,
    AwaitsInput,
    Deferred,
    ExitFact,
    Failed,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
    XComPut,
)
from windward.sdk import serde, xcom_backend
from windward.sdk.bridge import LargeValues
from windward.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTerminated,
    AirflowTaskTimeout,
    DownstreamTasksSkipped,
    TaskAwaitingInput,
    TaskDeferred,
)
from windward.sdk.masking import SecretsMasker, mask_text
from windward.sdk.xcom_backend import Place

RETURN_KEY = "return_value"
_LINE_CHARACTERS_MAX = 500
_CONTAINERS = frozenset({str, list, tuple, dict})


class StoppedBySignalError(AirflowTaskTerminated):
    """SIGTERM reached the task; it was not the task's own idea."""


def success(
    task: Any,
    result: Any,
    *,
    place: Place,
    large: LargeValues | None,
    skip: Iterable[Any] = (),
    label: str | None,
    assets: tuple[AssetWrite, ...] = (),
) -> Succeeded:
    """Return the outcome of a task that returned `result`. Raises what makes the result unusable."""
    xcoms: list[XComPut] = []
    length: int | None = None
    if getattr(task, "do_xcom_push", True) and result is not None:
        if getattr(task, "multiple_outputs", False):
            _check_outputs(result)
            xcoms += [
                XComPut(key=key, value=xcom_backend.store(value, key=key, place=place, large=large))
                for key, value in result.items()
            ]
        value = xcom_backend.store(result, key=RETURN_KEY, place=place, large=large)
        xcoms.append(XComPut(key=RETURN_KEY, value=value))
        length = value.length
    return Succeeded(
        xcoms=tuple(xcoms),
        return_length=length,
        skip=tuple(_task_ids(skip)),
        map_label=None if label is None else mask_text(label),
        assets=assets,
    )


def of_error(error: BaseException, *, semantics: Semantics) -> tuple[Outcome, ExitFact]:
    """Return outcome and exit fact of an attempt that ended by an exception."""
    match error:
        case AirflowSkipException():
            return Skipped(message=line_of(error)), _fact("ok", error)
        case AirflowFailException() | AirflowSensorTimeout():
            return Failed(may_retry=False), _fact("exception", error)
        case AirflowRescheduleException():
            return Rescheduled(at=_aware(error.reschedule_date)), ExitFact(kind="ok")
        case TaskAwaitingInput() if isinstance(error.request, InputRequest):
            return _awaiting(error), ExitFact(kind="ok")
        case TaskDeferred():
            try:
                return _deferred(error), ExitFact(kind="ok")
            except Exception as problem:  # noqa: BLE001 - the trigger's own code; the task fails by it
                return Failed(), _fact("exception", problem)
        case DownstreamTasksSkipped():
            return Succeeded(skip=tuple(_task_ids(error.tasks))), ExitFact(kind="ok")
        case AirflowTaskTimeout():
            return Failed(), _fact("timeout", error)
        case StoppedBySignalError():
            return Failed(), _fact("signal", error, number=signal.SIGTERM)
        case AirflowTaskTerminated() | TaskAwaitingInput():
            return Failed(may_retry=False), _fact("exception", error)
        case MemoryError():
            return Failed(), _fact("out_of_memory", error)
        case SystemExit(code=code):
            if semantics is Semantics.AIRFLOW2 and code in {0, None}:
                return Succeeded(), ExitFact(kind="ok", exit_code=0)
            number = code if isinstance(code, int) else 0 if code is None else 1
            return Failed(), ExitFact(
                kind="exit",
                exit_code=number,
                error_type="SystemExit",
                message=f"the task called `sys.exit({code!r})`",
            )
    return Failed(), _fact("exception", error)


def line_of(error: BaseException) -> str:
    """Return the first line of an exception's text, bounded; its type's name when it has none."""
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001 - user exceptions may fail in any way when they are shown
        text = ""
    line = text.splitlines()[0] if text else type(error).__name__
    return mask_text(line)[:_LINE_CHARACTERS_MAX]


def rendered_fields(task: Any, *, masker: SecretsMasker, characters_max: int) -> dict[str, Any] | None:
    """Return the task's template fields as they were rendered: plain, masked, each bounded; None without any."""
    fields: Iterable[str] = getattr(task, "template_fields", ())
    shown = {name: _plain(getattr(task, name, None), masker, characters_max, name) for name in fields}
    return {name: value for name, value in shown.items() if value is not None} or None


def _plain(value: Any, masker: SecretsMasker, characters_max: int, name: str) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is int or kind is float or (not value and kind in _CONTAINERS):
        return value
    try:
        plain = masker.redact(msgspec.to_builtins(value, enc_hook=str, str_keys=True), name)
        size = len(plain) if isinstance(plain, str) else len(msgspec.json.encode(plain))
    except Exception:  # noqa: BLE001 - user objects may fail in any way when they are shown
        plain, size = f"<{type(value).__name__}>", 0
    if size <= characters_max:
        return plain
    text = plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()
    return f"{text[:characters_max]}… ({size - characters_max} more characters)"


def _check_outputs(result: Any) -> None:
    if not isinstance(result, Mapping):
        raise TypeError(
            f"`multiple_outputs=True` needs a dict to be returned, not `{type(result).__name__}`: "
            "return a dict, or set `multiple_outputs=False`"
        )
    for key in result:
        if not isinstance(key, str):
            raise TypeError(
                f"`multiple_outputs=True` needs text as keys of the returned dict, not `{key!r}` "
                f"({type(key).__name__})"
            )


def _task_ids(tasks: Iterable[Any]) -> list[str]:
    return [task if isinstance(task, str) else task[0] for task in tasks]


def _deferred(error: TaskDeferred) -> Deferred:
    trigger_class, trigger_kwargs = error.trigger.serialize()
    return Deferred(
        trigger_class=trigger_class,
        trigger_kwargs=serde.pack(trigger_kwargs, name="the trigger's arguments"),
        next_method=error.method_name,
        next_kwargs=serde.pack(error.kwargs or {}, name="the arguments of the deferral"),
        timeout_s=error.timeout.total_seconds() if isinstance(error.timeout, timedelta) else None,
    )


def _awaiting(error: TaskAwaitingInput) -> AwaitsInput:
    return AwaitsInput(
        request=error.request,
        next_method=error.method_name,
        next_kwargs=serde.pack(error.kwargs or {}, name="the arguments of the question"),
        timeout_s=error.timeout.total_seconds() if isinstance(error.timeout, timedelta) else None,
    )


def _fact(kind: Any, error: BaseException, *, number: int | None = None) -> ExitFact:
    return ExitFact(kind=kind, signal=number, error_type=type(error).__name__, message=line_of(error))


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
