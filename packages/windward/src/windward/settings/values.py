"""From what people write to the value of a setting, or an error that says key, value, origin and what is allowed.

What lives here: reading one value, of a file (which has types) or of the environment (which has text). What may not:
where values come from.
"""

from __future__ import annotations

import base64
import binascii
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from windward.errors import SettingsError
from windward.settings.executor_names import executor_named
from windward.settings.keys import CHOICES, LEAST, MOST, Key

SECRET_LENGTH_MIN = 16
KNOWN_SECRETS = frozenset(
    {
        "46BKJoQYlPPOexq0OhDZnIlNepKFf87WFwLbfzqDDho=",  # printed in the manuals of many container images
        "cryptography_not_found_storing_passwords_in_plain_text",
        "temporary_key",
        "airflow_jwt_secret",
        "changeme",
        "change_me",
        "secret_key",
    }
)
"""Keys that anyone can look up; they protect nothing."""

_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_DRIVERS = (
    (re.compile(r"postgres(?:ql)?(?:\+(?:psycopg2|asyncpg|pg8000))?://"), "postgresql+psycopg://"),
    (
        re.compile(r"(?:mysql|mariadb)(?:\+(?:mysqldb|mysqlconnector|aiomysql|asyncmy))?://"),
        "mysql+pymysql://",
    ),
    (re.compile(r"sqlite\+(?:aiosqlite|pysqlite)://"), "sqlite://"),
)
"""URLs written for other drivers of the same database."""
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def read_value(key: Key, raw: Any, *, origin: str, folder: Path, environ: Mapping[str, str]) -> Any:
    """Return the value of `raw`, which a file or a variable gave; relative paths begin in `folder`.

    Raises:
        SettingsError: when it is not allowed there.
    """
    if key.is_optional and (raw is None or (isinstance(raw, str) and raw.strip().lower() in {"", "none"})):
        return None
    if key.path == "core.executor" and isinstance(raw, str):
        return executor_named(raw, origin=origin)
    if key.path in CHOICES:
        return _choice(key, raw, origin=origin)
    if key.kind is bool:
        return _truth(key, raw, origin=origin)
    if key.kind in {int, float}:
        return _number(key, raw, origin=origin)
    if key.kind is Path:
        return _path(key, raw, origin=origin, folder=folder, environ=environ)
    if key.kind is str:
        return _text(key, raw, origin=origin)
    return _words(key, raw, origin=origin)


def _refuse(key: Key, raw: Any, *, origin: str, hint: str | None = None) -> SettingsError:
    shown = "the given value" if key.is_secret else f"`{raw}`"
    return SettingsError(
        f"`[{key.section}] {key.name}` cannot be {shown} (from `{origin}`)",
        hint=hint or f"Use {key.allowed}.",
    )


def _choice(key: Key, raw: Any, *, origin: str) -> str:
    if isinstance(raw, str):
        for word in CHOICES[key.path]:
            if raw.strip().lower() == word.lower():
                return word
    raise _refuse(key, raw, origin=origin)


def _truth(key: Key, raw: Any, *, origin: str) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else str(raw)
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _refuse(key, raw, origin=origin)


def _number(key: Key, raw: Any, *, origin: str) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise _refuse(key, raw, origin=origin)
    try:
        value = float(raw)
    except ValueError:
        raise _refuse(key, raw, origin=origin) from None
    if (
        not math.isfinite(value)
        or (key.kind is int and not value.is_integer())
        or value < LEAST.get(key.path, 0)
        or value > MOST.get(key.path, math.inf)
    ):
        raise _refuse(key, raw, origin=origin)
    return int(value) if key.kind is int else value


def _path(key: Key, raw: Any, *, origin: str, folder: Path, environ: Mapping[str, str]) -> Path:
    if not isinstance(raw, str) or not raw.strip():
        raise _refuse(key, raw, origin=origin)
    text = _VARIABLE.sub(lambda match: environ.get(match[1] or match[2], match[0]), raw.strip())
    if unset := _VARIABLE.search(text):
        raise _refuse(
            key,
            raw,
            origin=origin,
            hint=f"The variable `{unset[1] or unset[2]}` is not set; set it, or write the path out.",
        )
    if text.startswith("~") and environ.get("HOME") and (text == "~" or text.startswith("~/")):
        text = environ["HOME"] + text[1:]
    return Path(os.path.normpath(folder / Path(text).expanduser()))


