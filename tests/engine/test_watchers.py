"""Asset watchers: triggers of no task, whose events are events of assets."""

import msgspec

from tests.engine.building import World, dag, task
from tests.engine.waiting import EVENT, fire, hello, say, told, watched
from windward.document import AssetDocument, DagDocument, WatcherDocument
from windward.model.states import RunType
from windward.ports.executor import HostGone
from windward.protocol.fired import Broken
from windward.protocol.outcomes import XComValue
from windward.protocol.triggers import FiredAccepted, TriggerFired, TriggerWork, Unwatch
from windward.timetable import AssetLeaf, AssetSchedule

WATCHER = WatcherDocument(name="queue", trigger_class="mine.Queue", trigger_kwargs='{"name": "q"}')
ORDERS = AssetDocument(name="orders", uri="s3://b/orders", watchers=(WATCHER,))
PRICES = AssetDocument(name="prices", uri="s3://b/prices", watchers=(WATCHER,))


def report(*assets: AssetDocument, dag_id: str = "report") -> DagDocument:
    """Return a DAG that runs upon the first of these assets."""
    condition = AssetLeaf(assets[0].name, assets[0].uri) if assets else AssetLeaf("none", "none")
    return dag(task("read"), dag_id=dag_id, schedule=AssetSchedule(condition), assets=assets)


def put(world: World, document: DagDocument) -> None:
    world.put(document)
    world.settle()


def watcher(world: World) -> TriggerWork:
    ((_, work),) = watched(world)
    return work


def again(world: World, work: TriggerWork, number: int, host_id: str = "t") -> None:
    say(world, TriggerFired(ref=work.ref, fired=EVENT, at=world.clock.now(), number=number), host_id)


def test_each_event_of_a_watcher_is_one_of_its_asset_and_makes_a_run(world: World) -> None:
    hello(world)
    put(world, report(ORDERS))
    work = watcher(world)
    for number in (1, 2):
        again(world, work, number)

    assert (work.class_path, work.goes_on, work.run) == ("mine.Queue", True, None)
    assert msgspec.json.decode(work.kwargs, type=XComValue).data == b'{"name": "q"}'
    events = list(world.store.tables.asset_events.values())
    assert [(event.name, event.extra, event.reported_by) for event in events] == [
        ("orders", {"from_trigger": True, "payload": 7}, "watcher queue")
    ] * 2
    assert {run.run_type for run in world.runs("report")} == {RunType.ASSET_TRIGGERED}


def test_an_event_that_is_sent_again_is_one_event(world: World) -> None:
    hello(world)
    put(world, report(ORDERS))
    work = watcher(world)
    told(world, FiredAccepted)
    for _ in range(3):
        again(world, work, 1)

    assert len(world.store.tables.asset_events) == 1
    assert len(told(world, FiredAccepted)) == 3


def test_watchers_that_wait_for_the_same_are_one_trigger_and_an_event_of_each_asset(world: World) -> None:
    hello(world)
    put(world, report(ORDERS, PRICES))
    put(world, report(PRICES, dag_id="other"))
    again(world, watcher(world), 1)

    assert sorted(event.name for event in world.store.tables.asset_events.values()) == ["orders", "prices"]
    assert (len(world.runs("report")), len(world.runs("other"))) == (1, 1)


def test_a_watcher_ends_when_no_dag_names_it(world: World) -> None:
    hello(world)
    put(world, report(ORDERS))
    ref = watcher(world).ref
    put(world, report(msgspec.structs.replace(ORDERS, watchers=())))

    assert [message for _, message in told(world, Unwatch)] == [Unwatch(refs=(ref,))]


def test_a_watcher_that_fails_is_started_again_a_while_later(world: World) -> None:
    hello(world)
    put(world, report(ORDERS))
    work = watcher(world)
    say(
        world, TriggerFired(ref=work.ref, fired=Broken(error="no route"), at=world.clock.now(), number=1), "t"
    )
    early = watched(world)
    world.clock.pass_by(10)
    world.settle()

    assert early == []
    assert watcher(world) == work


def test_a_watcher_goes_to_another_triggerer_when_its_own_is_gone(world: World) -> None:
    hello(world, "t")
    put(world, report(ORDERS))
    work = watcher(world)
    hello(world, "u")
    world.workers.inbox.append(HostGone("t", is_dead=True))
    world.settle()

    ((host_id, taken),) = watched(world)
    assert (host_id, taken) == ("u", work)
    again(world, taken, 1, "u")
    assert len(world.store.tables.asset_events) == 1


def test_a_watcher_of_no_asset_that_is_known_changes_nothing(world: World) -> None:
    hello(world)
    put(world, report(ORDERS))
    work = watcher(world)
    put(world, report(msgspec.structs.replace(ORDERS, watchers=())))
    fire(world, work.ref)
    assert world.store.tables.asset_events == {}
