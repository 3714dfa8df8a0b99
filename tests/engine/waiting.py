"""A world with triggerers: what tests say for them, and what they were told."""

from tests.engine.building import World, dag, task
from windward.document import DagDocument
from windward.model.records import TaskRecord
from windward.model.states import TaskState
from windward.ports.executor import Envelope
from windward.protocol.fired import Event, Fired
from windward.protocol.messages import (
    FromHost,
    Hello,
    ToHost,
)
from windward.protocol.outcomes import Deferred, XComValue
from windward.protocol.triggers import (
    TriggerFired,
    TriggerWork,
    Watch,
)
from windward.protocol.work import AttemptRef

DAG = dag(task("a"), task("b", "a"))
EVENT = Event(payload=XComValue(encoding="json", data=b"7"))
DEFERRED = Deferred(trigger_class="mine.Wait", trigger_kwargs=b"k", next_method="go_on", next_kwargs=b"n")


def say(world: World, message: FromHost, host_id: str = "t") -> None:
    world.workers.inbox.append(Envelope(host_id, message))
    world.settle()


def hello(world: World, host_id: str = "t", *running: AttemptRef, capacity: int = 100) -> None:
    say(world, Hello(host_id=host_id, hostname=host_id, pid=1, capacity=capacity, running=running, kind="triggerer"),
        host_id)  # fmt: skip


def fire(world: World, ref: AttemptRef, fired: Fired = EVENT, host_id: str = "t") -> None:
    say(world, TriggerFired(ref=ref, fired=fired, at=world.clock.now()), host_id)


def told(world: World, kind: type[ToHost]) -> list[tuple[str, ToHost]]:
    """Return what was said of this kind since the last look, with whom it was said to."""
    found = [(host_id, message) for host_id, message in world.workers.sent if isinstance(message, kind)]
    world.workers.sent = [item for item in world.workers.sent if not isinstance(item[1], kind)]
    return found


def watched(world: World) -> list[tuple[str, TriggerWork]]:
    return [
        (host_id, work)
        for host_id, message in told(world, Watch)
        if isinstance(message, Watch)
        for work in message.work
    ]


def defer(
    world: World, document: DagDocument = DAG, *, deferred: Deferred = DEFERRED, **fields: object
) -> AttemptRef:
    """Let task `a` run and defer; return its ref."""
    world.put(document)
    world.trigger(document, **fields)
    world.settle()
    (ref, *others) = [ref for ref in world.submitted() if ref.task_id == "a"]
    assert not others
    world.start(ref)
    world.end(ref, deferred)
    world.settle()
    return ref


def resumed(world: World) -> AttemptRef:
    """Return the attempt that was submitted since the last look."""
    (ref,) = world.submitted()
    return ref


def record(world: World, task_id: str = "a") -> TaskRecord:
    """Return the instance of the first run."""
    return world.task(min(world.store.tables.runs), task_id)


def state(world: World, task_id: str = "a") -> TaskState:
    return record(world, task_id).state
