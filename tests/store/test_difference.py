"""All stores give the same answers and hold the same after any operations: the memory store is the model."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.store.dice import Dice, answer, snapshot
from windward.ports.store import Applied
from windward.store.history import fold, fold_run
from windward.store.memory import MemoryStore
from windward.store.sql.open import SqlStore

STEPS = 40
SEEDS = {"sqlite": 6, "postgres": 3, "mariadb": 3}
STEPS_PER_SNAPSHOT = {"sqlite": 2, "postgres": 5, "mariadb": 5}


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        pytest.param(kind, seed, marks=[getattr(pytest.mark, kind)] if kind != "sqlite" else [])
        for kind, seeds in SEEDS.items()
        for seed in range(seeds)
    ],
)
def test_a_database_does_what_the_model_does(
    kind: str, seed: int, open_sql: Callable[[str], SqlStore]
) -> None:
    model, database = MemoryStore(), open_sql(kind)
    dice = Dice(seed, model)
    for step in range(STEPS):
        callbacks = (model.runs.load_open_callbacks(limit=99), database.runs.load_open_callbacks(limit=99))
        numbers = {mine.callback_pk: theirs.callback_pk for mine, theirs in zip(*callbacks, strict=True)}
        operation = dice.operation()
        wanted = answer(model, operation)

        given = answer(_Renumbered(database, numbers), operation)

        assert given == wanted, f"step {step} of seed {seed}"
        if step % STEPS_PER_SNAPSHOT[kind] == 0 or step == STEPS - 1:
            _assert_same(snapshot(database), snapshot(model), f"step {step} of seed {seed}")


def _assert_same(given: dict[str, Any], wanted: dict[str, Any], where: str) -> None:
    for part, value in wanted.items():
        assert given[part] == value, f"{part} at {where}"


class _Renumbered:
    """A store to which the model's callbacks are known by the model's numbers."""

    def __init__(self, store: SqlStore, numbers: dict[int, int]) -> None:
        self._store = store
        self._numbers = numbers
        self.runs = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def delete_notes(self, *, up_to: int) -> None:
        self._store.runs.delete_notes(up_to=up_to)

    def apply(self, groups: Any, **keywords: Any) -> Applied:
        keywords["after"] = self._renumber_all(keywords.get("after", ()))
        return self._store.runs.apply(self._renumber_all(groups), **keywords)

    def _renumber_all(self, groups: Any) -> Any:
        return [[self._renumber(action) for action in actions] for actions in groups]

    def _renumber(self, action: Any) -> Any:
        pk = getattr(action, "callback_pk", None)
        if pk is None:
            return action
        return msgspec.structs.replace(action, callback_pk=self._numbers.get(pk, -1))


@pytest.mark.parametrize("seed", range(20))
def test_the_state_of_everything_is_the_fold_of_its_history(seed: int) -> None:
    store = MemoryStore()
    dice = Dice(seed, store)
    for _ in range(60):
        answer(store, dice.operation())

    runs = store.reads.list_runs()
    assert {fold_run(store.reads.run_trail(run.run_pk)) is run.state for run in runs} <= {True}
    tasks = store.runs.load_tasks([run.run_pk for run in runs])
    assert {fold(store.runs.load_trail(task.key)) is task.state for task in tasks} <= {True}


def test_the_dice_reach_what_they_should() -> None:
    seen: dict[str, int] = {}
    for seed in range(24):
        store = MemoryStore()
        dice = Dice(seed, store)
        for _ in range(STEPS):
            given = answer(store, dice.operation())
            if isinstance(given, Applied):
                seen["applied"] = seen.get("applied", 0) + given.results.count(True)
                seen["refused"] = seen.get("refused", 0) + given.results.count(False)
        parts = snapshot(store)
        for name in ("tasks", "dead", "callbacks", "files"):
            seen[name] = seen.get(name, 0) + len(parts[name])
        for name in ("attempts", "rendered"):
            seen[name] = seen.get(name, 0) + sum(1 for value in parts[name].values() if value)
    assert min(seen.values()) > 5, seen
