"""What running user code asks about small values that it keeps: of its own task instance, and of assets.

Values are JSON text. An asset is named by its name; the task instance is the attempt's own.
"""

from __future__ import annotations

import msgspec

VALUE_BYTES_MAX = 1_048_576
"""Longer values are refused: this is a place for marks and ids, and each call carries one."""


class _Call(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class GetState(_Call, tag="get_state", frozen=True):
    """One value: of the own instance, or of `asset`. Answer: `StateAnswer`."""

    key: str
    asset: str | None = None


class SetState(_Call, tag="set_state", frozen=True):
    """Store a value. `keep_s` None: for ever; it has no meaning for an asset. Answer: `Done`."""

    key: str
    value: str
    asset: str | None = None
    keep_s: float | None = None


class DeleteState(_Call, tag="delete_state", frozen=True):
    """Delete one value, or all of them. `all_instances`: of every instance of the own task. Answer: `Done`."""

    key: str | None = None
    asset: str | None = None
    all_instances: bool = False


class StateAnswer(_Call, tag="state", frozen=True):
    """`value` None: there is no such value, or it has expired."""

    value: str | None


StateCall = GetState | SetState | DeleteState
