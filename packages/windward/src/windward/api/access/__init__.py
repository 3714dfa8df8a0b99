"""Who comes in: names and passwords, sessions, tokens, and what a browser may be made to do by others.

What lives here: the door, and the built-in auth manager. What may not: what somebody may do (`windward.core.access`).
"""
