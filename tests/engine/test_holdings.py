"""Which triggerer has which trigger: shared by capacity and queue, and moved to one that joins."""

from dataclasses import replace

import pytest

from tests.engine.building import World, dag, task
from tests.engine.waiting import (
    defer,
    fire,
    hello,
    resumed,
    say,
    told,
    watched,
)
from windward.ports.executor import HostGone
from windward.protocol.messages import (
    Hello,
)
from windward.protocol.triggers import (
    GiveBack,
    GivenBack,
)
from windward.protocol.work import AttemptRef


def defer_many(world: World, count: int) -> list[AttemptRef]:
    return [
        defer(world, run_id=f"r{run}", logical_date=world.clock.now().replace(day=run + 1))
        for run in range(count)
    ]


def asked_back(world: World) -> list[tuple[str, AttemptRef]]:
    return [
        (host_id, ref)
        for host_id, message in told(world, GiveBack)
        if isinstance(message, GiveBack)
        for ref in message.refs
    ]


def test_a_triggerer_that_joins_gets_its_share_once_the_other_has_stopped_it(world: World) -> None:
    hello(world, "t")
    refs = defer_many(world, 4)
    watched(world)
    hello(world, "u")
    asked = asked_back(world)
    early = watched(world)
    for _, ref in asked:
        say(world, GivenBack(ref=ref), "t")

    assert asked == [("t", refs[3]), ("t", refs[2])]
    assert early == []
    assert [(host, work.ref) for host, work in watched(world)] == [("u", refs[3]), ("u", refs[2])]
    assert asked_back(world) == []


def test_a_trigger_that_fires_while_it_is_asked_back_counts(world: World) -> None:
    hello(world, "t")
    first, second = defer_many(world, 2)
    watched(world)
    hello(world, "u")
    assert asked_back(world) == [("t", second)]
    fire(world, second)
    say(world, GivenBack(ref=second), "t")

    assert resumed(world).run_pk == second.run_pk
    assert watched(world) == []
    fire(world, first)


def test_what_was_asked_back_goes_to_the_other_when_its_triggerer_dies(world: World) -> None:
    hello(world, "t")
    refs = defer_many(world, 2)
    watched(world)
    hello(world, "u")
    world.workers.inbox.append(HostGone("t", is_dead=True))
    world.settle()

    assert sorted(work.ref.run_pk for host, work in watched(world) if host == "u") == sorted(
        ref.run_pk for ref in refs
    )


def test_a_triggerer_that_comes_back_is_asked_again_for_what_it_kept(world: World) -> None:
    hello(world, "t")
    first, second = defer_many(world, 2)
    hello(world, "u")
    asked_back(world)
    world.workers.inbox.append(HostGone("t", is_dead=False))
    world.settle()
    hello(world, "t", first, second)

    assert asked_back(world) == [("t", second)]


def test_a_trigger_goes_to_a_triggerer_of_its_tasks_queue(world_of_queues: World) -> None:
    world = world_of_queues
    hello(world, "t")
    ref = defer(world, dag(task("a", queue="gpu")))
    nobody = watched(world)
    say(world, Hello(host_id="u", hostname="u", pid=1, capacity=9, queues=("gpu",), kind="triggerer"), "u")

    assert nobody == []
    assert [(host, work.ref) for host, work in watched(world)] == [("u", ref)]


@pytest.fixture
def world_of_queues(world: World) -> World:
    """Return a world whose triggerers serve queues."""
    triggerer = replace(world.settings.triggerer, queues_enabled=True)
    world.settings = replace(world.settings, triggerer=triggerer)
    world.restart()
    world.hello()
    world.settle()
    return world
