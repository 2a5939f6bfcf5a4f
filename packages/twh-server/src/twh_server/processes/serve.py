"""Serving and working: one process serves by itself; several share a listening socket, and one that dies is replaced."""

import asyncio
import signal
import socket
import subprocess
import sys
import time

from twh_server.app import build
from twh_server.database.address import Address
from twh_server.database.engine import Database
from twh_server.events.bell import Bell
from twh_server.processes.listening import listen, say, url_of
from twh_server.processes.serving import keep_what_was_loaded, serving, told_to_stop
from twh_server.processes.starting import migrated, sealer_of
from twh_server.settings import Settings
from twh_server.webhooks.sealing import Sealer
from twh_server.worker import working

RESTART_PAUSE_SECONDS = 1.0
LOOK_PAUSE_SECONDS = 0.1


def serve(settings: Settings) -> None:
    """Serve HTTP until told to stop; with several processes, look after those that do. Raises CannotStart."""
    listening = listen(settings.host, settings.port)
    address, sealer = migrated(settings), sealer_of(settings)
    say(f"TWH serves at {url_of(listening)}")
    if settings.processes > 1:
        _look_after(settings.processes, listening)
    else:
        asyncio.run(_serve(settings, address, sealer, listening))


def serve_beside_others(settings: Settings, descriptor: int) -> None:
    """Serve on the socket that all processes share, until told to stop or left alone. Raises CannotStart."""
    listening = socket.socket(fileno=descriptor)
    asyncio.run(_serve(settings, migrated(settings), sealer_of(settings), listening, ends_with_stdin=True))


async def _serve(
    settings: Settings, address: Address, sealer: Sealer, listening: socket.socket, *, ends_with_stdin: bool = False
) -> None:
    stop, bell = told_to_stop(), Bell()
    if ends_with_stdin:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    async with (
        Database(address, writers=settings.write_connections, readers=settings.read_connections) as database,
        serving(build(database, bell, sealer), listening, stop, drain_seconds=settings.drain_seconds),
    ):
        await stop.wait()
        bell.hush()


def work(settings: Settings) -> None:
    """Do what runs beside HTTP until told to stop. Raises CannotStart."""
    asyncio.run(_work(migrated(settings), sealer_of(settings)))


async def _work(address: Address, sealer: Sealer) -> None:
    stop, bell = told_to_stop(), Bell()
    async with Database(address) as database, working(database, bell, sealer):
        ringing = asyncio.create_task(bell.run(database))
        keep_what_was_loaded()
        say("TWH works")
        await stop.wait()
        ringing.cancel()


def _look_after(count: int, listening: socket.socket) -> None:
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children = [_child(listening) for _ in range(count)]
    while not stopping:
        time.sleep(LOOK_PAUSE_SECONDS)
        for place, child in enumerate(children):
            if child.poll() is not None and not stopping:
                say(f"process {child.pid} ended and is replaced")
                time.sleep(RESTART_PAUSE_SECONDS)
                children[place] = _child(listening)
    listening.close()
    for child in children:
        # The end of its stdin tells a child to stop; it also comes when this process is killed.
        if child.stdin:
            child.stdin.close()
    for child in children:
        child.wait()


def _child(listening: socket.socket) -> "subprocess.Popen[bytes]":
    descriptor = listening.fileno()
    command = [sys.executable, "-m", "twh_server", "serve", "--inherited", str(descriptor)]
    return subprocess.Popen(command, pass_fds=(descriptor,), stdin=subprocess.PIPE)
