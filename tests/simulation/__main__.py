"""Run worlds: `python -m tests.simulation --seed 7`, or `--n 10000 --from 0`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.world import World, encode_log, run_world


def replay(seed: int) -> int:
    """Run one world and print what happened."""
    world = World(seed)
    try:
        world.run()
    except BaseException:  # noqa: BLE001 - the whole point is to show it
        print(encode_log(world))
        traceback.print_exc()
        return 1
    print(encode_log(world))
    print(f"seed {seed}: {world.checker.starts} starts, {world.checker.writes} writes, all claims hold")
    return 0


def _try(seed: int) -> tuple[int, str, int, int]:
    try:
        world = run_world(seed)
    except BaseException as error:  # noqa: BLE001 - reported with its seed
        return seed, f"{type(error).__name__}: {error}"[:300], 0, 0
    return seed, "", world.checker.starts, world.checker.writes


def run_many(count: int, first: int, jobs: int) -> int:
    """Run worlds in parallel; the last line says how many and how many failed."""
    began = time.monotonic()
    failures: list[tuple[int, str]] = []
    starts = writes = 0
    with ProcessPoolExecutor(jobs) as pool:
        for seed, problem, began_count, write_count in pool.map(
            _try, range(first, first + count), chunksize=20
        ):
            starts += began_count
            writes += write_count
            if problem:
                failures.append((seed, problem))
                print(f"seed {seed}: {problem}")
    took = time.monotonic() - began
    print(f"{starts} starts of user code, {writes} writes, {took:.1f} s")
    print(f"{count} seeds run, {len(failures)} failures")
    return 1 if failures else 0


def run_until_failure(count: int, first: int) -> int:
    """Run worlds one after the other, up to the first that fails."""
    for seed in range(first, first + count):
        _, problem, _, _ = _try(seed)
        if problem:
            print(f"seed {seed}: {problem}")
            return 1
    print(f"{count} seeds run, 0 failures")
    return 0


def main() -> int:
    """Read the command line."""
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--first-failure", action="store_true", help="stop at the first failing seed")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return replay(arguments.seed)
    if arguments.first_failure:
        return run_until_failure(arguments.n, arguments.first)
    return run_many(arguments.n, arguments.first, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
