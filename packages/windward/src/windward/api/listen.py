"""The API server's listening socket: opened before anything else is started, so that a taken port is said at once."""

from __future__ import annotations

import errno
import socket

from windward.errors import SettingsError
from windward.settings import ApiSettings

BACKLOG = 256


def listen(settings: ApiSettings) -> socket.socket:
    """Return a listening socket at `[api] host` and `port`; port 0 takes any that is free.

    Raises:
        SettingsError: when the address cannot be used; the hint says how to choose another.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError(
            f"`[api] host` is `{host}`, which is no address of this machine: {error.strerror}",
            hint="Set `[api] host` (`WINDWARD__API__HOST`) to `127.0.0.1`, or to `0.0.0.0` for all addresses.",
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(error, host=host, port=port) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL that people open."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refused(error: OSError, *, host: str, port: int) -> SettingsError:
    match error.errno:
        case errno.EADDRINUSE:
            return SettingsError(
                f"port {port} on `{host}` is taken by another program",
                hint=f"Set `[api] port` (`WINDWARD__API__PORT`) to another one, such as {port + 1}; 0 takes any.",
            )
        case errno.EACCES:
            return SettingsError(
                f"port {port} may not be used by this user",
                hint="Set `[api] port` (`WINDWARD__API__PORT`) to one above 1023.",
            )
        case _:
            return SettingsError(
                f"`{host}`, port {port}, cannot be listened on: {error.strerror}",
                hint="Set `[api] host` (`WINDWARD__API__HOST`) to an address of this machine, such as `127.0.0.1`.",
            )
