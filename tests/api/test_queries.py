"""What every query string keeps to, whatever the operation."""

import msgspec
import pytest

from tests.api.conftest import Client
from tests.api.test_walk import path_of
from windward.api.app import OPERATIONS
from windward.api.contract.operation import Nothing, Operation


def measures() -> list[tuple[Operation, str]]:
    """Return the parameters that are numbers with a fraction, each with its operation."""
    return [
        (one, field.encode_name)
        for one in OPERATIONS
        if one.query is not Nothing
        for field in msgspec.structs.fields(one.query)
        if "float" in str(field.type)
    ]


def test_there_are_parameters_with_a_fraction() -> None:
    assert {name for _, name in measures()} >= {"duration_gt", "hours", "interval", "wait_s"}


@pytest.mark.parametrize(
    ("operation", "name"), measures(), ids=[f"{one.name}-{name}" for one, name in measures()]
)
def test_what_is_no_finite_number_is_refused(client: Client, operation: Operation, name: str) -> None:
    """NaN is smaller than nothing and greater than nothing: no limit holds it, and a wait for it never ends."""
    for text in ("nan", "inf"):
        answer = client.ask(operation.method, f"{path_of(operation)}?{name}={text}", role="admin")
        assert answer.status == 422
        assert answer.json["detail"][0]["loc"] == ["query", name]
