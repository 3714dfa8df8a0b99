"""Documents: the same for the same declaration, complete, bounded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sdk.declared import Work, document
from windward import DAG, EmptyOperator, Param, task
from windward.document import content_hash, decode, encode
from windward.model.states import Isolation, TriggerRule, WeightRule
from windward.sdk.dag_arguments import DagTypeError
from windward.sdk.preview import DEPTH_MAX, ITEMS_MAX, TEXT_LENGTH_MAX, preview

FILE = """
from datetime import datetime, timedelta
from windward import DAG, BashOperator, Label, Param, PythonOperator, TaskGroup, task

class Thing:
    pass

def hook(context): ...

with DAG(
    "orders", schedule="@daily", start_date=datetime(2026, 1, 1), tags={"b", "a", "c", "x", "y"},
    params={"n": Param(1, type="integer", minimum=0), "a": "x"}, on_failure_callback=lambda context: None,
    user_defined_macros={"f": lambda: 1}, owner_links={"me": "https://example.org", "you": "mailto:a@example.org"},
) as dag:
    with TaskGroup("g", default_args={"retries": 1}):
        for name in {"one", "two", "three", "four", "five"}:
            BashOperator(task_id=name, bash_command="echo", env={"K": "v"}, on_success_callback=hook)
    first = PythonOperator(
        task_id="first", python_callable=lambda: 1, op_args=[Thing(), {"q", "w", "e", "r"}, hook, object],
        op_kwargs={"when": datetime(2026, 1, 1), "delta": timedelta(1), "bytes": b"x", "none": None},
    )

    @task
    def second(x): ...

    first >> Label("go") >> second.partial().expand(x=[1, 2, 3])
    dag.get_task("g.one") >> first
