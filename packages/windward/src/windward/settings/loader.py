"""Load the settings: the files of the home, then the environment, each value checked and its origin kept.

Precedence, lowest first: defaults, `secrets.toml` (made at first start), `windward.toml`, `AIRFLOW__SECTION__KEY`,
`WINDWARD__SECTION__KEY`. Nothing else of the program reads settings from files or the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from windward.settings.airflow_env import missing_of
from windward.settings.first_start import check_mode
from windward.settings.indirect import SecretReader, command_output, kept_secret
from windward.settings.keys import all_keys
from windward.settings.sections import (
    ApiSettings,
    AuthSettings,
    CallbackSettings,
    CoreSettings,
    DatabaseSettings,
    LoggingSettings,
    MetricsSettings,
    ProcessorSettings,
    SchedulerSettings,
    SecretsSettings,
    Settings,
    StateStoreSettings,
    TriggererSettings,
    WorkerSettings,
    XComSettings,
)
from windward.settings.sources import (
    FILE,
    SECRETS_FILE,
    Given,
    from_airflow,
    from_environment,
    from_file,
    winners,
)
from windward.settings.values import read_value


def home_folder(environ: Mapping[str, str]) -> Path:
    """Return `WINDWARD_HOME`, or `~/windward` when it is not set."""
    named = environ.get("WINDWARD_HOME", "").strip()
    people = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if not named:
        return people / "windward"
    return Path.cwd() / (people / named[2:] if named.startswith("~/") else Path(named).expanduser())


def load(
    environ: Mapping[str, str], *, home: Path | None = None, read_secret: SecretReader | None = None
) -> Settings:
    """Load all settings. Reads files and may run `_CMD` commands; writes nothing.

    `read_secret` asks a secrets back end for the values of `_SECRET` variables.

    Raises:
        SettingsError: for an unknown name, a value that is not allowed, or a file that cannot be read.
    """
    home = home or home_folder(environ)
    check_mode(home / SECRETS_FILE)
    airflow, ignored = from_airflow(environ)
    layers = chain(from_file(home / SECRETS_FILE), from_file(home / FILE), airflow, from_environment(environ))
    given = winners(one for one in layers if not _says_nothing(one))
    values = _defaults(home)
    origins = dict.fromkeys(all_keys(), "default")
    for path, one in given.items():
        values[path] = _value(one, environ=environ, read_secret=read_secret)
        origins[path] = one.origin
    return _built(
        home,
        values,
        origins=origins,
        warnings=(
            *(f"{one.origin}: {one.warning}" for one in given.values() if one.warning),
            *(told for name in ignored if (told := missing_of(name, environ[name])) is not None),
        ),
        ignored=ignored,
    )


def _defaults(home: Path) -> dict[str, Any]:
    values = {path: key.default for path, key in all_keys().items()}
    values["core.dags_folder"] = home / "dags"
    values["database.sql_alchemy_conn"] = f"sqlite:///{home / 'windward.db'}"
    values["logging.base_log_folder"] = home / "logs"
    return values


def _says_nothing(one: Given) -> bool:
    """Whether it is a key set to nothing, as container files do: what was set or made before stays."""
    return one.key.is_secret and not one.ending and one.raw == ""


def _value(one: Given, *, environ: Mapping[str, str], read_secret: SecretReader | None) -> Any:
    raw = one.raw
    if one.ending == "_cmd":
        raw = command_output(raw, origin=one.origin, environ=environ)
    elif one.ending == "_secret":
        raw = kept_secret(raw, origin=one.origin, read_secret=read_secret)
    return read_value(one.key, raw, origin=one.origin, folder=one.folder, environ=environ)


def _built(
    home: Path,
    values: Mapping[str, Any],
    *,
    origins: dict[str, str],
    warnings: tuple[str, ...],
    ignored: tuple[str, ...],
) -> Settings:
    sections: dict[str, dict[str, Any]] = {}
    for path, key in all_keys().items():
        sections.setdefault(key.section, {})[key.field] = values[path]
    return Settings(
        home=home,
        core=CoreSettings(**sections["core"]),
        database=DatabaseSettings(**sections["database"]),
        scheduler=SchedulerSettings(**sections["scheduler"]),
        processor=ProcessorSettings(**sections["dag_processor"]),
        workers=WorkerSettings(**sections["workers"]),
        xcom=XComSettings(**sections["xcom"]),
        logging=LoggingSettings(**sections["logging"]),
        api=ApiSettings(**sections["api"]),
        triggerer=TriggererSettings(**sections["triggerer"]),
        api_auth=AuthSettings(**sections["api_auth"]),
        secrets=SecretsSettings(**sections["secrets"]),
        state_store=StateStoreSettings(**sections["state_store"]),
        callbacks=CallbackSettings(**sections["callbacks"]),
        metrics=MetricsSettings(**sections["metrics"]),
        origins=origins,
        warnings=warnings,
        ignored=ignored,
    )
