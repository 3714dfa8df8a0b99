"""The version of Airflow's Task SDK whose names `airflow.sdk` has."""

from __future__ import annotations

SDK_VERSION = "1.1.0"
