"""One world: schedulers, hosts and people in one thread, in an order that the dice decide."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.simulation.brains import Brain
from tests.simulation.checker import Checker, open_states
from tests.simulation.configured import simulated_settings
from tests.simulation.dags import POOLS, random_dag
from tests.simulation.dice import CountingIds, FakeClock
from tests.simulation.faults import FaultyStore
from tests.simulation.hosts import SimulatedHost
from tests.simulation.people import People
from tests.simulation.triggerers import (
    LONG_WAITS_S,
    SHORT_WAITS_S,
    SimulatedTriggerer,
    check_taken,
    with_waits,
)
from windward.document import DagDocument, content_hash, encode
from windward.model.files import FileRecord
from windward.model.ids import TaskKey
from windward.model.records import PoolRecord
from windward.model.states import BACKFILL_OPEN, RUN_FINISHED
from windward.ports.executor import HostGone, Woken
from windward.protocol.calls import TriggerRun
from windward.protocol.messages import Cancel, Submit, ToHost
from windward.protocol.work import AttemptRef, TaskContext

STEPS = 900
CALM_STEPS_MAX = 60_000
TRIGGERERS_MAX = 4
DUE_STEPS_MAX = 1_000
MEDDLED_WITH = (0, 8)
"""Last digits of the seeds of worlds in which people are first; worlds that were once broken have others, and stay."""


class World:
    """Everything, from one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = Random(seed)
        self.clock = FakeClock()
        self.ids = CountingIds()
        self.settings = simulated_settings(idle_class_per_pass_max=1 + seed % 3)
        if self.dice.random() < 0.5:
            always = replace(self.settings.scheduler, recover_failed_runs="always")
            self.settings = replace(self.settings, scheduler=always)
        self.checker = Checker(seed)
        self.store = FaultyStore(Random(seed + 1), self.checker.written)
        self.checker.store = self.store
        self.trouble = self.dice.choice([0.0, 0.02, 0.1])
        self.log: list[str] = []
        self._brains_made = 0
        self._hosts_made = 0
        self.brains: list[Brain] = []
        self.hosts: list[SimulatedHost] = []
        self.triggerers: list[SimulatedTriggerer] = []
        self.joining = Random(seed + 2)
        self.is_waiting = self.joining.random() < 0.3
        """Whether much of this world waits in triggers, for long."""
        self.is_meddled_with = seed % 10 in MEDDLED_WITH
        """Whether people are often first when a run is about to end."""
        self.documents: dict[str, DagDocument] = {}
        for name, slots in POOLS.items():
            self.store.secrets.set_pool(PoolRecord(name=name, slots=slots))
        for number in range(self.dice.randint(1, 3)):
            self.put_dag(random_dag(self.dice, f"dag{number}"))
        for _ in range(self.dice.randint(1, 3)):
            self.add_brain()
        for _ in range(self.dice.randint(1, 3)):
            self.add_host()
        for _ in range(self.dice.randint(1, 2)):
            self.add_triggerer()
        self.people = People(self)

    # -- parts ---------------------------------------------------------------------------

    def put_dag(self, document: DagDocument) -> None:
        """Store a document as the processor does."""
        document = self.checker.cross.with_slas(document)
        if self.is_waiting:
            document = with_waits(self.joining, document)
        document = self.checker.windows.with_own_timetable(self.checker.cross.with_slas(document))
        data = encode(document)
        self.documents[document.dag_id] = document
        self.store.catalog.put_file(
            FileRecord(fileloc=document.fileloc, content_hash=content_hash(data), dag_ids=(document.dag_id,)),
            [(content_hash(data), data, document)],
            paused_at_creation=False,
            now=self.clock.now(),
        )

    def add_brain(self) -> None:
        """Start a scheduler process."""
        self._brains_made += 1
        self.brains.append(Brain(self, f"scheduler-{self._brains_made}"))

    def add_host(self) -> None:
        """Start a worker host."""
        self._hosts_made += 1
        name = f"host-{self._hosts_made}"
        self.hosts.append(SimulatedHost(name, self.dice, self.clock, self, capacity=self.dice.randint(1, 4)))

    def add_triggerer(self) -> None:
        """Start a triggerer."""
        self._hosts_made += 1
        name = f"triggerer-{self._hosts_made}"
        capacity = self.dice.choice([1, 5, 100])
        waits_s = LONG_WAITS_S if self.is_waiting else SHORT_WAITS_S
        made = SimulatedTriggerer(
            name, self.dice, self.clock, self.checker.fired, self._taken, capacity, waits_s
        )
        self.triggerers.append(made)

    def _taken(self, triggerer: SimulatedTriggerer, ref: AttemptRef) -> None:
        leases = {host.host_id: host.lease_until for host in self.store.hosts.load_hosts()}
        check_taken(triggerer, ref, self.triggerers, leases)

    def deliver(self, host: SimulatedHost, message: ToHost) -> None:
        """Put a message on the wire; faults drop or double it."""
        chance = self.dice.random()
        if isinstance(message, Submit | Cancel) and chance < self.trouble / 2:
            self.note(f"lost {message}")
            return
        host.inbox.append(message)
        if isinstance(message, Submit) and chance > 1 - self.trouble:
            host.inbox.append(message)

    def wake_all(self) -> None:
        """A wake-up, or not: they may be lost."""
        for brain in self.brains:
            if self.dice.random() > self.trouble:
                brain.inbox.append(Woken())

    def note(self, text: str) -> None:
        """Remember for a person who replays the seed."""
        self.log.append(f"{self.clock.monotonic():8.1f} {text}")

    # -- witness -------------------------------------------------------------------------

    def code_began(self, host_id: str, ref: AttemptRef, context: TaskContext) -> None:
        """User code begins."""
        self.note(f"{host_id} runs {ref} try {context.try_number}")
        self.checker.began(ref, context)

    def code_ended(self, host_id: str, ref: AttemptRef) -> None:
        """User code ends."""
        self.note(f"{host_id} ends {ref}")
        self.checker.ended(ref)

    def assets_written(self, ref: AttemptRef, count: int) -> None:
        """An attempt says what it has written."""
        self.checker.assets.reported[TaskKey(ref.run_pk, ref.task_id, ref.map_index), ref.fence] = count

    def wishes(self, context: TaskContext) -> list[TriggerRun]:
        """Return the runs that an attempt asks for."""
        return self.checker.cross.wishes(context, self.documents)

    def downstream_of(self, dag_id: str, task_id: str) -> tuple[str, ...]:
        """Return some of what a branch could skip."""
        document = self.documents[dag_id]
        below = [task.task_id for task in document.tasks if task_id in task.upstream]
        return tuple(self.dice.sample(below, self.dice.randint(0, len(below))))

    # -- life ----------------------------------------------------------------------------

    def run(self) -> None:
        """Live through the troubled part, then through the calm one, in which everything must end."""
        self.store.failure_rate = self.trouble
        for _ in range(STEPS):
            self._step()
        self.store.failure_rate = 0.0
        self._calm()
        self.checker.history_folds_to_state()
        self.checker.deferrals_are_of_tries()

    def _step(self) -> None:
        if self.joining.random() < 0.005 and len(self.triggerers) < TRIGGERERS_MAX:
            self.add_triggerer()
            self.note(f"{self.triggerers[-1].host_id} joins")
        self.checker.windows.step(self.store, self.documents.values(), self.clock.now())
        chance = self.dice.random()
        if chance < 0.45:
            brain = self._step_brain()
            if self.is_meddled_with and brain.work is not None and brain.is_decided:
                self.people.meddle(brain.work)
        elif chance < 0.75:
            self.dice.choice(self.hosts).step()
        elif chance < 0.85:
            self.dice.choice(self.triggerers).step()
        elif chance < 0.93:
            self.clock.advance(self.dice.choice([0.001, 0.1, 1, 1, 5, 20]))
        elif chance < 0.96:
            self._connect()
        elif chance < 0.985:
            self.people.act()
        elif self.dice.random() < self.trouble * 5:
            self._fault()

    def _step_brain(self) -> Brain:
        brain = self.dice.choice(self.brains)
        if brain.frozen_for > 0:
            brain.frozen_for -= 1
        else:
            brain.step()
        return brain

    def _connect(self) -> None:
        """Hosts without a connection find the scheduler that leads."""
        leaders = [brain for brain in self.brains if brain.scheduler.is_leader]
        for host in self.hosts:
            connected = [brain for brain in self.brains if brain.hosts.get(host.host_id) is host]
            if connected and connected[0].scheduler.is_leader:
                continue
            for brain in connected:
                del brain.hosts[host.host_id]
                brain.inbox.append(HostGone(host.host_id, is_dead=False))
            if leaders and not host.is_frozen:
                leader = self.dice.choice(leaders)
                leader.hosts[host.host_id] = host
                host.connect(leader.inbox)  # type: ignore[arg-type]
        for triggerer in self.triggerers:
            self._connect_triggerer(triggerer, leaders)

    def _connect_triggerer(self, triggerer: SimulatedTriggerer, leaders: list[Brain]) -> None:
        connected = [brain for brain in self.brains if brain.triggerers.get(triggerer.host_id) is triggerer]
        if connected and connected[0].scheduler.is_leader:
            return
        for brain in connected:
            del brain.triggerers[triggerer.host_id]
            brain.inbox.append(HostGone(triggerer.host_id, is_dead=False))
        if leaders and not triggerer.is_frozen:
            leader = self.dice.choice(leaders)
            leader.triggerers[triggerer.host_id] = triggerer
            triggerer.connect(leader.inbox)  # type: ignore[arg-type]

    def _fault(self) -> None:
        match self.dice.randint(0, 7):
            case 6:
                self._kill_triggerer(self.dice.choice(self.triggerers))
            case 7:
                triggerer = self.dice.choice(self.triggerers)
                triggerer.is_frozen = not triggerer.is_frozen
                self.note(f"{triggerer.host_id} frozen={triggerer.is_frozen}")
            case 0:
                self._kill_brain()
            case 1:
                self._kill_host(self.dice.choice(self.hosts))
            case 2:
                host = self.dice.choice(self.hosts)
                host.is_frozen = not host.is_frozen
                self.note(f"{host.host_id} frozen={host.is_frozen}")
            case 3:
                brain = self.dice.choice(self.brains)
                brain.frozen_for = self.dice.choice([5, 50])
                self.note(f"{brain.name} frozen")
            case 4:
                self.clock.advance(self.dice.choice([60, 400]))
                self.note("the clock stepped")
            case 5:
                dag_id = self.dice.choice(sorted(self.documents))
                changed = random_dag(self.dice, dag_id)
                self.put_dag(changed)
                self.wake_all()
                self.note(f"{dag_id} changed")

    def _kill_brain(self) -> None:
        brain = self.dice.choice(self.brains)
        self.note(f"{brain.name} killed")
        self.brains.remove(brain)
        for host in brain.hosts.values():
            host.link = None
        for triggerer in brain.triggerers.values():
            triggerer.link = None
        self.add_brain()

    def _kill_host(self, host: SimulatedHost) -> None:
        self.note(f"{host.host_id} killed")
        host.die()
        self.hosts.remove(host)
        for brain in self.brains:
            if brain.hosts.pop(host.host_id, None) is not None:
                brain.inbox.append(HostGone(host.host_id, is_dead=self.dice.random() < 0.7))
        self.add_host()

    def _kill_triggerer(self, triggerer: SimulatedTriggerer) -> None:
        self.note(f"{triggerer.host_id} killed")
        triggerer.die()
        self.triggerers.remove(triggerer)
        for brain in self.brains:
            if brain.triggerers.pop(triggerer.host_id, None) is not None:
                brain.inbox.append(HostGone(triggerer.host_id, is_dead=self.dice.random() < 0.7))
        self.add_triggerer()

    def _calm(self) -> None:
        """No more faults and no more people: everything that can end must end."""
        self.trouble = 0.0
        for host in self.hosts:
            host.is_frozen = False
            host.trouble = 0.1
            host.writes_assets = False
        for triggerer in self.triggerers:
            triggerer.is_frozen = False
        for brain in self.brains:
            brain.frozen_for = 0
        self.people.unpause_everything()
        self._run_what_is_due()
        self.people.stop_schedules()
        for step in range(CALM_STEPS_MAX):
            self._step_brain()
            for host in self.hosts:
                host.step()
            for triggerer in self.triggerers:
                triggerer.step()
            if step % 5 == 0:
                self._connect()
                self.clock.advance(1 if step < 2000 else 3)
            if step % 20 == 0:
                self.people.answer()
            if step % 50 == 0:
                self.people.unpause_everything()  # too many failures pause a DAG by themselves
                if self._all_settled():
                    return
        raise AssertionError(f"the world does not come to rest: {self.unsettled()}")

    def _run_what_is_due(self) -> None:
        """Whoever leads makes the runs that timetables of authors' own want by now."""
        windows, documents = self.checker.windows, self.documents.values()
        windows.publish_all(self.store, documents, self.clock.now())
        self.wake_all()
        for step in range(DUE_STEPS_MAX):
            self._step_brain()
            if step % 20 == 0 and not any(brain.scheduler.is_leader for brain in self.brains):
                self.clock.advance(5)
            if not windows.unsettled(self.store, documents, self.clock.now()):
                return
        found = windows.unsettled(self.store, documents, self.clock.now())
        raise AssertionError(f"timetables of authors' own are not followed: {found}")

    def _all_settled(self) -> bool:
        return not self.unsettled()

    def unsettled(self) -> list[str]:
        """Return the runs that ought to end and have not; waiting for a failed past is allowed."""
        tables = self.store.tables
        found = []
        unfinished = [run for run in tables.runs.values() if run.state not in RUN_FINISHED]
        waits = {run.dag_id for run in unfinished if self._has_past(run.document_hash)}
        for run in unfinished:
            if run.dag_id in waits:
                continue
            records = [record for record in tables.tasks[run.run_pk].values() if record.state not in _SETTLED]
            found.append(f"{run.dag_id} {run.run_pk} {run.state}: {open_states(records)}")
        found += [
            f"backfill {backfill.backfill_pk} is {backfill.state}"
            for backfill in tables.backfills.values()
            if backfill.state in BACKFILL_OPEN and backfill.dag_id not in waits
        ]
        return found + self.checker.assets.unsettled(self.store, self.documents.values())

    def _has_past(self, document_hash: str) -> bool:
        documents = self.store.catalog.load_documents([document_hash])
        document = documents.get(document_hash)
        return document is not None and any(
            task.depends_on_past or task.wait_for_downstream for task in document.tasks
        )


_SETTLED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def run_world(seed: int) -> World:
    """Run one world to its end; raises when something was wrong."""
    world = World(seed)
    try:
        world.run()
    except AssertionError as error:
        error.add_note(f"seed {seed}; replay with `make sim seed={seed}`")
        raise
    return world


def encode_log(world: World) -> str:
    """Return what happened, a line each."""
    return "\n".join(world.log)
