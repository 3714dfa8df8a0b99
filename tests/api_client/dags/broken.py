"""A file that cannot be read."""

from airflow.sdk import DAG

raise RuntimeError(f"this file cannot be read, and has no {DAG}")
