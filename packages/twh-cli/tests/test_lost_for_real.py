"""An answer that is lost after the server has committed: nobody knows, the key knows, and trying again changes nothing more."""

import socket
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from twh import Client, OutcomeUnknown

pytestmark = pytest.mark.sandbox
RECEIVE = ("receive", "TSHIRT-M", "3", "--at", "MAIN", "--key", "po-77")


class Between:
    """Stands between a caller and the server, and lets through what is asked; what is answered only when it is willing."""

    def __init__(self, server: str) -> None:
        self.losing = False
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = httpx.request(self.command, server + self.path, headers=dict(self.headers), content=body)
                if between.losing:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(answer.status_code)
                for name in ("Content-Type", "Content-Length", "Idempotent-Replayed", "Twh-Request-Id"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do  # noqa: N815 - the names that http.server calls

            def log_message(self, *_: object) -> None: ...

        self.listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listening.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.listening.server_port}"
        threading.Thread(target=self.listening.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def client(twh_client):
    """Straight to the server, past whoever loses answers."""
    twh_client.items.create(sku="TSHIRT-M", name="T-shirt")
    twh_client.locations.create(code="MAIN", name="Main")
    return twh_client


@pytest.fixture
def between(client, twh_tenant, monkeypatch):
    between = Between(twh_tenant.base_url)
    monkeypatch.setenv("TWH_BASE_URL", between.address)
    monkeypatch.setenv("TWH_API_KEY", twh_tenant.api_key)
    yield between
    between.listening.shutdown()
    between.listening.server_close()


def test_the_command_says_how_to_settle_it_and_settles_it(twh, client, between):
    between.losing = True
    lost = twh(*RECEIVE, "--timeout", "2")
    between.losing = False
    settled = twh("retry", "po-77", "--json")

    assert (lost.exit_code, lost.out) == (8, "")
    assert "twh retry po-77" in lost.err
    assert (settled.exit_code, settled.json["kind"]) == (0, "receipt")
    assert "It had been recorded" in settled.err
    assert client.stock.get("TSHIRT-M", at="MAIN").on_hand == 3


def test_the_key_tells_what_was_recorded_and_carries_it_no_further(client, between):
    between.losing = True
    with Client(deadline=2) as ours, pytest.raises(OutcomeUnknown) as unknown:
        ours.movements.receive(item="TSHIRT-M", location="MAIN", quantity=Decimal(3))
    key = unknown.value.idempotency_key
    record = client.idempotency.get(key)
    again = client.with_raw.movements.receive(
        item="TSHIRT-M", location="MAIN", quantity=Decimal(3), options={"idempotency_key": key}
    )

    assert record is not None
    assert (record.status, record.entry) == (201, again.value.id)
    assert again.replayed
    assert client.stock.get("TSHIRT-M", at="MAIN").on_hand == 3
    assert client.idempotency.get("never-sent") is None
