"""Callers that take their time, over real sockets: each is given up in the end, and holds nobody else up until then."""

import asyncio
import contextlib
import socket
import time

import pytest

from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.events.bell import Bell
from twh_server.http import incoming
from twh_server.processes import listening as listeners
from twh_server.processes import serving as servers

PATIENCE_SECONDS = 30
ONE_PAGE = b"GET /health/live HTTP/1.1\r\nHost: twh.test\r\n\r\n"


@pytest.fixture
def small(database, monkeypatch):
    """Starts a server that has room for few connections and is patient for a second."""

    @contextlib.asynccontextmanager
    async def small(connections=1):
        monkeypatch.setattr(servers, "CONNECTIONS_MAX", connections)
        monkeypatch.setattr(servers, "HEAD_SECONDS_MAX", 1.0)
        monkeypatch.setattr(listeners, "UNREAD_SECONDS_MAX", 1)
        bell, listening = Bell(), listeners.listen("127.0.0.1", 0)
        port = listening.getsockname()[1]
        app = build(open_rooms(database, bell, Sealer(bytes(32))))
        async with servers.serving(app, listening, asyncio.Event(), drain_seconds=1):
            yield port
            bell.hush()

    return small


async def told(port, request=ONE_PAGE):
    """The beginning of the answer to one request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.readuntil(b"\r\n")
    finally:
        writer.transport.abort()


async def ends(reader):
    """Until the server hangs up."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await reader.read(1 << 16):
                pass


@pytest.mark.parametrize(
    "said", [b"", b"GET /health/live HTTP/1.1\r\nHost: tw", ONE_PAGE], ids=["", "half a head", "one"]
)
async def test_who_does_not_go_on_is_hung_up_on(small, said):
    async with small() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        await ends(reader)
        writer.close()


async def test_a_head_that_comes_drop_by_drop_has_no_more_time_than_others(small):
    async with small() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def drip():
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET /health/live HTTP/1.1\r\n")
                while True:
                    await asyncio.sleep(0.1)
                    writer.write(b"A: drop\r\n")
                    await writer.drain()

        dripping = asyncio.create_task(drip())
        await ends(reader)
        dripping.cancel()
        writer.close()


async def test_connections_on_which_nothing_comes_do_not_keep_others_out(small):
    async with small(connections=8) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]

        assert (await told(port)).startswith(b"HTTP/1.1 200")
        for _, writer in idle:
            writer.close()


async def test_who_does_not_read_the_answer_does_not_keep_others_out(small):
    async with small() as port:
        greedy = socket.socket()
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        greedy.connect(("127.0.0.1", port))
        greedy.setblocking(False)
        # Far more answers than fit between the two: the server waits for room that never comes.
        await asyncio.get_running_loop().sock_sendall(
            greedy, b"GET /openapi.json HTTP/1.1\r\nHost: twh.test\r\n\r\n" * 50
        )

        assert (await told(port)).startswith(b"HTTP/1.1 200")
        greedy.close()


async def test_a_body_that_comes_drop_by_drop_is_408(small, shop, monkeypatch):
    monkeypatch.setattr(incoming, "BODY_SECONDS_MAX", 0.5)
    head = (
        f"POST /v1/items HTTP/1.1\r\nHost: twh.test\r\nAuthorization: Bearer {shop.secret}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    async with small() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def drip():
            with contextlib.suppress(ConnectionError):
                writer.write(head.encode())
                while True:
                    await asyncio.sleep(0.05)
                    writer.write(b" ")
                    await writer.drain()

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await reader.readuntil(b"\r\n")
        dripping.cancel()
        writer.transport.abort()

    assert line.startswith(b"HTTP/1.1 408")


async def test_a_long_poll_whose_caller_is_gone_does_not_keep_others_out(small, shop):
    poll = f"GET /v1/events?after=99&wait=30 HTTP/1.1\r\nHost: twh.test\r\nAuthorization: Bearer {shop.secret}\r\n\r\n"
    async with small() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(poll.encode())
        await asyncio.sleep(0.5)
        writer.transport.abort()
        begun = time.monotonic()

        assert (await told(port)).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begun < 15  # half of what it would have waited
