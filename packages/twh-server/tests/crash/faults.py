"""The faults: each breaks something under load and leaves it broken for a moment. Whatever it broke, `Ground.mend` mends.

A fault that finds something wrong by itself answers a sentence.
"""

import asyncio
import contextlib
import os
import signal

import psycopg

from ground import IDLE_SECONDS, LOCK_SECONDS

LEASE_SECONDS = 30.0
"""Of a delivery: whoever stops for longer has lost what it had claimed."""


async def postgres_main_killed(ground, dice):
    """Its main process alone: the sessions notice, and end by themselves."""
    os.kill(ground.postgres.pid, signal.SIGKILL)
    await asyncio.sleep(dice.uniform(0.1, 0.5))


async def postgres_killed(ground, dice):
    """All its processes in the same moment: what was only in their memory is gone."""
    pids = ground.processes_of_postgres()
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
    await asyncio.sleep(dice.uniform(0.1, 0.5))


async def session_killed(ground, dice):
    """One session: PostgreSQL ends all the others and recovers by itself."""
    with ground.as_superuser() as superuser:
        sessions = superuser.execute("select pid from pg_stat_activity where usename = 'twh_app'").fetchall()
    with contextlib.suppress(ProcessLookupError):
        os.kill(dice.choice(sessions)[0], signal.SIGKILL)
    await asyncio.sleep(dice.uniform(0.5, 1.0))


async def server_killed(ground, dice):
    """One of the two servers."""
    dice.choice(ground.servers).kill()
    await asyncio.sleep(dice.uniform(0.0, 0.5))


async def servers_killed(ground, dice):
    """Both."""
    for server in ground.servers:
        server.kill()
    await asyncio.sleep(dice.uniform(0.0, 0.5))


async def worker_killed(ground, dice):
    """Between a delivery and the record of it, as likely as not."""
    ground.workers[0].kill()
    await asyncio.sleep(dice.uniform(0.0, 0.5))


async def everything_killed(ground, dice):
    """As when the power fails, but for the disk's own memory."""
    for program in [*ground.servers, *ground.workers]:
        program.kill()
    await postgres_killed(ground, dice)


async def postgres_stopped(ground, dice):
    """It does not end: it does nothing, for a while."""
    for pid in ground.processes_of_postgres():
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(dice.uniform(2.0, 4.0))


async def server_stopped(ground, dice):
    """It does nothing, perhaps with a tenant's head in its hand: the other one has to be able to write again."""
    server = dice.choice(ground.servers)
    server.send(signal.SIGSTOP)
    await asyncio.sleep(IDLE_SECONDS + LOCK_SECONDS + 2)
    before = ground.writers.acknowledged()
    await asyncio.sleep(2)
    stuck = ground.writers.acknowledged() == before
    return "nobody could write beside a server that was stopped" if stuck else None


async def worker_stopped(ground, dice):
    """For less than a lease: what it had claimed is still its own."""
    ground.workers[0].send(signal.SIGSTOP)
    await asyncio.sleep(dice.uniform(2.0, 4.0))


async def worker_stopped_beyond_its_lease(ground, dice):
    """Another one delivers what it had claimed; when it goes on, it comes too late."""
    ground.workers[0].send(signal.SIGSTOP)
    ground.add_worker()
    await asyncio.sleep(LEASE_SECONDS + 5)
    ground.workers[0].send(signal.SIGCONT)
    await asyncio.sleep(2)
    ground.workers.pop().kill()


async def cut_before_commit(ground, dice):
    """Connections end when a COMMIT was about to be sent: nothing happened."""
    return await _cut(ground, dice, "before")


async def cut_after_commit(ground, dice):
    """Connections end when a COMMIT was carried out and before that was told: it happened, and nobody knows."""
    return await _cut(ground, dice, "after")


async def _cut(ground, dice, moment):
    before = ground.proxy.cuts
    ground.proxy.arm(moment, lambda: dice.random() < 0.3)
    await asyncio.sleep(dice.uniform(1.0, 2.0))
    ground.proxy.disarm()
    return None if ground.proxy.cuts > before else "no COMMIT went by that could be cut"


async def connections_exhausted(ground, dice):
    """Others take every connection that there is, and the servers lose theirs."""
    taken = []
    with ground.as_superuser() as superuser:
        superuser.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'twh_app'")
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                taken.append(psycopg.connect(ground.postgres.conninfo(user="twh_app")))
        superuser.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name <> ''")
    await asyncio.sleep(dice.uniform(1.0, 2.0))
    for connection in taken:
        connection.close()


async def disk_full(ground, dice):
    """Something else takes all the room that PostgreSQL's disk has, and gives it back."""
    hog = ground.folder / "data" / "hog"
    with hog.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
            file.flush()
    await asyncio.sleep(dice.uniform(1.5, 3.0))
    hog.unlink()


FAULTS = {
    fault.__name__: fault
    for fault in (
        postgres_killed,
        postgres_main_killed,
        session_killed,
        server_killed,
        servers_killed,
        worker_killed,
        everything_killed,
        postgres_stopped,
        server_stopped,
        worker_stopped,
        cut_before_commit,
        cut_after_commit,
        connections_exhausted,
        worker_stopped_beyond_its_lease,
        disk_full,
    )
}
ONCE = {"worker_stopped_beyond_its_lease"}
"""Takes more than a minute: once in a run is enough."""
ON_A_SMALL_DISK = {"disk_full"}
