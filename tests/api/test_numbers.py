"""Whole numbers of requests: none is greater than what every database holds."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests import databases
from tests.api.conftest import Client
from tests.api.filling import ASSET_ID, fill
from tests.store.building import put_dags
from windward.api.app import OPERATIONS
from windward.api.contract.openapi import document_of
from windward.api.services import Services
from windward.model.numbers import SMALL_MAX, WIDE_MAX
from windward.store.sql.open import SqlStore, open_store

WIDE = {
    "asset_alias_id", "asset_id", "callback_pk", "event_log_id", "import_error_id", "length", "mail_pks", "offset",
    "peak_rss_bytes", "return_length", "run_pk", "size_bytes",
}  # fmt: skip
"""Keys that databases count, and lengths in bytes: their columns hold 64 bits. `offset` is one in a log only."""
OF_LOGS = {"append_log", "stream_log"}
ANSWERED = {"ask"}
"""What user code asks is refused by the service that answers, so that it learns why; see the tests of the engine."""


def integers(
    document: dict[str, Any], schema: Any, name: str, seen: frozenset[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the schemas of whole numbers within a schema, each with the name of its field."""
    match schema:
        case list():
            for part in schema:
                yield from integers(document, part, name, seen)
        case {"$ref": str(reference)} if reference not in seen:
            target = document["components"]["schemas"][reference.rpartition("/")[2]]
            yield from integers(document, target, name, seen | {reference})
        case {"properties": dict(fields)}:
            for field, part in fields.items():
                yield from integers(document, part, field, seen)
        case dict():
            if schema.get("type") == "integer":
                yield name, schema
            for key, part in schema.items():
                if key != "default":
                    yield from integers(document, part, name, seen)


def numbers_of_requests() -> list[tuple[str, str, Any]]:
    document = document_of(OPERATIONS, title="", version="")
    found = []
    for methods in document["paths"].values():
        for one in methods.values():
            parts = [(part["name"], part["schema"]) for part in one["parameters"]]
            parts += [
                ("", media["schema"]) for media in one.get("requestBody", {}).get("content", {}).values()
            ]
            for name, schema in parts:
                found += [
                    (one["operationId"], field, number)
                    for field, number in integers(document, schema, name, frozenset())
                ]
    return found


def test_the_walk_finds_the_numbers_of_paths_queries_and_bodies() -> None:
    found = {(operation, field) for operation, field, _ in numbers_of_requests()}
    assert {
        ("create_asset_event", "asset_id"), ("get_mapped_task_instance", "map_index"), ("bulk_pools", "slots"),
        ("get_task_instances", "limit"), ("post_clear_task_instances", "task_ids"), ("beat", "fence"),
        ("create_backfill", "max_active_runs"), ("end_attempt", "exit_code"), ("get_code", "version_number"),
    } <= found  # fmt: skip


def test_every_whole_number_of_a_request_has_bounds_that_every_database_holds() -> None:
    for operation, field, number in numbers_of_requests():
        if operation in ANSWERED:
            continue
        is_wide = field in WIDE and (field != "offset" or operation in OF_LOGS)
        most = WIDE_MAX if is_wide else SMALL_MAX
        assert number.get("maximum", most + 1) <= most, (operation, field)
        assert number.get("minimum", -most - 1) >= -most, (operation, field)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        url = databases.with_tables(tmp_path / "windward.db")
    else:
        url = request.getfixturevalue(f"{request.param}_url")
    opened = open_store(url, fernet_keys=[Fernet.generate_key().decode()], create=True)
    if request.param != "sqlite":
        databases.empty(opened)
    yield opened
    opened.close()


