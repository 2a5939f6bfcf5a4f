"""The ground that cells stand on: a PostgreSQL with its default durability, shops in it, servers before it."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg

from load import LoadProcess, Plan
from processes import HERE, Served, cpu_seconds, free_port
from shops import Shop, stock_shops
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres
from twh_server.database.embedded.programs import find_programs
from twh_server.database.migrate import migrate

CONNECTIONS_MAX = 500
"""Enough for 256 of pgbench beside the pools of seven server processes; nothing else differs from a sandbox's."""
SETTINGS = {
    "TWH_SECRETS_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "TWH_RATE_LIMIT": "999999999/60",  # counted as for everyone, and never reached
    "TWH_WEBHOOK_PRIVATE": "true",  # whoever receives is on this machine
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What one stretch of load came to. What was not measured is None."""

    per_second: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: int = 0
    server_cpu_ms_per_call: float | None = None
    postgres_cpu_ms_per_call: float | None = None
    load_cpu_ms_per_call: float | None = None

    @property
    def cpu_ms_per_call(self) -> float:
        """So much of the processors' time went to one call in all."""
        parts = (self.server_cpu_ms_per_call, self.postgres_cpu_ms_per_call, self.load_cpu_ms_per_call)
        return sum(part or 0.0 for part in parts)


MEASURED = ("p50_ms", "p99_ms", "server_cpu_ms_per_call", "postgres_cpu_ms_per_call", "load_cpu_ms_per_call")


class Ground:
    """A running PostgreSQL over a folder, and what is put on it when it is first asked for. A context manager."""

    def __init__(
        self, folder: Path, load: LoadProcess, *, shop: Shop | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        """`shop` is one that is there already; `settings` are PostgreSQL's."""
        self._postgres = EmbeddedPostgres(folder, settings={"max_connections": CONNECTIONS_MAX, **(settings or {})})
        self.load = load
        self._open = ExitStack()
        self._beside: dict[str, Ground] = {}
        self._servers: dict[int, Served] = {}
        self._shops: dict[int, list[Shop]] = {1: [shop]} if shop else {}
        self._has_raw = False

    def __enter__(self) -> Self:
        self._open.enter_context(self._postgres)
        migrate(self.address)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def address(self) -> Address:
        """Where the database is."""
        return Address(self._postgres.conninfo())

    @property
    def superuser(self) -> str:
        """The connection string of whom nothing is refused to."""
        return self._postgres.conninfo(user="postgres")

    def server(self, processes: int = 1) -> Served:
        """A `twh-server` of so many processes."""
        if processes not in self._servers:
            told = {**SETTINGS, "TWH_DATABASE_URL": self.address.conninfo, "TWH_PROCESSES": str(processes)}
            port = free_port()
            words = ["-m", "twh_server", "serve", "--port", str(port)]
            self._servers[processes] = self._served(Served(*words, port=port, ready="/health/ready", told=told))
        return self._servers[processes]

    def route(self) -> Served:
        """A server with one route that does nothing."""
        if 0 not in self._servers:
            port = free_port()
            self._servers[0] = self._served(Served(str(HERE / "route.py"), str(port), port=port, ready="/"))
        return self._servers[0]

    def beside(self, name: str, make: Callable[[], "Ground"]) -> "Ground":
        """Another ground, which starts when it is first asked for and stops with this one."""
        if name not in self._beside:
            self._beside[name] = self._open.enter_context(make())
        return self._beside[name]

    def shops(self, tenants: int, items: int) -> list[Shop]:
        """So many tenants, each with so many items in stock."""
        if tenants not in self._shops:
            self._shops[tenants] = stock_shops(self.address, tenants, items)
            self.analyze()
        return self._shops[tenants]

    def analyze(self) -> None:
        """What a worker would have done, had there been one: tell the planner what the tables have become."""
        with psycopg.connect(self.superuser, autocommit=True) as superuser:
            superuser.execute("analyze")

    def sample(
        self,
        server: Served,
        requests: Sequence[bytes],
        *,
        connections: int,
        seconds: float,
        expected: int = 200,
        containing: bytes = b"",
    ) -> Sample:
        """What comes of sending requests to a server for some seconds; other answers than expected are errors."""
        plan = Plan(
            port=server.port,
            requests=requests,
            connections=connections,
            seconds=seconds,
            expected=expected,
            containing=containing,
        )
        pids = (server.pid, self.postgres_pid)
        before = [cpu_seconds(pid) for pid in pids]
        answered = self.load.send(plan)
        server_cpu, postgres_cpu = (cpu_seconds(pid) - then for pid, then in zip(pids, before, strict=True))
        each = 1000 / answered.calls
        return Sample(
            per_second=answered.calls / answered.seconds,
            p50_ms=answered.p50_ms,
            p99_ms=answered.p99_ms,
            errors=answered.errors,
            server_cpu_ms_per_call=server_cpu * each,
            postgres_cpu_ms_per_call=postgres_cpu * each,
            load_cpu_ms_per_call=answered.cpu_seconds * each,
        )

    def by_hand(self, script: str, *, items: int, connections: int, seconds: float) -> Sample:
        """What pgbench makes of the same, written by hand: over so many items, from so many connections."""
        if not self._has_raw:
            with psycopg.connect(self.superuser, autocommit=True) as superuser:
                superuser.execute((HERE / "raw.sql").read_bytes())
            self._has_raw = True
        program = find_programs(cluster=self._postgres.cluster).folder / "pgbench"
        words = f"-U postgres -n -M prepared -j 2 -D items={items} -c {connections} -T {max(1, round(seconds))}".split()
        where = ["-h", str(self._postgres.socket_folder), "-f", str(HERE / f"raw_{script}.pgbench"), "twh"]
        before, ended = cpu_seconds(self.postgres_pid), os.times()
        told = subprocess.run([str(program), *words, *where], capture_output=True, text=True, check=True).stdout
        spent, times = cpu_seconds(self.postgres_pid) - before, os.times()
        own = times.children_user + times.children_system - ended.children_user - ended.children_system
        each = 1000 / _told(r"actually processed: (\d+)", told)
        return Sample(
            per_second=_told(r"tps = ([\d.]+)", told),
            postgres_cpu_ms_per_call=spent * each,
            load_cpu_ms_per_call=own * each,
        )

    @property
    def postgres_pid(self) -> int:
        """PostgreSQL's first process."""
        assert self._postgres.pid is not None
        return self._postgres.pid

    def _served(self, server: Served) -> Served:
        self._open.callback(server.stop)
        return server


def _told(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])
