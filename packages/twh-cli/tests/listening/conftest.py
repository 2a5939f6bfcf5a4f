"""A feed that has what a test puts into it, and web servers on this machine to which it is forwarded."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import respx

from twh import models
from twh.testing import sample
from twh_cli.listening import forwarding

ELSEWHERE = "https://inventory.example.com"
TENANT = {"id": "ten_1", "name": "Shop", "kind": "sandbox", "created_at": "2026-05-10T12:00:00Z"}


class Target:
    """A web server on this machine: it answers what it is told to, and then 204; what arrives is kept.

    It can be stopped, and started again at its port.
    """

    def __init__(self, port=0, answers=()):
        self.arrived = []
        self.answers = list(answers)
        self.start(port)

    def start(self, port):
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:  # its sender was killed in the middle of it
                    return
                target.arrived.append((dict(self.headers.items()), body))
                self.send_response(target.answers.pop(0) if target.answers else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.port = self.server.server_port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.arrived]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def new_target():
    """`new_target()` is a web server here; `new_target(port)` one at the port of another that was stopped."""
    started = []

    def start(port=0):
        started.append(Target(port))
        return started[-1]

    yield start
    for target in started:
        target.stop()


@pytest.fixture
def target(new_target):
    return new_target()


@pytest.fixture
def routes():
    """What a server that is none answers."""
    with respx.mock(assert_all_called=False) as routes:
        yield routes


@pytest.fixture
def feed(monkeypatch, routes):
    """A feed of three events of ours, and of what a test adds; the server that has it is none."""
    monkeypatch.setenv("TWH_API_KEY", "twh_test_elsewhere")
    monkeypatch.setenv("TWH_BASE_URL", ELSEWHERE)
    monkeypatch.setenv("TWH_ENVIRONMENT", "sandbox")
    monkeypatch.delenv("TWH_WEBHOOK_SECRET", raising=False)
    monkeypatch.setattr(forwarding, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(forwarding, "ABSENT_SECONDS", (0.01, 0.02))
    bodies = Bodies(event(number) for number in (1, 2, 3))
    routes.route(host="127.0.0.1").pass_through()
    routes.get(f"{ELSEWHERE}/v1/tenant").respond(
        json={"tenant": TENANT, "key": {"id": "key_1", "name": "here", "scopes": []}}
    )
    routes.get(f"{ELSEWHERE}/v1/events").mock(side_effect=lambda request: page(bodies, request.url.params))
    routes.get(url__regex=rf"{ELSEWHERE}/v1/events/evt_\d+").mock(
        side_effect=lambda request: as_json(bodies[int(request.url.path[-1]) - 1])
    )
    endpoint = sample(models.Endpoint, id="whe_1", kinds=["item.updated"]).model_dump(mode="json")
    routes.get(f"{ELSEWHERE}/v1/webhook-endpoints/whe_1").respond(json=endpoint)
    return bodies


class Bodies(list):
    """The events that there are, and those that happen once somebody waits for one."""

    def __init__(self, there):
        super().__init__(there)
        self.later = []

    def add(self, kind=models.ItemCreated):
        """One more."""
        self.append(event(len(self) + 1, kind))


def event(number, kind=models.ItemCreated, **data):
    """The bytes of an event, in a form that no program would write by itself."""
    item = sample(models.Item, sku=f"SKU-{number}", **data)
    told = sample(kind, id=f"evt_{number}", sequence=number, data=item)
    return told.model_dump_json(indent=1).replace('"id":', '"id" :').encode()


def page(bodies, asked):
    if "wait" in asked:
        bodies += [bodies.later.pop() for _ in bodies.later[:]]
    after, limit = int(asked.get("after", 0)), int(asked.get("limit", 100))
    kinds = asked["types"].split(",") if "types" in asked else None
    found = [body for body in bodies[after:] if kinds is None or json.loads(body)["type"] in kinds][:limit]
    onward = json.loads(found[-1])["sequence"] if len(found) == limit else max(after, len(bodies))
    text = b'{"data": [' + b" , ".join(found) + b'], "next_after": %d, "head": %d}' % (onward, len(bodies))
    return as_json(text)


def as_json(body):
    return httpx.Response(200, content=body, headers={"content-type": "application/json"})


@pytest.fixture
def secret_of(twh):
    """The secret of a target's."""
    return lambda url: twh("listen", "--forward-to", url, "--print-secret").out.strip()
