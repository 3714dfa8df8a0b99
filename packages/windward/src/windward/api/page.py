"""The page at `/`: what runs, in plain HTML, until the web interface comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import windward
from windward.api.access.pages import style_source
from windward.api.contract.problem import refusal_of
from windward.api.contract.serving import Gate
from windward.api.health import body_of, unavailable
from windward.api.services import Services
from windward.core.access import is_allowed
from windward.errors import UnavailableError, WindwardError
from windward.model.access import Principal, Resource, Verb
from windward.model.files import FileRecord
from windward.model.records import RunRecord
from windward.ports.reads import DagSummary

RUNS_SHOWN = 50
DAGS_SHOWN = 500
REFRESH_S = 5
_STYLE = """
:root{color-scheme:light dark;--bg:#fafaf8;--fg:#1d2126;--dim:#667080;--line:#e3e5e8;--card:#fff;
--ok:#17803d;--bad:#c02626;--run:#0b66c3;--wait:#8a6d00}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e7e9ec;--dim:#98a1ad;--line:#2a3037;--card:#1b1f24;
--ok:#5dc983;--bad:#ff7b72;--run:#6cb6ff;--wait:#d8b84a}}
a{color:inherit}*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:72rem;margin:0 auto;padding:2rem 1.25rem 4rem}
header{display:flex;flex-wrap:wrap;gap:.75rem 1.25rem;align-items:baseline;margin-bottom:1.5rem}
h1{font-size:1.35rem;margin:0;letter-spacing:-.01em}h2{font-size:1rem;margin:2rem 0 .5rem}
.dim{color:var(--dim)}.parts{display:flex;flex-wrap:wrap;gap:.5rem;margin:0;padding:0;list-style:none}
.parts li{border:1px solid var(--line);background:var(--card);border-radius:999px;padding:.1rem .7rem;font-size:.85rem}
.dot{display:inline-block;width:.55rem;height:.55rem;border-radius:50%;background:var(--dim);margin-right:.4rem}
.healthy .dot,.success .dot{background:var(--ok)}.unhealthy .dot,.failed .dot{background:var(--bad)}
.running .dot{background:var(--run)}.queued .dot{background:var(--wait)}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.6rem;background:var(--card)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.45rem .8rem;border-top:1px solid var(--line);white-space:nowrap}
th{border-top:0;color:var(--dim);font-weight:500;font-size:.85rem}td.wide{white-space:normal;min-width:14rem}
code{font:.9em ui-monospace,Menlo,Consolas,monospace}
pre{margin:0;padding:.8rem;overflow-x:auto;font:.85em/1.45 ui-monospace,Menlo,Consolas,monospace}
.tag{border:1px solid var(--line);border-radius:.3rem;padding:0 .35rem;font-size:.8rem;margin-right:.25rem}
"""

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src {style_source(_STYLE)}; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_CHALLENGE = "Sign in at `/login`, or send a name and a password.\n"


class Page:
    """The page, for whoever is signed in; it shows what they may see."""

    def __init__(self, services: Services, *, gate: Gate, title: str) -> None:
        self._services = services
        self._gate = gate
        self._title = title

    async def answer(self, request: Request) -> Response:
        """Show what runs."""
        return await run_in_threadpool(self._answer, request)

    def _answer(self, request: Request) -> Response:
        try:
            principal = self._gate.admit(request)
        except WindwardError as error:
            refusal = refusal_of(error)
            headers = {**_HEADERS, **refusal.headers}
            if refusal.status == 401:
                headers["www-authenticate"] = 'Basic realm="Windward", charset="UTF-8"'
            return Response(f"{error}\n", refusal.status, headers=headers, media_type="text/plain")
        if principal is not None:
            return self._made(principal)
        if "text/html" in request.headers.get("accept", ""):
            return Response(status_code=303, headers={**_HEADERS, "location": "/login"})
        challenge = {**_HEADERS, "www-authenticate": 'Basic realm="Windward", charset="UTF-8"'}
        return Response(_CHALLENGE, status_code=401, headers=challenge, media_type="text/plain")

    def _made(self, principal: Principal) -> Response:
        services, now = self._services, self._services.now()
        store = services.store
        try:
            dags = store.reads.list_dags(limit=DAGS_SHOWN)
            tags = {dag.dag_id: tuple(dag.tags) for dag in dags}

            def sees(resource: Resource, dag_id: str) -> bool:
                return is_allowed(principal, Verb.READ, resource, dag_id=dag_id, tags=tags.get(dag_id, ()))

            runs = [run for run in store.reads.list_runs(limit=RUNS_SHOWN) if sees(Resource.RUN, run.dag_id)]
            sees_errors = is_allowed(principal, Verb.READ, Resource.IMPORT_ERROR)
            text = render_page(
                title=self._title,
                version=windward.__version__,
                who=principal.name,
                health=self._health(now),
                dags=[dag for dag in dags if sees(Resource.DAG, dag.dag_id)],
                runs=runs,
                errors=store.reads.import_errors() if sees_errors else [],
                now=now,
            )
        except UnavailableError as error:
            return Response(f"{error}\n", status_code=503, headers=_HEADERS, media_type="text/plain")
        return Response(text, headers=_HEADERS, media_type="text/html")

    def _health(self, now: datetime) -> Mapping[str, Any]:
        hosts = self._services.store.hosts
        lease_s = self._services.settings.scheduler.host_lease_s
        try:
            return body_of(hosts.load_components(), hosts.load_hosts(), host_lease_s=lease_s, now=now)
        except UnavailableError:
            return unavailable()


def render_page(
    *,
    title: str,
    version: str,
    who: str,
    health: Mapping[str, Any],
    dags: Sequence[DagSummary],
    runs: Sequence[RunRecord],
    errors: Sequence[FileRecord],
    now: datetime,
) -> str:
    """Return the page. Every value is escaped; nothing of it is code."""
    newest = {run.dag_id: run for run in reversed(runs)}
    sections = [
        _section("Import errors", [_error(one) for one in errors], "") if errors else "",
        _table("DAGs", ("DAG", "Schedule", "State", "Last run", "Tags"), [_dag(dag, newest) for dag in dags]),
        _table(
            "Runs",
            ("DAG", "Run", "State", "Started (UTC)", "Took", "Reason"),
            [_run(run, now) for run in runs],
        ),
    ]
    parts = "".join(
        f'<li class="{_text(part["status"] or "")}"><span class="dot"></span>{_text(name.replace("_", " "))}'
        f"{'' if part['status'] else ' <span class=dim>not started</span>'}</li>"
        for name, part in health.items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESH_S}"><style>{_STYLE}</style></head><body><main>'
        f'<header><h1>{_text(title)}</h1><span class="dim">{_text(version)} · {now:%Y-%m-%d %H:%M:%S} UTC</span>'
        f'<span class="dim">{_text(who)} · <a href="/api/v2/auth/logout">sign out</a></span></header><ul class="parts">{parts}</ul>{"".join(sections)}</main></body></html>'
    )


def _table(heading: str, columns: Sequence[str], rows: Sequence[str]) -> str:
    if not rows:
        return _section(heading, [], "Nothing here yet.")
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    return _section(
        heading, [f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"], ""
    )


def _section(heading: str, blocks: Sequence[str], nothing: str) -> str:
    body = (
        "".join(f'<div class="scroll">{block}</div>' for block in blocks)
        or f'<p class="dim">{_text(nothing)}</p>'
    )
    return f"<section><h2>{_text(heading)}</h2>{body}</section>"


def _dag(dag: DagSummary, newest: Mapping[str, RunRecord]) -> str:
    run = newest.get(dag.dag_id)
    last = (
        f'{_state(run.state)} <span class="dim">{_text(run.run_id)}</span>'
        if run
        else '<span class="dim">-</span>'
    )
    tags = "".join(f'<span class="tag">{_text(tag)}</span>' for tag in dag.tags)
    return (
        f"<tr><td><code>{_text(dag.dag_id)}</code></td><td>{_text(dag.schedule_text or '-')}</td>"
        f"<td>{'paused' if dag.is_paused else 'active'}</td><td>{last}</td><td>{tags}</td></tr>"
    )


def _run(run: RunRecord, now: datetime) -> str:
    took = ""
    if run.start_date is not None:
        took = f"{max(0.0, ((run.end_date or now) - run.start_date).total_seconds()):.1f} s"
    started = f"{run.start_date:%Y-%m-%d %H:%M:%S}" if run.start_date else "-"
    return (
        f"<tr><td><code>{_text(run.dag_id)}</code></td><td>{_text(run.run_id)}</td><td>{_state(run.state)}</td>"
        f'<td>{started}</td><td>{took}</td><td class="wide dim">{_text(run.reason)}</td></tr>'
    )


def _state(state: str) -> str:
    return f'<span class="{_text(state)}"><span class="dot"></span>{_text(state)}</span>'


def _error(file: FileRecord) -> str:
    return f"<pre><b>{_text(file.fileloc)}</b>\n{_text(file.error or '')}</pre>"


def _text(value: object) -> str:
    return escape(str(value))
