"""An operation is described once, as data: routing, checks and the OpenAPI document all follow from it."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import msgspec

from twh_server.access.keys import Access, Keys
from twh_server.access.rates import Taken
from twh_server.access.scopes import Scope
from twh_server.access.sealing import Sealer
from twh_server.access.shared_rates import Rates
from twh_server.database.engine import Database, is_transient
from twh_server.database.identifiers import REQUEST, TENANT, RequestId, TenantId, fresh
from twh_server.events.bell import Bell
from twh_server.http import incoming, limiting, problems
from twh_server.http.admission import BULK_PLACES, Admission
from twh_server.http.envelope import Incoming, Reply
from twh_server.http.refusals import Internal
from twh_server.http.shapes import Body, Query, query_of
from twh_server.http.streaming import Listener, Parts, StreamReply
from twh_server.journal.commands import Actor, Answer, Command, Submission
from twh_server.journal.refusals import Unavailable
from twh_server.journal.writer import Writer
from twh_server.refusals import Refusal
from twh_server.telemetry import Handled, Watch, trace_of
from twh_server.webhooks.targets import Policies

JSON = "application/json"

B = TypeVar("B", bound=Body | None)
Q = TypeVar("Q", bound=Query | None)
T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """What a handler may use: made once a process, in app.py."""

    database: Database
    writer: Writer
    bell: Bell
    keys: Keys
    sealer: Sealer
    targets: Policies
    """Where webhooks may go."""
    limits: incoming.BodyLimits
    rates: Rates | None
    watch: Watch
    admission: Admission


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Generic[B, Q]):
    """One request, read and checked."""

    rooms: Rooms
    access: Access
    path: Mapping[str, str]
    query: Q
    body: B
    key: str | None
    digest: bytes
    if_match: Sequence[str] | None
    create_only: bool
    """Whether a PUT may only create (`If-None-Match: *`)."""
    handled: Handled

    @property
    def request_id(self) -> str:
        """What names the request in our logs."""
        return self.handled.request_id

    @property
    def tenant(self) -> TenantId:
        """Whose data."""
        return self.access.tenant

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return Actor(key=self.access.key, name=self.access.name)

    def require_scope(self, scope: Scope) -> None:
        """Raise ScopeMissing unless the key has a further scope that this very request needs."""
        incoming.require_scope(self.access, scope)

    async def submit(
        self, command: Command[T], answer: Callable[[T], Answer], *, reopen: Callable[[str], bytes] = str.encode
    ) -> Answer:
        """Carry out a command through the journal, and answer it."""
        submission = Submission(
            tenant=self.tenant,
            command=command,
            answer=answer,
            refuse=lambda refusal: problems.answer(refusal, self.request_id),
            key=self.key,
            digest=self.digest,
            actor=self.actor,
            shares=self.handled.shared,
            reopen=reopen,
        )
        return await self.rooms.writer.submit(submission)


Handler = Callable[[Call[Any, Any]], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path: what it takes, what it answers, what it refuses."""

    id: str
    method: Literal["GET", "POST", "PATCH", "DELETE", "PUT"]
    path: str
    scope: Scope | Literal[""]
    handler: Handler
    body: type[Body] | None = None
    query: type[Query] | None = None
    answers: Mapping[int, type[msgspec.Struct] | None] = field(default_factory=dict[int, type[msgspec.Struct] | None])
    key: Literal["required", "honoured", "none"] = "none"
    conditional: bool = False
    """Whether `If-Match` (on a write) or `If-None-Match` (on a read, and as `*` on a PUT) is honoured."""
    bulk: bool = False
    """Whether its body may be as large as many requests together."""
    refusals: Sequence[type[Refusal]] = ()
    example: Mapping[str, Any] | None = None
    waits: bool = False
    """Whether it may wait for news, and therefore takes no place from those who work."""
    streams: Callable[[Call[Any, Any], Listener], Awaitable[Parts]] | None = None
    """What it answers with events as they happen, for who wants them (`Accept: text/event-stream`)."""
    changes_nothing: bool = False
    """Whether it changes no fact, though it is no GET: a suspended tenant may still ask it."""

    @property
    def reads(self) -> bool:
        """Whether it leaves everything as it is."""
        return self.changes_nothing or self.method == "GET"

    @property
    def places(self) -> int:
        """How many places it takes among the requests of its tenant that are under way."""
        return 0 if self.waits else BULK_PLACES if self.bulk else 1

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or self.id).strip().splitlines()[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of it."""
        return "\n".join(line.strip() for line in (self.handler.__doc__ or "").strip().splitlines()[1:]).strip()


def operation(**described: Any) -> Callable[[Handler], Operation]:
    """Make an `Operation` of a handler."""
    return lambda handler: Operation(handler=handler, **described)


async def serve(operation: Operation, rooms: Rooms, request: Incoming) -> Reply | StreamReply:
    """Answer one request: authenticate, count it, check its shape, let the handler do the rest."""
    handled = Handled(
        request_id=REQUEST.text(RequestId(fresh())),
        method=request.method,
        operation=operation.id,
        trace_id=trace_of(request.header(b"traceparent")),
    )
    taken: Taken | None = None
    parts: Parts | None = None
    answer = Answer(status=200)
    try:
        request.check()
        access = await incoming.authenticate(request, rooms.keys)
        handled.tenant = TENANT.text(access.tenant)
        if rooms.rates:
            taken = await limiting.take(rooms.rates, access.key)
            limiting.require(rooms.rates.rate, taken)
        incoming.require_access(access, operation.scope, reads=operation.reads)
        await rooms.admission.enter(access.tenant, operation.places)
        try:
            listener = _listener(operation, rooms, request)
            call = await _read(operation, rooms, request, access, handled)
            if operation.streams and listener:
                parts = await operation.streams(call, listener)
            else:
                answer = _unless_known(await operation.handler(call), request)
        finally:
            rooms.admission.leave(access.tenant, operation.places)
    except Refusal as refusal:
        answer = problems.answer(refusal, handled.request_id)
    except Exception as fault:  # noqa: BLE001  # the caller is told of a fault, whatever it is
        answer = problems.answer(told_of(fault, operation.id, handled.request_id), handled.request_id)
    # A stream is told of when it begins: how long it goes on is up to its listener.
    handled.status = answer.status
    rooms.watch(handled)
    counted = limiting.headers(rooms.rates.rate, taken) if rooms.rates and taken else {}
    headers = {**counted, "Twh-Request-Id": handled.request_id}
    if parts:
        return StreamReply(parts, headers, request.receive)
    return reply(answer, request, headers)


def told_of(fault: Exception, operation_id: str, request_id: str) -> Refusal:
    """What a caller is told of a fault; the log has all of it."""
    if is_transient(fault):
        _log.warning("%s could not be answered: %s", operation_id, fault)
        return Unavailable()
    _log.error("%s failed (request %s)", operation_id, request_id, exc_info=fault)
    return Internal()


async def _read(
    operation: Operation, rooms: Rooms, request: Incoming, access: Access, handled: Handled
) -> Call[Any, Any]:
    query = query_of(operation.query or Query, request.query)
    key = incoming.idempotency_key(request, required=operation.key == "required") if operation.key != "none" else None
    raw = await incoming.body(request, rooms.limits.of(bulk=operation.bulk)) if operation.body else b""
    path = incoming.path_values(request)
    return Call(
        rooms=rooms,
        access=access,
        path=path,
        query=query,
        body=operation.body.read(raw) if operation.body else None,
        key=key,
        digest=incoming.digest(request, incoming.spelled(operation.path, path), raw) if key else b"",
        if_match=incoming.entity_tags(request, b"if-match") if operation.conditional else None,
        create_only=operation.method == "PUT" and incoming.create_only(request),
        handled=handled,
    )


def _listener(operation: Operation, rooms: Rooms, request: Incoming) -> Listener | None:
    """Who listens, when it is a stream that is wanted. Raises NotAcceptable, MalformedRequest."""
    streams = operation.streams is not None and request.method == "GET"
    if not incoming.wants_stream(request, streams=streams):
        return None

    async def let_in() -> None:
        access = await incoming.authenticate(request, rooms.keys)
        incoming.require_access(access, operation.scope, reads=operation.reads)

    return Listener(last_event_id=incoming.last_event_id(request), let_in=let_in)


def reply(answer: Answer, request: Incoming, more: Mapping[str, str]) -> Reply:
    """The answer as the caller gets it, with headers of this very attempt."""
    headers = {"Content-Type": JSON, **answer.headers, **more} if answer.body else {**answer.headers, **more}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Reply(answer.status, headers, answer.body, leaves_out_body=request.method == "HEAD")


def _unless_known(answer: Answer, request: Incoming) -> Answer:
    """304 in the place of what the caller has already (`If-None-Match`)."""
    if request.method not in ("GET", "HEAD"):
        return answer
    known = incoming.entity_tags(request, b"if-none-match") or ()
    tag = answer.headers.get("ETag")
    if answer.status != 200 or tag is None:
        return answer
    return Answer(status=304, headers={"ETag": tag}) if tag in known or "*" in known else answer


def shown(value: msgspec.Struct, *, tag: str | None = None) -> Answer:
    """200 with a value, and its entity tag when it has one."""
    return Answer(status=200, headers={"ETag": tag} if tag else {}, body=msgspec.json.encode(value))


def created(address: str, *, tag: str | None = None) -> Answer:
    """201 with the address and the entity tag of a new thing; its body is what the event tells."""
    headers = {"Location": address} | ({"ETag": tag} if tag else {})
    return Answer(status=201, headers=headers, told_by_event=True)
