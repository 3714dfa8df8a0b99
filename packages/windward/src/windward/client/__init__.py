"""Asking an API server over HTTP, by the standard library alone.

What lives here: the transport with its errors, and pages of lists. What may not: what is done with answers.
"""
