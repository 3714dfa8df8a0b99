"""Every route, as every role: who is nobody is refused, who lacks the right is refused, and nothing is forgotten."""

import re
from itertools import pairwise

import pytest
from starlette.routing import compile_path

from tests.api.conftest import Client, FakeGate
from windward.api.app import OPERATIONS
from windward.api.contract.operation import ForAttempt, Needs, Open, Operation, Scope, SignedIn
from windward.core.access import BUILT_IN_ROLES
from windward.model.access import Permission, Resource, Verb

EXAMPLES = {"dag_id": "no_such_dag"}
NUMBER = "1"
OPEN = {"begin_session", "create_token", "create_token_cli", "get_health", "get_version", "login", "logout"}
"""What anybody may ask. Whoever adds to this list says why where the route is."""

# What each role may do, said once more and by hand: the server's own table is what is tested.
LOOK = {Verb.READ}
ALL = set(Verb)
SECRETIVE = {
    Resource.AUDIT_LOG, Resource.CONFIG, Resource.CONNECTION, Resource.ROLE, Resource.USER, Resource.VARIABLE,
}  # fmt: skip
RUNNERS = {
    Resource.ASSET, Resource.BACKFILL, Resource.DAG, Resource.HUMAN_INPUT, Resource.RUN, Resource.TASK_INSTANCE,
}  # fmt: skip
OPERATORS = {
    Resource.ASSET_STATE, Resource.CONNECTION, Resource.JOB, Resource.POOL, Resource.TASK_STATE, Resource.VARIABLE,
    Resource.WORKER, Resource.XCOM,
}  # fmt: skip


@pytest.fixture
def variables() -> dict[str, str]:
    """Switch on what settings turn off for everybody: the rights behind it are what is tested here."""
    return {
        "WINDWARD__API__EXPOSE_CONFIG": "true",
        "WINDWARD__CORE__TEST_CONNECTION": "enabled",
        "WINDWARD__METRICS__PROMETHEUS_ON": "true",
    }


def may(role: str, verb: Verb, resource: Resource) -> bool:
    if role == "admin":
        return True
    looks = verb is Verb.READ and resource not in SECRETIVE
    if role == "viewer":
        return looks
    runs = looks or resource in RUNNERS
    if role == "user":
        return runs
    operates = resource in OPERATORS or (
        verb is Verb.READ and resource in {Resource.AUDIT_LOG, Resource.CONFIG}
    )
    return runs or operates


def path_of(operation: Operation) -> str:
    return re.sub(r"\{(\w+)(?::path)?\}", lambda match: EXAMPLES.get(match.group(1), NUMBER), operation.path)


def guarded() -> list[Operation]:
    return [one for one in OPERATIONS if isinstance(one.access, Needs | SignedIn)]


def test_every_operation_is_open_or_guarded_or_for_attempts() -> None:
    for one in OPERATIONS:
        assert isinstance(one.access, Open | ForAttempt | Needs | SignedIn)


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if isinstance(one.access, ForAttempt)], ids=lambda one: one.name
)
def test_what_is_for_attempts_is_for_no_person(client: Client, operation: Operation) -> None:
    for role in (None, *BUILT_IN_ROLES):
        assert client.ask(operation.method, path_of(operation), {}, role=role).status == 401


def test_no_two_operations_share_a_name_or_a_place() -> None:
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)


def test_no_operation_stands_in_the_way_of_another() -> None:
    patterns = [(one, compile_path(one.path)[0]) for one in OPERATIONS]
    for one in OPERATIONS:
        path = path_of(one)
        first = next(
            other for other, pattern in patterns if other.method == one.method and pattern.match(path)
        )
        assert first.name == one.name


def test_what_is_open_is_listed_here() -> None:
    assert {one.name for one in OPERATIONS if isinstance(one.access, Open)} == OPEN


@pytest.mark.parametrize("operation", guarded(), ids=lambda one: one.name)
def test_nobody_gets_in_without_a_name(client: Client, operation: Operation) -> None:
    answer = client.ask(operation.method, path_of(operation), {} if operation.changes else None)
    assert answer.status == 401
    assert answer.json == {"detail": "Not authenticated"}
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", BUILT_IN_ROLES)
@pytest.mark.parametrize("operation", guarded(), ids=lambda one: one.name)
def test_a_role_gets_in_where_it_may_and_nowhere_else(
    client: Client, operation: Operation, role: str
) -> None:
    # A body that fits nothing: whoever is let in is told so, and changes nothing.
    body = b'{"no such field": 1}' if operation.changes else None
    answer = client.ask(operation.method, path_of(operation), body, role=role)
    access = operation.access
    assert answer.status != 500, answer.body
    if isinstance(access, SignedIn):
        assert answer.status not in {401, 403}
        return
    assert isinstance(access, Needs)
    assert (answer.status == 403) is not may(role, access.verb, access.resource), answer.body


@pytest.mark.parametrize("operation", guarded(), ids=lambda one: one.name)
def test_leave_for_another_dag_is_no_leave(client: Client, gate: FakeGate, operation: Operation) -> None:
    gate.permissions["elsewhere"] = frozenset(
        Permission(resource=resource, verb=verb, dag_id="another_dag")
        for resource in Resource
        for verb in Verb
    )
    body = b'{"no such field": 1}' if operation.changes else None
    answer = client.ask(operation.method, path_of(operation), body, role="elsewhere")
    if isinstance(operation.access, Needs) and operation.access.scope in {Scope.NONE, Scope.PATH}:
        assert answer.status == 403, answer.body
    else:
        assert answer.status != 500


def test_a_role_holds_what_the_lesser_one_holds() -> None:
    roles = list(BUILT_IN_ROLES.values())
    assert all(lesser < greater for lesser, greater in pairwise(roles))


def test_answers_may_not_be_framed_guessed_or_kept(client: Client) -> None:
    answer = client.ask("GET", "/api/v2/pools", role="viewer")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "access-control-allow-origin" not in answer.headers
