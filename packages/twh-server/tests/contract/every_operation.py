"""A real server keeps what openapi.json promises: Schemathesis tries every operation, at and beyond every bound.

The name keeps this file out of the ordinary tests: `nox -s contract` runs it by its path, after openapi.json was compared.
What is tried, and how much, is said in schemathesis.toml beside it; `nox -s schemathesis` asks for more of the same.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.database.identifiers import TENANT
from twh_server.events.bell import Bell
from twh_server.ledger.verify import verify
from twh_server.processes.listening import listen, url_of
from twh_server.processes.serving import serving
from twh_server.sandboxes.create import create_sandbox

HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).parent / "st"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES")
CASES_MIN = int(os.environ.get("SCHEMATHESIS_CASES_MIN", "2000"))


async def test_a_server_keeps_what_openapi_promises(database, writer, tmp_path, capsys):
    sandbox = await create_sandbox(database, writer)
    bell, listening = Bell(), listen("127.0.0.1", 0)

    address = url_of(listening)
    application = build(open_rooms(database, bell, Sealer(bytes(32))))
    async with serving(application, listening, asyncio.Event(), drain_seconds=5):
        status, report = await tried(address, sandbox.key, tmp_path / "report.json")
        bell.hush()
    verification = await verify(database, TENANT.parse(sandbox.tenant.id))

    if status != 0:
        pytest.fail(report, pytrace=False)
    cases = json.loads((tmp_path / "report.json").read_text())["test_cases"]["generated"]
    with capsys.disabled():
        sys.stdout.write(f"\n{cases:,} requests were tried; the ledger then had {verification.events:,} events.\n")
    assert cases >= CASES_MIN
    assert verification.ok, f"After all that was tried, the ledger does not verify: {verification}"


async def tried(address, key, written):
    """What Schemathesis came to: its exit status and its report."""
    words = ["--config-file", str(HERE / "schemathesis.toml"), "run", f"{address}/openapi.json", "--url", address]
    process = await asyncio.create_subprocess_exec(
        SCHEMATHESIS,
        *words,
        *(["-n", EXAMPLES] if EXAMPLES else []),
        "--no-color",
        "--report-json-path",
        str(written),
        "-H",
        f"Authorization: Bearer {key.secret}",
        env=os.environ | {"SCHEMATHESIS_OWN_KEY": key.id},
        cwd=HERE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    report, _ = await process.communicate()
    return process.returncode or 0, report.decode()
