"""Parts of a body: only what was given counts, and of that only what a mask names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from windward.api.contract.problem import InvalidRequest


class MaskQuery(msgspec.Struct, kw_only=True):
    """Which fields of the body count; all that are given, when it is empty."""

    update_mask: list[str] = []


def masked(body: msgspec.Struct, mask: Sequence[str]) -> dict[str, Any]:
    """Return the fields of `body` that were given and, with a mask, are named by it.

    Raises:
        InvalidRequest: when the mask names what the body cannot have.
    """
    names = [field.name for field in msgspec.structs.fields(body)]
    wanted = [name.strip() for text in mask for name in text.split(",") if name.strip()]
    for name in wanted:
        if name not in names:
            raise InvalidRequest.of(
                ("query", "update_mask"),
                kind="value_error",
                message=f"names no field of the body; they are: {', '.join(names)}",
                given=name,
            )
    given = {name: getattr(body, name) for name in names if getattr(body, name) is not UNSET}
    return {name: value for name, value in given.items() if not wanted or name in wanted}
