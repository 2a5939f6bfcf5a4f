"""A sandbox: PostgreSQL, server and worker as one process tree over one folder, seeded, ready in a second or two.

`state.json` is there while it runs and says how to reach it; `sandbox.json` keeps what has to outlive a stop.
"""

import asyncio
import base64
import contextlib
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import twh_server
from twh_server.access.keys import create_key
from twh_server.access.tenants import create_tenant
from twh_server.app import build
from twh_server.database.address import REVISION, Address, revision_of
from twh_server.database.embedded import EmbeddedPostgres, EmbeddedPostgresFailure
from twh_server.database.engine import Database
from twh_server.events.bell import Bell
from twh_server.journal.writer import Writer
from twh_server.sandboxes.create import create_sandbox
from twh_server.serving import PortTaken, address_of, listen, serving, told_to_stop
from twh_server.settings import Settings
from twh_server.starting import CannotStart
from twh_server.webhooks.sealing import Sealer
from twh_server.worker import working

PORTS_TRIED = 50


def run(settings: Settings, folder: Path, *, port: int | None) -> None:
    """Run a sandbox in a folder until told to stop. Raises CannotStart."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _alone(folder), EmbeddedPostgres(folder / "postgres", binaries=settings.postgres_binaries) as postgres:
            address = Address(postgres.conninfo())
            if revision_of(address) != REVISION:
                # Only here: alembic takes longer to import than a warm start may take in all.
                from twh_server.database.migrate import migrate

                migrate(address)
            asyncio.run(_run(settings, folder, address, port))
    except EmbeddedPostgresFailure as fault:
        raise CannotStart(str(fault)) from None
    except OSError as fault:
        raise CannotStart(f"The folder {folder} cannot be used: {fault.strerror}. Choose another.") from None


async def _run(settings: Settings, folder: Path, address: Address, port: int | None) -> None:
    stop, bell, sealer = told_to_stop(), Bell(), Sealer(_secrets_key(folder))
    kept = _read(folder / "sandbox.json")
    listening = listen(settings.host, port) if port is not None else _listen_somewhere(settings.host, kept)
    async with Database(address) as database:
        app = build(database, bell, sealer)
        async with serving(app, listening), working(database, bell, sealer):
            if "api_key" not in kept:
                kept |= await _first_tenant(database, bell)
            kept["port"] = listening.getsockname()[1]
            _write(folder / "sandbox.json", kept)
            await database.tell_time()
            state = folder / "state.json"
            _write(state, _state(kept, address_of(listening), address))
            try:
                await stop.wait()
            finally:
                bell.hush()
                state.unlink(missing_ok=True)


async def _first_tenant(database: Database, bell: Bell) -> dict[str, Any]:
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


def _state(kept: dict[str, Any], address: str, database: Address) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "address": address,
        "started_at": datetime.now(UTC).isoformat(),
        "version": twh_server.__version__,
        "tenant": kept["tenant"],
        "api_key": kept["api_key"],
        "admin_key": kept["admin_key"],
        "database_url": database.conninfo,
    }


def _listen_somewhere(host: str, kept: dict[str, Any]) -> socket.socket:
    """Where it was before, or else the first free port from the usual one on."""
    usual = Settings.model_fields["port"].default
    for port in (kept.get("port", usual), *range(usual, usual + PORTS_TRIED)):
        with contextlib.suppress(PortTaken):
            return listen(host, port)
    return listen(host, 0)


def _secrets_key(folder: Path) -> bytes:
    path = folder / "secrets.key"
    if not path.exists():
        _write_private(path, base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
    return base64.b64decode(path.read_text())


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Hold the folder; the lock goes with the process, however it ends."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"A sandbox is running in {folder} already.") from None
        yield


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise CannotStart(f"{path} is damaged. Move it away; the next start makes a new tenant.") from None


def _write(path: Path, values: dict[str, Any]) -> None:
    _write_private(path, json.dumps(values, indent=2) + "\n")


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
