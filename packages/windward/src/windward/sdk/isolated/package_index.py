"""`PackageIndexHook`: the URL of a package index, with its login, from a connection."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from windward.sdk.hook import BaseHook


class PackageIndexHook(BaseHook):
    """A package index such as a company's own."""

    conn_name_attr = "pi_conn_id"
    default_conn_name = "package_index_default"
    conn_type = "package_index"
    hook_name = "Package Index (Python)"

    def __init__(self, pi_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pi_conn_id = pi_conn_id

    def get_conn(self) -> str:
        """Return the URL."""
        return self.get_connection_url()

    def get_connection_url(self) -> str:
        """Return the URL of the index, with login and password where the connection has them."""
        connection = self.get_connection(self.pi_conn_id)
        if not connection.host:
            raise ValueError(
                f"connection `{self.pi_conn_id}` of a package index has no host: give its URL there"
            )
        host = str(connection.host)
        parts = urlsplit(host if "://" in host else f"https://{host}")
        if not connection.login or "@" in parts.netloc:
            return urlunsplit(parts)
        login = quote(str(connection.login), safe="")
        password = f":{quote(str(connection.password), safe='')}" if connection.password else ""
        return urlunsplit(parts._replace(netloc=f"{login}{password}@{parts.netloc}"))
