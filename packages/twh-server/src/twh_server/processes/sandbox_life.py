"""A sandbox's life: from a running PostgreSQL to a server that answers, until it is told to stop."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import twh_server
from twh_server.access.keys import create_key
from twh_server.access.sealing import Sealer
from twh_server.access.tenants import create_tenant
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres, EmbeddedPostgresFailure
from twh_server.database.engine import Database, ended
from twh_server.database.revisions import REVISION, standing_of
from twh_server.events.bell import Bell
from twh_server.journal.writer import Writer
from twh_server.processes.assembly import application, pools
from twh_server.processes.listening import CannotStart, url_of
from twh_server.processes.sandbox_folder import SandboxFolder
from twh_server.processes.serving import run, serving, told_to_stop
from twh_server.processes.starting import targets_of
from twh_server.sandboxes.create import create_sandbox
from twh_server.settings import ALL_PORTS, Settings
from twh_server.telemetry import form_lines

POSTGRES_LOOK_SECONDS = 0.5

_log = logging.getLogger(__name__)


def live(settings: Settings, folder: SandboxFolder, postgres: EmbeddedPostgres, listening: socket.socket) -> None:
    """Serve the folder's database, made and seeded before when there is none. Raises CannotStart."""
    address = Address(postgres.conninfo())
    standing = standing_of(address)
    if standing.is_known and standing.revision != REVISION:
        migrations()(address)
    elif hindrance := standing.hindrance():
        raise CannotStart(hindrance)
    # Whoever runs a sandbox wants its webhooks on the machine that they sit at, wherever they listen there.
    settings = settings.model_copy(update={"webhook_private": True, "webhook_ports": ALL_PORTS})
    run(_live(settings, folder, postgres, listening))


def migrations() -> Callable[[Address], None]:
    """What brings a database to this code's revision; asking for it loads alembic, which a warm start does without."""
    from twh_server.database.migrate import migrate

    return migrate


async def _live(
    settings: Settings, folder: SandboxFolder, postgres: EmbeddedPostgres, listening: socket.socket
) -> None:
    stop, bell, sealer = told_to_stop(), Bell(), Sealer(folder.secrets_key())
    address, url = Address(postgres.conninfo()), url_of(listening)
    folder.keep({"port": listening.getsockname()[1]})
    async with pools(settings, address) as database, _looked_after(postgres):
        if "api_key" not in folder.kept():
            folder.keep(await _first_tenant(database, bell))
        app, ready = application(settings, database, bell, sealer), asyncio.Event()
        async with (
            _working(settings, database, bell, sealer, ready),
            serving(app, listening, stop, drain_seconds=settings.drain_seconds),
        ):
            await database.tell_time()
            folder.show(_state(folder.kept(), url, address))
            ready.set()
            try:
                await stop.wait()
            finally:
                folder.hide()
                bell.hush()


@contextlib.asynccontextmanager
async def _working(
    settings: Settings, database: Database, bell: Bell, sealer: Sealer, ready: asyncio.Event
) -> AsyncGenerator[None]:
    """Deliver webhooks from the moment that we are ready until the block ends, when the last caller was answered.

    The worker's code and the logs' take a while to load, and nobody has to wait for them.
    """
    end = asyncio.Event()

    async def work() -> None:
        await ready.wait()
        async with await asyncio.to_thread(_worker, settings, database, bell, sealer):
            await end.wait()

    task = asyncio.create_task(work())
    task.add_done_callback(_notice)
    try:
        yield
    finally:
        end.set()
        if not ready.is_set():
            task.cancel()
        await asyncio.wait([task])


def _notice(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (fault := task.exception()):
        _log.error("webhooks are no longer delivered: the worker has ended", exc_info=fault)


def _worker(settings: Settings, database: Database, bell: Bell, sealer: Sealer) -> AbstractAsyncContextManager[None]:
    form_lines()
    from twh_server.webhooks.schedule import Schedule
    from twh_server.worker import working

    schedule = Schedule(waits_seconds=settings.waits_seconds)
    return working(database, bell, sealer, targets=targets_of(settings), schedule=schedule)


async def _first_tenant(database: Database, bell: Bell) -> Mapping[str, Any]:
    """A seeded tenant, and the operator's key with which others are made."""
    async with database.transaction() as tx:
        operator = await create_tenant(tx, name="Operator", kind="sandbox")
        admin = await create_key(tx, operator, name="operator", scopes=["tenants:admin"])
    writer = Writer(database, bell)
    sandbox = await create_sandbox(database, writer)
    await writer.close()
    return {
        "tenant": {"id": sandbox.tenant.id, "name": sandbox.tenant.name},
        "api_key": sandbox.key.secret,
        "admin_key": admin.secret,
    }


def _state(kept: Mapping[str, Any], url: str, address: Address) -> Mapping[str, Any]:
    return {
        "pid": os.getpid(),
        "address": url,
        "started_at": datetime.now(UTC).isoformat(),
        "version": twh_server.__version__,
        "tenant": kept["tenant"],
        "api_key": kept["api_key"],
        "admin_key": kept["admin_key"],
        "database_url": address.conninfo,
    }


@contextlib.asynccontextmanager
async def _looked_after(postgres: EmbeddedPostgres) -> AsyncGenerator[None]:
    """Start PostgreSQL again whenever it is gone (killed for its memory, say); until it is back, callers hear 503."""
    looking = asyncio.create_task(_look_after(postgres))
    try:
        yield
    finally:
        await ended(looking)


async def _look_after(postgres: EmbeddedPostgres) -> None:
    while True:
        await asyncio.sleep(POSTGRES_LOOK_SECONDS)
        if postgres.running:
            continue
        _log.warning("PostgreSQL has ended and is started again")
        try:
            await asyncio.to_thread(postgres.start)
        except EmbeddedPostgresFailure as fault:
            _log.error("%s", fault)
