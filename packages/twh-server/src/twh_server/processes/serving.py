"""Serving: one process, one event loop, granian on a socket that is already listening."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncGenerator
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

BACKLOG = 1024


class PortTaken(Exception):
    """The port is in use by another program."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Port {port} on {host} is in use. Stop what uses it, or choose another with --port.")


class CannotListen(Exception):
    """The address cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken or CannotListen."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as fault:
        raise CannotListen(f"{host} is no address to listen on: {fault.strerror}.") from None
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as fault:
        listening.close()
        if isinstance(fault, PermissionError):
            raise CannotListen(f"Port {port} needs rights that this user lacks. Choose one above 1023.") from None
        raise PortTaken(host, port) from None
    return listening


def address_of(listening: socket.socket) -> str:
    """The address at which a socket is reached, as a URL."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


class _OnSocket(Server):
    """granian's embeddable server, on a socket of ours."""

    def __init__(self, app: Any, listening: socket.socket) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
            backlog=BACKLOG,
        )
        self._listening = listening

    def _init_shared_socket(self) -> None:
        from granian._granian import SocketHolder

        self._ssp = None
        self._shd = SocketHolder(self._listening.fileno(), False, BACKLOG)


@contextlib.asynccontextmanager
async def serving(app: Any, listening: socket.socket) -> AsyncGenerator[None]:
    """Serve as long as the block runs; at its end nothing new is taken, and what was accepted is answered."""
    server = _OnSocket(app, listening)
    running = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.stop()
        await running


def told_to_stop() -> asyncio.Event:
    """Set when this process is asked to end (SIGTERM, SIGINT)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
