"""What the processor, its template and its children say to each other. Data only.

The processor talks to a child over a socket of the child's own; the template only forks and reaps.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from windward.processor.fingerprint import Stamp
from windward.protocol.calls import Answer, Call
from windward.protocol.outcomes import DeadXCom
from windward.timetable import Dates, Windows


class _Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class ParseJob(_Message, frozen=True, tag="parse"):
    """One file to parse. `source` is the file on disk: `fileloc`, or the zip around it."""

    job_id: int
    root: str
    fileloc: str
    source: str
    purges: tuple[DeadXCom, ...] = ()
    """Values that are gone and whose backends have to purge them: then there is no file to parse."""
    kept: dict[str, str | None] = {}
    """Values of secrets backends that are still fresh, by `var:KEY` and `conn:ID`."""


class StopJob(_Message, frozen=True, tag="stop"):
    """Kill the child of this job, with everything that it started."""

    job_id: int


ToTemplate = ParseJob | StopJob


class Ready(_Message, frozen=True, tag="ready"):
    """The template has imported what it should; `problems` are names that did not import."""

    problems: tuple[str, ...] = ()


class ChildStarted(_Message, frozen=True, tag="started"):
    """A job that waited in the template is being forked."""

    job_id: int


class ChildEnded(_Message, frozen=True, tag="ended"):
    """A child is gone. `status` is what `waitpid` said."""

    job_id: int
    status: int


FromTemplate = Ready | ChildStarted | ChildEnded


class Touched(_Message, frozen=True, tag="touched"):
    """The file depends on this (see `fingerprint`). `content_hash` is set when the child knows what it read.

    Else `stamp` says what stood there when the child turned to it, None for nothing.
    """

    dependency: str
    content_hash: str | None = None
    stamp: Stamp | None = None


class BackendAnswered(_Message, frozen=True, tag="backend"):
    """A secrets backend was asked; files that are parsed soon need not ask it again."""

    name: str
    text: str | None = None


class SourceRead(_Message, frozen=True, tag="source"):
    """The content that is being parsed."""

    content_hash: str


class Imported(_Message, frozen=True, tag="imported"):
    """The module has been executed; what follows is ours."""


class Asked(_Message, frozen=True, tag="asked"):
    """User code asks for a variable or a connection; answered by `Answered`."""

    call: Call


class DagParsed(_Message, frozen=True, tag="dag"):
    """One DAG of the file: its encoded document, or why there is none."""

    dag_id: str
    document: bytes = b""
    error: str = ""
    also_in: tuple[str, ...] = ()
    """Other files of the DAG folder that hold the same DAG under a name of theirs."""
    windows: Windows | None = None
    """What a timetable of the author's own wants, when the DAG has one."""
    dates: tuple[tuple[datetime, datetime, Dates], ...] = ()
    """What it said of ranges (both ends inclusive) that somebody asked for."""


class Purged(_Message, frozen=True, tag="purged"):
    """A value of the job was purged, or why not; what a child does not speak of was not its turn."""

    dead_pk: int
    error: str = ""


class FileParsed(_Message, frozen=True, tag="file"):
    """The last message of a child."""

    error: str = ""
    is_passing: bool = False
    """Whether the same content may parse another time: the error is not one of syntax."""
    warnings: tuple[str, ...] = ()
    is_unread: bool = False
    """The file was not there when it was to be read."""


FromChild = Touched | BackendAnswered | SourceRead | Imported | Asked | DagParsed | Purged | FileParsed


class Answered(_Message, frozen=True, tag="answered"):
    """The answer to `Asked`."""

    answer: Answer
