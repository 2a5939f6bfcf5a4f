"""A receiver of webhooks on this machine: it keeps what arrives, body and headers, byte for byte."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

BODY_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True)
class Arrived:
    """One webhook, as it came."""

    body: bytes
    headers: Mapping[str, str]


def taken(_: Arrived) -> int:
    """The answer of who takes whatever comes."""
    return 204


class Receiver:
    """Listens on loopback inside the block, on a port that the system chooses or this one, and answers what is told."""

    def __init__(self, port: int = 0, answer: Callable[[Arrived], int] = taken) -> None:
        self.arrivals: queue.Queue[Arrived] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler_for(self.arrivals, answer))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/webhooks"

    def next(self, seconds: float) -> Arrived | None:
        """The next webhook, or None when none came in this time."""
        try:
            return self.arrivals.get(timeout=seconds)
        except queue.Empty:
            return None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def handler_for(arrivals: queue.Queue[Arrived], answer: Callable[[Arrived], int]) -> type[BaseHTTPRequestHandler]:
    class Keep(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(min(length, BODY_BYTES_MAX))
            arrived = Arrived(body, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(answer(arrived))
            self.send_header("content-length", "0")
            self.end_headers()
            arrivals.put(arrived)  # answered first: whoever waits for it may end the program

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives it
            """Say nothing: the story is told elsewhere."""

    return Keep
