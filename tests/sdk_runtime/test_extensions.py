"""A deployment's own code: what is found, what is kept out, and what policies do to DAGs."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from windward.document import DagDocument
from windward.errors import UserError
from windward.model.states import Semantics
from windward.sdk import extensions, policies
from windward.sdk.compat.links import BaseOperatorLink
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowClusterPolicyError, AirflowClusterPolicyViolation
from windward.sdk.extensions import Places
from windward.sdk.extra_links import links_of
from windward.sdk.operators.bash import BashOperator
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.serialize import to_document


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Yield a home with folders for both; what a test imports from it is forgotten afterwards."""
    for name in ("config", "plugins"):
        (tmp_path / name).mkdir()
    before, path = set(sys.modules), list(sys.path)
    extensions.configure(Places((str(tmp_path / "config"),), str(tmp_path / "plugins")))
    yield tmp_path
    extensions.configure(Places())
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def settings(home: Path, text: str, name: str = "windward_local_settings") -> None:
    (home / "config" / f"{name}.py").write_text(text)
    extensions.load()


def plugin(home: Path, body: str, name: str = "one") -> None:
    text = f"from airflow.plugins_manager import AirflowPlugin\n{body}\n"
    (home / "plugins" / f"{name}.py").write_text(text)


def dag_of() -> DAG:
    with DAG("sales", schedule=None, tags=["red"]) as dag:
        EmptyOperator(task_id="one")
        BashOperator.partial(task_id="many").expand(bash_command=["a", "b"])
    return dag


def document_of(dag: DAG) -> DagDocument:
    return to_document(dag, fileloc="f.py", code_hash="", semantics=Semantics.AIRFLOW3, semantics_reason="")


def test_nothing_is_imported_before_it_is_loaded(home: Path) -> None:
    (home / "config" / "windward_local_settings.py").write_text("raise SystemError")
    assert policies.is_kept(dag_of())
    assert extensions.current().plugins == []


def test_policies_change_dags_and_tasks_and_the_instances_of_mapped_ones(home: Path) -> None:
    settings(
        home,
        """
from datetime import timedelta
def dag_policy(dag): dag.tags = {*dag.tags, "blue"}
def task_policy(task): task.execution_timeout = timedelta(hours=1)
def task_instance_mutation_hook(task_instance):
    task_instance.queue = "large"
    task_instance.max_tries = 9
    task_instance.priority_weight = 7
""",
    )
    dag = dag_of()
    assert policies.is_kept(dag)
    assert set(dag.tags) == {"red", "blue"}
    for task in dag.tasks:
        assert (task.execution_timeout, task.queue, task.retries) == (timedelta(hours=1), "large", 9)
        assert (task.priority_weight, str(task.weight_rule)) == (7, "absolute")
    instance = dag.get_task("many").unmap({"bash_command": "a"})
    assert (instance.execution_timeout, instance.queue) == (timedelta(hours=1), "large")


def test_a_policy_may_send_retries_elsewhere(home: Path) -> None:
    settings(
        home,
        """
def task_instance_mutation_hook(task_instance):
    task_instance.max_tries = 3
    if task_instance.try_number >= 1: task_instance.queue = "patient"
    if task_instance.try_number >= 3: task_instance.queue = "last"
""",
    )
    dag = dag_of()
    assert policies.is_kept(dag)
    for task in document_of(dag).tasks:
        queues = [task.queue_of(number) for number in range(1, 7)]
        assert queues == ["default", "patient", "patient", "last", "last", "last"]


def test_a_policy_that_does_not_look_at_tries_says_nothing_of_them(home: Path) -> None:
    settings(home, "def task_instance_mutation_hook(task_instance): task_instance.queue = 'large'")
    dag = dag_of()
    assert policies.is_kept(dag)
    assert {(task.queue, task.retry_queues) for task in document_of(dag).tasks} == {("large", ())}


@pytest.mark.parametrize("name", ["windward_local_settings", "airflow_local_settings"])
def test_a_rule_that_is_broken_is_an_error_and_a_skipped_dag_is_none(home: Path, name: str) -> None:
    settings(
        home,
        """
from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation
def policy(task):
    if "draft" in task.dag.tags: raise AirflowClusterPolicySkipDag
    if "red" in task.dag.tags: raise AirflowClusterPolicyViolation("no red ones")
    if "bad" in task.dag.tags: 1 / 0
""",
        name,
    )
    dag = dag_of()
    with pytest.raises(AirflowClusterPolicyViolation, match="no red ones"):
        policies.is_kept(dag)
    dag.tags = {"draft"}
    assert not policies.is_kept(dag)
    dag.tags = {"bad"}
    with pytest.raises(AirflowClusterPolicyError, match="ZeroDivisionError"):
        policies.is_kept(dag)
    dag.tags = {"good"}
    assert policies.is_kept(dag)


