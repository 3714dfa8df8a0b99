"""Values pass through the XCom backend that a deployment names, where tasks run and nowhere else."""

import json
import pickle
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, ClassVar

import pytest

from tests.sdk_runtime.fakes import FakeBridge, FakeLargeValues, running
from windward.model.states import Semantics
from windward.protocol.outcomes import XComValue
from windward.sdk import xcom, xcom_backend
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowConfigException
from windward.sdk.operator import BaseOperator
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.xcom import BaseXCom

PLACE: dict[str, Any] = {"dag_id": "dag", "run_id": "run_1", "task_id": "task"}


class Shelf(BaseXCom):
    """Keeps lists elsewhere, as backends for Airflow 3 do."""

    kept: ClassVar[dict[str, list[Any]]] = {}

    @staticmethod
    def serialize_value(value: Any, **where: Any) -> Any:
        if not isinstance(value, list):
            return BaseXCom.serialize_value(value, **where)
        name = "shelf://{dag_id}/{run_id}/{task_id}/{map_index}/{key}".format(**where)
        Shelf.kept[name] = value
        return BaseXCom.serialize_value(name, **where)

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        value = BaseXCom.deserialize_value(result)
        return Shelf.kept[value] if isinstance(value, str) and value.startswith("shelf://") else value

    @staticmethod
    def purge(xcom: Any, *args: Any) -> None:
        Shelf.kept.pop(xcom.value, None)


class Bytes(BaseXCom):
    """Makes bytes itself, as backends for Airflow 2 do."""

    @staticmethod
    def serialize_value(value: Any, **where: Any) -> bytes:
        return json.dumps({"wrapped": value}).encode()

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        return BaseXCom.deserialize_value(result)["wrapped"]


class Secret(BaseXCom):
    """Stores nothing that anybody could read."""

    @staticmethod
    def serialize_value(value: Any, **where: Any) -> bytes:
        return bytes(byte ^ 255 for byte in pickle.dumps(value))

    @staticmethod
    def deserialize_value(result: Any) -> Any:
        return pickle.loads(bytes(byte ^ 255 for byte in result.value))


class NoBackend:
    pass


@pytest.fixture
def use() -> Iterator[Callable[[str], None]]:
    module: Any = ModuleType("backends_of_a_test")
    for kind in (Shelf, Bytes, Secret, NoBackend):
        setattr(module, kind.__name__, kind)
    sys.modules[module.__name__] = module
    Shelf.kept.clear()
    yield lambda name: xcom_backend.configure(f"{module.__name__}.{name}")
    xcom_backend.configure("")
    del sys.modules[module.__name__]


@pytest.fixture
def task(dag: DAG) -> BaseOperator:
    return EmptyOperator(task_id="task", dag=dag)


@pytest.mark.parametrize("name", ["Shelf", "Bytes", "Secret"])
@pytest.mark.parametrize("semantics", Semantics)
def test_what_is_pushed_is_pulled(
    task: BaseOperator, use: Callable[[str], None], name: str, semantics: Semantics
) -> None:
    use(name)
    with running(task, semantics=semantics) as (context, _):
        ti = context["ti"]
        for key, value in {"a": [1, {"b": None}], "b": "text"}.items():
            ti.xcom_push(key, value)
            assert ti.xcom_pull(task_ids="task", key=key, map_indexes=-1) == value
            assert ti.xcom_pull(task_ids="task", key=key) == value
            assert ti.xcom_pull(task_ids=["task"], key=key) == [value]


def test_a_backend_knows_whose_value_it_is_given(task: BaseOperator, use: Callable[[str], None]) -> None:
    use("Shelf")
    with running(task) as (context, bridge):
        context["ti"].xcom_push("rows", [1, 2])
        assert Shelf.kept == {"shelf://dag/run_1/task/-1/rows": [1, 2]}
        (stored,) = bridge.xcoms.values()
        assert stored.data == b'"shelf://dag/run_1/task/-1/rows"'


def test_tasks_are_mapped_over_the_value_and_not_over_what_stands_for_it(use: Callable[[str], None]) -> None:
    use("Shelf")
    place = xcom_backend.Place("dag", "run_1", "task", -1)
    assert xcom_backend.store([1, 2, 3], key="k", place=place, large=None).length == 3


def test_people_see_no_more_than_the_backend_stores(use: Callable[[str], None]) -> None:
    use("Secret")
    place = xcom_backend.Place("dag", "run_1", "task", -1)
    stored = xcom_backend.store("confidential", key="k", place=place, large=None)
    assert "confidential" not in stored.preview
    assert b"confidential" not in (stored.data or b"")


def test_what_a_backend_returns_goes_to_the_object_store_when_it_is_large(
    task: BaseOperator, use: Callable[[str], None]
) -> None:
    large = FakeLargeValues(threshold_bytes=100)
    for name in ("Shelf", "Bytes"):
        use(name)
        with running(task, bridge=FakeBridge(large)) as (context, _):
            context["ti"].xcom_push("text", "x" * 200)
            assert context["ti"].xcom_pull(task_ids="task", key="text") == "x" * 200
    assert len(large.stored) == 2


def test_values_from_before_a_backend_was_set_are_still_read(
    task: BaseOperator, use: Callable[[str], None]
) -> None:
    with running(task) as (context, _):
        context["ti"].xcom_push("old", (1, 2))
        use("Shelf")
        assert context["ti"].xcom_pull(task_ids="task", key="old") == (1, 2)


def test_a_deleted_value_is_purged_first(task: BaseOperator, use: Callable[[str], None]) -> None:
    use("Shelf")
    with running(task) as (context, bridge):
        context["ti"].xcom_push("rows", [1, 2])
        xcom.XCom.delete("rows", **PLACE)
        assert (Shelf.kept, bridge.xcoms) == ({}, {})


def test_the_name_xcom_is_the_deployments_backend(use: Callable[[str], None]) -> None:
    assert xcom.XCom is BaseXCom
    use("Shelf")
    assert xcom.XCom is Shelf


def test_a_class_may_be_used_by_hand_beside_the_backend(
    task: BaseOperator, use: Callable[[str], None]
) -> None:
    use("Shelf")
    with running(task):
        Bytes.set("k", 5, **PLACE)
        assert Bytes.get_one(key="k", **PLACE) == 5


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no_such_module.Backend", "cannot be imported"),
        ("backends_of_a_test.Missing", "cannot be imported"),
        ("Backend", "cannot be imported"),
        ("backends_of_a_test.NoBackend", "not a subclass of `BaseXCom`"),
    ],
)
def test_a_backend_that_cannot_be_used_is_named(use: Callable[[str], None], path: str, said: str) -> None:
    xcom_backend.configure(path)
    with pytest.raises(AirflowConfigException, match=said) as caught:
        xcom_backend.current()
    assert path in str(caught.value)
    xcom_backend.import_ahead()  # says so and goes on


def test_airflows_own_default_is_no_backend(task: BaseOperator) -> None:
    xcom_backend.configure("airflow.sdk.execution_time.xcom.BaseXCom")
    assert xcom_backend.current() in {BaseXCom, None}
    assert xcom_backend.current() is None
    xcom_backend.configure("")


def test_serialize_value_alone_gives_what_deserialize_value_takes() -> None:
    stored = BaseXCom.serialize_value({"a": (1,)})
    assert isinstance(stored, XComValue)
    assert BaseXCom.deserialize_value(stored) == {"a": (1,)}
