"""Functions that run in another interpreter: what is sent, how it is run, how environments for it are made.

What may not live here: the operators (`windward.sdk.operators.virtualenv`).
"""