def test_local_settings_that_fail_stop_every_import(home: Path) -> None:
    (home / "config" / "windward_local_settings.py").write_text("import no_such_module_at_all")
    for _ in range(2):
        with pytest.raises(
            UserError, match="`windward_local_settings` cannot be imported: ModuleNotFoundError"
        ):
            extensions.load()


def test_the_environment_of_tasks_and_the_limit_of_imports_are_policies(home: Path) -> None:
    assert policies.context_variables({}) == {}
    assert policies.import_timeout_s("a.py", 30.0) == 30.0
    settings(
        home,
        """
def get_airflow_context_vars(context): return {"TEAM": context["team"]}
def get_dagbag_import_timeout(dag_file_path): return {"slow.py": 90, "odd.py": "x"}.get(dag_file_path)
def pod_mutation_hook(pod): pass
""",
    )
    assert policies.context_variables({"team": "red"}) == {"TEAM": "red"}
    with pytest.raises(TypeError, match="texts by texts"):
        policies.context_variables({"team": 1})
    assert policies.import_timeout_s("slow.py", 30.0) == 90.0
    assert policies.import_timeout_s("a.py", 30.0) == 30.0
    with pytest.raises(TypeError, match="a number"):
        policies.import_timeout_s("odd.py", 30.0)
    (problem,) = extensions.current().problems
    assert "`pod_mutation_hook`" in problem


def test_a_plugin_that_fails_is_left_out_and_the_others_are_loaded(home: Path) -> None:
    (home / "plugins" / "helper.py").write_text("raise SystemExit('not a plugin: not imported')")
    plugin(home, "1 / 0", "broken")
    plugin(home, "raise SystemExit('leaving')", "leaving")
    plugin(home, "from sound import Good", "again")
    plugin(home, "class Nameless(AirflowPlugin): pass", "nameless")
    plugin(
        home,
        """
from windward.sdk.compat.links import BaseOperatorLink
class Listener:
    def on_dag_run_failed(self, dag_run, msg): pass
    def on_asset_changed(self, asset): pass
def shout(text): return text.upper()
class Good(AirflowPlugin):
    name = "good"
    macros = [shout]
    flask_blueprints = [object()]
    listeners = [Listener()]
""",
        "sound",
    )
    loaded = extensions.load()
    assert [one.name for one in loaded.plugins] == ["good"]
    from windward.sdk import macros

    assert macros.good.shout("a") == "A"
    problems = "\n".join(loaded.problems)
    assert "`broken.py` of the plugins is left out: ZeroDivisionError" in problems
    assert "plugin `Nameless` is left out" in problems
    assert "`leaving.py` of the plugins is left out: SystemExit: leaving" in problems
    assert "plugin `good` lists what is not supported and not used: flask_blueprints" in problems
    assert "listeners of plugin `good` are not called for: on_asset_changed" in problems
    assert extensions.heard_of_runs() == {"failure"}
    assert document_of(dag_of()).callbacks == ("failure",)
    assert "helper" not in problems


class Link(BaseOperatorLink):
    operators = [EmptyOperator]  # noqa: RUF012 - Airflow's attribute

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def get_link(self, operator: object, *, ti_key: object) -> str:
        return "https://links.test"


def test_links_are_the_operators_own_then_of_its_class_then_of_all(home: Path) -> None:
    loaded = extensions.load()
    own, of_class, of_all = Link("own"), Link("class"), Link("all")
    loaded.links += [of_class, Link("own")]
    loaded.global_links += [of_all, Link("class")]
    task = EmptyOperator(task_id="a")
    task.operator_extra_links = (own,)
    assert links_of(task) == [own, of_class, of_all]
    mapped = dag_of().get_task("many")
    assert [link.name for link in links_of(mapped)] == ["all", "class"]


def test_what_was_looked_up_is_not_looked_for_again(home: Path) -> None:
    settings_file = home / "config" / "windward_local_settings.py"
    assert extensions.look_up().settings is None
    settings_file.write_text("1 / 0")
    plugin(home, "1 / 0")
    assert extensions.load().problems == [], "a child loads what there was before the fork"


def test_what_stands_in_the_folders_has_a_fingerprint(home: Path) -> None:
    places = Places((str(home / "config"),), str(home / "plugins"))
    seen = [extensions.fingerprint(places)]
    (home / "config" / "airflow_local_settings.py").write_text("x = 1")
    seen.append(extensions.fingerprint(places))
    plugin(home, "x = 1")
    seen.append(extensions.fingerprint(places))
    plugin(home, "x = 100")
    seen.append(extensions.fingerprint(places))
    assert len(set(seen)) == 4
