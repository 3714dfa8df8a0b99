"""Virtual environments that tasks run in: what is in them, how they are made, when they are kept."""

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.sdk_runtime.fakes import FakeBridge, running
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException
from windward.sdk.isolated.environments import EnvironmentSpec, build, kept_environment
from windward.sdk.operators.virtualenv import PythonVirtualenvOperator
from windward.sdk.subprocess_hook import SubprocessHook


def run(operator: Any) -> Any:
    ready = operator.prepare_for_execution()
    with running(ready) as (context, _):
        ready.render_template_fields(context)
        return ready.execute(context)


def project(folder: Path, name: str = "shopkeeper") -> str:
    """Return the requirement of a package that is built without a network."""
    (folder / name).mkdir(parents=True)
    (folder / name / "pyproject.toml").write_text(
        f'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "{name}"\nversion = "1.0"\n'
    )
    (folder / name / "backend.py").write_text(_BACKEND.replace("NAME", name))
    return f"{name} @ {(folder / name).as_uri()}"


_BACKEND = """
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "NAME-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        wheel.writestr("NAME.py", "GOODS = 12\\n")
        wheel.writestr("NAME-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        wheel.writestr("NAME-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("NAME-1.0.dist-info/RECORD", "")
    return name
"""


def goods() -> Any:
    import sys

    import shopkeeper  # type: ignore[import-not-found]

    return shopkeeper.GOODS, sys.prefix


def test_an_environment_has_what_is_required_and_is_gone_afterwards(dag: DAG, tmp_path: Path) -> None:
    operator = PythonVirtualenvOperator(
        task_id="p", python_callable=goods, requirements=[project(tmp_path)], index_urls=[], dag=dag
    )
    count, prefix = run(operator)
    assert count == 12
    assert not Path(prefix).exists()


def test_an_environment_is_made_by_pip_where_uv_is_missing(tmp_path: Path) -> None:
    spec = EnvironmentSpec(requirements=(project(tmp_path),), index_urls=())
    python = build(spec, tmp_path / "venv", SubprocessHook(), uv=None)
    code = "import shopkeeper, msgspec; print(shopkeeper.GOODS)"
    assert subprocess.run([python, "-c", code], capture_output=True, text=True).stdout == "12\n"


def test_an_environment_sees_our_packages_or_not(dag: DAG) -> None:
    def sees() -> bool:
        import importlib.util

        return importlib.util.find_spec("msgspec") is not None

    def see(name: str, *, system: bool) -> Any:
        return run(
            PythonVirtualenvOperator(
                task_id="p", python_callable=sees, system_site_packages=system, dag=DAG(name, schedule=None)
            )
        )

    assert see("with", system=True) is True
    assert see("without", system=False) is False


def test_a_kept_environment_is_made_once_by_two_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = EnvironmentSpec(requirements=(), system_site_packages=False)
    found: list[Path] = []

    def ask() -> None:
        with kept_environment(spec, tmp_path, SubprocessHook()) as python:
            found.append(python)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    with caplog.at_level("INFO"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(found)) == 1
    assert found[0].exists()
    assert sum("Re-using cached" in message for message in caplog.messages) == 1


def test_an_environment_that_was_not_finished_is_made_anew(tmp_path: Path) -> None:
    spec = EnvironmentSpec(requirements=(), system_site_packages=False)
    half = tmp_path / f"venv-{spec.key}" / "bin"
    half.mkdir(parents=True)
    (half / "python").write_text("not an interpreter")
    with kept_environment(spec, tmp_path, SubprocessHook()) as python:
        assert python.stat().st_size > 100


def test_environments_are_kept_apart_by_their_content() -> None:
    specs = [
        EnvironmentSpec(requirements=()),
        EnvironmentSpec(requirements=("a",)),
        EnvironmentSpec(requirements=("a",), python="3.12"),
        EnvironmentSpec(requirements=("a",), index_urls=()),
        EnvironmentSpec(requirements=("a",), install_options=("--no-deps",)),
        EnvironmentSpec(requirements=("a",), system_site_packages=False),
    ]
    assert len({spec.key for spec in specs}) == len(specs)
    assert EnvironmentSpec(requirements=("a",)).key == specs[1].key


def test_requirements_that_cannot_be_met_fail_with_the_installers_words(dag: DAG, tmp_path: Path) -> None:
    def nothing() -> None: ...

    operator = PythonVirtualenvOperator(
        task_id="p", python_callable=nothing, requirements="no-such-thing==1", index_urls=[], dag=dag
    )
    with pytest.raises(AirflowException, match="the virtual environment cannot be made"):
        run(operator)


def test_requirements_may_be_a_templated_file(tmp_path: Path) -> None:
    (tmp_path / "wanted.txt").write_text("# {{ ds }}\nshop-{{ ds_nodash }}==1\nother\n")
    dag = DAG("dag", schedule=None, template_searchpath=str(tmp_path))

    def nothing() -> None: ...

    operator = PythonVirtualenvOperator(
        task_id="p", python_callable=nothing, requirements="wanted.txt", serializer="cloudpickle",
        system_site_packages=False, dag=dag,
    )  # fmt: skip
    with running(operator) as (context, _):
        operator.render_template_fields(context)
    assert operator._spec().requirements == ("# 2024-03-09", "shop-20240309==1", "other", "cloudpickle")


def test_indexes_come_from_connections_with_their_login(dag: DAG) -> None:
    def nothing() -> None: ...

    bridge = FakeBridge()
    bridge.connections["ours"] = {
        "conn_type": "package_index", "host": "https://index.example/simple", "login": "me", "password": "pass word",
    }  # fmt: skip
    operator = PythonVirtualenvOperator(
        task_id="p", python_callable=nothing, index_urls="https://a.example", dag=dag,
        index_urls_from_connection_ids=["ours"],
    )  # fmt: skip
    with running(operator, bridge=bridge):
        assert operator._spec().index_urls == (
            "https://a.example",
            "https://me:pass%20word@index.example/simple",
        )
    assert "pass word" in bridge.masked
