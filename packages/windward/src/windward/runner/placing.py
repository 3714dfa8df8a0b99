"""Finds a process for each attempt that the host was given: a fork of its file's template, or a warm child.

An attempt whose file does not import is doomed: it takes the same way (the start is asked for, so that its
log has a place), but ends there.
"""

from __future__ import annotations

import signal
from collections import deque
from typing import Protocol

from windward.errors import UserError
from windward.model.states import Isolation
from windward.protocol.child import Exited, ImportProblem, Unforked
from windward.runner.held import PREPARATIONS_MAX, Child, Held
from windward.runner.impersonation import check_user
from windward.runner.linux import boot_clock
from windward.runner.nursery import Nursery
from windward.runner.options import HostOptions
from windward.runner.poller import Poller
from windward.runner.pool import FileKey, Phase, Template, TemplatePool
from windward.runner.spares import Spares
from windward.runner.template import run_template
from windward.runner.timers import Timer, Timers
from windward.runner.warm import WarmChildren
from windward.runner.young import Young

LOST_CHILD_S = 2.0
"""How long the children of a dead template are given to be seen dying."""


class PlacingOwner(Protocol):
    """Who is told that an attempt has its process."""

    def is_placed(self, held: Held) -> None:
        """`held.child` waits for a start, or `held.doom` says why there is none."""


