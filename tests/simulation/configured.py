"""The settings of simulated worlds."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.checker import PARALLELISM
from windward.settings import (
    ApiSettings,
    CoreSettings,
    DatabaseSettings,
    LoggingSettings,
    ProcessorSettings,
    SchedulerSettings,
    Settings,
    WorkerSettings,
    XComSettings,
)

_NOWHERE = Path("/nonexistent")


def simulated_settings(*, idle_class_per_pass_max: int = 2) -> Settings:
    """Return settings with short leases, so that worlds are small."""
    return Settings(
        home=_NOWHERE,
        core=CoreSettings(dags_folder=_NOWHERE, parallelism=PARALLELISM),
        database=DatabaseSettings(sql_alchemy_conn=""),
        scheduler=SchedulerSettings(
            poll_interval_s=5,
            lease_s=15,
            host_lease_s=30,
            task_queued_timeout_s=120,
            recovery_delay_s=20,
            recoveries_max=2,
            idle_class_per_pass_max=idle_class_per_pass_max,
        ),
        processor=ProcessorSettings(),
        workers=WorkerSettings(),
        xcom=XComSettings(),
        logging=LoggingSettings(base_log_folder=_NOWHERE),
        api=ApiSettings(),
    )
