"""Serving: one process, one event loop, granian on a socket that is already listening.

granian's embeddable server answers as often as its process server does (12,000 trivial requests a second on this
project's test machine, either way), and leaves us the loop: server, writer, bell and worker can share one process.
"""

import asyncio
import contextlib
import gc
import importlib.util
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, NoReturn

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from twh_server.processes.listening import BACKLOG

CONNECTIONS_MAX = 4_096
"""Of one process. Whoever comes then waits until somebody hangs up: more than that are no callers, but a siege."""
HEAD_SECONDS_MAX = 75.0
"""So long the head of a request may take, and so long a connection may be kept in between: longer than proxies keep theirs."""
OTHER_FILES = 1_536
"""What a process has open besides connections to callers: to endpoints and the database, the log, what is imported."""

GARBAGE_OBJECTS = 10_000
"""So many new objects, and Python looks for garbage that only refers to itself: there is next to none."""

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serving(
    app: Any, listening: socket.socket, stop: asyncio.Event, *, drain_seconds: float
) -> AsyncGenerator[None]:
    """Serve as long as the block runs; at its end nothing new is taken, and what was accepted is answered.

    Should serving end by itself, `stop` is set. Answers that take longer than `drain_seconds` are given up.
    """
    server: Any = _OnSocket(app, listening, connections_max=room_for_files(CONNECTIONS_MAX))  # granian annotates little
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


def run(process: Coroutine[Any, Any, None]) -> None:
    """Run a process's work on uvloop, where there is one: it wakes for half of what asyncio's own loop takes."""
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
        runner.run(process)


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    # There is none for Windows.
    return importlib.import_module("uvloop").new_event_loop if importlib.util.find_spec("uvloop") else None


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
    gc.set_threshold(GARBAGE_OBJECTS, 20, 20)
    gc.enable()


def room_for_files(connections: int) -> int:
    """How many connections this process may have, up to so many, after it has asked for as many open files as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - OTHER_FILES))


class _OnSocket(Server):
    """granian's embeddable server, on a socket of ours."""

    def __init__(self, app: Any, listening: socket.socket, *, connections_max: int) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            # Not given, a head may take for ever: as many idle connections as there may be would be the end of serving.
            http1_settings=HTTP1Settings(header_read_timeout=round(HEAD_SECONDS_MAX * 1_000)),
            websockets=False,
            log_enabled=False,
            backlog=BACKLOG,
            # What granian calls by this name is how many connections it has at a time.
            backpressure=connections_max,
        )
        self._listening = listening

    def _init_shared_socket(self) -> None:
        self._ssp = None
        # granian closes it: from now on the descriptor is its own.
        holder: Any = SocketHolder  # its stub leaves out the arguments
        is_unix_socket = False
        self._shd = holder(self._listening.detach(), is_unix_socket, BACKLOG)
