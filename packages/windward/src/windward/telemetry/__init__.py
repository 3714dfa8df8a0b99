"""Metrics: their names, and the ways they leave a process.

What lives here: the table of names, a registry that adds up, and StatsD. What may not: what is measured, and when.
"""
