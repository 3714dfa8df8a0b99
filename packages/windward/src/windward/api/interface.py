"""The web interface as the browser gets it: files that were built, and one page for all of its addresses.

The files are the package's own and hold no data; all data comes from the REST API, which asks who wants it.
"""

from __future__ import annotations

import mimetypes
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

STATIC = Path(__file__).with_name("static")
"""Where the build puts it."""
PAGE = "index.html"
ASSETS = "assets"
NONCE = 'name="csp-nonce" content="'
"""Where the page takes the number that lets its styles in."""
NOT_PAGES = ("/api/", "/auth/", "/assets/", "/execution/", "/login", "/openapi.json", "/metrics")
"""What begins like this is never a page of the interface: an address that does not exist there is an error."""
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,200}")
_SECURE = {
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding", **_SECURE}


@dataclass(frozen=True)
class _File:
    """A built file as it is sent; `packed` is the same compressed."""

    media_type: str
    data: bytes
    packed: bytes | None


class Interface:
    """What was built, read when it is asked for the first time. Names of assets change with what they hold."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._page, self._page_at = "", 0
        self._read_page()
        self._files: dict[str, _File] = {}

    def routes(self) -> list[Route]:
        """Return the routes; the last takes every address that nothing before it has taken."""
        return [Route(f"/{ASSETS}/{{name}}", self.asset), _Pages("/{rest:path}", self.page)]

    async def page(self, _request: Request) -> Response:
        """Return the page, whatever the address: which view that is, the page finds out by itself."""
        await run_in_threadpool(self._read_page)
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
            "font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        text = self._page.replace(NONCE, NONCE + nonce, 1)
        headers = {"cache-control": "no-store", "content-security-policy": policy, **_SECURE}
        return Response(text, headers=headers, media_type="text/html")

    async def asset(self, request: Request) -> Response:
        """Return a built file."""
        name = request.path_params["name"]
        file = self._files.get(name)
        if file is None:
            file = await run_in_threadpool(self._read, name)
        if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers = {**_FOR_EVER, "content-encoding": "gzip"}
            return Response(file.packed, headers=headers, media_type=file.media_type)
        return Response(file.data, headers=_FOR_EVER, media_type=file.media_type)

    def _read_page(self) -> None:
        """Read the page again when it was built anew: it names assets that came with it."""
        path = self._folder / PAGE
        try:
            at = path.stat().st_mtime_ns
            if at == self._page_at:
                return
            page = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return  # it is being built
        if NONCE not in page:
            raise ValueError(f"`{path}` has no place for the nonce of its styles")
        self._page, self._page_at = page, at

    def _read(self, name: str) -> _File:
        if not _NAME.fullmatch(name) or name.endswith(".gz"):
            raise HTTPException(404)
        path = self._folder / ASSETS / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise HTTPException(404) from error
        packed = path.with_name(f"{name}.gz")
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        found = _File(media_type, data, packed.read_bytes() if packed.is_file() else None)
        self._files[name] = found
        return found


class _Pages(Route):
    """Every address that could be one of the interface."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether this is the route of a request."""
        if (
            scope["type"] != "http"
            or scope["method"] not in {"GET", "HEAD"}
            or scope["path"].startswith(NOT_PAGES)
        ):
            return Match.NONE, {}
        return super().matches(scope)


def built(folder: Path = STATIC) -> Interface | None:
    """Return the interface, None where none was built."""
    return Interface(folder) if (folder / PAGE).is_file() else None
