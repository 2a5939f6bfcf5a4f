"""Serving: what was accepted is answered, nothing new is taken, and what hinders a start is said in one sentence."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import httpx
import psycopg
import pytest

pytestmark = pytest.mark.usefixtures("database")  # migrated


def child_processes(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.asynccontextmanager
async def head_held(postgres, shop):
    """Whoever writes for this tenant waits as long as the block runs."""
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(user="postgres")) as connection:
        await connection.execute("select 1 from ledger_heads where tenant_id = %s for update", (shop.tenant,))
        yield


async def waiting(superuser):
    """Until some writer waits for a head."""
    for _ in range(500):
        rows = await (
            await superuser.execute("select 1 from pg_stat_activity where wait_event_type = 'Lock'")
        ).fetchall()
        if rows:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_what_was_accepted_is_answered_and_nothing_new_is_taken(serve, postgres, superuser, shop):
    program, url = serve()
    async with httpx.AsyncClient(base_url=url, headers=shop.headers, timeout=30) as client:
        async with head_held(postgres, shop):
            creating = asyncio.create_task(client.post("/v1/items", json={"sku": "A", "name": "Apples"}))
            await waiting(superuser)
            program.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            with pytest.raises(httpx.ConnectError):
                await client.get("/v1/items")
        answer = await creating

    assert answer.status_code == 201
    assert program.ended() == 0
    assert "Traceback" not in program.said


async def test_a_stop_does_not_wait_for_ever(serve, postgres, superuser, shop):
    program, url = serve(TWH_DRAIN_SECONDS="0.5")
    client = httpx.AsyncClient(base_url=url, headers=shop.headers, timeout=30)
    async with client, head_held(postgres, shop):
        creating = asyncio.create_task(client.post("/v1/items", json={"sku": "B", "name": "Bread"}))
        await waiting(superuser)
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(program.ended)
        # Whoever is given up hears a fault that may be retried with the same key, or nothing at all.
        with contextlib.suppress(httpx.TransportError):
            assert (await creating).status_code >= 500

    assert time.monotonic() - began < 10
    assert "given up" in program.said


async def test_whoever_waits_for_news_is_let_go(serve, shop):
    program, url = serve()
    async with httpx.AsyncClient(base_url=url, headers=shop.headers, timeout=40) as client:
        listening = asyncio.create_task(client.get("/v1/events", params={"wait": 30}))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        answer = await listening

    assert answer.status_code == 200
    assert time.monotonic() - began < 5
    assert program.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_asked(serve, number, answers):
    program, url = serve()

    assert program.stop(number) == 0
    assert program.said.startswith(f"twh-server: TWH serves at {url}")
    assert not answers(url)


def test_a_second_server_does_not_share_the_firsts_port(serve, run, settings):
    serve()

    code, _, said = run("serve", **settings)

    assert code == 1
    assert "is in use" in said


async def test_a_login_without_the_roles_is_told_which_grant_it_needs(run, settings, postgres, superuser):
    await superuser.execute("drop role if exists stranger")
    await superuser.execute("create role stranger login")
    await superuser.execute("grant select on alembic_version to stranger")
    there = {**settings, "TWH_DATABASE_URL": postgres.conninfo(user="stranger")}

    serving = await asyncio.to_thread(lambda: run("serve", **there))
    migrating = await asyncio.to_thread(lambda: run("migrate", **there))

    assert (serving[0], migrating[0]) == (1, 1)
    assert "`grant twh_app, twh_worker to stranger`" in serving[2]
    assert "The database cannot be migrated: " in migrating[2]
    assert "Traceback" not in serving[2] + migrating[2]


def test_several_processes_share_the_port_and_stop_together(serve, answers):
    program, url = serve("--processes", "2")
    children = program.until(lambda: len(found := child_processes(program.process.pid)) == 2 and found, "two")

    assert all(answers(url) for _ in range(10))
    assert program.stop() == 0
    assert not [child for child in children if alive(child)]


def test_a_process_that_dies_is_replaced(serve, answers):
    program, url = serve("--processes", "2")
    first, second = program.until(lambda: len(found := child_processes(program.process.pid)) == 2 and found, "two")
    os.kill(first, signal.SIGKILL)

    def replaced():
        now = child_processes(program.process.pid)
        return len(now) == 2 and first not in now and second in now

    program.until(replaced, "replaced")

    assert answers(url)
    assert f"process {first} ended and is replaced" in program.said


def test_processes_end_when_the_one_that_looks_after_them_is_killed(serve):
    program, _ = serve("--processes", "2")
    children = program.until(lambda: len(found := child_processes(program.process.pid)) == 2 and found, "two")
    program.until(lambda: all(handles_its_end(child) for child in children), "up")

    program.stop(signal.SIGKILL)

    end = time.monotonic() + 20
    while any(alive(child) for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [child for child in children if alive(child)]


def test_work_starts_and_stops(start, settings):
    program = start("work", **settings)
    program.until(lambda: "TWH works" in program.said, "at work")

    assert program.stop() == 0
    assert "Traceback" not in program.said


def handles_its_end(pid):
    """Whether a process has its own handler for SIGTERM, which it gets when its loop begins."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
