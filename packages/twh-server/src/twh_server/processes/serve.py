"""Server processes: one serves by itself; several share a listening socket, and one that dies is started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

from twh_server.app import build
from twh_server.database.engine import Database
from twh_server.events.bell import Bell
from twh_server.serving import address_of, listen, serving, told_to_stop
from twh_server.settings import Settings
from twh_server.starting import migrated, sealer_of
from twh_server.worker import working

RESTART_PAUSE_SECONDS = 1.0
LOOK_PAUSE_SECONDS = 0.1


def serve(settings: Settings, *, inherited: int | None = None) -> None:
    """Serve HTTP until told to stop. With several processes, this one only looks after the others."""
    listening = socket.socket(fileno=inherited) if inherited is not None else listen(settings.host, settings.port)
    if inherited is None:
        migrated(settings)
        sealer_of(settings)
        print(f"TWH serves at {address_of(listening)}", file=sys.stderr, flush=True)
    if inherited is None and settings.processes > 1:
        _look_after(settings.processes, listening)
    else:
        asyncio.run(_serve(settings, listening))


async def _serve(settings: Settings, listening: socket.socket) -> None:
    stop, bell = told_to_stop(), Bell()
    async with Database(migrated(settings)) as database:
        async with serving(build(database, bell, sealer_of(settings)), listening):
            await stop.wait()
            bell.hush()


def work(settings: Settings) -> None:
    """Do what runs beside HTTP until told to stop."""
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop, bell = told_to_stop(), Bell()
    async with Database(migrated(settings)) as database, working(database, bell, sealer_of(settings)):
        ringing = asyncio.create_task(bell.run(database))
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
                print(f"twh-server: process {child.pid} died and is started again", file=sys.stderr, flush=True)
                time.sleep(RESTART_PAUSE_SECONDS)
                children[place] = _child(listening)
    for child in children:
        child.terminate()
    for child in children:
        child.wait()


def _child(listening: socket.socket) -> "subprocess.Popen[bytes]":
    descriptor = listening.fileno()
    command = [sys.executable, "-m", "twh_server", "serve", "--inherited", str(descriptor)]
    return subprocess.Popen(command, pass_fds=(descriptor,))
