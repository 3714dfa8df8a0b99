"""A file that would hold a DAG for airflow, and cannot be read."""

raise RuntimeError("<img src=x onerror=window.hit=1> no such oven")
