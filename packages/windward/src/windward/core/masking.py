"""What of a change may be written down: values whose names tell that they are secret are not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from windward.core import addresses

MASK = addresses.MASK
TEXT_MAX = 2_000
ITEMS_MAX = 200
DEPTH_MAX = 12
SENSITIVE_NAMES = frozenset(
    {
        "access_key", "access_token", "api_key", "apikey", "auth_header", "authorization", "bearer",
        "connection_string", "dsn", "keyfile_dict", "passphrase", "passwd", "password", "private_key", "proxies",
        "proxy", "proxy_password", "secret", "service_account", "service_key", "token", "webhook_url",
    }
)  # fmt: skip
"""A name that contains one of these has a secret value."""
TELLING = (*sorted(SENSITIVE_NAMES), "credential")
"""The same for what is written down for years."""
SECRET_FIELDS: dict[str, frozenset[str]] = {
    "variable": frozenset({"value", "val"}),
    "connection": frozenset({"password", "extra", "conn_password", "conn_extra", "conn_uri", "conn_json"}),
    "xcom": frozenset({"value"}),
    "task_state": frozenset({"value"}),
    "asset_state": frozenset({"value"}),
}
"""Fields of a kind of thing that are secret whatever they hold."""
ADDRESS_FIELDS: dict[str, frozenset[str]] = {"connection": frozenset({"host", "conn_host"})}
"""Fields of a kind of thing that hold an address, in which there may be credentials."""


def masked(value: object, *, kind: str = "", telling: Collection[str] = ()) -> Any:
    """Return a value as plain data without what is secret, and without what is too long.

    `kind` is what it belongs to, such as `variable`; `telling` are further parts of names that tell of a secret.
    """
    plain = msgspec.to_builtins(value, str_keys=True, enc_hook=str)
    words = (*TELLING, *(word.lower() for word in telling))
    return _masked(plain, kind, words, depth=0)


def without_secrets(value: Any) -> Any:
    """Return plain data whose values with telling names are hidden; nothing else of it changes."""
    match value:
        case dict():
            return {
                name: MASK
                if one is not None and any(word in str(name).lower() for word in TELLING)
                else without_secrets(one)
                for name, one in value.items()
            }
        case list():
            return [without_secrets(one) for one in value]
        case _:
            return value


def _masked(value: Any, kind: str, words: tuple[str, ...], *, depth: int) -> Any:
    if depth > DEPTH_MAX:
        return "…"
    match value:
        case Mapping():
            shown = {}
            secret, places = SECRET_FIELDS.get(kind, frozenset()), ADDRESS_FIELDS.get(kind, frozenset())
            for name, one in list(value.items())[:ITEMS_MAX]:
                hide = one is not None and (name in secret or any(word in name.lower() for word in words))
                seen = (
                    addresses.shown_address(one, words=words)
                    if name in places and isinstance(one, str)
                    else one
                )
                shown[name] = MASK if hide else _masked(seen, kind, words, depth=depth + 1)
            return shown
        case list():
            return [_masked(one, kind, words, depth=depth + 1) for one in value[:ITEMS_MAX]]
        case str() if len(value) > TEXT_MAX:
            return f"{value[:TEXT_MAX]}…"
        case _:
            return value
