"""One pass of the scheduler as data: what came in, what was decided, what has to be delivered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from datetime import datetime

import msgspec

from windward.core.actions import Action, CreateRun, ExpectRun, MoveTask
from windward.model.ids import TaskKey
from windward.model.records import TaskRecord
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.messages import ChildCall, ToHost
from windward.protocol.work import AttemptRef


class BackfillGroup(msgspec.Struct, frozen=True):
    """Names the group of what is written down of one backfill."""

    backfill_pk: int


Input = Envelope | HostGone | Woken


class Pass:
    """A pass: filled by load and decide, written by apply, delivered afterwards.

    `groups` are keyed by run (its pk) or DAG (its id); each is applied whole or not at all, and what is
    to be delivered for it goes out only if it was applied.
    """

    def __init__(self, inputs: list[Input], now: datetime) -> None:
        self.now = now
        self.inputs = inputs
        self.groups: defaultdict[Hashable, list[Action]] = defaultdict(list)
        self.after: defaultdict[int, list[Action]] = defaultdict(list)
        """Slots given away, by run: written only if every group was, because they may have freed them."""
        self.tasks_at_hand: dict[int, tuple[TaskRecord, ...]] = {}
        """Task instances of queued runs that may be started in this pass."""
        self.replies: list[tuple[Hashable, str, ToHost]] = []
        self.grants: list[tuple[TaskKey, str, AttemptRef]] = []
        """Starts to be granted, with a context made after the write."""
        self.submissions: list[TaskKey] = []
        self.cancels: list[tuple[AttemptRef, str]] = []
        self.calls: list[tuple[str, ChildCall]] = []
        """What user code asked: answered when all is written, so that an answer knows of it."""
        self.inputs_of: defaultdict[Hashable, list[Input]] = defaultdict(list)
        """Worker messages that a group answers: they are judged again if it is refused."""
        self.failed: dict[int, MoveTask] = {}
        """The first failure of each `fail_fast` run, until what it brings down was decided."""
        self.fired: list[tuple[Hashable, bool]] = []
        """What triggers came to, by group: whether it was an event, or a failure."""
        self.triggerer_beats: list[int] = []
        """For each sign of life of a triggerer, how often its event loop was kept for too long."""
        self.asks_callbacks = False
        self.runs_created = 0
        self.backfilled = 0
        """Runs among them that were made for backfills of the idle class."""

    def add(self, group: Hashable, action: Action) -> None:
        """Add an action to a group."""
        self.groups[group].append(action)


def expecting(name: Hashable, actions: list[Action], revisions: dict[int, int]) -> list[Action]:
    """Put the revision that a run's actions were decided upon in front of them."""
    if not isinstance(name, int) or isinstance(actions[0], CreateRun) or name not in revisions:
        return actions
    return [ExpectRun(run_pk=name, revision=revisions[name]), *actions]
