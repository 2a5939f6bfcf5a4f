"""What an SDK does when a POST goes wrong once: run as a program in an environment that has the SDKs; prints JSON.

    python retrying.py

Each SDK as it comes, with a time limit of half a second and nothing else chosen. A server does one wrong thing, and answers
well from then on. What it was asked is what is told: whether the POST came again, with which key, and when.
"""

import importlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

from loopback import answers
from twh import Client

TIMEOUT_SECONDS = 0.5
LATE_SECONDS = 1.5
ASKED_SECONDS = 3
WAITED_SECONDS = 12
# The peers are in no environment that types are checked in.
anthropic: Any = importlib.import_module("anthropic")
openai: Any = importlib.import_module("openai")
stripe: Any = importlib.import_module("stripe")

Deed = Callable[[BaseHTTPRequestHandler], None]


def late(_: BaseHTTPRequestHandler) -> None:
    time.sleep(LATE_SECONDS)


def dropped(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def status(code: int, **headers: str) -> Deed:
    def deed(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, code, {"error": {"message": "no", "type": "error"}, "code": "no"}, **headers)

    return deed


CASES: dict[str, Deed] = {
    "no answer in time, after the request was sent": late,
    "the connection drops after the request was sent": dropped,
    "408": status(408),
    "409": status(409),
    "412": status(412),
    "425": status(425),
    "429": status(429),
    f"429, `Retry-After: {ASKED_SECONDS}`": status(429, Retry_After=str(ASKED_SECONDS)),
    "429, `Retry-After: 300`": status(429, Retry_After="300"),
    "500": status(500),
    "502": status(502),
    "503": status(503),
    f"503, `Retry-After: {ASKED_SECONDS}`": status(503, Retry_After=str(ASKED_SECONDS)),
    "504": status(504),
}


def with_twh(url: str) -> None:
    with Client("twh_test_1", base_url=url, timeout=TIMEOUT_SECONDS) as client:
        client.movements.receive(item="TSHIRT-M", location="MAIN", quantity=12)


def with_openai(url: str) -> None:
    chat = [{"role": "user", "content": "how many?"}]
    openai.OpenAI(api_key="k", base_url=url, timeout=TIMEOUT_SECONDS).chat.completions.create(model="m", messages=chat)


def with_anthropic(url: str) -> None:
    chat = [{"role": "user", "content": "how many?"}]
    client = anthropic.Anthropic(api_key="k", base_url=url, timeout=TIMEOUT_SECONDS)
    client.messages.create(model="m", max_tokens=9, messages=chat)


def with_stripe(url: str) -> None:
    http = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
    stripe.StripeClient("sk_test_1", base_addresses={"api": url}, http_client=http).v1.customers.create({"name": "n"})


DISTRIBUTIONS = {"twh": "twh-sdk", "openai": "openai", "anthropic": "anthropic", "stripe": "stripe"}
SDKS: dict[str, Callable[[str], None]] = {
    "twh": with_twh,
    "openai": with_openai,
    "anthropic": with_anthropic,
    "stripe": with_stripe,
}


class Asked:
    """The POSTs that a server got: when, and with which key."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.keys: list[str | None] = []

    def told(self, case: str, ended: str | None) -> str:
        """In words that are the same in every run."""
        if len(self.at) == 1:
            return f"not again: `{ended}`"
        first, second = self.keys[:2]
        key = "without a key" if second is None else "same key" if first == second else "another key"
        when = ""
        if "Retry-After" in case:
            when = ", when asked" if self.at[1] - self.at[0] >= ASKED_SECONDS else ", too early"
        return f"again, {key}{when}"


def tried(sdk: Callable[[str], None], case: str) -> str:
    """What came of one POST to a server that does this once."""
    asked = Asked()
    with serving(asked, CASES[case]) as url:
        ended = None
        try:
            sdk(url)
        except Exception as error:  # noqa: BLE001 - what an SDK ends in is what is asked
            ended = type(error).__name__
    return asked.told(case, ended)


@contextmanager
def serving(asked: Asked, deed: Deed) -> Generator[str]:
    """A server that does the deed once, and then answers; its address."""
    bodies = answers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.at.append(time.monotonic())
            asked.keys.append(self.headers.get("Idempotency-Key"))
            if len(asked.at) == 1:
                deed(self)
            else:
                answer(self, 200, next(bodies[begins] for begins in bodies if f"POST {self.path} ".startswith(begins)))

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the name that http.server has

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True  # a client that is not closed keeps its connection, and its thread here
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()


def answer(handler: BaseHTTPRequestHandler, code: int, body: Any, **headers: str) -> None:
    text = json.dumps(body).encode()
    handler.send_response(code)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(text)


def main() -> None:
    """Every SDK in every case, all cases at once; what has not ended after some seconds waits, as it was asked to."""
    pool = ThreadPoolExecutor(len(CASES))
    found: dict[str, dict[str, str]] = {}
    for sdk, call in SDKS.items():
        running = {case: pool.submit(tried, call, case) for case in CASES}
        wait(running.values(), timeout=WAITED_SECONDS)
        found[sdk] = {case: one.result() if one.done() else "waits" for case, one in running.items()}
    sys.stdout.write(json.dumps({"versions": {sdk: version(DISTRIBUTIONS[sdk]) for sdk in SDKS}, "found": found}))
    sys.stdout.flush()
    os._exit(0)  # without those that wait


if __name__ == "__main__":
    main()