class Placing:
    """Gives attempts their processes, within the host's capacity, first come first served."""

    def __init__(
        self,
        options: HostOptions,
        poller: Poller,
        timers: Timers,
        nursery: Nursery,
        owner: PlacingOwner,
    ) -> None:
        self._options = options
        self._timers = timers
        self._nursery = nursery
        self._owner = owner
        self._pool = TemplatePool(options, poller, self, run_template)
        self._warm = WarmChildren(options)
        self._spares = Spares(keep_s=options.spare_s)
        self._waiting: deque[Held] = deque()
        self._waiting_idle: deque[Held] = deque()
        """The idle class: placed when nothing else waits."""
        self._waiting_for_warm: deque[Held] = deque()
        self._importing: dict[FileKey, list[Held]] = {}
        self._young = Young()
        self._growing: Timer | None = None
        self._placed: set[Held] = set()
        """Attempts that count against the capacity."""
        self._is_stopping = False

    def add(self, held: Held) -> None:
        """Take an attempt; it is placed by the next `place`."""
        self._line_of(held).append(held)

    def place(self) -> None:
        """Place as many attempts as there is room for."""
        if self._waiting_for_warm:
            waiting, self._waiting_for_warm = self._waiting_for_warm, deque()
            for held in waiting:
                self._place(held)
        for line in (self._waiting, self._waiting_idle):
            while line and len(self._placed) < self._options.capacity:
                if line[0].work.isolation is not Isolation.WARM and not self._may_fork(line[0]):
                    break
                held = line.popleft()
                self._placed.add(held)
                self._place(held)
            if line:
                return  # the idle class does not go first, and spare children come last
            for template in self._spares.wanted(is_idle_class=line is self._waiting_idle):
                self._spares.add(self._nursery.make(self._pool, template, is_warm=False))

    def _line_of(self, held: Held) -> deque[Held]:
        return self._waiting_idle if held.work.is_idle_class else self._waiting

    def _may_fork(self, next_one: Held) -> bool:
        """Whether there is room for one more young child; if not, look again when there may be."""
        wait_s = self._young.wait_s(next_one)
        if wait_s > 0 and self._growing is None:
            self._growing = self._timers.after(wait_s, self._have_grown)
        return wait_s == 0

    def _have_grown(self) -> None:
        self._growing = None
        self.place()

    def is_started(self, child: Child) -> None:
        """User code was let go: have a child ready for the next attempt of the file."""
        if not child.is_warm and not self._is_stopping:
            self._spares.want(child.template)

    def again(self, held: Held, fact: str) -> None:
        """The process of an attempt died before its start: make another, a few times."""
        held.preparations += 1
        if held.preparations < PREPARATIONS_MAX:
            self._place(held)
            return
        self._doom(
            held,
            ImportProblem(error_type="WorkerError", message=f"no process could be made for the task: {fact}"),
            kind_is_ours=True,
        )

    def remove(self, held: Held) -> None:
        """Forget an attempt, wherever it is."""
        self._placed.discard(held)
        self._young.remove(held)
        for waiting in (
            self._line_of(held),
            self._waiting_for_warm,
            self._importing.get(_key(held), []),
        ):
            if held in waiting:
                waiting.remove(held)

    def is_finished(self, child: Child) -> None:
        """The child's attempt was reported; the child may run callbacks, then it ends or becomes idle."""
        child.held = None
        child.reported_at = boot_clock()

    def dismiss(self, child: Child) -> None:
        """End a child that was not started."""
        child.held = None
        self.forget(child)
        self._nursery.dismiss(child)

    def kill(self, child: Child, number: int, *, is_group: bool) -> None:
        """Send a signal to a child."""
        self._pool.kill(child.template, child.ticket, number, is_group=is_group)

    def forget(self, child: Child) -> None:
        """The child is gone or on its way."""
        self._warm.forget(child)
        self._spares.forget(child)

    def warm_is_idle(self, child: Child, *, rss_bytes: int) -> None:
        """A warm child is done with its attempt: keep it, or replace it when it is worn out."""
        if self._is_stopping or not self._warm.keep(child, rss_bytes=rss_bytes):
            self.dismiss(child)

    def sweep(self) -> None:
        """End what nobody needs."""
        for child in [*self._warm.unused(self._options.template_idle_s), *self._spares.unused()]:
            self.dismiss(child)
        self._pool.sweep()

    def stop(self) -> None:
        """Keep no idle child from now on."""
        self._is_stopping = True
        for child in [*self._warm.unused(0.0), *self._spares.unused(0.0)]:
            self.dismiss(child)

    def close(self) -> None:
        """Kill all templates and children."""
        self._is_stopping = True
        for child in self._nursery:
            self.kill(child, signal.SIGKILL, is_group=True)
        self._pool.close()

    # What happens to templates. (TemplateOwner)

    def template_is_ready(self, template: Template) -> None:
        """Fork for those who waited for the import."""
        ready = self._importing.pop(template.key, [])
        self._placed.difference_update(ready)
        for held in reversed(ready):
            self._line_of(held).appendleft(held)

    def template_is_gone(self, template: Template, problem: ImportProblem | None, fact: str) -> None:
        """Doom or place again those who waited for it; its children are dying."""
        for held in self._importing.pop(template.key, []):
            if problem is not None:
                self._doom(held, problem)
            else:
                self._place(held)
        for ticket in sorted(template.children):
            child = self._nursery.by_ticket(ticket)
            if child is None:
                continue
            if child.channel.is_open:
                child.lost_fact = fact
                self._timers.after(LOST_CHILD_S, lambda ticket=ticket: self._nursery.reap(ticket, None, fact))  # type: ignore[misc]
            else:
                self._nursery.reap(ticket, None, fact)

    def child_exited(self, exited: Exited) -> None:
        """A child was reaped by its template."""
        self._nursery.reap(exited.ticket, exited, "")
        if self._pool.is_full:
            self._pool.trim()

    def child_not_forked(self, unforked: Unforked) -> None:
        """A child was not made."""
        self._nursery.reap(unforked.ticket, None, unforked.message)

    def _place(self, held: Held) -> None:
        user = self._user_of(held)
        problem = None if user is None else _problem_of(user)
        if problem is not None:
            held.doom_kind = "exception"
            self._doom(held, problem)
        elif held.work.isolation is Isolation.WARM and user is None:
            self._place_warm(held)
        elif (template := self._ready_template(held)) is not None:
            spare = self._spares.take(template)
            held.child = spare or self._nursery.make(self._pool, template, is_warm=False)
            held.child.held = held
            self._young.add(held)
            self._owner.is_placed(held)

    def _user_of(self, held: Held) -> str | None:
        return held.work.run_as_user or self._options.default_impersonation or None

    def _place_warm(self, held: Held) -> None:
        key = _key(held)
        child = self._warm.take(key)
        if child is None:
            if self._warm.is_full and (unwanted := self._warm.spare()) is not None:
                self.dismiss(unwanted)
            if self._warm.is_full:
                self._waiting_for_warm.append(held)
                return
            template = self._ready_template(held)
            if template is None:
                return
            child = self._nursery.make(self._pool, template, is_warm=True)
            self._warm.add(child)
        child.held = held
        held.child = child
        self._owner.is_placed(held)

    def _ready_template(self, held: Held) -> Template | None:
        """Return a template to fork from; None when the attempt now waits for an import."""
        key = _key(held)
        if self._pool.is_full and not self._pool.has(key):
            for child in self._spares.unused(0.0):
                self.dismiss(child)
        template = self._pool.get(key)
        if template.phase is Phase.READY:
            return template
        self._importing.setdefault(template.key, []).append(held)
        return None

    def _doom(self, held: Held, problem: ImportProblem, *, kind_is_ours: bool = False) -> None:
        held.doom = problem
        if kind_is_ours:
            held.doom_kind = "never_started"
        self._owner.is_placed(held)


def _problem_of(user: str) -> ImportProblem | None:
    """Return why no attempt can run as that user here, or None."""
    try:
        check_user(user)
    except UserError as error:
        text = f"{error.message}\n\nhint: {error.hint}"
        return ImportProblem(error_type="UserError", message=error.message, text=text)
    return None


def _key(held: Held) -> FileKey:
    return FileKey(held.work.fileloc, held.work.code_hash, held.work.is_idle_class)
