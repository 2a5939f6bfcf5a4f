"""The HTTP application: what a server process is made of, introduced to each other in one place."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from litestar import Litestar, Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.plugins import PluginProtocol
from litestar.types import ASGIApp, Receive, Scope, Send

from twh_server.access.keys import Keys
from twh_server.access.sealing import Sealer
from twh_server.access.shared_rates import Rates, SharedBuckets
from twh_server.database.engine import Database, ended
from twh_server.database.identifiers import REQUEST, RequestId, fresh
from twh_server.events.bell import Bell
from twh_server.http import pages, problems
from twh_server.http.admission import Admission
from twh_server.http.envelope import Incoming, Reply
from twh_server.http.incoming import DEFAULT_LIMITS, BodyLimits
from twh_server.http.operation import Rooms, reply, serve
from twh_server.http.operations import OPERATIONS
from twh_server.http.refusals import Internal, MalformedRequest, MethodNotAllowed, NotFound
from twh_server.http.routing import PREFIX, Routes
from twh_server.http.streaming import StreamReply
from twh_server.journal.commands import Answer
from twh_server.journal.writer import Writer
from twh_server.refusals import Refusal
from twh_server.telemetry import Handled, Watch, nobody, trace_of
from twh_server.webhooks.targets import LOCAL, Policies

AnyRequest = Request[Any, Any, Any]

_log = logging.getLogger(__name__)


def open_rooms(
    database: Database,
    bell: Bell,
    sealer: Sealer,
    *,
    targets: Policies = LOCAL,
    limits: BodyLimits = DEFAULT_LIMITS,
    rates: Rates | None = None,
    watch: Watch = nobody,
    writer: Writer | None = None,
) -> Rooms:
    """What the handlers of one server process use. Whoever opened the database closes it, after the application's shutdown.

    `targets` says where webhooks may go. Without `rates`, a key may ask as often as it likes; `watch` is told of every
    request; `writer` is the one to use.
    """
    return Rooms(
        database=database,
        writer=writer or Writer(database, bell),
        bell=bell,
        keys=Keys(database),
        sealer=sealer,
        targets=targets,
        limits=limits,
        rates=rates,
        watch=watch,
        admission=Admission(),
    )


def build(rooms: Rooms) -> ASGIApp:
    """The application. On shutdown, everything that was accepted is answered before the lifespan ends."""
    rates = rooms.rates

    @contextlib.asynccontextmanager
    async def life(_: Litestar) -> AsyncGenerator[None]:
        ringing = asyncio.create_task(rooms.bell.run(rooms.database))
        noting = asyncio.create_task(rooms.keys.last_use.run())
        async with rates.in_touch() if isinstance(rates, SharedBuckets) else contextlib.nullcontext():
            try:
                yield
            finally:
                await rooms.writer.close()
                await ended(ringing)
                await ended(noting)
                await rooms.keys.last_use.write(all_of_it=True)

    handlers: Any = _handlers(rooms.watch)
    app = _Application(
        route_handlers=pages.handlers(rooms.database),
        exception_handlers=handlers,
        lifespan=[life],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )
    return _operations_first(rooms, _named(app))


class _Application(Litestar):
    """Litestar without the plugins that it loads by itself, since pages need none of them.

    The one for pydantic would load pydantic's first version too, a tenth of a start.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return plugins


def _operations_first(rooms: Rooms, others: ASGIApp) -> ASGIApp:
    """The operations are found and answered here; pages, and the start and end of the process, are the framework's.

    What a framework makes of a request and of an answer costs as much as all that an operation has to do
    (docs/decisions/0011-operations-without-a-framework.md).
    """
    routes = Routes(OPERATIONS)

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            # As it was sent, so that an SKU may contain a percent-encoded slash.
            path = scope["raw_path"].partition(b"?")[0].decode("latin-1")
            if path.startswith(PREFIX):
                reply = await _answer(routes, rooms, Incoming(scope, receive, path))
                await reply.send(send)
                return
        await others(scope, receive, send)

    return answering


async def _answer(routes: Routes, rooms: Rooms, request: Incoming) -> Reply | StreamReply:
    found = routes.find(request.path)
    if found is None:
        return _refused(NotFound(request.path), request, rooms.watch)
    route, request.path_params = found
    operation = route.methods.get(request.method)
    if operation:
        return await serve(operation, rooms, request)
    if request.method == "OPTIONS":
        return Reply(204, {"Allow": route.allowed, "Twh-Request-Id": REQUEST.text(RequestId(fresh()))}, b"")
    return _refused(MethodNotAllowed(request.method, route.allowed), request, rooms.watch)


def _refused(refusal: Refusal, request: Incoming, watch: Watch) -> Reply:
    answer, request_id = _told(refusal, request.method, request.header(b"traceparent"), watch)
    return reply(answer, request, {"Twh-Request-Id": request_id})


def _told(refusal: Refusal, method: str, traceparent: str | None, watch: Watch) -> tuple[Answer, str]:
    """The answer where no operation is reached, and what names the request."""
    request_id = REQUEST.text(RequestId(fresh()))
    answer = problems.answer(refusal, request_id)
    trace_id = trace_of(traceparent)
    watch(Handled(request_id=request_id, method=method, operation=None, trace_id=trace_id, status=answer.status))
    return answer, request_id


def _handlers(watch: Watch) -> dict[type[Exception], Callable[[AnyRequest, Any], Response[bytes]]]:
    """What is answered where no operation is reached."""

    def refuse(request: AnyRequest, error: HTTPException) -> Response[bytes]:
        """What the router refuses, in the one form of problems."""
        if error.status_code >= 500:
            return fail(request, error)
        refusal: Refusal = MalformedRequest(error.detail)
        if error.status_code == 404:
            refusal = NotFound(request.scope["path"])
        elif error.status_code == 405:
            refusal = MethodNotAllowed(request.method, (error.headers or {}).get("allow", ""))
        return _page_of(refusal, request, watch)

    def fail(request: AnyRequest, fault: Exception) -> Response[bytes]:
        _log.error("%s %s failed", request.method, request.scope["path"], exc_info=fault)
        return _page_of(Internal(), request, watch)

    return {HTTPException: refuse, Exception: fail}


def _page_of(refusal: Refusal, request: AnyRequest, watch: Watch) -> Response[bytes]:
    answer, request_id = _told(refusal, request.method, request.headers.get("traceparent"), watch)
    headers = {**answer.headers, "Twh-Request-Id": request_id}
    return Response(answer.body, status_code=answer.status, media_type=headers.pop("Content-Type"), headers=headers)


def _named(app: ASGIApp) -> ASGIApp:
    """Give the answers of pages, and of the framework's router, a request id."""

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if not any(name == b"twh-request-id" for name, _ in headers):
                    headers = [*headers, (b"twh-request-id", REQUEST.text(RequestId(fresh())).encode())]
                    message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, sending if scope["type"] == ScopeType.HTTP else send)

    return named
