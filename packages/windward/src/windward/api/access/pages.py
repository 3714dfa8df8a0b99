"""The page on which a browser signs in, and the link with which it does so once. Plain HTML, no script."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from windward.api.access.entrance import Entrance
from windward.api.access.guarding import ManagerFailed
from windward.api.access.oidc import CALLBACK, STATE_LIFETIME, Oidc, Refused
from windward.api.access.oidc import COOKIE as OIDC_COOKIE
from windward.api.access.presented import cookie_of
from windward.api.access.words import LANGUAGES, Word, language_of
from windward.api.contract.problem import Throttled, Unauthenticated
from windward.api.contract.serving import BODY_S_MAX
from windward.api.ledger import write_line
from windward.api.public.login import OWN_PAGE, checked_next
from windward.core.accounts import principal_of
from windward.engine.people.vouching import vouched_user
from windward.errors import ConflictError, UnavailableError, UserError
from windward.model.access import Principal
from windward.model.accounts import AuditEvent
from windward.ports.audit import AuditStore

log = logging.getLogger("windward.api.access")
FORM_MAX = 10_000
AT_PROVIDER_MAX = 2
"""Sign-ins that wait for a provider at once: they must leave threads to pages."""
LINK = f"{OWN_PAGE}/link"
OIDC = f"{OWN_PAGE}/oidc"
STYLE = """
:root{color-scheme:light dark;--bg:#fafaf8;--fg:#1d2126;--dim:#667080;--line:#d5d8dc;--card:#fff;--bad:#c02626;--go:#0b66c3}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e7e9ec;--dim:#98a1ad;--line:#3a414a;--card:#1b1f24;
--bad:#ff7b72;--go:#1f6fbf}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--fg);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;word-break:keep-all;overflow-wrap:anywhere}
main{width:min(22rem,92vw);background:var(--card);border:1px solid var(--line);border-radius:.8rem;padding:1.75rem}
h1{font-size:1.2rem;margin:0 0 1rem}label{display:block;margin:.75rem 0 .25rem;font-size:.9rem;color:var(--dim)}
input{width:100%;font:inherit;padding:.5rem .6rem;border:1px solid var(--line);border-radius:.4rem;background:var(--bg);color:var(--fg)}
button,a.go{display:block;width:100%;margin-top:1.1rem;padding:.55rem;font:inherit;font-weight:600;text-align:center;
text-decoration:none;border:0;border-radius:.4rem;background:var(--go);color:#fff;cursor:pointer}
p.bad{color:var(--bad);margin:0 0 .5rem}
"""


def style_source(style: str) -> str:
    """Return what a content security policy says of a style of our own."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src {style_source(STYLE)}; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "same-origin",  # with none at all, the form would not say where it comes from
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class LoginPages:
    """Where a browser signs in."""

    def __init__(
        self,
        entrance: Entrance,
        audit: AuditStore,
        *,
        title: str,
        oidc: Oidc | None = None,
        body_s_max: float = BODY_S_MAX,
    ) -> None:
        self._entrance = entrance
        self._audit = audit
        self._title = title
        self._oidc = oidc
        self._body_s_max = body_s_max
        self._at_provider = 0

    def routes(self) -> Sequence[Route]:
        """Return the routes."""
        oidc = (
            [
                Route(OIDC, self.go_to_provider, methods=["GET"]),
                Route(CALLBACK, self.come_back, methods=["GET"]),
            ]
            if self._oidc is not None
            else []
        )
        return [
            *oidc,
            Route(OWN_PAGE, self.show, methods=["GET"]),
            Route(OWN_PAGE, self.sign_in, methods=["POST"]),
            Route(LINK, self.use_link, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the form; or send the browser to where the auth manager has one."""
        target = _next_of(request.query_params.get("next"))
        try:
            url = self._entrance.manager.login_url(target)
        except UnavailableError:
            return self._page(request, target, Word.NOT_NOW, status=503)
        if url is not None:
            return Response(status_code=303, headers={**HEADERS, "location": url})
        return self._page(request, target)

    async def sign_in(self, request: Request) -> Response:
        """Sign in with what the form says."""
        raw = bytearray()
        try:
            async with asyncio.timeout(self._body_s_max):
                async for chunk in request.stream():
                    raw += chunk
                    if len(raw) > FORM_MAX:
                        return self._page(request, "/", Word.TOO_LONG, status=413)
        except TimeoutError:
            return self._page(request, "/", Word.NOT_NOW, status=408, more={"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        return await run_in_threadpool(self._sign_in, request, bytes(raw))

    async def use_link(self, request: Request) -> Response:
        """Sign in with a link that counts once, unless it is only looked at: by what previews links, say."""
        if request.method == "HEAD":
            return Response(headers=HEADERS)
        return await run_in_threadpool(self._use_link, request)

    async def go_to_provider(self, request: Request) -> Response:
        """Send the browser to the OIDC provider."""
        return await self._with_provider(self._go_to_provider, request)

    async def come_back(self, request: Request) -> Response:
        """Sign in whom the OIDC provider vouches for."""
        return await self._with_provider(self._come_back, request)

    async def _with_provider(self, work: Callable[[Request], Response], request: Request) -> Response:
        """Do what asks the provider, unless too many do so. Called in the event loop, so that nothing is locked."""
        if self._at_provider >= AT_PROVIDER_MAX:
            return self._page(request, "/", Word.NOT_NOW, status=429, more={"retry-after": "5"})
        self._at_provider += 1
        try:
            return await run_in_threadpool(work, request)
        finally:
            self._at_provider -= 1

    def _go_to_provider(self, request: Request) -> Response:
        assert self._oidc is not None, "there is no such route without a provider"
        target = _next_of(request.query_params.get("next"))
        try:
            url, sealed = self._oidc.begin(next_path=target, base_url=self._base_url(request))
        except UnavailableError as error:
            log.warning("OIDC provider not reached", extra={"error": str(error)})
            return self._page(request, target, Word.NO_PROVIDER, status=503)
        response = Response(status_code=303, headers={**HEADERS, "location": url})
        response.headers.append("set-cookie", self._oidc_cookie(request, sealed))
        return response

    def _come_back(self, request: Request) -> Response:
        assert self._oidc is not None, "there is no such route without a provider"
        entrance, query = self._entrance, request.query_params
        presented = entrance.presented(request)
        try:
            said, target = self._oidc.finish(
                cookie=cookie_of(presented, OIDC_COOKIE),
                state=query.get("state", ""),
                code=query.get("code", ""),
                base_url=self._base_url(request),
            )
            known = vouched_user(entrance.desk, said, new_user_role=entrance.settings.api_auth.new_user_role)
        except Refused as error:
            log.warning("sign-in refused", extra={"by": "oidc", "error": error.word.value})
            return self._page(request, "/", error.word, status=401)
        except UserError as error:
            log.warning("sign-in refused", extra={"by": "oidc", "error": error.message})
            return self._page(request, "/", error, status=401)
        except (UnavailableError, ConflictError) as error:
            log.warning("OIDC provider not reached", extra={"error": str(error)})
            return self._page(request, "/", Word.NOT_NOW, status=503)
        principal = principal_of(known.user, known.custom_roles)
        response = self._let_in(request, principal, "sign_in_by_oidc", target)
        response.headers.append("set-cookie", self._oidc_cookie(request, ""))
        return response

    def _base_url(self, request: Request) -> str:
        """Return the address that the browser uses; a wrong one is refused by the provider, which knows the right one."""
        entrance = self._entrance
        if entrance.settings.api.base_url:
            return entrance.settings.api.base_url.rstrip("/")
        presented = entrance.presented(request)
        scheme = "https" if entrance.is_https(presented) else "http"
        return f"{scheme}://{presented.headers.get('host', '')}"

    def _oidc_cookie(self, request: Request, value: str) -> str:
        age_s = int(STATE_LIFETIME.total_seconds()) if value else 0
        secure = "; Secure" if self._entrance.is_https(self._entrance.presented(request)) else ""
        return f"{OIDC_COOKIE}={value}; Path={OIDC}; Max-Age={age_s}; SameSite=Lax; HttpOnly{secure}"

    def _sign_in(self, request: Request, raw: bytes) -> Response:
        entrance = self._entrance
        presented = entrance.presented(request)
        form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10))
        target, name = _next_of(form.get("next")), form.get("username", "")
        if entrance.is_from_elsewhere(presented):
            return self._page(request, "/", Word.FROM_ELSEWHERE, status=403)
        try:
            principal = entrance.sign_in(name, form.get("password", ""), address=presented.address)
        except Unauthenticated:
            self._write("sign_in", name, presented.address, status=401)
            return self._page(request, target, Word.WRONG, status=401)
        except Throttled as error:
            wait = {"retry-after": str(max(1, round(error.retry_after_s)))}
            return self._page(request, target, Word.THROTTLED, status=429, more=wait)
        except ManagerFailed:
            return self._page(request, target, Word.NOT_NOW, status=503)
        except UnavailableError:
            return self._page(request, target, Word.NO_DATABASE, status=503)
        return self._let_in(request, principal, "sign_in", target)

    def _use_link(self, request: Request) -> Response:
        entrance = self._entrance
        presented = entrance.presented(request)
        ticket = request.query_params.get("ticket", "")
        is_meant = presented.headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
        try:
            principal = entrance.take_ticket(ticket) if ticket and is_meant else None
        except ManagerFailed:
            return self._page(request, "/", Word.NOT_NOW, status=503)
        except UnavailableError:
            return self._page(request, "/", Word.NO_DATABASE, status=503)
        if principal is None:
            return self._page(request, "/", Word.OLD_LINK, status=401)
        return self._let_in(request, principal, "sign_in_by_link", "/")

    def _let_in(self, request: Request, principal: Principal, event: str, target: str) -> Response:
        presented = self._entrance.presented(request)
        cookies = self._entrance.begin_session(principal, presented)
        self._write(event, principal.name, presented.address, status=200)
        response = Response(status_code=303, headers={**HEADERS, "location": target})
        for cookie in cookies:
            response.headers.append("set-cookie", cookie)
        return response

    def _write(self, event: str, owner: str, address: str, *, status: int) -> None:
        if not owner:
            return
        line = AuditEvent(at=self._entrance.now(), event=event, owner=owner, status=status, address=address)
        write_line(self._audit, line)

    def _page(
        self,
        request: Request,
        target: str,
        problem: Word | UserError | None = None,
        *,
        status: int = 200,
        more: dict[str, str] | None = None,
    ) -> Response:
        language = language_of(request.headers.get("accept-language", ""))
        say = LANGUAGES[language]
        told = ""
        if isinstance(problem, Word):
            told = say[problem]
        elif problem is not None:
            told = f"{say[Word.NOT_LET_IN]} {problem.message}. {problem.hint}"
        bad = f'<p class="bad" role="alert">{escape(told)}</p>' if told else ""
        other = (
            f'<a class="go" href="{OIDC}?next={quote(target, safe="")}">{say[Word.SINGLE_SIGN_ON]}</a>'
            if self._oidc is not None
            else ""
        )
        text = (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{say[Word.TITLE]} · {escape(self._title)}</title>'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body><main>'
            f'<h1>{escape(self._title)}</h1>{bad}<form method="post" action="{OWN_PAGE}">'
            f'<input type="hidden" name="next" value="{escape(target)}">'
            f'<label for="username">{say[Word.NAME]}</label><input id="username" name="username" autocomplete="username" '
            f'required autofocus><label for="password">{say[Word.PASSWORD]}</label><input id="password" name="password" '
            f'type="password" autocomplete="current-password" required><button>{say[Word.TITLE]}</button></form>'
            f"{other}</main></body></html>"
        )
        return Response(
            text,
            status_code=status,
            headers={**HEADERS, "vary": "accept-language", "content-language": language, **(more or {})},
            media_type="text/html",
        )


def _next_of(text: str | None) -> str:
    """Return where to go afterwards: a place of this server, whatever was asked for."""
    try:
        return checked_next(text)
    except UserError:
        return "/"
