"""Serving and working: one process serves by itself; several share a listening socket, and one that dies is replaced."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from twh_server.access.sealing import Sealer
from twh_server.database.address import Address
from twh_server.database.engine import ended
from twh_server.events.bell import Bell
from twh_server.processes.assembly import application, pools
from twh_server.processes.listening import CannotStart, listen, say, url_of
from twh_server.processes.metering import Meter, metered
from twh_server.processes.serving import (
    CONNECTIONS_MAX,
    keep_what_was_loaded,
    room_for_files,
    run,
    serving,
    told_to_stop,
)
from twh_server.processes.starting import migrated, publishers_of, rates_of, sealer_of, targets_of
from twh_server.publishing.publisher import Publisher
from twh_server.settings import Settings
from twh_server.telemetry import form_lines
from twh_server.webhooks.schedule import Schedule
from twh_server.worker import working

RESTART_PAUSE_SECONDS = 1.0
LOOK_PAUSE_SECONDS = 0.1
QUICK_SECONDS = 10.0
QUICK_ENDS_MAX = 10
"""So many processes in a row that did not live for QUICK_SECONDS, and the server gives up."""


def serve(settings: Settings) -> None:
    """Serve HTTP until told to stop; with several processes, look after those that do. Raises CannotStart."""
    listening = listen(settings.host, settings.port)
    address, sealer = migrated(settings), sealer_of(settings)
    rates_of(settings)  # what hinders it is said once, not by each process
    say(f"TWH serves at {url_of(listening)}")
    if settings.processes > 1:
        _look_after(settings.processes, listening)
        return
    with metered(settings) as meter:
        run(_serve(settings, address, sealer, listening, meter))


def serve_beside_others(settings: Settings, descriptor: int, place: int) -> None:
    """Serve on the socket that all processes share, until told to stop or left alone. Raises CannotStart."""
    listening = socket.socket(fileno=descriptor)
    address, sealer = migrated(settings), sealer_of(settings)
    with metered(settings, place=place) as meter:
        run(_serve(settings, address, sealer, listening, meter, ends_with_stdin=True))


async def _serve(
    settings: Settings,
    address: Address,
    sealer: Sealer,
    listening: socket.socket,
    meter: Meter | None,
    *,
    ends_with_stdin: bool = False,
) -> None:
    stop, bell = told_to_stop(), Bell()
    form_lines()
    if ends_with_stdin:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    async with (
        pools(settings, address) as database,
        serving(
            application(settings, database, bell, sealer, meter), listening, stop, drain_seconds=settings.drain_seconds
        ),
    ):
        await stop.wait()
        bell.hush()


def work(settings: Settings) -> None:
    """Do what runs beside HTTP until told to stop. Raises CannotStart."""
    address, sealer, publishers = migrated(settings), sealer_of(settings), publishers_of(settings)
    with metered(settings) as meter:
        run(_work(settings, address, sealer, publishers, meter))


async def _work(
    settings: Settings, address: Address, sealer: Sealer, publishers: Mapping[str, Publisher], meter: Meter | None
) -> None:
    stop, bell = told_to_stop(), Bell()
    schedule = Schedule(waits_seconds=settings.waits_seconds)
    told: dict[str, Any] = (
        {"attempted": meter.attempt, "disabled": meter.disabled, "lagging": meter.lag} if meter else {}
    )
    room_for_files(CONNECTIONS_MAX)
    async with (
        pools(settings, address, publishers=len(publishers)) as database,
        working(database, bell, sealer, targets=targets_of(settings), schedule=schedule, publishers=publishers, **told),
    ):
        ringing = asyncio.create_task(bell.run(database))
        keep_what_was_loaded()
        say("TWH works")
        await stop.wait()
        await ended(ringing)


def _look_after(count: int, listening: socket.socket) -> None:
    stopping, quick_ends = False, 0

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children = [_Child(listening, place) for place in range(count)]
    while not stopping and quick_ends < QUICK_ENDS_MAX:
        time.sleep(LOOK_PAUSE_SECONDS)
        for place, child in enumerate(children):
            if child.process.poll() is not None and not stopping:
                quick_ends = quick_ends + 1 if child.age < QUICK_SECONDS else 0
                say(f"process {child.process.pid} ended and is replaced")
                time.sleep(RESTART_PAUSE_SECONDS)
                children[place] = _Child(listening, place)
    listening.close()
    for child in children:
        child.tell_to_stop()
    for child in children:
        child.process.wait()
    if not stopping:
        raise CannotStart("Its processes end as soon as they begin. What they said stands above.")


class _Child:
    """A process that serves on our socket. The end of its stdin tells it to stop, and comes when we are killed, too."""

    def __init__(self, listening: socket.socket, place: int) -> None:
        descriptor = listening.fileno()
        words = ["serve", "--inherited", str(descriptor), "--place", str(place)]
        command = [sys.executable, "-m", "twh_server", *words]
        self.process = subprocess.Popen(command, pass_fds=(descriptor,), stdin=subprocess.PIPE)
        self._born = time.monotonic()

    @property
    def age(self) -> float:
        """In seconds."""
        return time.monotonic() - self._born

    def tell_to_stop(self) -> None:
        """Close its stdin."""
        if self.process.stdin:
            self.process.stdin.close()
