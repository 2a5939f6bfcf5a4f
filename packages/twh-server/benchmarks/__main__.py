"""Single movements a second over HTTP, beside pgbench writing the same by hand; and a large shop, filled and looked up.

Load, server and database share this machine, in one run. Movements and pgbench take turns, several rounds, and the medians
are compared.

    nox -s bench [-- --seconds 8 --rounds 3 --connections 64 --items 100000 --lookups 2000]
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg

from twh_server.access.keys import create_key
from twh_server.access.scopes import ALL_SCOPES
from twh_server.access.tenants import create_tenant
from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres
from twh_server.database.embedded.programs import find_programs
from twh_server.database.engine import Database
from twh_server.database.identifiers import TENANT, TenantId
from twh_server.database.migrate import migrate
from twh_server.events.bell import Bell
from twh_server.journal.commands import Answer, Command, Submission
from twh_server.journal.writer import Writer
from twh_server.refusals import Refusal

HERE = Path(__file__).parent
ITEMS = 10_000
SECRETS_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


async def empty_shop(database: Database) -> tuple[TenantId, str]:
    """A tenant with nothing in it, and its key."""
    async with database.transaction() as tx:
        tenant = await create_tenant(tx, name="Bench", kind="sandbox")
        key = await create_key(tx, tenant, name="bench", scopes=ALL_SCOPES)
    tenant_id = TENANT.parse(tenant.id)
    assert tenant_id is not None
    return tenant_id, key.secret


async def large_shop(address: Address) -> str:
    """The key of a tenant that is going to be filled over HTTP."""
    async with Database(address) as database:
        return (await empty_shop(database))[1]


async def shop(address: Address) -> str:
    """A tenant with ten thousand items; answers its key."""
    async with Database(address) as database:
        tenant_id, secret = await empty_shop(database)
        writer = Writer(database, Bell())

        def refuse(refusal: Refusal) -> Answer:
            raise refusal

        async def do(command: Command[Any]) -> None:
            submission = Submission(
                tenant=tenant_id, command=command, answer=lambda _: Answer(status=201), refuse=refuse
            )
            await writer.submit(submission)

        await do(CreateLocation(code="MAIN", name="Main"))
        for first in range(0, ITEMS, 1_000):
            skus = range(first, first + 1_000)
            await asyncio.gather(*(do(CreateItem(sku=f"SKU-{number}", name=f"Item {number}")) for number in skus))
        await writer.close()
    return secret


def raw(postgres: EmbeddedPostgres, connections: int, seconds: int) -> float:
    """Transactions a second that pgbench makes of the same by hand."""
    pgbench = find_programs(cluster=postgres.cluster).folder / "pgbench"
    words = [
        "-h",
        str(postgres.socket_folder),
        "-U",
        "postgres",
        "-n",
        "-M",
        "prepared",
        "-f",
        str(HERE / "raw.pgbench"),
    ]
    command = [str(pgbench), *words, "-c", str(connections), "-j", "2", "-T", str(seconds), "twh"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"tps = ([\d.]+)", told)
    assert found, told
    return float(found[1])


def single(port: int, key: str, connections: int, seconds: int) -> dict[str, Any]:
    """Single movements over HTTP, from a process of its own."""
    words = [str(port), key, str(connections), str(ITEMS), str(seconds)]
    told = subprocess.run([sys.executable, str(HERE / "load.py"), *words], capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(told.stdout)
    return result


def catalogue(port: int, key: str, items: int, lookups: int) -> dict[str, Any]:
    """A large shop, filled and looked up over HTTP, from a process of its own."""
    words = [str(port), key, str(items), str(lookups)]
    command = [sys.executable, str(HERE / "catalogue.py"), *words]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    cells: dict[str, Any] = json.loads(told.stdout)
    return cells


def serve(address: Address, port: int) -> "subprocess.Popen[bytes]":
    """A real server, once it is ready."""
    told = {"TWH_DATABASE_URL": address.conninfo, "TWH_SECRETS_KEY": SECRETS_KEY, "TWH_PORT": str(port)}
    command = [sys.executable, "-m", "twh_server", "serve"]
    # A line a request is written, and nobody reads it.
    process = subprocess.Popen(command, env=os.environ | told, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return process
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not become ready")


def main() -> None:
    """Measure, and print ratios first."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=6)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--items", type=int, default=100_000, help="of the shop that is looked up; 0 leaves it out")
    options.add_argument("--lookups", type=int, default=2_000, help="of each sort")
    options.add_argument("--port", type=int, default=8791)
    chosen = options.parse_args()
    raws: list[float] = []
    singles: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="twh-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "data") as postgres:
            address = Address(postgres.conninfo())
            migrate(address)
            key = asyncio.run(shop(address))
            with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
                superuser.execute((HERE / "raw.sql").read_bytes())
            server = serve(address, chosen.port)
            try:
                for _ in range(chosen.rounds):
                    raws.append(raw(postgres, chosen.connections, chosen.seconds))
                    singles.append(single(chosen.port, key, chosen.connections, chosen.seconds))
                large = asyncio.run(large_shop(address)) if chosen.items else ""
                found = catalogue(chosen.port, large, chosen.items, chosen.lookups) if large else {}
            finally:
                server.terminate()
                server.wait()
    ratio = statistics.median(one["per_second"] / two for one, two in zip(singles, raws, strict=True))
    middle = sorted(singles, key=lambda one: one["per_second"])[len(singles) // 2]
    cells = {
        "raw": {"per_second": round(statistics.median(raws))},
        f"single_{chosen.connections}": {**middle, "ratio_to_raw": round(ratio, 2)},
        **found,
    }
    sys.stdout.write(
        json.dumps(
            {"machine": f"{os.cpu_count()} cores, shared by load, server and database", "cells": cells}, indent=2
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
