"""`conf` of DAG files with everything that Airflow's has (`airflow.configuration`).

What lives here: the rarer readers, and Airflow's defaults of the few keys that DAG files and providers read and Windward
has no setting for. What may not: where values come from, which is `windward.sdk.configuration`.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from windward.sdk.compat.loading import import_string
from windward.sdk.configuration import Configuration
from windward.sdk.exceptions import AirflowConfigException

UNUSED: dict[str, str] = {
    "core.plugins_folder": "",
    "core.unit_test_mode": "False",
    "core.lazy_load_plugins": "True",
    "email.default_email_on_failure": "True",
    "email.default_email_on_retry": "True",
    "email.email_conn_id": "smtp_default",
    "operators.default_deferrable": "False",
    "operators.default_owner": "airflow",
    "operators.default_queue": "default",
    "sensors.default_timeout": "604800",
    "smtp.smtp_host": "localhost",
    "smtp.smtp_mail_from": "airflow@example.com",
    "smtp.smtp_port": "25",
    "smtp.smtp_retry_limit": "5",
    "smtp.smtp_ssl": "False",
    "smtp.smtp_starttls": "True",
    "smtp.smtp_timeout": "30",
}
"""`section.key` to Airflow's default, where Windward has no setting."""


class AirflowConfiguration(Configuration):
    """Reads settings the way Airflow's `conf` does; texts out of `get`, types out of its siblings."""

    def getimport(self, section: str, key: str, **options: Any) -> Any:
        """Return the object whose import path a setting holds; None when it holds none."""
        path = self.get(section, key, **options)
        return import_string(str(path)) if path else None

    def gettimedelta(self, section: str, key: str, **options: Any) -> timedelta | None:
        """Return a setting in seconds as a duration; None when it is the fallback."""
        value = self.get(section, key, **options)
        if value is None or isinstance(value, timedelta):
            return value
        try:
            return timedelta(seconds=float(value))
        except (TypeError, ValueError) as error:
            raise AirflowConfigException(
                f"`[{section}] {key}` is `{value}`, which is no number of seconds", hint="Change the setting."
            ) from error

    def get_mandatory_list_value(self, section: str, key: str, **options: Any) -> list[str]:
        """Return a setting as a list of texts; raise `ValueError` when it is None."""
        value = self.getlist(section, key, **options)
        if value is None:
            raise ValueError(f"`[{section}] {key}` has to be set")
        return list(value)

    def has_section(self, section: str) -> bool:
        """True when a key of the section has a value."""
        return bool(self.getsection(section))

    def getsection(self, section: str, **_options: Any) -> dict[str, Any] | None:
        """Return the keys of a section that are no secrets, with values that have a type; None when it has none."""
        section = section.lower()
        values = {name: self._find(section, name) for name in self._names(section)}
        return {name: _typed(value) for name, value in values.items() if value is not None} or None

    def sections(self) -> list[str]:
        """Return the names of the sections."""
        from windward.settings.keys import ATTRIBUTES

        return sorted({*ATTRIBUTES, *(path.partition(".")[0] for path in UNUSED)})

    def as_dict(self, **_options: Any) -> dict[str, dict[str, Any]]:
        """Return all sections that have a value; secrets are left out."""
        return {section: found for section in self.sections() if (found := self.getsection(section))}

    def _names(self, section: str) -> list[str]:
        from windward.settings import all_keys

        start = f"AIRFLOW__{section.upper()}__"
        names = {path.partition(".")[2] for path in UNUSED if path.startswith(f"{section}.")}
        names |= {name.removeprefix(start).lower() for name in self._environ if name.startswith(start)}
        own = [key for key in all_keys().values() if key.section == section]
        return sorted((names | {key.name for key in own}) - {key.name for key in own if key.is_secret})

    def _find(self, section: str, key: str) -> str | None:
        found = super()._find(section, key)
        return found if found is not None else UNUSED.get(f"{section}.{key}")


def _typed(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text == "True" if text in {"True", "False"} else text


conf = AirflowConfiguration()
"""The settings of this deployment."""

get = conf.get
getboolean = conf.getboolean
getint = conf.getint
getfloat = conf.getfloat
getsection = conf.getsection
has_option = conf.has_option
as_dict = conf.as_dict


def get_airflow_home() -> str:
    """Return the home folder of the deployment."""
    from windward.settings import home_folder

    return str(home_folder(os.environ))


def ensure_secrets_loaded() -> list[Any]:
    """Return no secrets back ends: the processes that need them have their own list."""
    return []
