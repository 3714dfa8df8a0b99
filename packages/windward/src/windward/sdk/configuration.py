"""`conf`: the settings as Airflow's code reads them, by section and key.

What may not live here: which settings there are, how they are loaded (`windward.settings`), and secrets of the control
plane, which user code never sees.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windward.sdk.exceptions import AirflowConfigException
from windward.sdk.unset import NOTSET, ArgNotSet

TRUE_WORDS = frozenset({"t", "true", "1", "yes", "on"})
FALSE_WORDS = frozenset({"f", "false", "0", "no", "off"})


class Configuration:
    """Airflow's `conf`: from the environment (also names that Windward does not have), then the settings."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._settings: Any = None

    def get(self, section: str, key: str, *_: Any, fallback: Any = NOTSET, **_more: Any) -> Any:
        """Return a value as text. Raises `AirflowConfigException` when there is neither value nor fallback."""
        value = self._find(section.lower(), key.lower())
        if value is not None:
            return value
        if isinstance(fallback, ArgNotSet):
            raise AirflowConfigException(
                f"section/key [{section.lower()}/{key.lower()}] not found in config",
                hint=f"Set `AIRFLOW__{section.upper()}__{key.upper()}`, or give `conf.get` a `fallback`.",
            )
        return fallback

    def getboolean(self, section: str, key: str, **options: Any) -> Any:
        """Return a value as a truth."""
        value = self.get(section, key, **options)
        word = str(value).partition("#")[0].strip().lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        if value is options.get("fallback", NOTSET):
            return value
        raise self._unfit(section, key, value, "a truth: `true` or `false`")

    def getint(self, section: str, key: str, **options: Any) -> Any:
        """Return a value as a whole number."""
        return self._number(int, section, key, options)

    def getfloat(self, section: str, key: str, **options: Any) -> Any:
        """Return a value as a number."""
        return self._number(float, section, key, options)

    def getlist(self, section: str, key: str, delimiter: str = ",", **options: Any) -> Any:
        """Return a value as a list of texts."""
        value = self.get(section, key, **options)
        return [part.strip() for part in value.split(delimiter)] if isinstance(value, str) else value

    def getjson(self, section: str, key: str, **options: Any) -> Any:
        """Return a value read as JSON."""
        value = self.get(section, key, **options)
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise self._unfit(section, key, value, "JSON") from error

    def getimport(self, section: str, key: str, **options: Any) -> Any:
        """Return the object at the import path that is the value; None when there is none."""
        path = self.get(section, key, **{"fallback": None, **options})
        if not path:
            return None
        module, _, name = str(path).rpartition(".")
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise self._unfit(section, key, path, "the path of an object that can be imported") from error

    def get_mandatory_value(self, section: str, key: str, **options: Any) -> str:
        """Return a value as text. Raises `AirflowConfigException` when there is none."""
        return str(self.get(section, key, **options))

    def has_option(self, section: str, option: str, **_more: Any) -> bool:
        """Whether there is a value."""
        return self._find(section.lower(), option.lower()) is not None

    def _number(self, kind: Any, section: str, key: str, options: dict[str, Any]) -> Any:
        value = self.get(section, key, **options)
        if value is None:
            return None
        try:
            return kind(str(value).partition("#")[0].strip())
        except ValueError as error:
            raise self._unfit(section, key, value, "a number") from error

    def _unfit(self, section: str, key: str, value: Any, wanted: str) -> AirflowConfigException:
        return AirflowConfigException(
            f"`[{section}] {key}` is `{value}`, which is not {wanted}", hint="Change the setting."
        )

    def _find(self, section: str, key: str) -> str | None:
        for prefix in ("WINDWARD", "AIRFLOW"):
            name = f"{prefix}__{section}__{key}".upper().replace(".", "_").replace("-", "_")
            if name in self._environ:
                return self._environ[name]
        if (section, key) == ("core", "airflow_home"):
            return str(self._loaded().home)
        from windward.settings import all_keys
        from windward.settings.airflow_env import place_of

        path, _ = place_of(f"{section}.{key}")
        found = all_keys().get(path) if path is not None else None
        if found is None or found.is_secret:
            return None
        return _as_text(getattr(getattr(self._loaded(), _attribute(found.section)), found.field))

    def _loaded(self) -> Any:
        if self._settings is None:
            from windward.settings import load

            self._settings = load(self._environ)
        return self._settings


def _attribute(section: str) -> str:
    from windward.settings.keys import ATTRIBUTES

    return ATTRIBUTES[section]


def _as_text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case tuple():
            return ",".join(map(str, value))
        case float() if value.is_integer():
            return str(int(value))
        case Path():
            return str(value)
    return str(value)


conf = Configuration()
"""The settings of this process."""
