"""From a request to an answer: who it is, whether they may, what they want; then the handler, in a thread.

The only place that catches everything: a bug is an answer of 500 with a number to look for in the log.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from windward.api.contract.answers import HEADERS, bodied, of_json
from windward.api.contract.binding import body_of, path_of, query_of
from windward.api.contract.holding import Held
from windward.api.contract.operation import (
    ANY_DAG,
    Call,
    ForAttempt,
    Needs,
    Nothing,
    Open,
    Operation,
    Reply,
    Scope,
    SignedIn,
)
from windward.api.contract.problem import (
    Forbidden,
    Problem,
    TooLarge,
    TooSlow,
    Unauthenticated,
    refusal_of,
)
from windward.api.contract.threads import Threads
from windward.api.streams import Streams, while_allowed
from windward.core.access import EVERYWHERE, is_allowed, reach_of
from windward.engine.people.changes import collecting
from windward.errors import WindwardError
from windward.model.access import DagReach, Principal
from windward.ports.listings import WouldWait

if TYPE_CHECKING:
    from windward.api.execution.tokens import AttemptClaims
    from windward.api.services import Services

log = logging.getLogger("windward.api")
BODY_S_MAX = 60.0
"""How long a body may take to come: a client that sends none holds its connection, and a little memory."""
ANYBODY = Principal(user_id="", name="anybody")
QUERIES_MAX = 200
"""Query strings of an operation whose meaning is remembered."""
QUERY_BYTES_MAX = 1000


class Learner(Protocol):
    """Is told how long reads held their threads."""

    def learn(self, scope: AsgiScope, reading: Served, *, held_s: float) -> None:
        """Take in how long one did that was answered in a thread."""


class Gate(Protocol):
    """Tells who asks."""

    def admit(self, request: Request) -> Principal | None:
        """Return who sends this request; None when it names nobody.

        Raises:
            Unauthenticated: when it names somebody who is not known, or is not who they say.
            Forbidden: when it may not have been meant, such as one that another site made the browser send.
        """


class Ledger(Protocol):
    """Writes down what was done."""

    def record(
        self, operation: Operation, principal: Principal, request: Request, *, body: object, status: int
    ) -> None:
        """Write down one request that may have changed something, whether it was carried out or refused."""


@dataclass(frozen=True, kw_only=True)
class Stream(Reply):
    """An answer that is sent while it is made; `chunks` ends when the client goes away."""

    chunks: AsyncIterator[bytes]


class _Counted(StreamingResponse):
    """A stream that is counted until it has ended, or its client is gone."""

    def __init__(self, chunks: AsyncIterator[bytes], streams: Streams, user_id: str, **rest: Any) -> None:
        super().__init__(chunks, **rest)
        self._streams = streams
        self._user_id = user_id

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        with self._streams.ending(self._user_id):
            await super().__call__(scope, receive, send)


class Served:
    """One operation as an ASGI endpoint."""

    def __init__(
        self,
        operation: Operation,
        services: Services,
        gate: Gate,
        ledger: Ledger,
        *,
        threads: Threads,
        body_s_max: float = BODY_S_MAX,
        learner: Learner | None = None,
    ) -> None:
        self._learner = learner
        self._queries: dict[bytes, Any] = {}
        self._threads = threads
        self._body_s_max = body_s_max
        self._operation = operation
        self._services = services
        self._gate = gate
        self._ledger = ledger
        self._is_of_rows = operation.is_of_rows or (operation.is_of_logs and services.execution.logs.is_near)
        self._is_plain = (
            operation.body is Nothing
            and not operation.changes
            and not inspect.iscoroutinefunction(operation.handler)
        )

    @property
    def operation(self) -> Operation:
        """Which one it is."""
        return self._operation

    def route(self, middleware: Sequence[Middleware] = ()) -> Route:
        """Return the route."""
        operation = self._operation
        return Route(
            operation.path,
            self.answer,
            methods=[operation.method],
            name=operation.name,
            middleware=middleware or None,
        )

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        operation = self._operation
        if not operation.changes:
            answer, _, _ = await self._answer(request)
            return answer
        with collecting():
            answer, principal, body = await self._answer(request)
            if not operation.is_quiet:
                await self._threads.run(self._record, request, answer, principal, body)
        return answer

    def _record(self, request: Request, answer: Response, principal: Principal, body: object) -> None:
        self._ledger.record(self._operation, principal, request, body=body, status=answer.status_code)

    async def _answer(self, request: Request) -> tuple[Response, Principal, object]:
        """Return the answer, who asked, and what."""
        operation = self._operation
        body: object = None
        principal = ANYBODY
        try:
            if self._is_plain:
                read = self._read_rows if self._is_of_rows else self._read
                return await self._threads.run(read, request), principal, body
            claims = None
            if not isinstance(operation.access, Open):
                principal, claims = await self._threads.run(self._let_in, request)
            path, reach = path_of(operation, request.path_params), EVERYWHERE
            if isinstance(operation.access, Needs):
                reach = await self._threads.run(self._reach, principal, path)
            query = self._query(request)
            body = await self._body(request)
            call = self._call(request, principal, claims, path=path, query=query, body=body, reach=reach)
            answer = self._response(request, principal, await self._handled(call))
        except Exception as error:  # noqa: BLE001  # the edge: a bug is an answer, too
            answer = self._refusal(error)
        return answer, principal, body

    def answer_now(self, request: Request) -> Response:
        """Answer what waits for nothing but the database, in this thread.

        Raises:
            WouldWait: when something would have to be written.
        """
        try:
            with self._services.listings.briefly():
                return self._read(request)
        except WouldWait:
            raise
        except Exception as error:  # noqa: BLE001  # the edge: a bug is an answer, too
            return self._refusal(error)

    def _refusal(self, error: Exception) -> Response:
        """Return the answer to what could not be done."""
        if isinstance(error, WindwardError):
            refusal = refusal_of(error)
            return of_json(refusal.body, refusal.status, refusal.headers)
        number = secrets.token_hex(6)
        log.error(
            "request failed", exc_info=error, extra={"operation": self._operation.name, "number": number}
        )
        return of_json(Problem(detail=f"an error of the server; the log has it as `{number}`"), 500, {})

    def _read_rows(self, request: Request) -> Response:
        held = Held()
        with self._services.listings.together():
            answer = self._read(request)
        if self._learner is not None:
            self._learner.learn(request.scope, self, held_s=held.held_s)
        return answer

    def _read(self, request: Request) -> Response:
        """Answer what has no body and changes nothing in one piece: each change of threads costs as much as a query."""
        operation = self._operation
        principal, claims = self._let_in(request)
        path = path_of(operation, request.path_params)
        reach = self._reach(principal, path)
        query = self._query(request)
        call = self._call(request, principal, claims, path=path, query=query, body=Nothing(), reach=reach)
        return self._response(request, principal, operation.handler(call))

    def _call(
        self,
        request: Request,
        principal: Principal,
        claims: AttemptClaims | None,
        *,
        path: dict[str, str | int],
        query: Any,
        body: Any,
        reach: DagReach,
    ) -> Call[Any, Any]:
        return Call(
            services=self._services,
            principal=principal,
            path=path,
            query=query,
            body=body,
            reach=reach,
            headers=request.headers,
            claims=claims,
            presented=self._services.entrance.presented(request),
        )

    def _query(self, request: Request) -> Any:
        """Return the query string as the operation's struct, which handlers only read."""
        text: bytes = request.scope["query_string"]
        query = self._queries.get(text)
        if query is None:
            query = query_of(self._operation, request.query_params.multi_items())
            if len(text) <= QUERY_BYTES_MAX:
                if len(self._queries) >= QUERIES_MAX:
                    self._queries.clear()
                self._queries[text] = query
        return query

    async def _handled(self, call: Call[Any, Any]) -> object:
        handler = self._operation.handler
        if inspect.iscoroutinefunction(handler):
            return await handler(call)
        return await self._threads.run(handler, call)

    def _let_in(self, request: Request) -> tuple[Principal, AttemptClaims | None]:
        """Return who asks, with the claims of an attempt's token where one opens this."""
        match self._operation.access:
            case Open():
                return ANYBODY, None
            case ForAttempt():
                return self._of_attempt(request)
            case _:
                return self._admitted(request), None

    def _of_attempt(self, request: Request) -> tuple[Principal, AttemptClaims]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Not authenticated")
        claims = self._services.execution.tokens.read(token, now=self._services.now())
        return Principal(user_id=claims.host_id, name=claims.host_id), claims

    def _admitted(self, request: Request) -> Principal:
        principal = self._gate.admit(request)
        if principal is None:
            raise Unauthenticated("Not authenticated")
        return principal

    def _reach(self, principal: Principal, path: dict[str, str | int]) -> DagReach:
        """Return the DAGs that the handler may touch.

        Raises:
            Forbidden: when there are none, or when the right is lacking.
        """
        match self._operation.access:
            case Open() | SignedIn() | ForAttempt():
                return EVERYWHERE
            case Needs(verb=verb, resource=resource, scope=scope):
                dag_id = path.get("dag_id") if scope is Scope.PATH else None
                if scope is Scope.NONE and not is_allowed(principal, verb, resource):
                    raise Forbidden(verb, resource)
                reach = reach_of(principal, verb, resource)
                if reach.is_empty:
                    raise Forbidden(verb, resource)
                if isinstance(dag_id, str) and dag_id != ANY_DAG and not reach.is_all:
                    tags = self._services.tags_of(dag_id) if reach.needs_tags else ()
                    if not is_allowed(principal, verb, resource, dag_id=dag_id, tags=tags):
                        raise Forbidden(verb, resource, dag_id=dag_id)
                return reach

    def _response(self, request: Request, principal: Principal, result: object) -> Response:
        """Return the answer that a handler's result makes.

        Raises:
            Throttled: when it is a stream, and as many as may be are open.
        """
        reply = result if isinstance(result, Reply) else Reply(body=result)
        if isinstance(reply, Stream):
            streams, headers = self._services.streams, {**HEADERS, **reply.headers}
            streams.begin(principal.user_id)
            status = reply.status or self._operation.status
            media_type = reply.media_type
            chunks = while_allowed(
                reply.chunks, lambda: self._is_still_allowed(request), every_s=streams.asked_every_s
            )
            return _Counted(
                chunks, streams, principal.user_id, status_code=status, headers=headers, media_type=media_type
            )
        response = bodied(self._operation, reply, request.headers.get("if-none-match"))
        for cookie in reply.cookies:
            response.headers.append("set-cookie", cookie)
        return response

    async def _is_still_allowed(self, request: Request) -> bool:
        """Whether somebody who was let in still would be; where that cannot be told, they are."""
        try:
            principal, _ = await self._threads.run(self._let_in, request)
            await self._threads.run(self._reach, principal, path_of(self._operation, request.path_params))
        except (Unauthenticated, Forbidden):
            return False
        except WindwardError as error:
            log.warning("listener not asked again", extra={"error": str(error)})
        return True

    async def _body(self, request: Request) -> Any:
        operation = self._operation
        if operation.body is Nothing:
            return Nothing()
        limit = operation.body_max
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise TooLarge(f"the body has {declared} bytes; `{operation.name}` takes {limit}")
        raw = bytearray()
        try:
            async with asyncio.timeout(self._body_s_max):
                async for chunk in request.stream():
                    raw += chunk
                    if len(raw) > limit:
                        raise TooLarge(
                            f"the body is larger than {limit} bytes, which is all that `{operation.name}` takes"
                        )
        except TimeoutError as error:
            raise TooSlow(f"the body did not come within {self._body_s_max:g} s") from error
        except ClientDisconnect as error:
            raise TooSlow("the client went away before its body had come") from error
        return body_of(operation, bytes(raw), media_type=request.headers.get("content-type", ""))
