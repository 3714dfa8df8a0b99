"""A deployment's own keeper of state stores: the database has references, and tasks have values."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from windward.protocol.calls import Answer, Call, Done
from windward.protocol.states import DeleteState, GetState, SetState, StateAnswer
from windward.sdk import state_backend
from windward.sdk.bridge import LargeValues, use_bridge
from windward.sdk.exceptions import AirflowConfigException
from windward.sdk.state_backend import AssetScope, BaseStoreBackend, Scope, TaskScope
from windward.sdk.state_store import AssetStateStoreAccessor, TaskStateStoreAccessor

SCOPE = TaskScope("d", "r", "t", 3)


class Shelf(BaseStoreBackend):
    """Keeps values in a dict, by references that can be read."""

    kept: ClassVar[dict[str, Any]] = {}
    cleared: ClassVar[list[tuple[Scope, bool]]] = []

    def serialize_task_state_store_to_ref(self, *, value: Any, key: str, scope: TaskScope) -> str:
        reference = f"{scope.dag_id}/{scope.run_id}/{scope.task_id}/{scope.map_index}/{key}"
        self.kept[reference] = value
        return reference

    def deserialize_task_state_store_from_ref(self, stored: str) -> Any:
        return self.kept[stored]

    def serialize_asset_state_store_to_ref(self, *, value: Any, key: str, scope: AssetScope) -> str:
        self.kept[f"{scope.name}/{key}"] = value
        return f"{scope.name}/{key}"

    def deserialize_asset_state_store_from_ref(self, stored: str) -> Any:
        return self.kept[stored]

    def delete(self, scope: Scope, key: str, *, session: Any = None) -> None:
        assert isinstance(scope, TaskScope)
        del self.kept[f"{scope.dag_id}/{scope.run_id}/{scope.task_id}/{scope.map_index}/{key}"]

    def clear(self, scope: Scope, *, all_map_indices: bool = False, session: Any = None) -> None:
        self.cleared.append((scope, all_map_indices))


class NoBackend:
    pass


class Rows:
    """What the database keeps, and how often it was asked."""

    large_values: LargeValues | None = None

    def __init__(self) -> None:
        self.rows: dict[tuple[str | None, str], str] = {}

    def call(self, call: Call) -> Answer:
        match call:
            case GetState(key=key, asset=asset):
                return StateAnswer(value=self.rows.get((asset, key)))
            case SetState(key=key, asset=asset, value=value):
                self.rows[asset, key] = value
            case DeleteState(key=str() as key, asset=asset):
                del self.rows[asset, key]
            case _:
                self.rows.clear()
        return Done()

    def mask(self, values: Any) -> None:
        pass


@pytest.fixture
def rows() -> Iterator[Rows]:
    rows = Rows()
    Shelf.kept.clear()
    Shelf.cleared.clear()
    with use_bridge(rows):
        yield rows
    state_backend.configure("")


def use(cls: type, **options: Any) -> None:
    state_backend.configure(f"{cls.__module__}.{cls.__name__}", **options)


def test_a_task_s_value_is_kept_by_the_backend_and_the_database_has_its_reference(rows: Rows) -> None:
    use(Shelf)
    store = TaskStateStoreAccessor(SCOPE)
    store.set("job", {"id": 7})
    assert json.loads(rows.rows[None, "job"]) == {"__airflow_state_ref__": "d/r/t/3/job"}
    assert Shelf.kept == {"d/r/t/3/job": {"id": 7}}
    assert store.get("job") == {"id": 7}
    assert store.get("other", "none") == "none"
    store.delete("job")
    assert (rows.rows, Shelf.kept) == ({}, {})


def test_an_asset_s_value_too(rows: Rows) -> None:
    use(Shelf)
    AssetStateStoreAccessor("orders").set("mark", 3)
    assert json.loads(rows.rows["orders", "mark"]) == {"__airflow_state_ref__": "orders/mark"}
    assert AssetStateStoreAccessor("orders").get("mark") == 3


def test_all_of_a_scope_is_forgotten_after_the_database_has_forgotten(rows: Rows) -> None:
    use(Shelf)
    store = TaskStateStoreAccessor(SCOPE)
    store.clear()
    store.clear(all_map_indices=True)
    assert Shelf.cleared == [(SCOPE, False), (SCOPE, True)]


@pytest.mark.parametrize("clears", [True, False])
def test_success_forgets_where_the_database_does(rows: Rows, *, clears: bool) -> None:
    use(Shelf, clears_on_success=clears)
    state_backend.forget_after_success("d", "r", "t", 3)
    assert Shelf.cleared == [(SCOPE, False)] * clears


def test_values_of_before_are_read_as_they_are_and_references_not_without_their_backend(rows: Rows) -> None:
    store = TaskStateStoreAccessor(SCOPE)
    store.set("old", 1)
    use(Shelf)
    store.set("new", 2)
    assert (store.get("old"), store.get("new")) == (1, 2)
    state_backend.configure("")
    assert store.get("old") == 1
    with pytest.raises(AirflowConfigException, match="state_store_backend"):
        store.get("new")


def test_a_backend_that_keeps_nothing_elsewhere_changes_nothing_that_tasks_see(rows: Rows) -> None:
    class_path = f"{BaseStoreBackend.__module__}.{BaseStoreBackend.__name__}"
    state_backend.configure(class_path)
    store = TaskStateStoreAccessor(SCOPE)
    store.set("job", [1, "two"])
    assert store.get("job") == [1, "two"]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (f"{__name__}.NoBackend", "not a subclass"),
        (f"{__name__}.Nothing", "cannot be imported"),
        ("", ""),
        ("nothing", "cannot be imported"),
    ],
)
def test_a_backend_that_cannot_be_used_says_so(path: str, error: str, rows: Rows) -> None:
    state_backend.configure(path)
    store = TaskStateStoreAccessor(SCOPE)
    if not path:
        store.set("job", 1)
        return
    with pytest.raises(AirflowConfigException, match=error):
        store.set("job", 1)
    assert rows.rows == {}


def test_an_asset_scope_names_an_asset() -> None:
    with pytest.raises(ValueError, match="name"):
        AssetScope()
