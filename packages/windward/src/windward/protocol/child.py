"""Messages inside one worker host: host ↔ child (frames on a stream), host ↔ template (one packet each).

A template gets two descriptors with each `Fork`: the child's end of its channel, and the pipe that collects
what is printed past Python.
"""

from __future__ import annotations

import msgspec

from windward.model.instants import Instant
from windward.protocol.calls import Answer, Call
from windward.protocol.outcomes import Ending
from windward.protocol.work import AttemptRef, CallbackContext, TaskContext

PACKET_BYTES_MAX = 64 * 1024
"""Largest message between host and template."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


# To a child.


class Start(_Message, frozen=True, tag="start"):
    """Run this attempt now, unless `not_after_s` of the boot clock has passed: then its lease ran out."""

    ref: AttemptRef
    context: TaskContext | CallbackContext
    log_file: str
    """Absolute path of the attempt's log."""
    not_after_s: float
    run_as_user: str | None = None
    """Whom the child becomes for good before it runs any of the task's code."""


class Answered(_Message, frozen=True, tag="answer"):
    """The answer to an `Asked`."""

    call_id: int
    answer: Answer


ToChild = Start | Answered


# From a child.


class Asked(_Message, frozen=True, tag="call"):
    """User code asks something of the execution service."""

    call_id: int
    call: Call


class Began(_Message, frozen=True, tag="began"):
    """The start was taken: from here on user code may have run."""

    pid: int


class Ended(_Message, frozen=True, tag="ended"):
    """The attempt ended; callbacks may still run."""

    ending: Ending


class Declined(_Message, frozen=True, tag="declined"):
    """The start came too late: no user code ran."""


class Masked(_Message, frozen=True, tag="mask"):
    """Hide these values in raw output too."""

    secrets: tuple[str, ...]


class TimeLimited(_Message, frozen=True, tag="limit"):
    """User code may take this long; the host kills the child when it does not stop itself shortly after."""

    seconds: float


class Idle(_Message, frozen=True, tag="idle"):
    """A warm child is done with its attempt, callbacks and all, and ready for the next one."""

    rss_bytes: int


FromChild = Asked | Began | Ended | Declined | Masked | TimeLimited | Idle


# To a template.


class Fork(_Message, frozen=True, tag="fork"):
    """Make a child; `ticket` names it. `is_warm`: it runs attempts one after another until its channel closes."""

    ticket: int
    is_warm: bool = False


class Kill(_Message, frozen=True, tag="kill"):
    """Send a signal to a child (to its whole group with `is_group`), unless it is gone."""

    ticket: int
    signal: int
    is_group: bool = False


ToTemplate = Fork | Kill


# From a template.


class ImportProblem(_Message, frozen=True):
    """Why a DAG file did not import: a line for the exit fact, and the text for the log."""

    error_type: str
    message: str
    text: str = ""
    """Traceback, without the runner's own frames."""


class Imported(_Message, frozen=True, tag="imported"):
    """The file was imported, or was not. An `unfit` template is of no use and ends: children import the file themselves."""

    seconds: float
    private_bytes: int
    problem: ImportProblem | None = None
    unfit: str = ""
    """Why: what importing the file has done."""
    is_from_snapshot: bool = False


class Unforked(_Message, frozen=True, tag="unforked"):
    """A child could not be made."""

    ticket: int
    message: str


class Exited(_Message, frozen=True, tag="exited"):
    """A child is gone, with its wait status and what it used."""

    ticket: int
    pid: int
    exit_code: int | None
    signal: int | None
    peak_rss_bytes: int
    cpu_s: float
    at: Instant


FromTemplate = Imported | Unforked | Exited
