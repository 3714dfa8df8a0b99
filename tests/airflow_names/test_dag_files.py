"""Files written for each Airflow import and declare what their authors meant."""

import importlib.util
import warnings
from pathlib import Path

import pytest

from windward.sdk import scopes
from windward.sdk.collect import collect_dags
from windward.sdk.dag import DAG
from windward.sdk.semantics import detect, imports_of
from windward.sdk.serialize import to_document

FOLDER = Path(__file__).with_name("dags")


def collected(name: str) -> tuple[DAG, list[str]]:
    """Import a file of the folder and return its only DAG and the warnings that it caused, as texts."""
    scopes.take_registered()  # what other tests declared in this process
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"dag_file_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        spec.loader.exec_module(module)
    [dag] = collect_dags(module)
    assert all(issubclass(one.category, DeprecationWarning) for one in caught)
    assert all(Path(one.filename) == path for one in caught), [
        (one.filename, str(one.message)) for one in caught
    ]
    return dag, [str(one.message) for one in caught]


def edges(dag: DAG) -> set[tuple[str, str]]:
    return {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}


def test_a_file_of_1_10_is_read_with_a_warning_at_each_old_line() -> None:
    dag, said = collected("house_1_10")
    assert dag.dag_id == "house_1_10"
    assert edges(dag) == {
        ("start", "pick"),
        ("pick", "count"),
        ("pick", "skip"),
        ("count", "tell"),
        ("skip", "tell"),
        ("list", "tell"),
        ("tell", "end"),
    }
    assert dag.get_task("count").retries == 2
    for path in ("bash_operator.BashOperator", "dummy_operator.DummyOperator", "base_hook.BaseHook"):
        assert any(path in text for text in said), path


def test_a_file_of_2_is_read_without_a_word_on_its_paths() -> None:
    dag, said = collected("house_2")
    assert set(dag.tags) == {"house"}
    assert {("latest", "gate"), ("gate", "floors.count"), ("floors.count", "floors.sweep")} <= edges(dag)
    assert {("floors.sweep", "report"), ("measure", "report"), ("report", "done")} <= edges(dag)
    assert not [text for text in said if "is deprecated; use" in text]


def test_a_file_of_3_is_read_without_a_warning() -> None:
    dag, said = collected("house_3")
    assert said == []
    assert {("walls", "paint"), ("paint", "last"), ("last", "choose")} <= edges(dag)
    assert {task.task_id for task in dag.tasks} >= {"rest.wait", "rest.air"}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_each_file_becomes_a_document(name: str) -> None:
    dag, _ = collected(name)
    imports = imports_of((FOLDER / f"{name}.py").read_bytes())
    semantics, reason = detect(imports)
    document = to_document(
        dag, fileloc=f"{name}.py", code_hash="0", semantics=semantics, semantics_reason=reason
    )
    assert document.dag_id == dag.dag_id
    assert document.semantics == ("airflow3" if name == "house_3" else "airflow2")
