"""Is this webhook ours? Standard Webhooks signatures, proved over the raw bytes; then the event inside.

    event = twh.webhooks.verify(body, headers, secret="whsec_…")

While a secret is being replaced, give both: `secret=[new, old]`. The headers may be whatever your framework has: a
mapping, WSGI's `environ`, ASGI's list of pairs; in any case of letters.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from twh import models
from twh.errors.tree import WebhookRejected
from twh.wire import BrokenOff

TOLERANCE_SECONDS = 300.0
SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with, and no secret
REREAD_BYTES_MAX = 65_536
"""Of a larger body that is not proved, it is not looked for what was done to it."""
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")
wall_clock = time.time


class HeaderMapping(Protocol):
    """Whatever has its headers as `.items()`."""

    def items(self) -> Iterable[tuple[str, Any]]: ...


Headers: TypeAlias = HeaderMapping | Iterable[tuple[str | bytes, str | bytes]]


def verify(
    body: bytes,
    headers: Headers,
    *,
    secret: str | Sequence[str],
    tolerance: float = TOLERANCE_SECONDS,
    clock: Callable[[], float] | None = None,
) -> models.Event:
    """The event, once one of the secrets proves one of the signatures. `WebhookRejected.check` names what failed.

    `body` is what arrived, byte for byte: JSON that was parsed and written again is another text with another signature.
    """
    prove(body, headers, secret=secret, tolerance=tolerance, clock=clock)
    return parse(body)


def prove(
    body: bytes,
    headers: Headers,
    *,
    secret: str | Sequence[str],
    tolerance: float = TOLERANCE_SECONDS,
    clock: Callable[[], float] | None = None,
) -> None:
    """Check the signature and the time, and leave the body alone."""
    if not isinstance(body, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"body is {type(body).__name__}: pass the raw bytes of the request, before any parsing")
    keys = [key_of(one) for one in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise ValueError("give at least one secret")
    message_id, timestamp, signatures = named_headers(headers)
    check_time(timestamp, tolerance, (clock or wall_clock)())
    given = [signature for version, signature in signatures if version == "v1"]
    if not given:
        raise WebhookRejected(
            "webhook-signature has no signature of version v1",
            check="unknown_version",
            hint="Is webhook-signature the header as it came in: v1, a comma, and base64?",
        )

    def proves(body: bytes) -> bool:
        content = content_of(message_id, timestamp, body)
        expected = [hmac.digest(key, content, hashlib.sha256) for key in keys]
        # Every pair is compared, in constant time: how long it takes tells nothing about which came close.
        matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
        return any(matches)

    if not proves(bytes(body)):
        raise WebhookRejected(
            "no signature matches: the secret is another endpoint's, or the body is not as it was sent",
            check="no_match",
            hint=what_was_done(bytes(body), proves),
        )


def what_was_done(body: bytes, proves: Callable[[bytes], bool]) -> str:
    """What happened to a body, where one of the usual mistakes explains it, and what to look at where none does."""
    if len(body) <= REREAD_BYTES_MAX:
        if proves(body.strip()):
            return "Spaces or line ends stand around the body that were not sent: pass the bytes as they came in."
        try:
            compact = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))
            rewritten = proves(compact.encode())
        except (ValueError, RecursionError):
            rewritten = False
        if rewritten:
            return "The body was parsed and written again: pass the bytes as they came in, before any parsing."
    return "Is the secret this endpoint's? Is the body byte for byte what arrived, or has a proxy changed it?"


def parse(body: bytes) -> models.Event:
    """The event as the class of its kind, or `UnknownEvent` for a kind that this SDK does not know.

    A CloudEvent is read as the event that it is made of. What comes without its data is a `ThinEvent`.
    """
    try:
        return models.read(models.ANY_EVENT, out_of_cloud(bytes(body)))
    except BrokenOff:
        raise WebhookRejected("the body is not JSON", check="not_json") from None
    except ValueError as why:
        raise WebhookRejected(f"the body is not an event: it {why}", check="not_an_event") from why


def out_of_cloud(body: bytes) -> bytes:
    """The event that a CloudEvent is made of, written as the feed writes events; whatever else it is stays as it is."""
    if b'"specversion"' not in body:
        return body
    try:
        told: dict[str, Any] = json.loads(body)
        if "specversion" not in told:
            return body
        names = {
            "id": "id",
            "type": "type",
            "time": "timestamp",
            "subject": "subject",
            "dataref": "url",
            "data": "data",
        }
        event = {ours: told[theirs] for theirs, ours in names.items() if theirs in told}
        event["sequence"] = int(told["sequence"])
        if "actor" in told:
            event["actor"] = {"key": told["actor"], "name": told["actorname"]}
    except (ValueError, KeyError, TypeError):
        return body
    return json.dumps(event).encode()


def sign(body: bytes, *, secret: str, message_id: str, timestamp: int) -> dict[str, str]:
    """The three headers that a webhook with this body carries."""
    content = content_of(message_id, str(timestamp), body)
    signature = base64.b64encode(hmac.digest(key_of(secret), content, hashlib.sha256)).decode()
    return dict(zip(NAMES, (message_id, str(timestamp), f"v1,{signature}"), strict=True))


def key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not key:  # with an empty key, anybody's signature would do
        raise ValueError("a webhook secret looks like whsec_ and then base64: copy it again")
    return key


def content_of(message_id: str, timestamp: str, body: bytes) -> bytes:
    """What is signed. A header of bytes that are no text proves nothing, and breaks nothing."""
    return f"{message_id}.{timestamp}.".encode(errors="surrogatepass") + body


def named_headers(headers: Headers) -> tuple[str, str, list[tuple[str, bytes]]]:
    items: Any = getattr(headers, "items", None)
    pairs: Any = items() if items else headers
    found = {header_name(name): value for name, value in pairs}
    told = {name: text_of(found[name]) for name in NAMES if found.get(name)}
    missing = [name for name in NAMES if name not in told]
    if missing:
        raise WebhookRejected(
            f"the header {missing[0]} is missing",
            check="missing_header",
            hint="Pass all headers of the request. A proxy may let through only those that it knows.",
        )
    message_id, timestamp, signatures = (told[name] for name in NAMES)
    return message_id, timestamp, signatures_in(signatures)


def header_name(name: str | bytes) -> str:
    """A header's name in small letters, also where WSGI spells it `HTTP_WEBHOOK_ID`."""
    return text_of(name).lower().removeprefix("http_").replace("_", "-")


