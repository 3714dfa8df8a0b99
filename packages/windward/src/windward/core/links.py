"""Links that operators show beside their instances: under which key each is kept, and which may be followed. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

SCHEMES = frozenset({"http", "https"})


def link_key(link: object) -> str:
    """Return the key of the XCom that a link is kept in."""
    return str(getattr(link, "xcom_key", None) or f"_link_{type(link).__name__}")


def safe_link(address: object) -> str | None:
    """Return an address that a browser may be sent to: of http or https, or a path of this server; else None."""
    if not isinstance(address, str) or not address.isprintable() or " " in address or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme in SCHEMES and parts.netloc:
        return address
    is_path = not parts.scheme and not parts.netloc and address.startswith("/")
    return address if is_path and not address.startswith("//") else None
