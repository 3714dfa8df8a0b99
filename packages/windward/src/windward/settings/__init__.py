"""Settings: one frozen dataclass per component; the only reader of the environment and of settings files."""

from __future__ import annotations

from windward.settings.first_start import prepare_home
from windward.settings.keys import Key, all_keys
from windward.settings.loader import home_folder, load
from windward.settings.sections import (
    ApiSettings,
    AuthSettings,
    CoreSettings,
    DatabaseSettings,
    LoggingSettings,
    MetricsSettings,
    ProcessorSettings,
    SchedulerSettings,
    Settings,
    TriggererSettings,
    WorkerSettings,
    XComSettings,
)

__all__ = [
    "ApiSettings",
    "AuthSettings",
    "CoreSettings",
    "DatabaseSettings",
    "Key",
    "LoggingSettings",
    "MetricsSettings",
    "ProcessorSettings",
    "SchedulerSettings",
    "Settings",
    "TriggererSettings",
    "WorkerSettings",
    "XComSettings",
    "all_keys",
    "home_folder",
    "load",
    "prepare_home",
]
