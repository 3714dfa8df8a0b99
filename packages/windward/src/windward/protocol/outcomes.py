"""How an attempt ended: what the task said, and what the operating system said."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from windward.model.instants import Instant
from windward.model.numbers import Small, Wide
from windward.model.waits import InputRequest


class ExitFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the process of an attempt ended, as a fact for people.

    `kind`: `ok`, `exception` (user code raised), `timeout` (execution_timeout), `signal`, `exit` (left
    without a word), `out_of_memory`, `cancelled` (we stopped it), `lost` (its host is gone),
    `never_started`, `import_error` (the file did not give the task any more).
    """

    kind: Literal[
        "ok", "exception", "timeout", "signal", "exit", "out_of_memory", "cancelled", "lost", "never_started",
        "import_error",
    ]  # fmt: skip
    exit_code: Small | None = None
    signal: Small | None = None
    error_type: str | None = None
    message: str | None = None
    """One line; the traceback is in the log."""
    peak_rss_bytes: Wide | None = None
    cpu_s: float | None = None
    pid: Small | None = None
    """Of the process that ran user code."""
    unixname: str | None = None
    """The user that it ran as."""


class XComValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stored XCom value: how it is encoded, and either the bytes or where the bytes are.

    `encoding`: `json`, `tagged` (JSON with type tags), `arrow`, `parquet`, `pickle`.
    `preview` is a text made at write time: the only thing the API ever shows of a pickle.
    """

    encoding: Literal["json", "tagged", "arrow", "parquet", "pickle"]
    data: bytes | None = None
    location: str | None = None
    """URL in the object store, when the value was larger than the threshold."""
    size_bytes: Wide = 0
    preview: str = ""
    length: Wide | None = None
    """Length when the value is a list or dict: what mapped successors expand to."""
    backend: str | None = None
    """Import path of the XCom backend that made it, when that has something to purge once the value is gone."""

    def is_same_object(self, other: XComValue) -> bool:
        """Whether both stand for the same thing elsewhere: a backend that names things by place writes one twice."""
        return (self.encoding, self.data, self.location) == (other.encoding, other.data, other.location)


class DeadXCom(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that is gone, whose backend still has to purge what it keeps of it elsewhere."""

    dead_pk: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    value: XComValue
    tries: int = 0
    """How often purging it has failed."""


class XComPut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An XCom to be stored for the attempt's own task instance."""

    key: str
    value: XComValue


class AssetWrite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An asset that the task has written: one event."""

    name: str
    uri: str
    extra: dict[str, Any] = {}
    aliases: tuple[str, ...] = ()
    """The aliases that it was written through."""


class Succeeded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="succeeded"):
    """`execute` returned. `skip` are task ids that a branch or short circuit decided to skip."""

    xcoms: tuple[XComPut, ...] = ()
    return_length: Wide | None = None
    skip: tuple[str, ...] = ()
    map_label: str | None = None
    """The rendered `map_index_template`."""
    assets: tuple[AssetWrite, ...] = ()
    """Events to be made of the assets that the task has written."""
    deadline_from: Instant | None = None
    """What a deadline counts from, when that was asked."""
    deadline_interval_s: float | None = None
    """The deadline's interval, when a variable holds it."""


class Skipped(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="skipped"):
    """The task asked to be skipped."""

    message: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="failed"):
    """The attempt failed. `may_retry` is False for errors that forbid a retry (AirflowFailException).

    `is_infrastructure`: our side failed (host or template gone), the author's retries are not used up.
    """

    may_retry: bool = True
    is_infrastructure: bool = False
    retry_delay_s: float | None = None
    """A delay that the task itself asked for (retry policies)."""


class Rescheduled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="rescheduled"):
    """A sensor gives its slot back until `at`."""

    at: Instant


class Deferred(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="deferred"):
    """The task waits for a trigger, of the class at this import path; the bytes are packed values."""

    trigger_class: str
    trigger_kwargs: bytes
    next_method: str
    next_kwargs: bytes
    timeout_s: float | None = None


class AwaitsInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="awaits_input"):
    """The task asks people, and goes on in `next_method` once somebody answered or the time is up."""

    request: InputRequest
    next_method: str
    next_kwargs: bytes
    timeout_s: float | None = None


Outcome = Succeeded | Skipped | Failed | Rescheduled | Deferred | AwaitsInput


class Ending(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is known of an attempt's end."""

    outcome: Outcome
    exit: ExitFact
    at: Instant
    rendered: dict[str, Any] | None = None
    """Rendered template fields, masked and bounded; None when the task has none."""
    map_label: str | None = None
    """The rendered `map_index_template`, however the attempt ended."""
    owes_callbacks: bool = False
    """The process did not (and will not) run the callbacks of this end: it was killed, stopped or never began."""
