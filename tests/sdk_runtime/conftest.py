"""A DAG to put tasks into, and secrets that are forgotten after each test."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from windward.sdk import masking
from windward.sdk.dag import DAG


@pytest.fixture
def dag() -> DAG:
    return DAG("dag", start_date=datetime(2024, 1, 1, tzinfo=UTC), schedule=None)


@pytest.fixture(autouse=True)
def _own_secrets() -> Iterator[None]:
    before = masking.MASKER.__dict__.copy()
    masking.MASKER.__init__()  # type: ignore[misc]
    yield
    masking.MASKER.__dict__.update(before)
