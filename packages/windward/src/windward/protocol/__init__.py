"""Messages between task children, worker hosts and the execution service. Data only: no sockets here.

The way of a message: child ↔ host over a socket pair, host ↔ scheduler over a local socket (or HTTP
from elsewhere). The same structs and the same handlers serve all of them.
"""
