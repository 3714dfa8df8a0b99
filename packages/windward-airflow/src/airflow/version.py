"""The Airflow whose interface this is; providers and DAG files compare it."""

from __future__ import annotations

version = "3.1.0"
