"""The ground of the harness: a PostgreSQL that reaches the disk, two servers, a worker, each of which can be killed.

The second server reaches PostgreSQL through the proxy. Each round has a shop of its own.
"""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
from proxy import Proxy

from caller import ITEMS, Caller, Lost
from twh_server.access.keys import create_key
from twh_server.access.scopes import ALL_SCOPES
from twh_server.access.tenants import create_tenant
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres
from twh_server.database.engine import Database
from twh_server.database.migrate import migrate

SECRETS_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
IDLE_SECONDS = 3
LOCK_SECONDS = 2
"""After so long, both together at the most, the database ends the transaction of a server that hangs."""
READY_SECONDS = 120
CONNECTIONS_MAX = 60


class Program:
    """A `twh-server` process."""

    def __init__(self, command, database, log, port=0):
        self.command, self.port, self._log = command, port, log
        self._told = {
            "TWH_DATABASE_URL": database,
            "TWH_PORT": str(port),
            "TWH_SECRETS_KEY": SECRETS_KEY,
            "TWH_RATE_LIMIT": "off",
            "TWH_WEBHOOK_PRIVATE": "true",  # the receiver is on this machine
            "TWH_LOG_REQUESTS": "false",
            "TWH_IDLE_IN_TRANSACTION_SESSION_TIMEOUT": str(IDLE_SECONDS),
            "TWH_LOCK_TIMEOUT": str(LOCK_SECONDS),
        }
        self._process = None

    def start(self):
        """Start it, if it does not run."""
        if self._process and self._process.poll() is None:
            return
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TWH_")}
        with self._log.open("a") as said:
            command = [sys.executable, "-m", "twh_server", self.command]
            self._process = subprocess.Popen(command, env=kept | self._told, stderr=said, stdout=said)

    def send(self, number):
        """Send it a signal, when it runs."""
        if self._process:
            self._process.send_signal(number)

    def kill(self):
        """As `kill -9` does."""
        self.send(signal.SIGKILL)
        self._process.wait()


@dataclass(frozen=True)
class Shop:
    """The tenant of a round."""

    name: str
    secret: str


class Ground:
    """Everything that runs, as long as the block does. `mend` has all of it run again, whatever was done to it."""

    def __init__(self, folder, *, settings=None, has_worker=True):
        self.folder = Path(folder)
        asked = {"max_connections": CONNECTIONS_MAX, **(settings or {})}
        self.postgres = EmbeddedPostgres(self.folder / "data", settings=asked)
        self._has_worker = has_worker
        self.writers = None

    async def __aenter__(self):
        async with contextlib.AsyncExitStack() as opened:
            await asyncio.to_thread(self.postgres.start)
            opened.callback(self.postgres.stop)
            await asyncio.to_thread(migrate, Address(self.postgres.conninfo()))
            sockets = self.folder / "proxy"
            sockets.mkdir()
            self.proxy = await opened.enter_async_context(Proxy(sockets, self.postgres.socket_folder / ".s.PGSQL.5432"))
            direct, proxied = self.postgres.conninfo(), f"host={sockets} port=5432 dbname=twh"
            self.servers = [
                Program("serve", direct, self.folder / "server-1.err", free_port()),
                Program("serve", proxied, self.folder / "server-2.err", free_port()),
            ]
            self.workers = [Program("work", direct, self.folder / "worker.err")] if self._has_worker else []
            opened.callback(self._end)
            await self.mend()
            self._opened = opened.pop_all()
        return self

    async def __aexit__(self, *_):
        await self._opened.aclose()

    @property
    def ports(self):
        """Where the servers are."""
        return [server.port for server in self.servers]

    def add_worker(self):
        """One more worker beside those that there are."""
        self.workers.append(Program("work", self.postgres.conninfo(), self.folder / "worker.err"))
        self.workers[-1].start()

    def processes_of_postgres(self):
        """PostgreSQL's main process and all that it started."""
        main = self.postgres.pid
        if main is None:
            return []
        try:
            return [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]
        except FileNotFoundError:
            return []

    def as_superuser(self):
        """A connection that may do everything; each statement commits."""
        return psycopg.connect(self.postgres.conninfo(user="postgres"), autocommit=True)

    async def mend(self):
        """Everything that was stopped goes on, what ended is started, and both servers are ready."""
        self.proxy.disarm()
        for pid in self.processes_of_postgres():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        await asyncio.to_thread(self.postgres.start)
        for program in [*self.servers, *self.workers]:
            program.send(signal.SIGCONT)
            program.start()
        for server in self.servers:
            await ready(server.port)

    async def open_shop(self, name, url):
        """A fresh tenant with a few items, and a webhook endpoint when `url` is one."""
        async with Database(Address(self.postgres.conninfo())) as database, database.transaction() as tx:
            tenant = await create_tenant(tx, name=name, kind="sandbox")
            key = await create_key(tx, tenant, name="crash", scopes=ALL_SCOPES)
        shop = Shop(name, key.secret)
        caller = Caller(self.ports[0], shop.secret)
        items = [{"sku": f"ITEM-{number}", "name": "An item"} for number in range(ITEMS)]
        endpoint = [("/v1/webhook-endpoints", {"url": url, "kinds": ["entry.recorded"]})] if url else []
        for path, body in [
            ("/v1/locations", {"code": "MAIN", "name": "Main"}),
            ("/v1/items/batch", {"items": items}),
            *endpoint,
        ]:
            status, answer = await caller.settle("POST", path, json.dumps(body).encode(), key=secrets.token_hex(8))
            assert status in (200, 201), answer
        caller.close()
        with self.as_superuser() as superuser:  # what comes before the round is not in question
            superuser.execute("checkpoint")
        return shop

    def _end(self):
        for program in [*self.servers, *self.workers]:
            program.kill()


class Writers:
    """The process of the writers, as long as the block runs; `folder` has their logs."""

    def __init__(self, ground, shop, count):
        self.folder = ground.folder / "logs" / shop.name
        self.folder.mkdir(parents=True)
        ports = ",".join(map(str, ground.ports))
        words = [ports, shop.secret, str(self.folder), shop.name, str(count)]
        self._command = [sys.executable, str(Path(__file__).parent / "writers.py"), *words]

    async def __aenter__(self):
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=subprocess.PIPE)
        return self

    async def __aexit__(self, *_):
        self._process.stdin.close()
        await self._process.wait()

    async def until(self, acknowledged):
        """Until so many requests are acknowledged."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                if self.acknowledged() >= acknowledged:
                    return
                await asyncio.sleep(0.05)

    def acknowledged(self):
        """How many are, so far."""
        return sum(line.startswith("acknowledged") for line in self.lines())

    def lines(self):
        """What all of them have written down."""
        return [line for log in self.folder.glob("*.log") for line in log.read_text().splitlines()]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


async def ready(port):
    """Until a server is."""
    caller = Caller(port, "")
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with contextlib.suppress(Lost):
                if (await caller.ask("GET", "/health/ready"))[0] == 200:
                    caller.close()
                    return
            await asyncio.sleep(0.05)