RUN = "/api/v2/dags/mine_dag/dagRuns/mine_run"
POOL = {"name": "wide", "slots": 1}
ASKED = [
    ("GET", "/api/v2/dags/~/dagRuns/~/taskInstances?map_index={}", None),
    ("GET", "/api/v2/dags/~/dagRuns/~/taskInstances?try_number={}", None),
    ("GET", "/api/v2/dags/~/dagRuns/~/taskInstances?version_number={}", None),
    ("GET", "/api/v2/dags/~/dagRuns/~/taskInstances?offset={}", None),
    ("GET", "/api/v2/dags/~/dagRuns?dag_version={}", None),
    ("GET", "/api/v2/dags/mine_dag/dagVersions?version_number={}", None),
    ("GET", "/api/v2/dags/mine_dag/dagVersions/{}", None),
    ("GET", "/api/v2/dagSources/mine_dag?version_number={}", None),
    ("GET", "/api/v2/eventLogs?map_index={}", None),
    ("GET", "/api/v2/eventLogs?try_number={}", None),
    ("GET", "/api/v2/assets/events?source_map_index={}", None),
    ("GET", "/api/v2/backfills/{}", None),
    ("GET", RUN + "/taskInstances/mine_task/{}", None),
    ("GET", RUN + "/taskInstances/mine_task/tries/{}", None),
    ("GET", RUN + "/taskInstances/mine_task/logs/{}", None),
    ("GET", RUN + "/taskInstances/mine_task/logs/1?map_index={}", None),
    ("GET", RUN + "/taskInstances/mine_task/links?try_number={}", None),
    ("GET", RUN + "/taskInstances/mine_task/xcomEntries/mine_key?map_index={}", None),
    ("GET", "/api/windward/v1/dags/mine_dag/versions/{}/code", None),
    ("POST", "/api/v2/pools", POOL | {"slots": "{}"}),
    ("PATCH", "/api/v2/pools/default_pool", {"slots": "{}"}),
    ("POST", "/api/v2/dags/mine_dag/clearTaskInstances", {"task_ids": [["mine_task", "{}"]]}),
    ("POST", "/api/v2/backfills/dry_run", {"dag_id": "mine_hourly", "from_date": "2026-01-01T00:00:00Z",
                                           "to_date": "2026-01-01T02:00:00Z", "max_active_runs": "{}"}),
]  # fmt: skip


def put_into(body: Any, number: int) -> Any:
    match body:
        case "{}":
            return number
        case dict():
            return {key: put_into(value, number) for key, value in body.items()}
        case list():
            return [put_into(value, number) for value in body]
    return body


def test_a_number_beyond_32_bits_is_refused_by_each_and_the_greatest_within_is_not_an_error(
    client: Client, services: Services, store: SqlStore
) -> None:
    fill(services, store, "mine", 1)

    for method, path, body in ASKED:
        for number in (SMALL_MAX + 1, -SMALL_MAX - 1, 2**63, -(2**63), 10**40):
            answer = client.ask(method, path.format(number), put_into(body, number), role="admin")
            assert answer.status == 422, (path, number, answer.body)
        greatest = client.ask(method, path.format(SMALL_MAX), put_into(body, SMALL_MAX), role="admin")
        assert greatest.status < 422, (path, greatest.body)


def test_a_key_of_64_bits_is_looked_for_and_a_greater_one_refused(
    client: Client, services: Services, store: SqlStore
) -> None:
    fill(services, store, "mine", 1)
    event = {"asset_id": ASSET_ID, "extra": {"rows": WIDE_MAX}}
    assert client.ask("POST", "/api/v2/assets/events", event, role="admin").status == 200

    for path in (
        "/api/v2/assets/{}",
        "/api/v2/assets/aliases/{}",
        "/api/v2/eventLogs/{}",
        "/api/v2/importErrors/{}",
    ):
        assert client.ask("GET", path.format(WIDE_MAX), role="admin").status == 404
        assert client.ask("GET", path.format(WIDE_MAX + 1), role="admin").status == 422
    for number, status in ((WIDE_MAX, 404), (WIDE_MAX + 1, 422)):
        assert (
            client.ask("POST", "/api/v2/assets/events", {"asset_id": number}, role="admin").status == status
        )


def test_a_number_in_a_cursor_that_no_column_holds_makes_the_cursor_unusable(
    client: Client, services: Services, store: SqlStore
) -> None:
    fill(services, store, "mine", 1)
    path = "/api/v2/dags/~/dagRuns/~/taskInstances?order_by=map_index&limit=2&cursor="
    cursor = client.ask("GET", path, role="admin").json["next_cursor"]
    parts = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    assert -1 in parts[-1], "the last row's map index is in it"

    def altered(number: int) -> str:
        keys = [number if key == -1 else key for key in parts[-1]]
        return base64.urlsafe_b64encode(json.dumps([*parts[:-1], keys]).encode()).decode()

    assert client.ask("GET", path + altered(SMALL_MAX), role="admin").status == 200
    for number in (SMALL_MAX + 1, WIDE_MAX + 1):
        assert client.ask("GET", path + altered(number), role="admin").status == 400


def test_a_time_limit_beyond_the_calendar_is_shown(client: Client, store: SqlStore) -> None:
    put_dags(store, "long", dagrun_timeout_s=timedelta.max.total_seconds())
    shown = client.ask("GET", "/api/v2/dags/long/details", role="viewer")
    assert (shown.status, shown.json["dag_run_timeout"][:10]) == (200, "P999999999")
