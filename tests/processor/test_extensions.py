"""Policies of local settings hold for what the processor reads; they run in its children."""

from pathlib import Path

import pytest

from tests.processor.folder import Folder
from windward.ports.clock import Clock, SystemClock
from windward.processor.processor import Processor, open_processor

RULES = """
import time
from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation

def dag_policy(dag):
    if dag.dag_id == "draft":
        raise AirflowClusterPolicySkipDag
    if dag.dag_id == "wild":
        raise AirflowClusterPolicyViolation("wild ones are not allowed")

def task_instance_mutation_hook(task_instance):
    task_instance.queue = "large"

def get_dagbag_import_timeout(dag_file_path):
    return 0.3 if dag_file_path.endswith("slow.py") else 30
"""
DAGS = """
from windward import DAG
from windward.sdk.operators.empty import EmptyOperator
for name in ("draft", "wild", "good"):
    with DAG(name, schedule=None):
        EmptyOperator(task_id="a")
"""
SLOW = """
import time
from airflow import DAG
time.sleep(20)
"""


class SdkFolder(Folder):
    def processor(self, clock: Clock | None = None) -> Processor:
        return open_processor(self.settings, self.store, self.wakeup, clock or SystemClock(), code=self.code)


@pytest.fixture
def ruled(tmp_path: Path) -> Folder:
    folder = SdkFolder(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "windward_local_settings.py").write_text(RULES)
    return folder


def test_a_rule_makes_an_error_of_one_dag_leaves_one_out_and_changes_another(ruled: Folder) -> None:
    ruled.write("several.py", DAGS)
    ruled.parse()
    assert ruled.dags() == ["good"]
    assert [task.queue for task in ruled.document("good").tasks] == ["large"]
    error = ruled.error("several.py")
    assert "wild ones are not allowed" in error
    assert "draft" not in error


def test_a_file_has_as_long_as_the_policy_says(ruled: Folder) -> None:
    ruled.write("slow.py", SLOW)
    ruled.parse()
    assert "takes longer than" in ruled.error("slow.py") or "dagbag_import_timeout" in ruled.error("slow.py")


def test_changed_rules_hold_for_files_that_were_read_before(ruled: Folder, tmp_path: Path) -> None:
    ruled.write("several.py", DAGS)
    ruled.parse()
    (tmp_path / "config" / "windward_local_settings.py").write_text("# no rules any more\n")
    ruled.parse()
    assert sorted(ruled.dags()) == ["draft", "good", "wild"]


def test_local_settings_that_do_not_import_are_the_error_of_each_file(ruled: Folder, tmp_path: Path) -> None:
    ruled.write("several.py", DAGS)
    (tmp_path / "config" / "windward_local_settings.py").write_text("import no_such_module_at_all\n")
    ruled.parse()
    assert "`windward_local_settings` cannot be imported" in ruled.error("several.py")
    assert ruled.dags() == []
