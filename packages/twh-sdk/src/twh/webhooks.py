"""Is this webhook ours? Standard Webhooks signatures, proved over the raw bytes; then the event inside.

    event = twh.webhooks.verify(body, headers, secret="whsec_…")

While a secret is being replaced, give both: `secret=[new, old]`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence

from twh import models
from twh.errors.tree import WebhookRejected
from twh.wire import BrokenOff

TOLERANCE_SECONDS = 300.0
SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with, and no secret
wall_clock = time.time


def verify(
    body: bytes,
    headers: Mapping[str, str],
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
    headers: Mapping[str, str],
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
    content = f"{message_id}.{timestamp}.".encode() + bytes(body)
    expected = [hmac.digest(key, content, hashlib.sha256) for key in keys]
    given = [signature for version, signature in signatures if version == "v1"]
    # Every pair is compared, in constant time: how long it takes tells nothing about which came close.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    if not given:
        raise WebhookRejected("webhook-signature has no signature of version v1", check="signature")
    if not any(matches):
        raise WebhookRejected(
            "no signature matches: the secret is another endpoint's, or the body was changed on its way here "
            "(parsed and written again, re-encoded, trimmed)",
            check="signature",
        )


def parse(body: bytes) -> models.Event:
    """The event as the class of its kind, or `UnknownEvent` for a kind that this SDK does not know."""
    try:
        return models.read(models.ANY_EVENT, bytes(body))
    except BrokenOff:
        raise WebhookRejected("the body is not JSON", check="body") from None
    except ValueError as why:
        raise WebhookRejected(f"the body is not an event: it {why}", check="body") from why


def sign(body: bytes, *, secret: str, message_id: str, timestamp: int) -> dict[str, str]:
    """The three headers that a webhook with this body carries."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key_of(secret), content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}


def key_of(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a webhook secret looks like whsec_ and then base64: copy it again") from None


def named_headers(headers: Mapping[str, str]) -> tuple[str, str, list[tuple[str, bytes]]]:
    lower = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not lower.get(name)]
    if missing:
        raise WebhookRejected(f"the header {missing[0]} is missing", check="headers")
    return lower["webhook-id"], lower["webhook-timestamp"], signatures_in(lower["webhook-signature"])


def signatures_in(header: str) -> list[tuple[str, bytes]]:
    """`v1,<base64> v1,<base64> …`: one for each secret that the sender holds; what is not base64 matches nothing."""
    found: list[tuple[str, bytes]] = []
    for one in header.split():
        version, _, text = one.partition(",")
        try:
            found.append((version, base64.b64decode(text, validate=True)))
        except binascii.Error:
            found.append((version, b""))
    return found


def check_time(timestamp: str, tolerance: float, now: float) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookRejected("webhook-timestamp is not a number of seconds", check="timestamp")
    age = now - int(timestamp)
    if age > tolerance:
        raise WebhookRejected(f"it was signed {age:.0f} s ago, more than {tolerance:.0f}", check="timestamp")
    if -age > tolerance:
        raise WebhookRejected(f"it was signed {-age:.0f} s ahead of this clock: check the clock", check="timestamp")
