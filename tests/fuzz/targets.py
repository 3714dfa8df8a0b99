"""What reads text from outside, each as a function of bytes: it returns, or breaks a law that stands beside it.

A parser may refuse what it is given, by the error that it documents; anything else that it raises is a bug.
"""

import base64
import contextlib
import functools
import itertools
import os.path
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet
from jsonschema import Draft202012Validator

from tests.api.filling import fields_of
from tests.store.building import create, document_of, put_dags, run_of
from windward.api.app import OPERATIONS
from windward.api.attempt_logs import offset_of, token_of
from windward.api.contract.binding import body_of, path_of, query_of
from windward.api.contract.operation import Nothing
from windward.api.contract.problem import InvalidRequest, Unauthenticated
from windward.api.execution.tokens import AttemptTokens
from windward.api.file_tokens import file_of_token
from windward.api.own.grid import _read as read_grid_cursor
from windward.core.access import EVERYWHERE
from windward.document import DagDocument, ParamDocument, TaskDocument, decode, encode
from windward.document.params import check_conf
from windward.errors import InvalidCronError, InvalidIdError, InvalidParamError, NotFoundError, UserError
from windward.model.ids import check_key, check_run_id
from windward.ports.listings.instances import InstanceFilter
from windward.ports.listings.page import PageRequest
from windward.ports.listings.runs import RunFilter
from windward.protocol.framing import FrameError, FrameReader, frame
from windward.protocol.messages import Cancel, FromHost, Shutdown, StartRequest, ToHost
from windward.store.sql.open import SqlStore, open_store
from windward.timetable import parse_cron

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TICKS = 5
BODIED = [one for one in OPERATIONS if one.body is not Nothing and one.body is not bytes]
QUERIED = [one for one in OPERATIONS if one.query is not Nothing]


@dataclass(frozen=True)
class Target:
    """A law over bytes, and inputs to begin with."""

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = ()
    """What the inputs' language has: chance does not spell a field's name."""


def cron(data: bytes) -> None:
    """An expression is refused, or its ticks go forward, and back again."""
    for allow_seconds in (False, True):
        try:
            found = parse_cron(data.decode("utf-8", "replace"), allow_seconds=allow_seconds)
        except InvalidCronError:
            continue
        at: datetime | None = NOW.replace(tzinfo=None)
        for _ in range(TICKS):
            assert at is not None
            following = found.next_wall(at)
            if following is None:
                break
            assert following > at
            before = found.previous_wall(following + timedelta(seconds=1))
            assert before == following
            at = following


def documents(data: bytes) -> None:
    """A document is refused, or is the same when it is written and read again."""
    try:
        found = decode(data)
    except UserError:
        return
    again = encode(found)
    assert encode(decode(again)) == again


def ids(data: bytes) -> None:
    """An id that is accepted is one part of a path, of an address and of a line."""
    text = data.decode("utf-8", "replace")
    for check in (functools.partial(check_key, what="DAG id"), check_run_id):
        try:
            found = check(text)
        except InvalidIdError:
            continue
        assert found == text
        assert os.path.normpath(f"/a/{found}") in {f"/a/{found}", "/a"}
        assert found.isprintable()
        assert not set(found) & set("/\\\0 %?#&<>\"'`$;|")


