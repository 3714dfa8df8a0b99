"""Modules made of tables behave as modules do, and stand beside the files of others."""

import importlib
import importlib.util
import os
import pickle
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

import airflow
from airflow import _finder, _rival, _tables
from airflow._finder import NameNotAvailableError


def fresh(program: str, *, path: Path | None = None) -> str:
    """Run `program` in an interpreter of its own and return what it printed."""
    environ = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(path or "")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, env=environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def a_file(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_importing_airflow_alone_loads_no_sdk_and_reads_no_table() -> None:
    program = """
import sys, airflow
from airflow import _tables
print([name for name in sys.modules if name.startswith("windward.")], _tables._loaded)
"""
    assert fresh(program) == "[] {}"


def test_one_class_has_one_identity_by_all_of_its_paths() -> None:
    import airflow.models.dag
    import airflow.sdk
    from windward.sdk.dag import DAG

    assert DAG is airflow.DAG is airflow.models.DAG is airflow.models.dag.DAG is airflow.sdk.DAG


def test_a_name_of_another_kind_of_import_is_the_same() -> None:
    import airflow.models.baseoperator
    from airflow.models import baseoperator

    assert airflow.models.baseoperator is baseoperator is sys.modules["airflow.models.baseoperator"]
    assert importlib.import_module("airflow.models.baseoperator").chain is baseoperator.chain


def test_a_submodule_is_an_attribute_of_its_package_before_it_is_imported() -> None:
    assert fresh("import airflow; print(airflow.models.variable.Variable.__name__)") == "Variable"


def test_a_star_import_gives_every_name_that_is_there() -> None:
    held: dict[str, object] = {}
    exec("from airflow.sdk.definitions.param import *", held)
    assert {"Param", "ParamsDict", "DagParam"} <= held.keys()


def test_a_star_import_leaves_out_names_that_come_later() -> None:
    import airflow.models.asset as module

    assert "AssetModel" not in module.__all__
    assert "AssetModel" not in dir(module)


def test_a_name_that_comes_later_is_an_import_error_with_advice() -> None:
    with pytest.raises(NameNotAvailableError) as caught:
        from airflow.models.dag import create_timetable  # noqa: F401
    assert "`airflow.models.dag.create_timetable`" in str(caught.value)
    assert "schedule=" in caught.value.hint
    assert isinstance(caught.value, ImportError)


def test_a_name_that_airflow_does_not_have_is_pythons_own_error() -> None:
    with pytest.raises(ImportError, match="cannot import name 'PythonOperatr'") as caught:
        from airflow.operators.python import PythonOperatr  # noqa: F401
    assert not isinstance(caught.value, NameNotAvailableError)


def test_a_module_that_airflow_does_not_have_is_pythons_own_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'airflow\.operatrs'"):
        importlib.import_module("airflow.operatrs")
    assert importlib.util.find_spec("airflow.providers.no_such_provider") is None


def test_an_alias_of_a_provider_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(NameNotAvailableError, match="apache-airflow-providers-apache-hive"):
        from airflow.operators.hive_operator import HiveOperator  # noqa: F401


def test_an_old_path_warns_once_at_the_line_that_imports() -> None:
    program = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from airflow.operators.bash_operator import BashOperator
    from airflow.operators.bash_operator import BashOperator
    from airflow.operators import DummyOperator
print([(one.filename, one.lineno, one.category.__name__, str(one.message)) for one in caught])
"""
    assert fresh(program) == str(
        [
            ("<string>", 5, "RemovedInAirflow3Warning",
             "`airflow.operators.bash_operator.BashOperator` is deprecated; use `airflow.operators.bash.BashOperator`"),
            ("<string>", 7, "RemovedInAirflow3Warning",
             "`airflow.operators.DummyOperator` is deprecated; use `airflow.operators.empty.EmptyOperator`"),
        ]
    )  # fmt: skip


def test_paths_of_airflow_2_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        importlib.reload(importlib.import_module("airflow.operators.python")).PythonOperator


def test_reloading_a_module_changes_nothing() -> None:
    import airflow.utils.state as module

    before = module.State
    assert importlib.reload(module) is module
    assert module.State is before


def test_a_class_is_pickled_by_its_own_path() -> None:
    from airflow.exceptions import AirflowSkipException
    from airflow.models.param import Param

    assert b"airflow.models" not in pickle.dumps(Param)
    assert pickle.loads(pickle.dumps(Param)) is Param
    assert pickle.loads(b"cairflow.exceptions\nAirflowSkipException\n.") is AirflowSkipException


def test_threads_that_import_one_name_at_once_get_one_object() -> None:
    program = """
import threading
found, at_once = [], threading.Barrier(8, timeout=30)
def work():
    at_once.wait()
    from airflow.models.baseoperator import BaseOperator
    found.append(BaseOperator)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join(30)
print(len(found), len(set(found)))
"""
    assert fresh(program) == "8 1"
    assert threading.active_count() >= 1


def test_packages_and_modules_are_told_apart() -> None:
    package = importlib.util.find_spec("airflow.operators")
    module = importlib.util.find_spec("airflow.operators.python")
    assert package is not None
    assert package.submodule_search_locations is not None
    assert module is not None
    assert module.submodule_search_locations is None


def test_a_provider_in_another_folder_is_found_beside_ours(tmp_path: Path) -> None:
    a_file(tmp_path / "airflow/providers/weather/__init__.py", "SUN = True")
    program = "from airflow.providers.weather import SUN; from airflow.models import Variable; print(SUN)"
    assert fresh(program, path=tmp_path) == "True"


def test_an_installed_provider_serves_itself(tmp_path: Path) -> None:
    a_file(tmp_path / "airflow/providers/standard/__init__.py")
    a_file(tmp_path / "airflow/providers/standard/operators/__init__.py")
    a_file(tmp_path / "airflow/providers/standard/operators/empty.py", "EmptyOperator = 'theirs'")
    program = """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.operators.empty import EmptyOperator as core
print(EmptyOperator, core.__module__)
"""
    assert fresh(program, path=tmp_path) == "theirs windward.sdk.operators.empty"


def test_a_provider_that_is_not_installed_is_served_from_the_tables(tmp_path: Path) -> None:
    a_file(tmp_path / "airflow/providers/postgres/__init__.py")
    a_file(tmp_path / "airflow/providers/postgres/hooks/postgres.py", "PostgresHook = 'theirs'")
    program = """
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.standard.operators.python import PythonOperator
import airflow.providers.postgres.operators.postgres as old
print(PostgresHook, PythonOperator.__module__, old.__spec__.origin)
"""
    assert fresh(program, path=tmp_path) == "theirs windward.sdk.operators.python windward-airflow"


def test_a_folder_of_somebodys_own_named_airflow_hides_none_of_our_modules(tmp_path: Path) -> None:
    a_file(tmp_path / "airflow/operators/house.py", "ROOMS = 3")
    a_file(tmp_path / "airflow/utils/__init__.py", "raise AssertionError('not ours')")
    program = """
from airflow.operators.house import ROOMS
from airflow.utils import dates
print(ROOMS, dates.__spec__.origin)
"""
    assert fresh(program, path=tmp_path) == "3 windward-airflow"


def test_the_real_airflow_in_the_same_environment_is_refused(tmp_path: Path) -> None:
    a_file(tmp_path / "airflow/models/__init__.py")
    a_file(tmp_path / "airflow/configuration.py")
    with pytest.raises(ImportError, match="Apache Airflow and windward-airflow are both installed") as caught:
        _rival.refuse([*airflow.__path__, str(tmp_path / "airflow")])
    assert "pip uninstall" in str(caught.value)


def test_folders_of_providers_are_not_refused(tmp_path: Path) -> None:
    a_file(tmp_path / "airflow/providers/http/__init__.py")
    a_file(tmp_path / "airflow/plugins/house.py")
    _rival.refuse([*airflow.__path__, str(tmp_path / "airflow")])


def test_installing_the_finders_twice_leaves_one_of_each() -> None:
    _finder.install()
    assert sys.meta_path.count(_finder.CoreFinder) == 1
    assert sys.meta_path.count(_finder.ProviderFinder) == 1


def test_every_version_constant_says_the_same() -> None:
    from airflow import version
    from airflow.version import version as of_module

    assert airflow.__version__ == of_module == version.version
    assert of_module.startswith("3.1.")


def test_every_module_of_the_tables_can_be_imported() -> None:
    for name in _tables.modules():
        assert importlib.import_module(name).__name__ == name
