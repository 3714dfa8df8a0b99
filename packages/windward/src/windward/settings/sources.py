"""Where values come from: `secrets.toml` and `windward.toml` in the home, and the environment.

What lives here: reading the sources into a list of what was given, lowest precedence first, and refusing names that do
not exist. What may not: the meaning of values (`values`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windward.errors import SettingsError
from windward.settings import airflow_env
from windward.settings.keys import ATTRIBUTES, SECRETS, Key, all_keys, suggestion

FILE = "windward.toml"
SECRETS_FILE = "secrets.toml"
PREFIX = "WINDWARD__"
INDIRECT = ("_secret", "_cmd", "")
"""Endings of a secret's key, weakest first: where to ask a secrets back end, a command to run, the value itself."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """One value as somebody wrote it. `ending` is one of `INDIRECT`; relative paths begin in `folder`."""

    key: Key
    raw: Any
    origin: str
    folder: Path
    ending: str = ""
    warning: str | None = None


def from_file(path: Path) -> list[Given]:
    """Read a settings file; an absent one gives nothing.

    Raises:
        SettingsError: when it is no TOML, or holds a section or key that does not exist.
    """
    try:
        text = path.read_text("utf-8")
        tables = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"`{path}` cannot be read: {error}", hint="Make it a UTF-8 text file that this user may read."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"`{path}` is not valid TOML: {error}",
            hint='Write sections as `[core]` and values as `parallelism = 32` or `executor = "local"`.',
        ) from error
    found = []
    for section, table in tables.items():
        if section not in ATTRIBUTES or not isinstance(table, dict):
            what = (
                f"section `[{section}]`" if isinstance(table, dict) else f"`{section}` outside of a section"
            )
            raise SettingsError(f"unknown {what} in `{path}`", hint=suggestion(section, ""))
        for name, raw in table.items():
            key, ending = _named(section, name, origin=str(path))
            found.append(Given(key=key, raw=raw, origin=str(path), folder=path.parent, ending=ending))
    return _ordered(found)


def from_environment(environ: Mapping[str, str]) -> list[Given]:
    """Read the `WINDWARD__SECTION__KEY` variables.

    Raises:
        SettingsError: when one names a setting that does not exist.
    """
    found = []
    for variable, raw in sorted(environ.items()):
        if variable.startswith(PREFIX):
            section, _, name = variable.removeprefix(PREFIX).lower().partition("__")
            key, ending = _named(section, name, origin=variable)
            found.append(Given(key=key, raw=raw, origin=variable, folder=Path.cwd(), ending=ending))
    return _ordered(found)


def from_airflow(environ: Mapping[str, str]) -> tuple[list[Given], tuple[str, ...]]:
    """Read the `AIRFLOW__SECTION__KEY` variables; return what they set, and those that mean nothing here."""
    old: list[Given] = []
    found: list[Given] = []
    ignored = []
    for variable, raw in sorted(environ.items()):
        if not variable.startswith(airflow_env.PREFIX):
            continue
        path = variable.removeprefix(airflow_env.PREFIX).lower().replace("__", ".", 1)
        for ending in reversed(INDIRECT):
            place, warning = airflow_env.place_of(path.removesuffix(ending))
            if path.endswith(ending) and place is not None and (not ending or place in SECRETS):
                given = Given(
                    key=all_keys()[place],
                    raw=raw,
                    origin=variable,
                    folder=Path.cwd(),
                    ending=ending,
                    warning=warning,
                )
                (old if warning else found).append(given)
                break
        else:
            ignored.append(variable)
    return [*_ordered(old), *_ordered(found)], tuple(ignored)


def _named(section: str, name: str, *, origin: str) -> tuple[Key, str]:
    keys = all_keys()
    for ending in reversed(INDIRECT):
        path = f"{section}.{name.removesuffix(ending)}"
        if name.endswith(ending) and path in keys and (not ending or path in SECRETS):
            return keys[path], ending
    raise SettingsError(
        f"unknown setting `[{section}] {name}` (from `{origin}`)", hint=suggestion(section, name)
    )


def _ordered(found: list[Given]) -> list[Given]:
    return sorted(found, key=lambda given: INDIRECT.index(given.ending))


def winners(layers: Iterator[Given]) -> dict[str, Given]:
    """Return what was given last for each `section.key`."""
    return {given.key.path: given for given in layers}
