"""A real HTTP server on loopback that answers by a script, so that answers can be lost, cut, late or foreign."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from twh import AsyncClient, Client, options

KEY = "twh_test_0123456789abcdef"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: int = 0
    """The port that it came from: one for each connection."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")


Deed = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int = 200, body: Any = None, content_type: str = "application/json", **headers: str) -> Deed:
    text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()

    def deed(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(text)))
        for name, value in {"Twh-Request-Id": "req_1", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(text)

    return deed


def problem(status: int, code: str, **facts: Any) -> Deed:
    body = {"type": f"https://docs/{code}", "title": code, "status": status, "detail": f"it is {code}", "code": code}
    headers = {"Retry_After": str(facts.pop("retry_after"))} if "retry_after" in facts else {}
    return answer(status, {**body, "request_id": "req_1", **facts}, "application/problem+json", **headers)


def lose_the_answer(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def half_a_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"id": "itm')
    handler.close_connection = True


def late(seconds: float, then: Deed) -> Deed:
    def deed(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        then(handler)

    return deed


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """One byte every twentieth of a second: never silent, never done."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


@dataclass
class ScriptedServer:
    """Does the deeds in their order, the last one again and again, and remembers what it was asked."""

    deeds: list[Deed] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    opened: list[Client] = field(default_factory=list)

    answer = staticmethod(answer)
    problem = staticmethod(problem)
    lose = staticmethod(lose_the_answer)
    half = staticmethod(half_a_body)
    late = staticmethod(late)
    trickle = staticmethod(trickle)

    def will(self, *deeds: Deed) -> "ScriptedServer":
        self.deeds = list(deeds)
        return self

    def next_deed(self) -> Deed:
        return self.deeds.pop(0) if len(self.deeds) > 1 else self.deeds[0]

    def client(self, **given: Any) -> Client:
        self.opened.append(Client(KEY, base_url=self.url, **{"deadline": 2.0, **given}))
        return self.opened[-1]

    def async_client(self, **given: Any) -> AsyncClient:
        return AsyncClient(KEY, base_url=self.url, **{"deadline": 2.0, **given})


@pytest.fixture
def server(impatient: None) -> Iterator[ScriptedServer]:
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            script.asked.append(Asked(self.command, self.path, headers, body, self.client_address[1]))
            try:
                script.next_deed()(self)
            except OSError:  # the client has left
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None: ...

    class Listening(ThreadingHTTPServer):
        request_queue_size = 128  # many may come at once
        daemon_threads = True

    listening = Listening(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    script.url = f"http://127.0.0.1:{listening.server_port}"
    yield script
    for client in script.opened:
        client.close()
    listening.shutdown()
    listening.server_close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses a hundredth as long, so that tests that meet real pauses are quick."""
    monkeypatch.setattr(options, "BACKOFF_FIRST_SECONDS", 0.005)
    monkeypatch.setattr(options, "BACKOFF_MOST_SECONDS", 0.08)


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("TWH_API_KEY", raising=False)
    monkeypatch.delenv("TWH_BASE_URL", raising=False)
    monkeypatch.delenv("TWH_ENVIRONMENT", raising=False)
    monkeypatch.delenv("TWH_LOG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


ITEM = {
    "id": "itm_1",
    "sku": "TSHIRT-M",
    "name": "T-shirt, medium",
    "barcodes": [],
    "packs": [],
    "tags": [],
    "unit": "each",
    "scale": 0,
    "reorder_point": None,
    "attributes": {},
    "archived_at": None,
    "version": 1,
    "etag": '"v1"',
    "created_at": "2026-05-10T12:00:00Z",
    "updated_at": "2026-05-10T12:00:00Z",
}
ITEM_REF = {"id": "itm_1", "sku": "TSHIRT-M"}
LOCATION_REF = {"id": "loc_1", "code": "MAIN"}
LEVEL = {
    "item": ITEM_REF,
    "location": LOCATION_REF,
    "lot": None,
    "on_hand": "12",
    "reserved": "0",
    "available": "12",
    "version": 1,
    "etag": '"lv1"',
    "updated_at": "2026-05-10T12:00:00Z",
}
ENTRY = {
    "id": "ent_1",
    "sequence": 7,
    "kind": "receipt",
    "reason": None,
    "reference": {"type": "reference", "id": "PO-77"},
    "forced": False,
    "actor": {"key": "key_1", "name": "tests"},
    "occurred_at": "2026-05-10T12:00:00Z",
    "recorded_at": "2026-05-10T12:00:00Z",
    "reverses": None,
    "reversed_by": None,
    "movements": [
        {
            "id": "mov_1",
            "line": 0,
            "item": ITEM_REF,
            "location": LOCATION_REF,
            "lot": None,
            "quantity": "12",
            "on_hand_after": "12",
            "reserved_after": "0",
            "version_after": 1,
        }
    ],
    "levels": [LEVEL],
}
EVENT = {"id": "evt_1", "type": "entry.recorded", "timestamp": "2026-05-10T12:00:00Z", "sequence": 7, "data": ENTRY}


@pytest.fixture
def item() -> dict[str, Any]:
    return dict(ITEM)


@pytest.fixture
def level() -> dict[str, Any]:
    return dict(LEVEL)


@pytest.fixture
def entry() -> dict[str, Any]:
    return dict(ENTRY)


@pytest.fixture
def event() -> dict[str, Any]:
    return dict(EVENT)
