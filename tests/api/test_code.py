"""Code of versions, and what is next."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.api.conftest import NOW, Client, FakeGate
from tests.store.building import put_dags
from windward.api.services import Services
from windward.model.access import Permission, Resource, Verb
from windward.store.sql.open import SqlStore
from windward.timetable.authoring import cron_trigger

CODE = "/api/windward/v1/dags/sales/versions/1/code"


@pytest.fixture
def coded(store: SqlStore, services: Services, tmp_path: Path) -> None:
    files = {"sales.py": b"import helper\n", "helper.py": b"x = 1\n"}
    code_hash = services.execution.code.save(tmp_path, files)
    put_dags(store, "sales", "secret", code_hash=code_hash)


@pytest.mark.usefixtures("coded")
def test_a_version_lists_all_files_that_it_was_made_of(client: Client) -> None:
    found = client.ask("GET", CODE, role="viewer").json
    assert [(file["path"], file["is_declaring"]) for file in found["files"]] == [
        ("helper.py", False),
        ("sales.py", True),
    ]
    text = client.ask("GET", f"{CODE}/file?path=helper.py", role="viewer").json
    assert text == {"path": "helper.py", "content": "x = 1\n"}


@pytest.mark.usefixtures("coded")
@pytest.mark.parametrize("path", ["../helper.py", "/etc/passwd", "nothing.py", ""])
def test_nothing_beside_a_version_is_shown(client: Client, path: str) -> None:
    assert client.ask("GET", f"{CODE}/file?path={path}", role="viewer").status == 404
    assert client.ask("GET", CODE.replace("/1/", "/7/"), role="viewer").status == 404


@pytest.mark.usefixtures("coded")
def test_code_that_declares_another_dag_too_is_not_shown_to_who_may_not_see_that_one(
    client: Client, gate: FakeGate
) -> None:
    may = Permission(resource=Resource.CODE, verb=Verb.READ, dag_id="sales")
    gate.permissions["seller"] = frozenset({may})
    assert client.ask("GET", CODE, role="seller").status == 403


def test_what_is_next_is_told_in_order_and_within_reach(
    client: Client, store: SqlStore, gate: FakeGate
) -> None:
    hourly, daily = (cron_trigger(text, timezone="UTC") for text in ("@hourly", "@daily"))
    put_dags(store, "hourly", fileloc="h.py", schedule=hourly, start_date=NOW - timedelta(days=9))
    put_dags(store, "daily", fileloc="d.py", schedule=daily, start_date=NOW - timedelta(days=9))
    put_dags(store, "manual", fileloc="m.py")
    found = client.ask("GET", "/api/windward/v1/upcoming?hours=13", role="viewer").json
    due = [run["run_after"] for run in found["runs"]]
    assert due == sorted(due)
    assert {run["dag_id"] for run in found["runs"]} == {"hourly", "daily"}
    assert found["is_whole"]
    gate.permissions["daily only"] = frozenset(
        {Permission(resource=Resource.DAG, verb=Verb.READ, dag_id="daily")}
    )
    named = client.ask("GET", "/api/windward/v1/upcoming?hours=48&dag_id=daily", role="viewer").json
    assert {run["dag_id"] for run in named["runs"]} == {"daily"}
    seen = client.ask("GET", "/api/windward/v1/upcoming?hours=48&limit=1", role="daily only").json
    assert [run["dag_id"] for run in seen["runs"]] == ["daily"]
    assert not seen["is_whole"]


def test_what_is_next_of_one_dag_is_as_much_as_is_asked_for(client: Client, store: SqlStore) -> None:
    hourly = cron_trigger("@hourly", timezone="UTC")
    put_dags(store, "hourly", fileloc="h.py", schedule=hourly, start_date=NOW - timedelta(days=9))
    month = "/api/windward/v1/upcoming?hours=744&limit=2000"
    one = client.ask("GET", f"{month}&dag_id=hourly", role="viewer").json
    assert len(one["runs"]) >= 743
    assert one["is_whole"]
    among_all = client.ask("GET", month, role="viewer").json
    assert len(among_all["runs"]) == 200
    assert not among_all["is_whole"]


def test_a_dag_file_that_is_imported_is_no_part_of_the_importers_code(
    client: Client, store: SqlStore, services: Services, gate: FakeGate, tmp_path: Path
) -> None:
    save = services.execution.code.save
    code_hash = save(tmp_path, {"shop.py": b"import wages\n", "wages.py": b"RATE = 7\n", "lib.py": b""})
    put_dags(store, "shop", fileloc="shop.py", code_hash=code_hash)
    put_dags(store, "wages", fileloc="wages.py", code_hash=code_hash)
    read = Permission(resource=Resource.CODE, verb=Verb.READ, dag_id="shop")
    gate.permissions["seller"] = frozenset({read})
    of_shop = "/api/windward/v1/dags/shop/versions/1/code/file?path="
    statuses = [
        client.ask("GET", of_shop + name, role="seller").status for name in ("shop.py", "lib.py", "wages.py")
    ]
    assert statuses == [200, 200, 403]
