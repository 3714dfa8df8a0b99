"""Calling authors' callbacks: each of a list, whatever the ones before it raised."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from windward.logs.writer import LogWriter


def call_all(wanted: Any, context: Any, *, kind: str, log: LogWriter) -> BaseException | None:
    """Call each callback with the context; what one raises is logged. Return the first that was raised."""
    first: BaseException | None = None
    for callback in wanted if isinstance(wanted, Iterable) and not callable(wanted) else [wanted]:
        try:
            callback(context)
        except BaseException as error:  # noqa: BLE001 - user code may raise anything; it changes no state
            log.failure("callback failed", error, kind=kind, callback=name_of(callback))
            first = first or error
    return first


def call_task(wanted: Any, task: Any, context: Any, *, kind: str, log: LogWriter) -> BaseException | None:
    """Call the callbacks of a task's end, and send the mail that it asks for upon `failure` or `retry`.

    Return the first error of either.
    """
    first = call_all(wanted, context, kind=kind, log=log) if wanted else None
    if not getattr(task, "email", None) or not getattr(task, f"email_on_{kind}", False):
        return first
    try:
        from windward.sdk.alert_mail import send_alert  # few tasks send mails

        receivers = send_alert(task, context)
        log.line("info", "mail sent", kind=kind, to=", ".join(receivers))
    except BaseException as error:  # noqa: BLE001 - a mail server may fail in any way; it changes no state
        log.failure("mail could not be sent", error, kind=kind)
        first = first or error
    return first


def name_of(callback: Any) -> str:
    """Return a name that its author recognises."""
    return str(getattr(callback, "__qualname__", None) or type(callback).__qualname__)
