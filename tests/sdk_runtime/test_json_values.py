"""Airflow's encoders for JSON give back what they were given."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from windward.sdk.compat.json_values import XComDecoder, XComEncoder, deserialize, serialize

VALUES = [
    None, "text", 1.5, [1, {"a": None}], (1, (2,)), {"when": datetime(2026, 1, 1, tzinfo=UTC), "of": Decimal("1.10")},
    {1: "number"}, {"__type__": "tuple"}, {"set": {3}},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_what_is_encoded_comes_back_as_it_was(value: Any) -> None:
    text = json.dumps(value, cls=XComEncoder)
    file = io.StringIO()
    json.dump(value, file, cls=XComEncoder)
    assert json.loads(file.getvalue()) == json.loads(text)
    assert json.loads(text, cls=XComDecoder) == value
    assert json.load(io.StringIO(text), cls=XComDecoder) == value
    assert deserialize(json.loads(json.dumps(serialize(value)))) == value


def test_what_nothing_knows_is_refused_with_its_type() -> None:
    with pytest.raises(TypeError, match=r"cannot serialize object of type builtins\.object"):
        json.dumps([{"a": object()}], cls=XComEncoder)
