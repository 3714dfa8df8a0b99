"""The host's table of template processes: made on demand, kept while of use, bounded by count and memory.

A template with children is never ended: its children would die with it.
"""

from __future__ import annotations

import array
import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple, Never, Protocol

import msgspec

from windward.logs.raw import RawLines
from windward.protocol.child import (
    PACKET_BYTES_MAX,
    Exited,
    Fork,
    FromTemplate,
    Imported,
    ImportProblem,
    Kill,
    ToTemplate,
    Unforked,
)
from windward.runner.linux import boot_clock
from windward.runner.options import HostOptions
from windward.runner.poller import READ, WRITE, Poller

log = logging.getLogger("windward.runner.templates")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[FromTemplate] = msgspec.msgpack.Decoder(FromTemplate)
_IMPORT_GRACE_S = 5.0
UNFIT_FILES_MAX = 1000


class FileKey(NamedTuple):
    """Names what a template has imported, and for which class of work."""

    fileloc: str
    code_hash: str
    is_idle_class: bool = False


class Phase(StrEnum):
    """Where a template is in its life."""

    IMPORTING = "importing"
    READY = "ready"
    GONE = "gone"


class Template:
    """The host's end of one template process."""

    def __init__(self, key: FileKey, *, pid: int, control: socket.socket, output: int, is_bare: bool) -> None:
        self.key = key
        self.pid = pid
        self.is_bare = is_bare
        self.phase = Phase.IMPORTING
        self.children: set[int] = set()
        """Tickets of children that have not exited."""
        self.started_at = boot_clock()
        self.used_at = self.started_at
        self.private_bytes = 0
        self.control = control
        self.output = output
        self.output_lines = RawLines()
        self.waits_to_write = False
        self.packets: deque[tuple[bytes, tuple[int, ...]]] = deque()
        """Packets that the template did not take yet, with the descriptors that go along."""


class TemplateOwner(Protocol):
    """Who is told what happens to templates and their children."""

    def template_is_ready(self, template: Template) -> None:
        """Forking may begin."""

    def template_is_gone(self, template: Template, problem: ImportProblem | None, fact: str) -> None:
        """It ended; all of its children end with it. `problem` when its file did not import."""

    def child_exited(self, exited: Exited) -> None:
        """The child is reaped."""

    def child_not_forked(self, unforked: Unforked) -> None:
        """The child was not made."""


