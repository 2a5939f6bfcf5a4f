"""A real server keeps what openapi.json promises: Schemathesis tries every operation, at and beyond every bound.

The name keeps this file out of the ordinary tests: `nox -s contract` runs it by its path, after openapi.json was compared.
What is tried, and how much, is said in schemathesis.toml beside it.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from twh_server.access.sealing import Sealer
from twh_server.app import build
from twh_server.database.identifiers import TENANT
from twh_server.events.bell import Bell
from twh_server.ledger.verify import verify
from twh_server.processes.listening import listen, url_of
from twh_server.processes.serving import serving
from twh_server.sandboxes.create import create_sandbox

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
SCHEMATHESIS = Path(sys.executable).parent / "st"


async def test_a_server_keeps_what_openapi_promises(database, writer):
    sandbox = await create_sandbox(database, writer)
    bell, listening = Bell(), listen("127.0.0.1", 0)
    headers = {"Authorization": f"Bearer {sandbox.key.secret}"}

    address = url_of(listening)
    application = build(database, bell, Sealer(bytes(32)))
    async with serving(application, listening, asyncio.Event(), drain_seconds=5):
        status, report = await tried(address, headers["Authorization"])
        bell.hush()

    # Not over HTTP: among what was tried is to revoke the very key.
    tenant = TENANT.parse(sandbox.tenant.id)
    verification = await verify(database, tenant)

    if status != 0:
        pytest.fail(report, pytrace=False)
    assert verification.ok, f"After all that was tried, the ledger does not verify: {verification}"


async def tried(address: str, authorization: str) -> tuple[int, str]:
    """What Schemathesis came to: its exit status and its report."""
    words = ["--config-file", str(CONFIGURATION), "run", f"{address}/openapi.json", "--url", address]
    depth = ["-n", os.environ["SCHEMATHESIS_EXAMPLES"]] if "SCHEMATHESIS_EXAMPLES" in os.environ else []
    process = await asyncio.create_subprocess_exec(
        SCHEMATHESIS,
        *words,
        *depth,
        "--no-color",
        "-H",
        f"Authorization: {authorization}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    report, _ = await process.communicate()
    return process.returncode or 0, report.decode()
