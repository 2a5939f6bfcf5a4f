"""Crash: kill, stop, cut and starve what runs under sixty-four writers, many rounds, and hold what they were told against
the ledger.

    nox -s crash [-- --rounds 52 --seed 7 --only postgres_killed cut_after_commit]
    nox -s crash -- --broken

Each round has a tenant of its own. Its writers keep a log of every answer; afterwards everything that was acknowledged is in
the ledger, once; what was unknown is settled by asking again with the same key; an answer is the same whenever it is asked
for; the feed has no gap, levels are the sums of their movements, the ledger verifies; in the end every webhook has arrived,
under one id. The figures are printed; anything wrong ends with status 1.

`--broken` switches durability off (`synchronous_commit`) and kills PostgreSQL: it has to find entries lost, and to end with
status 1. A harness that cannot see a loss proves nothing.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from faults import FAULTS, ON_A_SMALL_DISK, ONCE
from judge import WRONGS, delivered, judge
from receiver import Receiver

from ground import Ground, Writers

WRITERS = 64
ROUNDS = 52
SMALL_DISK_MIB = 400
# Commits are told before they are written: WAL waits in PostgreSQL's own memory, until ten seconds are over or 64 MB are full.
BROKEN = {
    "synchronous_commit": "off",
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
    "wal_buffers": "64MB",
}
SHOWN = ("rounds", "acknowledged", "unknown", "happened", "settled", *WRONGS, "webhooks", "again")
"""Of what was unknown, so much had happened, and all was settled by asking again. So many webhooks came, so many of them again."""


async def run(chosen):
    """All rounds; the figures of each fault."""
    dice = random.Random(chosen.seed)
    figures = {}
    names = [name for name in chosen.only if name not in ON_A_SMALL_DISK]
    small = [name for name in chosen.only if name in ON_A_SMALL_DISK]
    share = chosen.rounds // len(chosen.only) if small and names else 0
    with tempfile.TemporaryDirectory(prefix="twh-crash-", dir="/var/tmp") as folder:
        if names:
            plan = planned(names, chosen.rounds - share)
            await on_ground(Path(folder) / "disk", plan, chosen, dice, figures)
        if small and os.geteuid() == 0:
            with small_disk(Path(folder) / "small"):
                await on_ground(Path(folder) / "small", small * max(1, share), chosen, dice, figures)
        elif small:
            say("disk_full is left out: only root can make a small disk")
    return figures


def planned(names, rounds):
    """So many rounds, faults taking turns; those that take long come once."""
    turns = itertools.chain(names, itertools.cycle([name for name in names if name not in ONCE] or names))
    return list(itertools.islice(turns, max(rounds, 1)))


async def on_ground(folder, plan, chosen, dice, figures):
    """Rounds on one ground; in the end, the webhooks of all of them."""
    folder.mkdir(exist_ok=True)
    for place in (folder.parent, folder):
        place.chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
    settings = BROKEN if chosen.broken else {}
    expected = {}
    async with Receiver() as receiver, Ground(folder, settings=settings, has_worker=chosen.webhooks) as ground:
        for number, name in enumerate(plan, 1):
            shop = await ground.open_shop(
                f"{name}-{number}", receiver.url_of(f"{name}-{number}") if chosen.webhooks else ""
            )
            begun = time.monotonic()
            found, told = await round_of(ground, FAULTS[name], shop, dice)
            figures.setdefault(name, Counter()).update(found)
            if chosen.webhooks:
                expected[shop.name] = told
            wrong = ", ".join(f"{figure} {found[figure]}" for figure in WRONGS if found[figure])
            counted = f"{found['acknowledged']} acknowledged, {found['unknown']} unknown"
            say(
                f"{number:3}/{len(plan)} {name}: {counted}, {time.monotonic() - begun:.1f} s {wrong and 'WRONG: ' + wrong}"
            )
        if chosen.webhooks and not chosen.broken:
            figures.setdefault("webhooks", Counter()).update(await delivered(receiver, expected))


async def round_of(ground, fault, shop, dice):
    """Writers, a fault in their midst, everything mended, and some more writing; then the judgement."""
    async with Writers(ground, shop, WRITERS) as ground.writers:
        await ground.writers.until(dice.randrange(100, 600))
        await asyncio.sleep(dice.uniform(0.0, 0.3))
        complaint = await fault(ground, dice)
        await ground.mend()
        await ground.writers.until(ground.writers.acknowledged() + 50)
    found, told = await judge(shop, ground.ports, ground.writers.lines(), dice)
    if complaint:
        say(complaint)
        found["stuck"] += 1
    found["rounds"] = 1
    return found, told


@contextlib.contextmanager
def small_disk(folder):
    """A file system of some hundred megabytes, in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MIB}m", "twh-crash", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def show(figures):
    """A row for each fault, and their sums; answers them."""
    whole = sum(figures.values(), Counter())
    width = max(map(len, [*figures, "all together"]))
    sys.stdout.write(" " * width + "".join(f"  {name:>{max(len(name), 6)}}" for name in SHOWN) + "\n")
    for name, row in [*figures.items(), ("all together", whole)]:
        cells = "".join(f"  {row[figure]:>{max(len(figure), 6)}}" for figure in SHOWN)
        sys.stdout.write(f"{name:<{width}}{cells}\n")
    return whole


def say(line):
    """Talk goes to stderr, figures to stdout."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main():
    """Run, print the figures, and end with 1 when anything is wrong."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=None, help=f"{ROUNDS} unless said; 3 with --broken")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options.add_argument("--only", nargs="+", choices=FAULTS, default=None, metavar="FAULT", help=", ".join(FAULTS))
    options.add_argument("--broken", action="store_true", help="without durability: it has to be found")
    options.add_argument(
        "--no-webhooks", dest="webhooks", action="store_false", help="no worker, and no wait for its leases"
    )
    chosen = options.parse_args()
    worker = [name for name in FAULTS if name.startswith("worker")] if not chosen.webhooks else []
    chosen.only = chosen.only or (
        ["postgres_killed"] if chosen.broken else [one for one in FAULTS if one not in worker]
    )
    chosen.rounds = chosen.rounds or (3 if chosen.broken else ROUNDS)
    chosen.webhooks = chosen.webhooks and not chosen.broken
    say(f"seed {chosen.seed}")
    whole = show(asyncio.run(run(chosen)))
    wrong = {name: whole[name] for name in WRONGS if whole[name]}
    if chosen.broken:
        say(f"detected: {whole['lost']} entries were acknowledged and lost" if whole["lost"] else "NOT DETECTED")
    else:
        say(f"WRONG: {wrong}" if wrong else f"nothing lost, nothing doubled in {whole['rounds']} rounds")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
