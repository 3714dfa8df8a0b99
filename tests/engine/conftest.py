"""A world for each test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.building import World


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    """Return a maker of worlds whose scheduler leads and whose one worker `h` has said hello."""

    def make(**scheduler: Any) -> World:
        world = World(tmp_path, **scheduler)
        world.step()
        world.hello()
        world.settle()
        return world

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