class TemplatePool:
    """Owns the template processes of a host."""

    def __init__(
        self,
        options: HostOptions,
        poller: Poller,
        owner: TemplateOwner,
        main: Callable[[FileKey, bool, socket.socket, HostOptions, int], Never],
    ) -> None:
        self._options = options
        self._poller = poller
        self._owner = owner
        self._main = main
        self._templates: dict[FileKey, Template] = {}
        self._unfit: set[FileKey] = set()
        """Files whose import starts threads: their templates import nothing."""

    def __iter__(self) -> Iterator[Template]:
        yield from self._templates.values()

    @property
    def is_full(self) -> bool:
        """Whether there are as many templates as there should be, or more."""
        return len(self._templates) >= self._options.templates_max

    def has(self, key: FileKey) -> bool:
        """Whether there is a template of this file and code."""
        return key in self._templates

    def get(self, key: FileKey) -> Template:
        """Return the template of this file and code, starting one when there is none."""
        template = self._templates.get(key)
        if template is None:
            template = self._spawn(key)
            self._templates[key] = template
            self.trim()
        template.used_at = boot_clock()
        return template

    def fork(self, template: Template, ticket: int, *, is_warm: bool, descriptors: tuple[int, int]) -> None:
        """Ask for a child; the descriptors (channel, output) are passed on and closed here."""
        template.children.add(ticket)
        self._send(template, Fork(ticket=ticket, is_warm=is_warm), descriptors)

    def kill(self, template: Template, ticket: int, number: int, *, is_group: bool) -> None:
        """Ask for a signal to a child; nothing happens when it is gone."""
        if ticket in template.children and template.phase is not Phase.GONE:
            self._send(template, Kill(ticket=ticket, signal=number, is_group=is_group), ())

    def kill_template(self, template: Template) -> None:
        """Kill a template, and with it its children."""
        if template.phase is not Phase.GONE:
            os.kill(template.pid, signal.SIGKILL)

    def sweep(self) -> None:
        """End what hangs in its import and what nobody needs; called every few seconds."""
        now = boot_clock()
        limit_s = self._options.import_s_max + _IMPORT_GRACE_S
        idle_s = self._options.template_idle_s
        for template in list(self):
            if (
                template.phase is Phase.IMPORTING
                and not template.is_bare
                and now - template.started_at > limit_s
            ):
                message = f"the import took longer than {self._options.import_s_max:g} s and could not be interrupted"
                problem = ImportProblem(error_type="ImportTimeout", message=message, text=message)
                self._bury(template, problem)
            elif not template.children and template.phase is Phase.READY and now - template.used_at > idle_s:
                self._bury(template, None)
        self.trim()

    def close(self) -> None:
        """End all templates, and with them their children."""
        for template in list(self):
            self._bury(template, None)

    def _spawn(self, key: FileKey) -> Template:
        is_bare = key in self._unfit
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output_read, output_write = os.pipe()
        host_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(output_write, 1)
                os.dup2(output_write, 2)
                self._main(key, is_bare, theirs, self._options, host_pid)
            finally:
                os._exit(70)
        theirs.close()
        os.close(output_write)
        os.set_blocking(output_read, False)
        ours.setblocking(False)
        template = Template(key, pid=pid, control=ours, output=output_read, is_bare=is_bare)
        self._poller.register(ours.fileno(), lambda events: self._on_control(template, events))
        self._poller.register(output_read, lambda _events: self._on_output(template))
        log.debug("template started", extra={"fileloc": key.fileloc, "pid": pid, "is_bare": is_bare})
        return template

    def _send(self, template: Template, message: ToTemplate, descriptors: tuple[int, ...]) -> None:
        template.packets.append((_ENCODER.encode(message), descriptors))
        if len(template.packets) == 1:
            self._flush(template)

    def _flush(self, template: Template) -> None:
        while template.packets:
            packet, descriptors = template.packets[0]
            ancillary = (
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
            )
            try:
                template.control.sendmsg([packet], ancillary)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:  # it is gone: the end of its stream is read next
                pass
            template.packets.popleft()
            for descriptor in descriptors:
                os.close(descriptor)
        if template.waits_to_write != bool(template.packets):
            template.waits_to_write = bool(template.packets)
            self._poller.modify(template.control.fileno(), READ | WRITE if template.packets else READ)

    def _on_control(self, template: Template, events: int) -> None:
        if events & WRITE:
            self._flush(template)
        while template.phase is not Phase.GONE:
            try:
                packet = template.control.recv(PACKET_BYTES_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                packet = b""
            if not packet:
                self._bury(template, None)
                return  # it died
            match _DECODER.decode(packet):
                case Imported() as imported:
                    self._on_imported(template, imported)
                case Exited() as exited:
                    template.children.discard(exited.ticket)
                    self._owner.child_exited(exited)
                case Unforked() as unforked:
                    template.children.discard(unforked.ticket)
                    self._owner.child_not_forked(unforked)

    def _on_imported(self, template: Template, imported: Imported) -> None:
        if imported.problem is not None:
            self._bury(template, imported.problem)
        elif imported.unfit:
            log.info(
                "tasks of the file import it themselves",
                extra={"fileloc": template.key.fileloc, "reason": imported.unfit},
            )
            if len(self._unfit) >= UNFIT_FILES_MAX:
                self._unfit.clear()
            self._unfit.add(template.key)
            self._bury(template, None)
        else:
            template.phase = Phase.READY
            template.private_bytes = imported.private_bytes
            self._owner.template_is_ready(template)
            self.trim()

    def _on_output(self, template: Template) -> None:
        """What a file prints while it is imported goes to the host's own log."""
        try:
            data = os.read(template.output, 65_536)
        except (BlockingIOError, InterruptedError):
            return
        for line in template.output_lines.feed(data) if data else template.output_lines.finish():
            log.info("printed while importing", extra={"fileloc": template.key.fileloc, "line": line})
        if not data:
            self._close_output(template)

    def _close_output(self, template: Template) -> None:
        if template.output >= 0:
            self._poller.unregister(template.output)
            os.close(template.output)
            template.output = -1

    def trim(self) -> None:
        """End idle templates, least used first, until count and memory are within their limits."""
        count_max, bytes_max = self._options.templates_max, self._options.template_memory_bytes_max
        idle = sorted(
            (
                found
                for found in self._templates.values()
                if not found.children and found.phase is Phase.READY
            ),
            key=lambda found: found.used_at,
        )
        total = sum(found.private_bytes for found in self._templates.values())
        for template in idle:
            is_newest = template is idle[-1]
            if len(self._templates) <= count_max and (total <= bytes_max or is_newest):
                return
            total -= template.private_bytes
            self._bury(template, None)

    def _bury(self, template: Template, problem: ImportProblem | None) -> None:
        """Forget a template that ended, or that shall end."""
        if template.phase is Phase.GONE:
            return
        was_importing = template.phase is Phase.IMPORTING
        template.phase = Phase.GONE
        if self._templates.get(template.key) is template:
            del self._templates[template.key]
        self._poller.unregister(template.control.fileno())
        template.control.close()
        for _, descriptors in template.packets:
            for descriptor in descriptors:
                os.close(descriptor)
        template.packets.clear()
        os.kill(
            template.pid, signal.SIGKILL
        )  # no effect when it ended by itself; else nothing is left to save
        _, status = os.waitpid(template.pid, 0)
        if template.output >= 0:
            self._on_output(template)
        self._close_output(template)
        fact = describe_status(status)
        if was_importing and problem is None and template.key not in self._unfit:
            message = f"the process died while it imported the file: {fact}"
            problem = ImportProblem(error_type="ImportCrash", message=message, text=message)
        self._owner.template_is_gone(template, problem, fact)


def describe_status(status: int) -> str:
    """Return a wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"
