"""The triggerer: runs what deferred tasks wait for, many at once, in one event loop.

User code runs here. What may not live here: the database, and any decision on tasks.
"""
