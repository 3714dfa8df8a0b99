"""Where and as whom a task runs (`airflow.utils.net`, `airflow.utils.platform`)."""

from __future__ import annotations

import getpass
import socket
import sys


def get_hostname() -> str:
    """Return the full name of this machine."""
    return socket.getfqdn()


def get_host_ip_address() -> str:
    """Return the network address of this machine."""
    return socket.gethostbyname(socket.getfqdn())


def getuser() -> str:
    """Return the name of the user whose process this is."""
    return getpass.getuser()


def is_tty() -> bool:
    """True when somebody reads the output on a terminal."""
    return sys.stdout.isatty()