def text_of(value: object) -> str:
    """A header as text: ASGI has bytes, and some have a list, with a value for each time that it stood there."""
    match value:
        case bytes():
            return value.decode("latin-1")
        case list() | tuple():
            return " ".join(map(text_of, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case _:
            return str(value)


def signatures_in(header: str) -> list[tuple[str, bytes]]:
    """`v1,<base64> v1,<base64> …`: one for each secret that the sender holds; what is not base64 matches nothing."""
    found: list[tuple[str, bytes]] = []
    for one in header.split():
        version, _, text = one.partition(",")
        try:
            found.append((version, base64.b64decode(text, validate=True)))
        except ValueError:
            found.append((version, b""))
    return found


def check_time(timestamp: str, tolerance: float, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookRejected("webhook-timestamp is not a number of seconds", check="malformed_timestamp")
    age = now - int(timestamp)
    if age > tolerance:
        raise WebhookRejected(
            f"it was signed {age:.0f} s ago, more than {tolerance:.0f}",
            check="too_old",
            hint="An attempt is signed anew each time: verify when it arrives, before it waits in a queue.",
        )
    if -age > tolerance:
        raise WebhookRejected(
            f"it was signed {-age:.0f} s ahead of this clock", check="too_new", hint="Set this machine's clock."
        )
