"""Load from a process of its own, which takes as little as it can of the cores that it shares with what it measures.

So many connections each send one request after the other. What is sent was put together before; of what comes back, the
status and the length are looked at. One loop over plain sockets does it, at a fifth of what asyncio's streams cost.
"""

import os
import random
import selectors
import socket
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

KEY = b"{key}"
"""Stands for an idempotency key: each time that a request is sent, another takes its place."""
KEY_LENGTH = 32
RECEIVE_BYTES = 1 << 18


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is sent: requests in random order over so many connections, until the seconds are over."""

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    expected: int = 200
    containing: bytes = b""
    """The status and the text without which an answer is an error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What came of it: calls, how long they took in all, how long each took at the middle and at the 99th of 100."""

    calls: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_seconds: float


class LoadProcess(ProcessPoolExecutor):
    """The process that load comes from; a context manager, at whose end it ends."""

    def __init__(self) -> None:
        super().__init__(1, mp_context=get_context("spawn"))

    def send(self, plan: Plan) -> Answered:
        """Carry out a plan, and return what came of it."""
        return self.begin(plan).result()

    def begin(self, plan: Plan) -> "Future[Answered]":
        """Begin to carry out a plan: what comes of it is told later."""
        return self.submit(carry_out, plan)


def request(method: str, path: str, secret: str, body: bytes = b"", *, keyed: bool = False) -> bytes:
    """A request as it is sent; `keyed` gives it an idempotency key. A body may have KEYs in it."""
    length = len(body) + body.count(KEY) * (KEY_LENGTH - len(KEY))
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {secret}"]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {length}"]
    if keyed:
        head.append(f"Idempotency-Key: {KEY.decode()}")
    return "\r\n".join([*head, "", ""]).encode() + body


def carry_out(plan: Plan) -> Answered:
    """Send a plan's requests from this process. Raises ConnectionError when a connection is closed."""
    fresh = _Fresh(plan.requests)
    taken: list[float] = []
    errors = 0
    cpu, began = time.process_time(), time.perf_counter()
    until = began + plan.seconds
    with selectors.DefaultSelector() as waiting:
        for _ in range(plan.connections):
            connection = _Connection(plan.port)
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(fresh.request())
        while waiting.get_map():
            for ready, _ in waiting.select():
                connection = ready.data
                answer = connection.receive()
                if answer is None:
                    continue
                now = time.perf_counter()
                taken.append(now - connection.sent_at)
                errors += int(answer[9:12]) != plan.expected or plan.containing not in answer
                if now < until:
                    connection.send(fresh.request())
                else:
                    waiting.unregister(connection.socket)
                    connection.socket.close()
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    taken.sort()
    return Answered(
        calls=len(taken),
        seconds=seconds,
        p50_ms=taken[len(taken) // 2] * 1000,
        p99_ms=taken[len(taken) * 99 // 100] * 1000,
        errors=errors,
        cpu_seconds=cpu_seconds,
    )


class _Fresh:
    """Requests at random, each time with other keys, which begin with the time as the SDK's do."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._parts = [one.split(KEY) for one in requests]

    def request(self) -> bytes:
        first, *rest = random.choice(self._parts)
        return b"".join([first, *(_key() + part for part in rest)])


def _key() -> bytes:
    return b"%012x%s" % (time.time_ns() // 1_000_000, os.urandom(10).hex().encode())


class _Connection:
    """One connection, with one request on its way at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._come = b""
        self._whole = 0

    def send(self, content: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(content)

    def receive(self) -> bytes | None:
        """Take what has come; the answer once it is whole."""
        part = self.socket.recv(RECEIVE_BYTES)
        if not part:
            raise ConnectionError("the server closed a connection")
        self._come += part
        if not self._whole:
            end = self._come.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self._come[:end].lower()
            self._whole = end + 4 + int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        if len(self._come) < self._whole:
            return None
        answer, self._come, self._whole = self._come, b"", 0
        return answer
