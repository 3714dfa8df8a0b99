"""A store that fails as databases do, and checks after each write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from windward.core.actions import Action
from windward.errors import UnavailableError
from windward.ports.store import Applied, Guard, Note
from windward.store.memory import MemoryStore


class FaultyRuns:
    """The run store, seen through a bad connection."""

    def __init__(self, world: FaultyStore) -> None:
        self._world = world
        self._runs = world.inner.runs
        self.counters = self._runs.counters

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)

    def apply(
        self,
        groups: Sequence[Sequence[Action]],
        *,
        after: Sequence[Sequence[Action]] = (),
        guard: Guard | None = None,
        notes: Sequence[Note] = (),
    ) -> Applied:
        """Apply, or fail before, or fail after: nobody can tell which."""
        chance = self._world.dice.random()
        if chance < self._world.failure_rate / 2:
            raise UnavailableError("the simulated database failed before the write")
        applied = self._runs.apply(groups, after=after, guard=guard, notes=notes)
        written = [
            action
            for group, ok in zip((*groups, *after), applied.results, strict=True)
            if ok
            for action in group
        ]
        try:
            self._world.after_write(written)
        except AssertionError as error:
            self._world.problem = error
            raise
        if chance < self._world.failure_rate:
            raise UnavailableError("the simulated database failed after the write")
        return applied


class FaultyStore:
    """A memory store behind a bad connection."""

    def __init__(self, dice: Random, after_write: Callable[[list[Action]], None]) -> None:
        self.inner = MemoryStore()
        self.dice = dice
        self.after_write = after_write
        self.failure_rate = 0.0
        self.problem: AssertionError | None = None
        """What was found wrong with a write: whoever asked for the write may not have passed it on."""
        self.runs = FaultyRuns(self)
        self.leases = self.inner.leases
        self.hosts = self.inner.hosts
        self.backfills = self.inner.backfills
        self.xcoms = self.inner.xcoms
        self.deferrals = self.inner.deferrals
        self.waits = self.inner.waits
        self.states = self.inner.states
        self.waits = self.inner.waits
        self.reads = self.inner.reads
        self.secrets = self.inner.secrets
        self.catalog = self.inner.catalog
        self.assets = self.inner.assets
        self.tables = self.inner.tables

    def close(self) -> None:
        """Nothing to give back."""
