"""The outside of a request: its address and headers have bounds, and what can have one value is said once.

Beyond these bounds lie those of the server in front of the application (64 KiB of address, 400 KiB or 100 lines of
headers), which answers without a body, and so does whatever is no HTTP at all.
"""

import re
from typing import Any

from litestar import Request

from twh_server.http.refusals import BodyEncoded, HeadersTooLarge, MalformedRequest, TargetTooLong

TARGET_BYTES_MAX = 16 << 10
HEADERS_BYTES_MAX = 32 << 10

_ONCE = ("host", "authorization", "content-type", "content-length", "idempotency-key")
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

Incoming = Request[Any, Any, Any]


def check(request: Incoming) -> None:
    """Raise TargetTooLong, HeadersTooLarge or MalformedRequest. Costs no more than a look at each header."""
    scope = request.scope
    if len(scope["path"]) + len(scope["query_string"]) > TARGET_BYTES_MAX:
        raise TargetTooLong(TARGET_BYTES_MAX)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADERS_BYTES_MAX:
        raise HeadersTooLarge(HEADERS_BYTES_MAX)
    names = [name for name, _ in scope["headers"]]
    for name in _ONCE:
        if names.count(name.encode()) > 1:
            raise MalformedRequest(f"The header {name} stands more than once, and no one could say which counts.")
    if scope["http_version"] == "1.1" and not request.headers.get("host"):  # granian adds an empty one
        raise MalformedRequest("A request of HTTP/1.1 has a Host header.")


def check_coding(request: Incoming) -> None:
    """Raise BodyEncoded when the body does not come as it is."""
    coding = field(request, "content-encoding") or "identity"
    transfer = field(request, "transfer-encoding") or "chunked"
    if coding.strip().lower() != "identity" or transfer.strip().lower() != "chunked":
        raise BodyEncoded


def field(request: Incoming, name: str) -> str | None:
    """A header's value; several lines are one list, as HTTP has it."""
    values = request.headers.getall(name, [])
    return ", ".join(values) if values else None


def is_percent_encoded(text: str) -> bool:
    """Whether a part of an address is ASCII in which each % begins an escape."""
    return text.isascii() and not _LOOSE_PERCENT.search(text)
