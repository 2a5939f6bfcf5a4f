"""Serving: one process, one event loop, granian on a socket that is already listening.

granian's embeddable server answers as often as its process server does (12,000 trivial requests a second on this
project's test machine, either way), and leaves us the loop: server, writer, bell and worker can share one process.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from typing import Any, NoReturn

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from twh_server.processes.listening import BACKLOG

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serving(
    app: Any, listening: socket.socket, stop: asyncio.Event, *, drain_seconds: float
) -> AsyncGenerator[None]:
    """Serve as long as the block runs; at its end nothing new is taken, and what was accepted is answered.

    Should serving end by itself, `stop` is set. Answers that take longer than `drain_seconds` are given up.
    """
    server: Any = _OnSocket(app, listening)  # granian annotates little
    running = asyncio.create_task(server.serve())
    running.add_done_callback(lambda _: stop.set())
    keep_what_was_loaded()
    try:
        yield
    finally:
        server.stop()
        _, late = await asyncio.wait([running], timeout=drain_seconds)
        if late:
            _log.warning("some answers were not ready after %g seconds and are given up", drain_seconds)


def told_to_stop() -> asyncio.Event:
    """Set when this process is asked to end (SIGTERM, SIGINT). A second Ctrl-C ends it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def heard() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard)
    return stop


def leave() -> NoReturn:
    """End this process, whose work is done, without taking Python apart.

    granian's threads outlive its server. One that turns to a Python that is being taken apart aborts the process: now and
    then, a server that had stopped as it should would be seen to have crashed.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def keep_what_was_loaded() -> None:
    """From here on the garbage collector runs, and looks at what comes, not at the code that was loaded before."""
    gc.freeze()
    gc.enable()


class _OnSocket(Server):
    """granian's embeddable server, on a socket of ours."""

    def __init__(self, app: Any, listening: socket.socket) -> None:
        super().__init__(
            app, interface=Interfaces.ASGI, http=HTTPModes.http1, websockets=False, log_enabled=False, backlog=BACKLOG
        )
        self._listening = listening

    def _init_shared_socket(self) -> None:
        self._ssp = None
        # granian closes it: from now on the descriptor is its own.
        holder: Any = SocketHolder  # its stub leaves out the arguments
        is_unix_socket = False
        self._shd = holder(self._listening.detach(), is_unix_socket, BACKLOG)
