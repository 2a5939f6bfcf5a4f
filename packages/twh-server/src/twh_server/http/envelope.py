"""The outside of a request: its address and headers have bounds, and what can have one value is said once.

Beyond these bounds lie those of the server in front of the application (64 KiB of address, 400 KiB or 100 lines of
headers), which answers without a body, and so does whatever is no HTTP at all.
"""

import re
from collections.abc import Mapping

from litestar.types import HTTPScope, Receive, Send

from twh_server.http.refusals import BodyEncoded, HeadersTooLarge, MalformedRequest, TargetTooLong

TARGET_BYTES_MAX = 16 << 10
HEADERS_BYTES_MAX = 32 << 10
BODILESS = frozenset((204, 304))
"""Statuses whose answers have no body, and say nothing of its length."""

_ONCE = frozenset((b"host", b"authorization", b"content-type", b"content-length", b"idempotency-key"))
_HOST = re.compile(rb"[0-9A-Za-z!$&'()*+,;=\-._~:\[\]@%]*")
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Incoming:
    """A request as it came: its headers are read once, and its body when it is wanted."""

    __slots__ = ("_headers", "_repeated", "headers_bytes", "method", "path", "path_params", "query", "receive", "scope")

    def __init__(self, scope: HTTPScope, receive: Receive, path: str) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.path = path
        self.query = scope["query_string"]
        self.path_params: Mapping[str, str] = {}
        self.headers_bytes = 0
        self._headers: dict[bytes, bytes] = {}
        self._repeated: bytes | None = None
        for name, value in scope["headers"]:
            self.headers_bytes += len(name) + len(value)
            if name in self._headers:
                if name in _ONCE:
                    self._repeated = name
                # Several lines of a header are one list, as HTTP has it.
                self._headers[name] += b", " + value
            else:
                self._headers[name] = value

    def header(self, name: bytes) -> str | None:
        """A header's value, by its name in lower case; several lines are one list."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def host(self) -> str:
        """The address that the caller has."""
        client = self.scope["client"]
        return client[0] if client else ""

    def check(self) -> None:
        """Raise TargetTooLong, HeadersTooLarge or MalformedRequest."""
        if len(self.path) + len(self.query) > TARGET_BYTES_MAX:
            raise TargetTooLong(TARGET_BYTES_MAX)
        if self.headers_bytes > HEADERS_BYTES_MAX:
            raise HeadersTooLarge(HEADERS_BYTES_MAX)
        if self._repeated:
            name = self._repeated.decode()
            raise MalformedRequest(f"The header {name} stands more than once, and no one could say which counts.")
        host = self._headers.get(b"host", b"")
        if not host and self.scope["http_version"] == "1.1":  # granian adds an empty one
            raise MalformedRequest("A request of HTTP/1.1 has a Host header.")
        if not _HOST.fullmatch(host):
            raise MalformedRequest("The Host header names no host.")

    def check_coding(self) -> None:
        """Raise BodyEncoded when the body does not come as it is."""
        coding = self.header(b"content-encoding") or "identity"
        transfer = self.header(b"transfer-encoding") or "chunked"
        if coding.strip().lower() != "identity" or transfer.strip().lower() != "chunked":
            raise BodyEncoded


class Reply:
    """An answer on its way out."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, *, leaves_out_body: bool = False) -> None:
        self.status = status
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        if status not in BODILESS:
            # HEAD tells how long the body would be, and leaves it out.
            self.headers.append((b"content-length", b"%d" % len(body)))
        self.body = b"" if leaves_out_body else body

    async def send(self, send: Send) -> None:
        """Hand it over."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def is_percent_encoded(text: str) -> bool:
    """Whether a part of an address is ASCII in which each % begins an escape."""
    return text.isascii() and not _LOOSE_PERCENT.search(text)