def _words(key: Key, raw: Any, *, origin: str) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = raw.split(",")
    if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
        raise _refuse(key, raw, origin=origin)
    words = tuple(word.strip() for word in raw if word.strip())
    if key.path == "api.trusted_proxies" and words:
        import ipaddress

        for word in words:
            try:
                ipaddress.ip_network(word, strict=False)
            except ValueError:
                raise _refuse(
                    key,
                    word,
                    origin=origin,
                    hint="Use addresses or networks such as `10.0.0.7` or `10.0.0.0/24`.",
                ) from None
    if key.path == "api_auth.oidc_roles" and (
        wrong := [word for word in words if not all(word.partition("="))]
    ):
        raise _refuse(key, wrong[0], origin=origin, hint="Use pairs such as `data-engineers=op`.")
    return words


def _text(key: Key, raw: Any, *, origin: str) -> str:
    if not isinstance(raw, str):
        raise _refuse(key, raw, origin=origin)
    text = raw.strip()
    match key.path:
        case "core.default_timezone":
            return _zone(key, text, origin=origin)
        case "core.fernet_key":
            return _fernet_keys(key, text, origin=origin)
        case "api.secret_key":
            return _secret(key, text, origin=origin)
        case "database.sql_alchemy_conn":
            return _database_url(key, text, origin=origin)
        case "api_auth.oidc_issuer":
            return _issuer(key, text, origin=origin)
        case "scheduler.allowed_run_id_pattern":
            return _pattern(key, text, origin=origin)
        case _:
            return text


def _zone(key: Key, text: str, *, origin: str) -> str:
    if text.lower() == "utc":
        return "UTC"
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise _refuse(
            key, text, origin=origin, hint="Use an IANA name such as `UTC` or `Europe/Berlin`."
        ) from None
    return text


def _fernet_keys(key: Key, text: str, *, origin: str) -> str:
    for one in filter(None, (part.strip() for part in text.split(","))):
        _refuse_known(key, one, origin=origin)
        try:
            is_key = len(base64.urlsafe_b64decode(one)) == 32
        except (binascii.Error, ValueError):
            is_key = False
        if not is_key:
            raise _refuse(
                key,
                one,
                origin=origin,
                hint="A Fernet key is 32 bytes in URL-safe base64; more than one are divided by commas, newest first. "
                "Leave it empty and one is made at first start.",
            )
    return text


def _secret(key: Key, text: str, *, origin: str) -> str:
    _refuse_known(key, text, origin=origin)
    if text and len(text) < SECRET_LENGTH_MIN:
        raise _refuse(
            key,
            text,
            origin=origin,
            hint=f"Use at least {SECRET_LENGTH_MIN} random characters, or leave it empty and one is made at first start.",
        )
    return text


def _refuse_known(key: Key, text: str, *, origin: str) -> None:
    if text in KNOWN_SECRETS:
        raise SettingsError(
            f"`[{key.section}] {key.name}` is a published example (from `{origin}`)",
            hint="Anyone can look it up. Use a random key of your own, or leave it empty and one is made at first start.",
        )


def _database_url(key: Key, text: str, *, origin: str) -> str:
    for written, ours in _DRIVERS:
        if match := written.match(text):
            text = ours + text[match.end() :]
            break
    if text.startswith("sqlite://"):
        path = text.removeprefix("sqlite://").partition("?")[0]
        if not path.startswith("//"):
            raise SettingsError(
                f"`[{key.section}] {key.name}` names no absolute SQLite file (from `{origin}`)",
                hint="Several processes open it: use an absolute path with four slashes, "
                "as in `sqlite:////var/lib/windward/windward.db`.",
            )
    elif not text.startswith(("postgresql+psycopg://", "mysql+pymysql://")):
        raise _refuse(
            key,
            text,
            origin=origin,
            hint="Use a URL that begins with `sqlite://`, `postgresql://` or `mysql://`.",
        )
    return text


def _issuer(key: Key, text: str, *, origin: str) -> str:
    on_this_machine = ("http://127.0.0.1", "http://localhost", "http://[::1]")
    if text and not text.startswith(("https://", *on_this_machine)):
        raise _refuse(
            key,
            text,
            origin=origin,
            hint="Use a URL that begins with `https://`: who reads the way could be anybody.",
        )
    return text


def _pattern(key: Key, text: str, *, origin: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise _refuse(key, text, origin=origin, hint=f"It is no regular expression: {error}.") from None
    return text
