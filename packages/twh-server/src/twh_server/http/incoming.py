"""Reading a request: who, which conditions, which key, which body; each refused in the order that the API promises."""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from twh_server.access.keys import Access, Keys
from twh_server.access.refusals import TenantClosed, TenantSuspended
from twh_server.http.envelope import Incoming, is_percent_encoded
from twh_server.http.refusals import (
    BodyTooLarge,
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    MalformedRequest,
    NotAcceptable,
    NotJson,
    RequestTimeout,
    ScopeMissing,
    Unauthenticated,
)
from twh_server.http.streaming import EVENT_STREAM

BODY_BYTES_MAX = 1 << 20
BULK_BODY_BYTES_MAX = 8 << 20
BODY_SECONDS_MAX = 30.0

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_TAGS = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e]*"|\*)\s*')
_ACCEPTED = ("*/*", "application/*", "application/json", "application/problem+json")


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyLimits:
    """How many bytes a body has at most: of one request, and of an operation that takes many at once."""

    body_bytes: int = BODY_BYTES_MAX
    bulk_bytes: int = BULK_BODY_BYTES_MAX

    def of(self, *, bulk: bool) -> int:
        """The limit of one operation."""
        return self.bulk_bytes if bulk else self.body_bytes


DEFAULT_LIMITS = BodyLimits()


async def authenticate(request: Incoming, keys: Keys) -> Access:
    """Who asks. Raises Unauthenticated without a key, and what `Keys.find` raises."""
    bearer = _BEARER.fullmatch(request.header(b"authorization") or "")
    if bearer is None:
        raise Unauthenticated
    return await keys.find(bearer[1], source=request.host)


def require_access(access: Access, scope: str, *, reads: bool) -> None:
    """Raise what the tenant's state and the key's scopes refuse: TenantClosed, TenantSuspended, ScopeMissing."""
    if access.tenant_state == "closed":
        raise TenantClosed
    if access.tenant_state == "suspended" and not reads:
        raise TenantSuspended
    require_scope(access, scope)


def require_scope(access: Access, scope: str) -> None:
    """Raise ScopeMissing unless the key has a scope."""
    if scope and scope not in access.scopes:
        raise ScopeMissing(scope)


def wants_stream(request: Incoming, *, streams: bool) -> bool:
    """Whether the caller wants events as they happen, where there are such; otherwise it is JSON. Raises NotAcceptable."""
    accept = request.header(b"accept")
    if not accept or accept in _ACCEPTED:
        return False
    for choice in accept.split(","):
        media, _, parameters = choice.strip().lower().partition(";")
        if re.search(r"(^|;)\s*q=0(\.0*)?\s*(;|$)", parameters):
            continue
        if streams and media.strip() == EVENT_STREAM:
            return True
        if media.strip() in _ACCEPTED:
            return False
    raise NotAcceptable


def last_event_id(request: Incoming) -> int | None:
    """The number of the event with which a stream broke off; None without one. Raises MalformedRequest."""
    value = request.header(b"last-event-id")
    if not value:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise MalformedRequest("Last-Event-ID is the `id` of an event of this stream: its number.")
    return int(value)


def idempotency_key(request: Incoming, *, required: bool) -> str | None:
    """The request's key. Raises IdempotencyKeyMissing or IdempotencyKeyMalformed."""
    key = request.header(b"idempotency-key")
    if key is None:
        if required:
            raise IdempotencyKeyMissing
        return None
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMalformed
    return key


def entity_tags(request: Incoming, header: bytes) -> tuple[str, ...] | None:
    """The tags of `If-Match` or `If-None-Match`; None without the header. Raises MalformedRequest."""
    value = request.header(header)
    if value is None:
        return None
    tags = [_TAGS.fullmatch(part) for part in value.split(",")]
    if not all(tags):
        raise MalformedRequest(f'{header.decode()} takes entity tags such as "it3", quotes included, or *.')
    return tuple(tag[1] for tag in tags if tag)


async def body(request: Incoming, bytes_max: int) -> bytes:
    """The body's bytes, at most so many. Raises NotJson, BodyEncoded, BodyTooLarge, RequestTimeout, MalformedRequest."""
    media = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise NotJson
    request.check_coding()
    if int(request.header(b"content-length") or 0) > bytes_max:
        raise BodyTooLarge(bytes_max)
    received: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while True:
                message = await request.receive()
                if message["type"] != "http.request":  # the caller hung up, or sent chunks that are none
                    raise MalformedRequest("The body ended before it was whole.")
                received.append(message["body"])
                size += len(received[-1])
                if size > bytes_max:
                    raise BodyTooLarge(bytes_max)
                if not message["more_body"]:
                    return received[0] if len(received) == 1 else b"".join(received)
    except TimeoutError:
        raise RequestTimeout(BODY_SECONDS_MAX) from None


def create_only(request: Incoming) -> bool:
    """Whether `If-None-Match: *` says that nothing may be replaced. Raises MalformedRequest for other tags."""
    tags = entity_tags(request, b"if-none-match")
    if tags not in (None, ("*",)):
        raise MalformedRequest("A PUT takes `If-None-Match: *` and no other.")
    return tags is not None


def path_values(request: Incoming) -> Mapping[str, str]:
    """The variable parts of the path, decoded. Raises MalformedRequest."""
    if not request.path_params:
        return {}
    if not all(is_percent_encoded(value) for value in request.path_params.values()):
        raise MalformedRequest("The path is not percent-encoded: it has a % without its two digits, or is not ASCII.")
    try:
        values = {name: unquote(value, errors="strict") for name, value in request.path_params.items()}
    except UnicodeDecodeError:
        raise MalformedRequest("The path is not percent-encoded UTF-8.") from None
    if any("\0" in value for value in values.values()):
        raise MalformedRequest("The path contains a NUL character, which no text here may have.")
    return values


def digest(request: Incoming, path: str, raw: bytes) -> bytes:
    """What an idempotency key stands for: the request, without the headers that may differ between attempts."""
    parts: tuple[bytes, ...] = (
        request.method.encode(),
        path.encode(),
        request.query,
        (request.header(b"if-match") or "").encode(),
        raw,
    )
    if request.method == "PUT" and (condition := request.header(b"if-none-match")):
        parts += (condition.encode(),)
    return _hashed(parts)


def digest_of(method: str, path: str, raw: bytes) -> bytes:
    """The digest that a request without parameters and conditions has."""
    return _hashed((method.encode(), path.encode(), b"", b"", raw))


def _hashed(parts: Sequence[bytes]) -> bytes:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.digest()


def spelled(template: str, values: Mapping[str, str]) -> str:
    """The one spelling of a path: `/v1/items/a` is `/v1/items/%61`, for a program that encodes more than another."""
    return template if not values else re.sub(r"{(\w+)}", lambda found: quote(values[found[1]], safe=""), template)
