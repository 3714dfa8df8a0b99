"""A worker host on another machine: what its host says to the local socket is carried to an API server, and back.

Theory of operation: the host is the same as on the scheduler's machine, in a process of its own, and believes that it
speaks to a scheduler. The bridge on the other end of its socket speaks HTTP: threads carry messages, one more waits for
mail, one more ships logs. Nothing here decides: what cannot be carried is said again, or told to the host as silence.
"""
