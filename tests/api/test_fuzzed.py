"""Requests that nobody thought of, made from our own OpenAPI document: no answer is a bug, each is as described.

A few for each operation in every test run; `make fuzz` sends many more.
"""

import copy
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from cryptography.fernet import Fernet
from schemathesis.checks import (
    CheckFunction,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

from tests import databases
from tests import services as services_of_tests
from tests.api.conftest import NOW, Client
from tests.api.filling import ASSET_ID, fill
from tests.store.building import step
from windward.api.app import OPERATIONS
from windward.api.contract.openapi import document_of
from windward.api.contract.operation import ForAttempt, Nothing, Operation
from windward.api.execution.tokens import AttemptClaims
from windward.api.services import Services
from windward.core.transitions import TaskEvent
from windward.model.states import FINISHED
from windward.protocol.work import AttemptRef
from windward.store.sql.open import SqlStore, open_store

IS_FUZZING = "FUZZ_EXAMPLES" in os.environ
DATABASE = os.environ.get("FUZZ_DATABASE", "sqlite")
EXAMPLES_MAX = int(os.environ.get("FUZZ_EXAMPLES", "4"))
"""Requests of each kind for each operation: those that fit the document, and those that do not."""
ENDLESS = {"fetch_mail", "stream_events"}
"""What waits for something to tell."""
FOLLOWING = {"stream_log"}
"""What goes on as long as an attempt does: every attempt has ended when it is asked."""
UNANSWERED = {"start_attempt"}
"""What says 503, as described, because no scheduler is here; an answer that is not described is still found."""
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN: dict[str, list[object]] = {
    "dag_id": ["shop_dag", "~", "nothing"],
    "dag_run_id": ["shop_run", "shop_ended", "~"],
    "task_id": ["shop_task", "shop_ask", "shop_group.many", "~"],
    "map_index": [-1, 0, 7],
    "try_number": [1, 2],
    "task_try_number": [1, 2],
    "version_number": [1, 2],
    "xcom_key": ["shop_key", "a/b"],
    "key": ["shop_state", "a/b"],
    "asset_id": [ASSET_ID, 1],
    "backfill_id": [1, 2],
    "event_log_id": [1, 2],
    "pool_name": ["default_pool", "a/b"],
    "username": ["admin", "nobody"],
    "role": ["viewer", "none"],
    "group_id": ["shop_group", "none"],
}
"""Values of path parameters, so that requests meet rows and not only what is not there."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """Return a store on SQLite, or on the database that the fuzzing is asked for."""
    with ExitStack() as stack:
        fresh = {
            "postgres": services_of_tests.fresh_postgres,
            "mariadb": services_of_tests.fresh_mariadb,
        }.get(DATABASE)
        if fresh is None:
            url = databases.with_tables(tmp_path / "windward.db")
        else:
            url = stack.enter_context(fresh())
        opened = open_store(url, fernet_keys=[Fernet.generate_key().decode()], create=True)
        stack.callback(opened.close)
        yield opened


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document_of(OPERATIONS, title="Windward", version="0")))
    for methods in found["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and parameter["name"] in KNOWN:
                    parameter["schema"] = {"enum": KNOWN[parameter["name"]]}
    return found


def schema_for(operation: Operation) -> Any:
    """Return the schema of one operation."""
    described, path = document(), operation.path.replace(":path}", "}")
    generation = GenerationConfig(deterministic=True, max_examples=EXAMPLES_MAX, allow_x00=True)
    config = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
    method = operation.method.lower()
    alone = copy.deepcopy(described["paths"][path][method])
    if operation.name == "wait_dag_run_until_finished":
        (run,) = [one for one in alone["parameters"] if one["name"] == "dag_run_id"]
        run["schema"] = {"enum": ["shop_ended", "nothing"]}  # the other run never ends
    only = {**described, "paths": {path: {method: alone}}}
    return schemathesis.openapi.from_dict(only, config=config)


def caller_of(operation: Operation, services: Services) -> dict[str, str]:
    """Return the headers of somebody who may."""
    if not isinstance(operation.access, ForAttempt):
        return {"x-role": "admin"}
    claims = AttemptClaims(ref=AttemptRef(10, "shop_task", -1, 1), host_id="h", dag_id="shop_dag")
    return {"authorization": f"Bearer {services.execution.tokens.make(claims, now=NOW)}"}


def end_attempts(store: SqlStore) -> None:
    """Let everything of the runs that `fill` made fail that has not ended."""
    for task in store.runs.load_tasks([10, 11]):
        if task.state not in FINISHED:
            step(store, task.key, TaskEvent.FAIL)
    assert {task.state for task in store.runs.load_tasks([10, 11])} <= FINISHED


def has_parts(operation: Operation) -> bool:
    """Whether a request can be wrong at all."""
    return bool(operation.parameters) or operation.query is not Nothing or operation.body is not Nothing


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.name not in ENDLESS],
    ids=lambda one: one.name,
)
def test_no_request_finds_a_bug(
    client: Client, services: Services, store: SqlStore, operation: Operation
) -> None:
    fill(services, store, "shop", 1)
    if operation.name in FOLLOWING:
        end_attempts(store)
    schema = schema_for(operation)
    schema.app = client.app
    (found,) = [one.ok() for one in schema.get_all_operations()]
    headers = caller_of(operation, services)
    may_give_up = operation.not_offered or operation.name in UNANSWERED
    checks = [one for one in CHECKS if not (may_give_up and one is not_a_server_error)]
    for mode in schemathesis.GenerationMode:
        if mode is schemathesis.GenerationMode.NEGATIVE and not has_parts(operation):
            continue

        @hypothesis.given(case=found.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=EXAMPLES_MAX,
            derandomize=not IS_FUZZING,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        )
        def ask(case: schemathesis.Case[Any]) -> None:
            # It is sent as it is, and ends the path: the request would be one of another operation.
            hypothesis.assume(not {"?", "#"} & set(case.formatted_path))
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=checks)

        ask()


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.query is not Nothing], ids=lambda one: one.name
)
def test_no_number_in_a_query_is_too_large_for_a_database(operation: Operation) -> None:
    unbounded = [
        field.encode_name
        for field in msgspec.structs.fields(operation.query)
        if any(
            one.ge is None or one.le is None for one in whole_numbers(msgspec.inspect.type_info(field.type))
        )
    ]
    assert unbounded == []


def whole_numbers(kind: msgspec.inspect.Type) -> list[msgspec.inspect.IntType]:
    """Return the types of whole numbers that a value may have, within lists too."""
    match kind:
        case msgspec.inspect.IntType():
            return [kind]
        case msgspec.inspect.UnionType(types=types):
            return [found for one in types for found in whole_numbers(one)]
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return whole_numbers(kind.item_type)
        case _:
            return []


@pytest.mark.parametrize(
    "body",
    [
        {"name": "p", "slots": 10**30},
        {"name": "p", "slots": 1, "description": "a\0b"},
        {"name": "a\0b", "slots": 1},
    ],
)
def test_what_no_database_holds_is_refused(client: Client, body: dict[str, object]) -> None:
    assert client.ask("POST", "/api/v2/pools", body, role="admin").status == 422
    body = {"dag_run_id": "r", "logical_date": None, "conf": {"deep": [body]}}
    assert client.ask("POST", "/api/v2/dags/sales/dagRuns", body, role="admin").status == 422
