"""Measurements: `python -m bench` runs the workloads and prints one table. Nothing here is a test."""
