"""A connection as a URI: `type://login:password@host:port/schema?extra=…`. Pure text work, both ways."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

EXTRA_KEY = "__extra__"
"""Query key that holds all extras as JSON, when they are no flat dict of texts."""


def normal_type(conn_type: str | None) -> str | None:
    """Return a connection type as Airflow writes it."""
    if conn_type == "postgresql":
        return "postgres"
    return conn_type.replace("-", "_") if conn_type else conn_type


def parse(uri: str) -> dict[str, Any]:
    """Return the fields that a URI holds: conn_type, host, login, password, schema, port, extra."""
    scheme, _, rest = uri.partition("://") if "://" in uri else (uri.partition(":")[0], "", "")
    # Schemes may hold `_` and `%`, which `urlsplit` refuses: it reads the rest under a neutral name.
    parts = urlsplit(f"x://{rest}")
    host, schema = _host(parts.netloc), unquote(parts.path[1:]) if parts.path else parts.path
    if "://" in rest.partition("?")[0]:  # `http://https://host:port`: the real protocol stands inside
        protocol, _, inner = rest.partition("://")
        parts = urlsplit(f"x://{inner}")
        host = f"{protocol}://{_host(parts.netloc)}"
        schema = unquote(parts.path[1:]) if parts.path else parts.path
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = query[EXTRA_KEY] if EXTRA_KEY in query else (json.dumps(query) if query else None)
    return {
        "conn_type": normal_type(scheme.lower()),
        "host": host,
        "login": unquote(parts.username) if parts.username else parts.username,
        "password": unquote(parts.password) if parts.password else parts.password,
        "schema": schema,
        "port": parts.port,
        "extra": extra,
    }


def _host(netloc: str) -> str:
    """Return the host of a netloc with its letters as they are: `hostname` would make them small."""
    address = netloc.rpartition("@")[2]
    if address.startswith("["):
        return address.partition("]")[0] + "]"
    return unquote(address.partition(":")[0])


def build(connection: Any) -> str:
    """Return the URI of a connection; `parse` gives the same fields."""
    uri = f"{connection.conn_type.lower().replace('_', '-')}://" if connection.conn_type else "//"
    host, protocol = connection.host or "", ""
    if "://" in host:
        protocol, _, host = host.partition("://")
        protocol = f"{protocol}://"
    sign_in = quote(connection.login, safe="") if connection.login else ""
    if connection.password:
        sign_in += f":{quote(connection.password, safe='')}"
    if connection.login or connection.password:
        sign_in += "@"
    address = host if host.startswith("[") else quote(host, safe="")
    if connection.port:
        address += f":{connection.port}"
    schema = f"/{quote(connection.schema, safe='')}" if connection.schema else ""
    return uri + protocol + sign_in + address + schema + _query(connection, has_place=bool(address or schema))


def _query(connection: Any, *, has_place: bool) -> str:
    if not connection.extra:
        return ""
    slash = "?" if has_place else "/?"
    extra = connection.extra_dejson
    flat = urlencode(extra) if all(isinstance(value, str) for value in extra.values()) else ""
    if extra and dict(parse_qsl(flat, keep_blank_values=True)) == extra and EXTRA_KEY not in extra:
        return slash + flat
    return slash + urlencode({EXTRA_KEY: connection.extra})
