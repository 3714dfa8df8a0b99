"""Hosts: they say hello, beat, fetch their mail, and say goodbye. For a worker's own token."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool

from windward.api.contract.operation import Call, Needs, Nothing, Operation, operation
from windward.api.contract.problem import InvalidRequest, Unauthenticated
from windward.api.execution.tokens import AttemptClaims
from windward.api.services import Execution
from windward.model.access import Resource, Verb
from windward.model.ids import ID_LENGTH_MAX
from windward.model.numbers import Wide
from windward.protocol.messages import PROTOCOL_VERSION, Hello, Submit, ToHost
from windward.protocol.work import AttemptRef

TAG = "Execution"
WAIT_S_MAX = 30.0
LOOK_S = 0.05
LOOK_S_MAX = 0.5
"""Mail is looked for often at first, then less so: a host that waits for long has nothing to do."""
REFS_MAX = 10_000
_WORKER = Needs(verb=Verb.EDIT, resource=Resource.WORKER)


class Welcomed(msgspec.Struct, kw_only=True):
    """`lease_s`: a host whose heartbeats were not taken for so long must start nothing more."""

    lease_s: float
    version: int


class BeatBody(msgspec.Struct, kw_only=True):
    """All attempts that a host has, and those among them whose tokens are to be renewed."""

    running: list[AttemptRef] = []
    renew: list[str] = []


class Beaten(msgspec.Struct, kw_only=True):
    """The heartbeat was taken: the lease runs anew. New tokens, in the order of those sent; null for what cannot be."""

    renewed: list[str | None]


class MailQuery(msgspec.Struct, kw_only=True):
    """How long to wait when there is nothing."""

    wait_s: float = 0.0


class Mailed(msgspec.Struct, kw_only=True):
    """One message. `tokens` are those of the attempts that a submission brings, in its order."""

    mail_pk: int
    message: ToHost
    tokens: list[str] = []


class Mail(msgspec.Struct, kw_only=True):
    """What a host is told, in order."""

    items: list[Mailed]


class ReadBody(msgspec.Struct, kw_only=True):
    """Mail that was read."""

    mail_pks: list[Wide]


def say_hello(call: Call[Nothing, Hello]) -> Welcomed:
    """Take in a host."""
    hello = call.body
    _refuse_what_no_host_says(hello)
    if hello.version != PROTOCOL_VERSION:
        raise InvalidRequest.of(
            ("body", "version"),
            kind="value_error",
            message=f"this server speaks version {PROTOCOL_VERSION} of the protocol",
            given=hello.version,
        )
    execution = call.execution
    execution.door.hello(hello)
    return Welcomed(lease_s=call.services.settings.scheduler.host_lease_s, version=PROTOCOL_VERSION)


def beat(call: Call[Nothing, BeatBody]) -> Beaten:
    """Take a sign of life, and renew tokens of attempts that are still the host's."""
    host_id, execution, now = call.text("host_id"), call.execution, call.services.now()
    execution.door.beat(host_id, call.body.running[:REFS_MAX])
    running, renewed = set(call.body.running), list[str | None]()
    for text in call.body.renew[:REFS_MAX]:
        try:
            claims = execution.tokens.read(text, now=now)
        except Unauthenticated:
            renewed.append(None)
            continue
        is_theirs = claims.host_id == host_id and claims.ref in running
        is_current = is_theirs and (
            claims.ref.callback_pk is not None or execution.door.find(claims.ref) is not None
        )
        renewed.append(execution.tokens.make(claims, now=now) if is_current else None)
    return Beaten(renewed=renewed)


async def fetch_mail(call: Call[MailQuery, Nothing]) -> Mail:
    """Return what a host is told; wait for it, when asked to."""
    host_id, execution = call.text("host_id"), call.execution
    left_s, look_s = min(call.query.wait_s, WAIT_S_MAX), LOOK_S
    while True:
        items = await run_in_threadpool(execution.door.mail, host_id)
        if items or left_s <= 0:
            break
        await asyncio.sleep(look_s)
        left_s, look_s = left_s - look_s, min(look_s * 1.5, LOOK_S_MAX)
    return Mail(
        items=[
            Mailed(
                mail_pk=item.mail_pk,
                message=item.message,
                tokens=_tokens(execution, call, host_id, item.message),
            )
            for item in items
        ]
    )


def has_read(call: Call[Nothing, ReadBody]) -> None:
    """Forget mail that was read."""
    call.execution.door.has_read(call.text("host_id"), call.body.mail_pks[:REFS_MAX])


def say_goodbye(call: Call[Nothing, Nothing]) -> None:
    """Let a host go that has nothing left."""
    call.execution.door.goodbye(call.text("host_id"))


def _refuse_what_no_host_says(hello: Hello) -> None:
    """Refuse what no database holds, and hosts that only the scheduler's own machine has."""
    names = (
        ("host_id", hello.host_id),
        ("hostname", hello.hostname),
        *(("queues", one) for one in hello.queues),
    )
    for field, name in names:
        if not 0 < len(name) <= ID_LENGTH_MAX or "\0" in name:
            message = f"a name has 1 to {ID_LENGTH_MAX} characters, and no NUL"
            raise InvalidRequest.of(("body", field), kind="value_error", message=message)
    for field, number in (("pid", hello.pid), ("capacity", hello.capacity)):
        if number < 0:
            raise InvalidRequest.of(
                ("body", field), kind="value_error", message="is not negative", given=number
            )
    if hello.kind != "worker":
        raise InvalidRequest.of(
            ("body", "kind"),
            kind="value_error",
            message="only workers may be on a machine without the scheduler: triggerers speak to its socket",
            given=hello.kind,
        )


def _tokens(execution: Execution, call: Call[Any, Any], host_id: str, message: ToHost) -> list[str]:
    if not isinstance(message, Submit):
        return []
    now = call.services.now()
    return [
        execution.tokens.make(AttemptClaims(ref=work.ref, host_id=host_id, dag_id=work.dag_id), now=now)
        for work in message.work
    ]


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/execution/v1/hosts",
        name="say_hello",
        tag=TAG,
        summary="Say that a worker host is there, and what it can take.",
        access=_WORKER,
        body=Hello,
        reply=Welcomed,
        handler=say_hello,
        is_quiet=True,
    ),
    operation(
        "POST",
        "/execution/v1/hosts/{host_id}/heartbeat",
        name="beat",
        tag=TAG,
        summary="Say that a host and all of its attempts live; renew tokens.",
        access=_WORKER,
        body=BeatBody,
        reply=Beaten,
        handler=beat,
        is_quiet=True,
    ),
    operation(
        "GET",
        "/execution/v1/hosts/{host_id}/mail",
        name="fetch_mail",
        tag=TAG,
        summary="Fetch what a host is told: attempts with their tokens, cancellations.",
        access=_WORKER,
        query=MailQuery,
        reply=Mail,
        handler=fetch_mail,
    ),
    operation(
        "POST",
        "/execution/v1/hosts/{host_id}/mail/read",
        name="has_read",
        tag=TAG,
        summary="Say that mail was read.",
        access=_WORKER,
        body=ReadBody,
        status=204,
        handler=has_read,
        is_quiet=True,
    ),
    operation(
        "DELETE",
        "/execution/v1/hosts/{host_id}",
        name="say_goodbye",
        tag=TAG,
        summary="Say that a host has nothing left, and goes.",
        access=_WORKER,
        status=204,
        handler=say_goodbye,
        is_quiet=True,
    ),
)
