"""The HTTP application: what a server process is made of, introduced to each other in one place."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import Any, cast

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import PluginProtocol
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from twh_server.access.keys import Keys
from twh_server.access.sealing import Sealer
from twh_server.database.engine import Database, ended
from twh_server.database.identifiers import REQUEST, RequestId, fresh
from twh_server.events.bell import Bell
from twh_server.http import pages, problems
from twh_server.http.incoming import DEFAULT_LIMITS, BodyLimits
from twh_server.http.operation import Operation, Rooms, serve
from twh_server.http.operations import OPERATIONS
from twh_server.http.refusals import Internal, MalformedRequest, MethodNotAllowed, NotFound
from twh_server.journal.writer import Writer
from twh_server.refusals import Refusal

Incoming = Request[Any, Any, Any]

_log = logging.getLogger(__name__)


def build(database: Database, bell: Bell, sealer: Sealer, *, limits: BodyLimits = DEFAULT_LIMITS) -> ASGIApp:
    """The application over a database that the caller opens before its start-up and closes after its shutdown.

    On shutdown, everything that was accepted is answered before the lifespan ends.
    """
    rooms = Rooms(
        database=database,
        writer=Writer(database, bell),
        bell=bell,
        keys=Keys(database),
        sealer=sealer,
        limits=limits,
    )

    @contextlib.asynccontextmanager
    async def life(_: Litestar) -> AsyncGenerator[None]:
        ringing = asyncio.create_task(bell.run(database))
        noting = asyncio.create_task(rooms.keys.last_use.run())
        try:
            yield
        finally:
            await rooms.writer.close()
            await ended(ringing)
            await ended(noting)
            await rooms.keys.last_use.write(all_of_it=True)

    handlers: Any = {HTTPException: _refuse, Exception: _fail}
    app = _Application(
        route_handlers=[*pages.handlers(database), *_routes(rooms)],
        exception_handlers=handlers,
        lifespan=[life],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )
    return _as_sent(app)


class _Application(Litestar):
    """Litestar without the plugins that it loads by itself: our handlers take the request and give the answer.

    The one for pydantic would load pydantic's first version too, a tenth of a start.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return plugins


def _routes(rooms: Rooms) -> list[HTTPRouteHandler]:
    """A route for each path, so that the answer to OPTIONS tells all its methods."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        methods = paths.setdefault(operation.path, {})
        methods[operation.method] = operation
        if operation.method == "GET":
            methods["HEAD"] = operation
    return [_route(path, methods, rooms) for path, methods in paths.items()]


def _route(path: str, methods: dict[str, Operation], rooms: Rooms) -> HTTPRouteHandler:
    async def handle(request: Incoming) -> ASGIResponse:
        return await serve(methods[request.method], rooms, request)

    allowed: Any = list(methods)
    return HTTPRouteHandler(path.replace("}", ":str}"), http_method=allowed, status_code=200)(handle)


def _refuse(request: Incoming, error: HTTPException) -> Response[bytes]:
    """What the router refuses, in the one form of problems."""
    if error.status_code >= 500:
        return _fail(request, error)
    refusal: Refusal = MalformedRequest(error.detail)
    if error.status_code == 404:
        refusal = NotFound(request.scope["path"])
    elif error.status_code == 405:
        refusal = MethodNotAllowed(request.method, (error.headers or {}).get("allow", ""))
    return _told(refusal)


def _fail(request: Incoming, fault: Exception) -> Response[bytes]:
    _log.error("%s %s failed", request.method, request.scope["path"], exc_info=fault)
    return _told(Internal())


def _told(refusal: Refusal) -> Response[bytes]:
    request_id = REQUEST.text(RequestId(fresh()))
    answer = problems.answer(refusal, request_id)
    headers = {**answer.headers, "Twh-Request-Id": request_id}
    return Response(answer.body, status_code=answer.status, media_type=headers.pop("Content-Type"), headers=headers)


def _as_sent(app: Litestar) -> ASGIApp:
    """Route by the path as it was sent, so that an SKU may contain a percent-encoded slash."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        told = cast(dict[str, Any], scope)
        if told.get("raw_path"):
            told["path"] = told["raw_path"].split(b"?", 1)[0].decode("latin-1")
        await app(scope, receive, send)

    return routed
