"""The host's table of child processes: made by templates, fed with starts, listened to, reaped.

Decides nothing about attempts: it tells its owner what children say and when they are gone.
"""

from __future__ import annotations

import itertools
import logging
import os
import socket
from collections.abc import Iterator
from typing import Protocol

from windward.logs.raw import append_bytes, encode_raw
from windward.protocol.child import Exited, FromChild, Idle, Masked, Start
from windward.protocol.framing import FrameError
from windward.runner.channel import Channel
from windward.runner.held import Child, Held
from windward.runner.linux import boot_clock
from windward.runner.options import HostOptions
from windward.runner.poller import READ, WRITE, Poller
from windward.runner.pool import Template, TemplatePool
from windward.sdk.masking import SecretsMasker

log = logging.getLogger("windward.runner.children")
_OUTPUT_BYTES = 65_536
_DRAIN_READS_MAX = 64
ORPHAN_PIPES_MAX = 64
"""Pipes kept open for grandchildren that outlive their child; the oldest is closed for a new one."""


class ChildOwner(Protocol):
    """Who is told what children say."""

    def child_says(self, child: Child, message: FromChild) -> None:
        """One message of the child."""

    def child_is_gone(self, child: Child, exited: Exited | None, fact: str) -> None:
        """All that it said was told. `exited` is None when its template died, for the reason `fact`."""


class Nursery:
    """Owns the children of a host."""

    def __init__(self, options: HostOptions, poller: Poller, owner: ChildOwner) -> None:
        self._options = options
        self._poller = poller
        self._owner = owner
        self._children: dict[int, Child] = {}
        self._tickets = itertools.count(1)
        self._orphans: dict[int, Child] = {}
        """Pipes whose child is gone but which someone still holds, by descriptor."""

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._children.values()))

    def by_ticket(self, ticket: int) -> Child | None:
        """Return the child of a ticket, None when it is gone."""
        return self._children.get(ticket)

    def make(self, pool: TemplatePool, template: Template, *, is_warm: bool) -> Child:
        """Have the template fork a child; it may be spoken to at once."""
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(write_end, True)
        ticket = next(self._tickets)

        def on_channel(events: int) -> None:
            self._on_channel(child, events)

        def on_output(_events: int) -> None:
            self._on_output(child)

        child = Child(
            ticket=ticket,
            template=template,
            channel=Channel(ours, FromChild, self._poller, on_channel),
            output=read_end,
            masker=SecretsMasker(),
            is_warm=is_warm,
        )
        self._poller.register(read_end, on_output)
        self._children[ticket] = child
        pool.fork(template, ticket, is_warm=is_warm, descriptors=(theirs.detach(), write_end))
        return child

    def start(self, child: Child, held: Held, start: Start) -> None:
        """Let user code go."""
        child.held = held
        child.log_file = start.log_file
        child.reported_at = 0.0
        child.channel.send(start)

    def dismiss(self, child: Child) -> None:
        """End a child that waits for a start: the end of its channel tells it."""
        child.channel.close()

    def reap(self, ticket: int, exited: Exited | None, fact: str) -> None:
        """A child is gone: tell what it said last, then that it is gone."""
        child = self._children.pop(ticket, None)
        if child is None:
            return
        child.is_gone = True
        try:
            for message in child.channel.drain():
                self._take(child, message)
        except FrameError:
            log.exception("a child sent what cannot be read")
            child.channel.close()
        self._drain_output(child)
        if child.output >= 0:
            self._adopt_output(child)
        self._owner.child_is_gone(child, exited, fact)

    def flush_output(self, child: Child) -> None:
        """Write what was printed so far to the log that it belongs to."""
        self._drain_output(child)
        self._write(child, child.lines.finish())

    def close(self) -> None:
        """Close all descriptors."""
        for child in [*self._children.values(), *self._orphans.values()]:
            child.channel.close()
            self._close_output(child)
        self._children.clear()

    def _on_channel(self, child: Child, events: int) -> None:
        if events & WRITE:
            child.channel.flush()
        if events & READ:
            try:
                for message in child.channel.read():
                    self._take(child, message)
            except FrameError:
                log.exception("a child sent what cannot be read")
                child.channel.close()
        if child.lost_fact is not None and not child.channel.is_open:
            self.reap(child.ticket, None, child.lost_fact)

    def _take(self, child: Child, message: FromChild) -> None:
        match message:
            case Masked(secrets=secrets):
                child.masker.add(list(secrets))
            case Idle():
                self.flush_output(child)
                self._owner.child_says(child, message)
            case _:
                self._owner.child_says(child, message)

    def _on_output(self, child: Child) -> None:
        self._read_output(child)

    def _read_output(self, child: Child) -> bool:
        """Read once; return whether there may be more."""
        if child.output < 0:
            return False
        try:
            data = os.read(child.output, _OUTPUT_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        if not data:
            self._write(child, child.lines.finish())
            self._close_output(child)
            return False
        self._write(child, child.lines.feed(data))
        return True

    def _drain_output(self, child: Child) -> None:
        for _ in range(_DRAIN_READS_MAX):
            if not self._read_output(child):
                return

    def _write(self, child: Child, lines: list[str]) -> None:
        if not lines:
            return
        if not child.log_file:
            log.info("printed before the start", extra={"lines": lines})
            return
        try:
            append_bytes(child.log_file, encode_raw(lines, child.masker))
        except OSError:
            log.exception("output of a task cannot be written", extra={"path": child.log_file})

    def _adopt_output(self, child: Child) -> None:
        self._orphans[child.output] = child
        if len(self._orphans) > ORPHAN_PIPES_MAX:
            self._close_output(next(iter(self._orphans.values())))

    def _close_output(self, child: Child) -> None:
        if child.output >= 0:
            self._orphans.pop(child.output, None)
            self._poller.unregister(child.output)
            os.close(child.output)
            child.output = -1


def is_overlong(child: Child) -> bool:
    """Whether the child's attempt was reported, and its overtime is over."""
    return child.reported_at > 0 and boot_clock() - child.reported_at > child.overtime_s
