"""Worlds of the simulator: every change runs some, and seeds that once failed stay."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from tests.simulation.sabotage import PLANTED, Sabotage, fits
from tests.simulation.world import World, run_world

SEEDS = range(500)
CHUNK = 50

ONCE_BROKEN = {
    172: "an attempt whose submission was lost was never sent again by the next scheduler",
    276: "two runs made in one pass did not know each other as past and future",
    389: "a person cleared a task between the scheduler's look and its write",
    387: "a host that the scheduler had forgotten was never asked to say hello again",
    605: "a mapped task of a previous run counted as absent before it was expanded",
    849: "a slot was given away although the ending that freed it was refused",
    1254: "a run was made on a document that was deleted meanwhile",
    1456: "a DAG's new limit did not apply to work that waited in an old bucket",
    4725: "an ending that came before the welcome was dropped by a scheduler that stood by",
    391: "a task that was mapped in an older version of its DAG was forgotten for its removed instances",
    1027: "a run of assets was made because of an alias's link that was refused",
    893: "a deadline was forgotten because its reference answered while its run was over, and being cleared",
    5759: "a deadline was missed twice because an old answer of its reference came after a new one",
    145: "a backfill had a run too many because the end of another was refused",
    285: "a task that was deleted and came back began with a fence that it had had before",
    6187: "a run whose id was taken when semantics changed was refused for ever",
    2966: "a task that was cleared before its granted start arrived waited for ever",
}


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("windward.scheduler").setLevel(logging.CRITICAL)


@pytest.mark.parametrize("first", range(SEEDS.start, SEEDS.stop, CHUNK))
def test_worlds_with_faults_stay_safe_and_come_to_rest(first: int) -> None:
    worlds = [run_world(seed) for seed in range(first, first + CHUNK)]
    assert sum(world.checker.starts for world in worlds) > CHUNK


@pytest.mark.parametrize("seed", sorted(ONCE_BROKEN), ids=str)
def test_a_world_that_was_once_broken_is_well(seed: int) -> None:
    run_world(seed)


@pytest.mark.parametrize("sabotage", PLANTED, ids=lambda sabotage: sabotage.name)
def test_each_planted_bug_still_has_its_place_in_the_code(sabotage: Sabotage) -> None:
    assert fits(sabotage)


@pytest.mark.parametrize("seed", [214, 391])
def test_a_seed_gives_the_same_world_in_every_process(seed: int) -> None:
    """Sets of names have another order in each process: nothing that matters may follow it."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed)]
    said = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": number}, capture_output=True, check=True
        ).stdout
        for number in ("1", "2", "3")
    }
    assert len(said) == 1


def test_a_seed_always_gives_the_same_world() -> None:
    first, second = World(7), World(7)
    first.run()
    second.run()
    assert first.log == second.log
    assert first.store.tables.trails == second.store.tables.trails
