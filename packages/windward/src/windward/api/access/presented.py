"""What a request shows of who sends it, and from where: only proxies that are trusted are believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from windward.ports.auth import Presented

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED_MAX = 20
"""Hops of `X-Forwarded-For` that are looked at."""
_SHOWN = "windward.presented"
"""In the scope of a request: what it shows."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """The proxies that are believed."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(
            ipaddress.ip_network(one, strict=False) for one in networks
        )

    def trusts(self, address: str) -> bool:
        """Whether this address is one of theirs."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)

    def presented(self, request: HTTPConnection) -> Presented:
        """Return what a request shows. That is looked at once, and asked for by whoever answers."""
        found: Presented | None = request.scope.get(_SHOWN)
        if found is None:
            found = request.scope[_SHOWN] = self._shown(request)
        return found

    def _shown(self, request: HTTPConnection) -> Presented:
        peer = request.client.host if request.client is not None else ""
        headers: dict[str, str] = {}
        for raw_name, raw_value in request.scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            if name in headers:
                # Some proxies put a line of their own behind the client's: what the client wrote must not hide it.
                value = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}"
            headers[name] = value
        return Presented(
            method=request.scope.get("method", "GET"),
            path=request.scope.get("path", ""),
            headers=headers,
            address=self._address(peer, headers),
            peer=peer,
        )

    def is_https(self, presented: Presented, *, base_url: str) -> bool:
        """Whether the browser speaks HTTPS, to us or to a proxy."""
        if base_url.startswith("https://"):
            return True
        first = presented.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
        return self.trusts(presented.peer) and first == "https"

    def _address(self, peer: str, headers: Mapping[str, str]) -> str:
        """Return the last address that no trusted proxy has: everything before it, anybody may have written."""
        hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        address = peer
        for hop in reversed(hops[-FORWARDED_MAX:]):
            if not self.trusts(address):
                break
            address = hop
        return address


def cookie_of(presented: Presented, name: str) -> str:
    """Return a cookie, or nothing."""
    text = presented.headers.get("cookie", "")
    for part in text.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            try:
                return SimpleCookie(f"{key}={value}")[key].value
            except (CookieError, KeyError):
                return ""
    return ""


def is_from_elsewhere(presented: Presented, *, base_url: str) -> bool:
    """Whether a browser says that another site made it send this. Programs say nothing of the kind.

    A form of a page that sends no referrer has `null` for its origin; no script can set `sec-fetch-site`, so that this
    counts where it is there.
    """
    headers = presented.headers
    site = headers.get("sec-fetch-site", "none")
    if site != "none":
        return site != "same-origin"
    origin = headers.get("origin")
    if origin is None:
        return False
    own = {headers.get("host", "").lower()}
    if base_url:
        own.add(urlsplit(base_url).netloc.lower())
    return urlsplit(origin).netloc.lower() not in own
