"""Triggers: what a deferred task waits for, as authors and providers write them, and the built-in ones.

What may not live here: running them (`windward.triggerer`).
"""
