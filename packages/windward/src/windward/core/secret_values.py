"""Variables and connections without their secrets, to be shown; and edits of what was shown so. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from windward.core.addresses import edited_address, shown_address
from windward.core.masking import DEPTH_MAX, MASK, SENSITIVE_NAMES
from windward.errors import UserError

NO_VALUE: tuple[object, ...] = (None, "", True, False)
"""What is nobody's secret, whatever its name."""
TOO_DEEP = object()
ENDPOINT = ("conn_type", "host", "port", "extra")
"""Fields of a connection that say where its password goes."""


def is_telling(name: object, words: Collection[str] = ()) -> bool:
    """Whether a value of this name is a secret; `words` are further parts of names that tell so."""
    lowered = str(name).strip().lower()
    return any(word in lowered for word in (*SENSITIVE_NAMES, *words))


def redacted(value: Any, *, name: str = "", words: Collection[str] = ()) -> Any:
    """Return a copy of plain data with all values of telling names masked."""
    return _redacted(value, words, is_secret=is_telling(name, words), depth=0)


def shown_variable(key: str, text: str, *, words: Collection[str] = ()) -> str:
    """Return the value of a variable as it may be shown: of JSON, only what has a telling name is masked."""
    return _shown(text, name=key, words=words)


def shown_extra(text: str | None, *, words: Collection[str] = ()) -> str | None:
    """Return the extras of a connection as they may be shown. What is no JSON may be anything, and is masked whole."""
    if not text:
        return text
    data = _read(text)
    return _shown(text, name="", words=words) if isinstance(data, dict) else MASK


def shown_host(text: str | None, *, words: Collection[str] = ()) -> str | None:
    """Return the host of a connection as it may be shown: some people write an address with credentials there."""
    return shown_address(text, words=(*SENSITIVE_NAMES, *words)) if text else text


def edited_variable(key: str, new: str, old: str, *, words: Collection[str] = ()) -> str:
    """Return what a variable's value becomes: where `new` holds the mask, the secret that was there stays."""
    if new == MASK and shown_variable(key, old, words=words) == MASK:
        return old
    return _edited(new, old)


def edited_connection(fields: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a stored connection becomes: `fields` replace it; where they hold the mask, secrets stay."""
    changed = {**stored, **fields}
    if fields.get("password") == MASK:
        changed["password"] = stored["password"]
    if fields.get("host") and stored["host"]:
        changed["host"] = edited_address(str(fields["host"]), str(stored["host"]))
    if fields.get("extra") and stored["extra"]:
        extra = str(fields["extra"])
        changed["extra"] = stored["extra"] if extra == MASK else _edited(extra, str(stored["extra"]))
    return changed


def connection_to_test(fields: Mapping[str, Any], stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields that are tested: with the secrets of the stored connection, where it is asked at its own place.

    Raises:
        UserError: when the stored password would go elsewhere than to where it belongs.
    """
    if stored is None:
        return dict(fields)
    merged = edited_connection(fields, stored)
    if all(_place(name, merged[name]) == _place(name, stored[name]) for name in ENDPOINT):
        return merged
    given = f"{fields.get('host')} {fields.get('extra')}"
    if not fields.get("password") or fields["password"] == MASK or MASK in given:
        raise UserError(
            "what is to be tested is another place than the stored connection's",
            hint="Its type, host, port or extra differ: give the password and the secret extras to test with.",
        )
    return dict(fields)


def _place(name: str, value: Any) -> Any:
    """Return a field that says where a password goes, so that it equals itself however its JSON is spaced."""
    if name == "extra" and isinstance(value, str):
        data = _read(value)
        return data if isinstance(data, dict) else value or None
    return value or None


def _shown(text: str, *, name: str, words: Collection[str]) -> str:
    data = _read(text)
    if not isinstance(data, dict | list):
        return MASK if text and (data is TOO_DEEP or is_telling(name, words)) else text
    hidden = redacted(data, name=name, words=words)
    return text if hidden == data else json.dumps(hidden)


def _read(text: str) -> Any:
    """Return what JSON says; the text itself when it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        return TOO_DEEP


def _redacted(value: Any, words: Collection[str], *, is_secret: bool, depth: int) -> Any:
    if depth > DEPTH_MAX:
        return MASK  # closed by default: nobody reads so deep, and a secret may be there
    match value:
        case Mapping():
            return {
                name: _redacted(one, words, is_secret=is_secret or is_telling(name, words), depth=depth + 1)
                for name, one in value.items()
            }
        case list():
            return [_redacted(one, words, is_secret=is_secret, depth=depth + 1) for one in value]
        case _ if is_secret and not any(value is one or value == "" for one in NO_VALUE):
            return MASK
        case _:
            return value


def _edited(new: str, old: str) -> str:
    before, after = _read(old), _read(new)
    if not isinstance(before, dict | list) or not isinstance(after, dict | list):
        return new
    merged = _merged(after, before, depth=0)
    return new if merged == after else json.dumps(merged)


def _merged(new: Any, old: Any, *, depth: int) -> Any:
    if depth > DEPTH_MAX:
        return old if new == MASK else new
    if isinstance(new, dict) and isinstance(old, dict):
        return {name: _merged(one, old.get(name), depth=depth + 1) for name, one in new.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_merged(one, two, depth=depth + 1) for one, two in zip(new, old, strict=True)]
    return old if new == MASK and old is not None else new
