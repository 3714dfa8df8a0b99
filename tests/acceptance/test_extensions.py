"""Policies and plugins of an installation on the whole real way: processor, worker, API."""

import shutil
from pathlib import Path

import pytest

from tests.acceptance.conftest import DATABASES, MakeSystem
from tests.acceptance.harness import wait_for
from tests.tidy import tree


@pytest.mark.parametrize("database", DATABASES)
def test_rules_hold_links_are_kept_and_listeners_hear(
    make_system: MakeSystem, tmp_path: Path, database: str
) -> None:
    ledger = tmp_path / "ledger"
    settings = {"LEDGER": str(ledger), "WINDWARD__WORKERS__QUEUES": "default,large"}
    system = make_system(database=database, settings=settings)
    for folder, name in (("config", "windward_local_settings.py"), ("plugins", "company_plugin.py")):
        (system.home / folder).mkdir(exist_ok=True)
        shutil.copy(tree.ROOT / "docs/extensions" / name, system.home / folder)
    shutil.copy(tree.ROOT / "docs/examples/extensions.py", system.dags)
    system.write("wild.py", "from airflow.sdk import DAG\nwith DAG('wild'): pass\n")
    system.start()
    system.wait_dag("extensions")
    wait_for(
        lambda: any(
            "no tag of a team" in (file.error or "") for file in system.session.store.catalog.load_files()
        ),
        "the DAG without a tag has no error",
    )
    system.trigger("extensions", "r")
    assert system.wait_run("extensions", "r") == "success", system.said()

    wait_for(lambda: ledger.exists() and len(ledger.read_text().splitlines()) == 3, "nobody noted the ends")
    assert sorted(ledger.read_text().splitlines()) == [
        "all run r succeeded",
        "sales greet succeeded",
        "sales heavy_load succeeded",
    ]
    assert "hello of sales" in system.log_of("extensions", "r", "greet")
    link = system.value("extensions", "r", "greet", "_link_Dashboard")
    assert link == "https://dashboards.example.com/extensions/greet"
