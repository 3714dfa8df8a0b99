"""Airflow's way to JSON and back for code that calls it itself: `serialize`, `XComEncoder`, and their opposites.

The JSON is Windward's own (`windward.sdk.tagged_json`), not the one that Airflow writes.
"""

from __future__ import annotations

import json
from typing import Any

from windward.sdk import tagged_json


def serialize(value: Any, depth: int = 0) -> Any:
    """Return a value made of JSON's own types. Raises TypeError for what cannot be."""
    del depth
    try:
        return tagged_json.to_json(value)
    except tagged_json.UnknownTypeError as error:
        kind = type(value)
        name = str(error) or f"{kind.__module__}.{kind.__qualname__}"
        raise TypeError(
            f"cannot serialize object of type {name}: "
            "return what it is made of, or a dataclass, attrs class or pydantic model"
        ) from error


def deserialize(value: Any, full: bool = True, type_hint: Any = None) -> Any:  # noqa: FBT001, FBT002 - Airflow's signature
    """Return the value that `serialize` was given."""
    del full, type_hint
    return tagged_json.from_json(value)


class XComEncoder(json.JSONEncoder):
    """For `json.dumps(value, cls=XComEncoder)`: takes what passes between tasks as tagged JSON."""

    def iterencode(self, o: Any, _one_shot: bool = False) -> Any:  # noqa: FBT001, FBT002 - the base's signature
        """Yield the JSON in pieces; the whole value is made plain first, for JSON would take a tuple for a list."""
        return super().iterencode(serialize(o), _one_shot)


class XComDecoder(json.JSONDecoder):
    """For `json.loads(text, cls=XComDecoder)`."""

    def decode(self, s: str, *where: Any) -> Any:
        """Return the value that was encoded."""
        return deserialize(super().decode(s, *where))
