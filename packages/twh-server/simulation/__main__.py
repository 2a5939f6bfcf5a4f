"""A deterministic simulation of the book and the writer, on a real PostgreSQL, beside an oracle of a few plain lines.

Lives of some thousand requests, each of one seed, until enough were answered; a seed that fails is printed, and does
the same again with `--seed`.

    nox -s simulate [-- --requests 1000000 --seed 7 --mutants]
"""

import argparse
import asyncio
import logging
import os
import random
import sys
import time
from collections import Counter

import mutants
import psycopg
from life import Failed, Life, Seen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from wire import Wire

from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres, temporary_postgres
from twh_server.database.engine import Database
from twh_server.database.migrate import migrate

LIFE_REQUESTS = 5_000
"""In one life: enough for all to collide, few enough to be told again."""
PROGRESS_SECONDS = 10
BINARIES = os.environ.get("TWH_POSTGRES_BINARIES")


def main() -> int:
    """0 when every life was as the oracle says, 1 when one was not."""
    options = _options()
    if options.mutants:
        return mutants.plant(options.seed, options.only)
    seeds = range(options.seed, options.seed + max(1, -(-options.requests // LIFE_REQUESTS)))
    logging.disable()  # the faults that the server would log are all meant
    sys.unraisablehook = _unless_cut
    with temporary_postgres(binaries=BINARIES) as postgres:
        migrate(Address(postgres.conninfo()))
        return asyncio.run(_live_all(postgres, seeds, options.requests))


async def _live_all(postgres: EmbeddedPostgres, seeds: range, requests: int) -> int:
    told = conninfo_to_dict(postgres.conninfo())
    connection = psycopg.AsyncConnection[tuple[object, ...]].connect
    async with await connection(postgres.conninfo(user="postgres"), autocommit=True) as superuser:

        async def kill(pid: int) -> None:
            await superuser.execute("select pg_terminate_backend(%s, 5000)", (pid,))

        async with Wire(str(told["host"]), int(str(told["port"])), kill) as wire:
            through = Address(make_conninfo(postgres.conninfo(), host=wire.folder))
            async with Database(through) as database:
                return await _live(seeds, requests, database, wire, superuser)


async def _live(
    seeds: range,
    requests: int,
    database: Database,
    wire: Wire,
    superuser: "psycopg.AsyncConnection[tuple[object, ...]]",
) -> int:
    begun = reported = time.monotonic()
    whole, statuses = Seen(), Counter[str]()
    for seed in seeds:
        life = Life(seed=seed, wire=wire, superuser=superuser, chance=random.Random(seed))
        try:
            await life.live(database, min(LIFE_REQUESTS, requests))
        except Failed as failed:
            print(f"seed {seed} failed after {life.seen.requests:,} requests:\n{failed}")
            print(f"\nonce more: nox -s simulate -- --seed {seed}")
            return 1
        for name in ("requests", "bursts", "cuts", "settled"):
            setattr(whole, name, getattr(whole, name) + getattr(life.seen, name))
        statuses.update(life.seen.statuses)
        if time.monotonic() - reported > PROGRESS_SECONDS:
            reported = time.monotonic()
            print(f"seed {seed}: {whole.requests:,} requests, {reported - begun:.0f} s", file=sys.stderr, flush=True)
    took = time.monotonic() - begun
    print(
        f"seeds {seeds[0]} to {seeds[-1]}: {whole.requests:,} requests in {whole.bursts:,} bursts as the oracle says;"
        f" {whole.cuts:,} cuts, {whole.settled:,} lost answers settled; {took:.0f} s"
    )
    print(", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items())))
    return 0


def _unless_cut(left: "sys.UnraisableHookArgs") -> None:
    """Psycopg leaves a generator behind when a connection is cut, which complains of it when it is thrown away."""
    if not isinstance(left.exc_value, psycopg.OperationalError):
        sys.__unraisablehook__(left)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s simulate --", description=__doc__)
    parser.add_argument("--requests", type=int, help="how many requests at the least (default: one life with --seed)")
    parser.add_argument("--seed", type=int, help="the first life's seed (default: any)")
    parser.add_argument("--mutants", action="store_true", help="plant bugs in copies of the server: each must be found")
    parser.add_argument("--only", help="the one mutant to plant")
    options = parser.parse_args()
    if options.requests is None:
        options.requests = LIFE_REQUESTS if options.seed is not None else 1_000_000
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(10**6)
    return options


if __name__ == "__main__":
    sys.exit(main())
