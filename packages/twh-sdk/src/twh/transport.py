"""The only module that speaks HTTP: it does what an exchange asks for, and says what came of it.

Replace httpx here, and in the types of client.py, and nowhere else.
"""

from __future__ import annotations

import ssl
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import TypeVar

# httpx brings a command line, which loads rich and click where they are installed: more than twice the time of the rest.
# It takes their absence well, so for the time of this import they are absent. Nobody calls httpx.main from a program.
if "httpx" not in sys.modules:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
    import httpx

    del sys.modules["httpx._main"]
else:
    import httpx

from twh.exchange import Outcome, Pause, Send, Step
from twh.profiles import Connection
from twh.verdict import Answer, Lost

H = TypeVar("H", httpx.Client, httpx.AsyncClient)

CONNECT_SECONDS = 5.0
CALL_NAME = "twh.call"
CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=100)
NOTHING_KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=0)
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)
HOPELESS = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL)


class TooSlow(httpx.ReadTimeout):
    """The answer trickles in, and would not be whole in time."""


def perform(http: httpx.Client, step: Step) -> Outcome:
    if isinstance(step, Pause):
        rest(step.seconds)
        return None
    until = time.monotonic() + step.timeout
    try:
        response = http.send(request(http, step), stream=True, follow_redirects=False, auth=None)
        try:
            return Answer(response.status_code, response.headers, b"".join(in_time(response.iter_bytes(), until)))
        finally:
            response.close()
    except (httpx.RequestError, httpx.InvalidURL) as why:
        return lost(why)


async def perform_async(http: httpx.AsyncClient, step: Step) -> Outcome:
    if isinstance(step, Pause):
        await rest_async(step.seconds)
        return None
    until = time.monotonic() + step.timeout
    try:
        response = await http.send(request(http, step), stream=True, follow_redirects=False, auth=None)
        try:
            chunks = [chunk async for chunk in in_time_async(response.aiter_bytes(), until)]
            return Answer(response.status_code, response.headers, b"".join(chunks))
        finally:
            await response.aclose()
    except (httpx.RequestError, httpx.InvalidURL) as why:
        return lost(why)


def rest(seconds: float) -> None:
    time.sleep(seconds)


async def rest_async(seconds: float) -> None:
    import asyncio  # loaded by now, in a program that awaits

    await asyncio.sleep(seconds)


def request(http: httpx.Client | httpx.AsyncClient, step: Send) -> httpx.Request:
    """The request; the call's name goes along inside this process, for those who stand in for a server."""
    seconds = step.timeout
    timeout = {"connect": min(CONNECT_SECONDS, seconds), "read": seconds, "write": seconds, "pool": seconds}
    return http.build_request(
        step.method,
        step.url,
        headers=step.headers,
        content=step.body,
        extensions={"timeout": timeout, CALL_NAME: step.call},
    )


def in_time(chunks: Iterator[bytes], until: float) -> Iterator[bytes]:
    """Watch the time for all chunks: httpx watches only the time between two."""
    for chunk in chunks:
        yield chunk
        if time.monotonic() > until:
            raise TooSlow("the answer did not arrive whole in time")


async def in_time_async(chunks: AsyncIterator[bytes], until: float) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
        if time.monotonic() > until:
            raise TooSlow("the answer did not arrive whole in time")


def lost(why: httpx.RequestError | httpx.InvalidURL) -> Lost:
    return Lost(
        why=why,
        sent=not isinstance(why, (*NEVER_SENT, httpx.InvalidURL)),
        timed_out=isinstance(why, httpx.TimeoutException),
        hopeless=isinstance(why, HOPELESS),
        nobody_there=isinstance(why, httpx.ConnectError),
    )


def open_client(to: Connection) -> httpx.Client:
    return plain(httpx.Client(verify=tls(to), trust_env=not to.is_loopback, limits=CONNECTIONS))


def open_async_client(to: Connection, *, kept: bool = True) -> httpx.AsyncClient:
    limits = CONNECTIONS if kept else NOTHING_KEPT
    return plain(httpx.AsyncClient(verify=tls(to), trust_env=not to.is_loopback, limits=limits))


def plain(http: H) -> H:
    """Without the headers that every call brings itself: httpx takes longer to replace one than to send it."""
    for name in ("Accept", "User-Agent"):
        del http.headers[name]
    return http


def tls(to: Connection) -> ssl.SSLContext:
    """Plain HTTP on this machine needs no certificates, and reading them takes longer than its first answer."""
    return no_tls() if to.is_loopback and to.base_url.startswith("http://") else shared_tls()


@cache
def shared_tls() -> ssl.SSLContext:
    """One for the process: every client would read the same certificates again."""
    return httpx.create_ssl_context()


@cache
def no_tls() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