"""


def _hash_of(folder: Path, seed: int) -> str:
    code = textwrap.dedent(
        """
        import sys; sys.path.insert(0, ".")
        import orders_file
        from windward.document import content_hash, encode
        from windward.model.states import Semantics
        from windward.sdk.collect import collect_dags
        from windward.sdk.serialize import to_document
        (dag,) = collect_dags(orders_file)
        found = to_document(dag, fileloc="f.py", code_hash="c", semantics=Semantics.AIRFLOW3, semantics_reason="r")
        print(content_hash(encode(found)))
        """
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, "PYTHONHASHSEED": str(seed)},
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_a_file_is_the_same_document_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "orders_file.py").write_text(FILE)
    assert len({_hash_of(tmp_path, seed) for seed in (1, 2, 3)}) == 1


def test_any_change_of_meaning_changes_the_hash() -> None:
    def hashed(**arguments: Any) -> str:
        with DAG("d") as dag:
            Work(task_id="a", **arguments)
        return content_hash(encode(document(dag)))

    plain = hashed()
    assert hashed() == plain
    for changed in (
        {"retries": 1},
        {"pool": "p"},
        {"value": 1},
        {"trigger_rule": "all_done"},
        {"doc_md": "x"},
    ):
        assert hashed(**changed) != plain


def test_a_document_survives_its_encoding() -> None:
    with DAG("d", params={"x": Param(None, type=["null", "string"])}, schedule="@daily") as dag:
        Work(task_id="a", value={"x": [1, None]}, executor_config={"k": Work}) >> Work(task_id="b")
    found = document(dag)
    assert decode(encode(found)) == found


def test_a_document_says_where_each_param_stood() -> None:
    with DAG("d", params={"when": 1, "amount": 2, "kind": 3}) as dag:
        pass
    found = decode(encode(document(dag))).params
    assert sorted(found, key=lambda name: found[name].place) == ["when", "amount", "kind"]


def test_a_document_shows_what_its_tasks_take_by_default_and_where_templates_are() -> None:
    given = {"retries": 2, "retry_delay": timedelta(minutes=5), "on_failure_callback": print, "owner": "ada"}
    with DAG("d", default_args=given, template_searchpath=["/templates", "/sql"]) as dag:
        Work(task_id="a")
    found = decode(encode(document(dag)))
    assert found.default_args == {
        **given,
        "retry_delay": "0:05:00",
        "on_failure_callback": "<callable builtins.print>",
    }
    assert found.template_searchpath == ("/templates", "/sql")


@pytest.mark.parametrize(("given", "kept"), [
    (None, {}), ({}, {}),
    ({"team": {"can_read", "can_edit"}}, {"team": {"DAGs": ("can_edit", "can_read")}}),
    ({"b": "can_read", "a": {"DAG Runs": ["can_create"], "DAGs": []}},
     {"a": {"DAG Runs": ("can_create",), "DAGs": ()}, "b": {"DAGs": ("can_read",)}}),
])  # fmt: skip
def test_a_document_says_what_its_file_gives_to_roles(given: Any, kept: Any) -> None:
    with DAG("d", access_control=given) as dag:
        Work(task_id="a")
    found = decode(encode(document(dag)))
    assert found.access_control == kept
    assert list(found.access_control) == sorted(kept)
    assert found.warnings == ()


@pytest.mark.parametrize(
    "given", [["team"], {"team": 1}, {1: {"can_read"}}, {"x" * 101: "a"}, {"a": {"": []}}]
)
def test_what_gives_nobody_anything_is_no_access_control(given: Any) -> None:
    with DAG("d", access_control=given) as dag:
        Work(task_id="a")
    with pytest.raises(DagTypeError, match="access_control"):
        document(dag)


def test_words_that_give_no_right_are_warned_of() -> None:
    with DAG("d", access_control={"team": {"can_fly", "can_read"}, "crew": {"Pools": {"can_read"}}}) as dag:
        Work(task_id="a")
    assert document(dag).warnings == ("`access_control` has words that give no right: Pools, can_fly",)


def test_every_argument_of_a_task_is_in_its_document() -> None:
    with DAG("d") as dag:
        Work(
            task_id="a", owner="me", email="a@example.org, b@example.org", retries=3, retry_delay=60,
            retry_exponential_backoff=2, max_retry_delay=timedelta(hours=1), execution_timeout=timedelta(minutes=1),
            depends_on_past=True, ignore_first_depends_on_past=False, wait_for_downstream=True,
            wait_for_past_depends_before_skipping=True, pool="p", pool_slots=2, priority_weight=7,
            weight_rule="upstream", max_active_tis_per_dag=4, max_active_tis_per_dagrun=5, queue="q", executor="e",
            executor_config={"k": 1}, isolation="warm", run_as_user="u", map_index_template="{{ x }}",
            do_xcom_push=False, multiple_outputs=True, trigger_rule="one_done", task_display_name="Shown",
            on_failure_callback=print, on_retry_callback=[print], params={"x": 1}, doc_md="doc",
        )  # fmt: skip
    (found,) = document(dag).tasks
    assert found.params["x"].default == 1
    assert {name: getattr(found, name) for name in _EXPECTED} == _EXPECTED


_EXPECTED = {
    "task_id": "a", "operator": "Work", "operator_module": "tests.sdk.declared", "display_name": "Shown",
    "owner": "me", "email": ("a@example.org", "b@example.org"), "retries": 3, "retry_delay_s": 60.0,
    "retry_backoff": 2.0, "retry_delay_max_s": 3600.0, "execution_timeout_s": 60.0, "depends_on_past": True,
    "ignore_first_depends_on_past": False, "wait_for_downstream": True,
    "wait_for_past_depends_before_skipping": True, "pool": "p", "pool_slots": 2, "priority_weight": 7,
    "weight_rule": WeightRule.UPSTREAM, "max_active_tis_per_dag": 4, "max_active_tis_per_dagrun": 5, "queue": "q",
    "executor": "e", "executor_config": {"k": 1}, "isolation": Isolation.WARM, "run_as_user": "u",
    "map_index_template": "{{ x }}", "do_xcom_push": False, "multiple_outputs": True,
    "trigger_rule": TriggerRule.ONE_DONE, "callbacks": ("failure", "retry"), "doc_md": "doc",
}  # fmt: skip


def test_an_empty_task_is_inline_unless_something_has_to_run() -> None:
    class Louder(EmptyOperator):
        def execute(self, context: Any) -> None: ...

    class Quiet(EmptyOperator):
        pass

    with DAG("d") as dag:
        EmptyOperator(task_id="plain")
        Quiet(task_id="quiet")
        EmptyOperator(task_id="told_of_failure", on_failure_callback=print)
        Louder(task_id="louder")
        EmptyOperator(task_id="callback", on_success_callback=print)
        EmptyOperator(task_id="hook", pre_execute=print)
        EmptyOperator(task_id="outlet", outlets=["x"])
        Work(task_id="work")
    inline = {found.task_id for found in document(dag).tasks if found.is_inline}
    assert inline == {"plain", "quiet", "told_of_failure"}


def test_a_mapped_function_shows_fixed_and_mapped_arguments() -> None:
    @task
    def f(x: int, y: int) -> None: ...

    with DAG("d") as dag:
        f.partial(y=2).expand(x=[1])
    assert document(dag).tasks[0].template_fields["op_kwargs"] == {"y": 2, "x": [1]}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.dates()
    | st.timedeltas() | st.just(object()) | st.just(print) | st.just(Work),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
)  # fmt: skip


@given(value=ANYTHING)
def test_anything_has_a_preview_that_is_json_and_shows_no_address(value: Any) -> None:
    text = json.dumps(preview(value), allow_nan=False)
    assert " at 0x" not in text


def test_a_preview_is_bounded_and_says_what_it_leaves_out() -> None:
    deep: Any = "end"
    for _ in range(DEPTH_MAX + 5):
        deep = [deep]
    assert "<list of 1>" in json.dumps(preview(deep))
    assert preview(list(range(ITEMS_MAX + 3)))[-1] == "… 3 more"
    assert preview({str(number): 0 for number in range(ITEMS_MAX + 2)})["…"] == "2 more"
    assert preview("x" * (TEXT_LENGTH_MAX + 9)).endswith("… (9 more characters)")
    assert preview("\ud800") == "?"
    assert preview(10**30) == str(10**30)
    assert preview(date(2026, 1, 31)) == "2026-01-31"


def test_values_are_told_by_name_and_never_by_their_own_words() -> None:
    class Secret:
        def __repr__(self) -> str:
            return "password"

    assert "password" not in preview(Secret())
    assert preview(lambda: 1).endswith("<lambda>>")
    assert preview(Work(task_id="a").execute) == "<callable tests.sdk.declared.Work.execute>"
    with DAG("d"):
        assert preview(Work(task_id="b").output) == "XComArg(<Task(Work): b>)"


@pytest.mark.parametrize("when", [datetime(2026, 1, 1)])
def test_sets_are_in_order(when: datetime) -> None:
    assert preview({"b", "a", "c"}) == ["a", "b", "c"]
    assert preview({when, "x"}) == ["2026-01-01T00:00:00", "x"]