def conf(data: bytes) -> None:
    """A conf fits the params of a DAG or is refused, whatever the schema is; nothing is fetched."""
    try:
        name, schema, value = msgspec.json.decode(data, type=tuple[str, dict[str, Any], Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    param = ParamDocument(default=None, has_default=False, schema=schema)
    document = DagDocument(dag_id="d", fileloc="d.py", params={name: param})
    with contextlib.suppress(InvalidParamError):
        assert check_conf(document, {name: value}) == {name: value}


@functools.cache
def _store() -> SqlStore:
    """Return a store with some runs; it stays until the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="windward-fuzz-"))
    store = open_store(f"sqlite:///{folder}/x.db", fernet_keys=[Fernet.generate_key().decode()], create=True)
    put_dags(store, "sales")
    assert store.runs.apply([[create(run_of(number), "load")] for number in (1, 2, 3)]).all
    return store


def cursors(data: bytes) -> None:
    """A cursor is refused, or gives a page: no value in it reaches a database that does not take it."""
    packed = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    for cursor in (packed, data.decode("utf-8", "replace")):
        request = PageRequest(cursor=cursor, limit=2)
        for listed in (
            lambda page: _store().listings.runs.list(page, RunFilter(reach=EVERYWHERE)),
            lambda page: _store().listings.instances.list(page, InstanceFilter(reach=EVERYWHERE)),
        ):
            with contextlib.suppress(UserError):
                listed(request)
        with contextlib.suppress(InvalidRequest):
            read_grid_cursor(cursor)


def tokens(data: bytes) -> None:
    """What nobody gave out opens nothing."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(Unauthenticated):
        AttemptTokens("a key").read(text, now=NOW)
        raise AssertionError("a token that nobody made was taken")
    assert file_of_token("a key", text) is None
    with contextlib.suppress(InvalidRequest):
        offset = offset_of(text)
        assert offset >= 0
        assert offset_of(token_of(offset)) == offset


def framing(data: bytes) -> None:
    """Frames are refused, or read the same however they arrive; what is read can be sent again."""
    for kinds in (ToHost, FromHost):
        whole, parts = (
            _read_all(kinds, [data]),
            _read_all(kinds, [data[at : at + 1] for at in range(len(data))]),
        )
        assert repr(whole) == repr(parts)
        for message in whole or ():
            again = _read_all(kinds, [frame(message)])
            assert again is not None
            assert frame(again[0]) == frame(message)  # bytes: a float may be none that equals itself


def _read_all(kinds: Any, chunks: list[bytes]) -> list[Any] | None:
    """Return the messages, or None when the other side sent something else."""
    reader: FrameReader[Any] = FrameReader(kinds)
    found: list[Any] = []
    with contextlib.suppress(FrameError):
        for chunk in chunks:
            found += reader.feed(chunk)
        return found
    return None


def requests(data: bytes) -> None:
    """A request is refused, or fits the operation's types."""
    kind, _, rest = data.partition(b"\n")
    number = int.from_bytes(kind[:2], "big")
    bodied, queried = BODIED[number % len(BODIED)], QUERIED[number % len(QUERIED)]
    with contextlib.suppress(InvalidRequest):
        found = body_of(bodied, rest, media_type="application/json")
        msgspec.json.encode(found)
    words = rest.decode("utf-8", "replace").split("&")
    pairs = [(name, value) for name, _, value in (word.partition("=") for word in words)]
    with contextlib.suppress(InvalidRequest):
        query_of(queried, pairs)
    values = itertools.cycle(words)
    with contextlib.suppress(InvalidRequest, NotFoundError):
        path_of(bodied, {name: next(values) for name in bodied.parameters})


TARGETS: dict[str, Target] = {
    "conf": Target(
        conf,
        (
            b'["p",{"type":"integer","minimum":1},5]',
            b'["p",{"$ref":"#"},1]',
            b'["p",{"$ref":"file:///etc/passwd"},1]',
            b'["p",{"type":["string","null"],"pattern":"(","format":"date-time","enum":["a"]},"x"]',
            b'["p",{"type":"array","items":{"$ref":"#/$defs/a"},"$defs":{"a":{"multipleOf":0.1}}},[1e300]]',
        ),
        (*(f'"{word}":' for word in Draft202012Validator.VALIDATORS), '"integer"', '"string"', '"#"'),
    ),
    "cron": Target(
        cron,
        (
            b"*/5 * * * *",
            b"@daily",
            b"0 0 L * 5#2",
            b"0 0 15W 1-12/3 MON-FRI",
            b"1,2-9/3 * * * * 30 2026-2030",
        ),
    ),
    "cursors": Target(
        cursors,
        (
            b'[false,["-run_after"],[[1774744201123456],3]]',
            b'[true,["id"],["x"]]',
            b'[false,["state"],[null,1]]',
            b'[false,["start_date","id"],[[],{}]]',
        ),
    ),
    "documents": Target(
        documents,
        (
            encode(DagDocument(dag_id="d", fileloc="d.py")),
            document_of("shelf_dag", **fields_of("shelf", "0" * 64))[1],
            b'{"dag_id":"d","fileloc":"d.py","tasks":[{"task_id":"a","operator":"X","upstream":["b"]}]}',
        ),
        tuple(
            sorted(
                {*DagDocument.__struct_fields__, *TaskDocument.__struct_fields__, "true", "null", "[]", "{}"}
            )
        ),
    ),
    "framing": Target(
        framing,
        (
            b"\x00\x00\x00\x01\xc0",
            b"\xff\xff\xff\xff",
            b"\x00\x00\x00\x00\x00",
            frame(Shutdown()) + frame(Cancel(refs=(), reason="it was marked")),
            frame(StartRequest(refs=())),
        ),
    ),
    "ids": Target(ids, (b"a.b-c_1", b"../x", b"scheduled__2026-03-01T12:00:00+00:00", "é".encode())),
    "requests": Target(
        requests,
        (
            b"\x00\x01\n" + b'{"name":"p","slots":1}',
            b"\x00\x02\n" + b"limit=5&offset=-1&order_by=id",
            b"\x00\x09\n{}",
        ),
    ),
    "tokens": Target(tokens, (b"MTIz", b"eyJhbGciOiJub25lIn0.e30.", b"a.b.c", b"LTE=")),
}
