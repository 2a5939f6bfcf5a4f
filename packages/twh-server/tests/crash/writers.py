"""Writers, in a process of their own: each records one movement after the other, and keeps its own log of what came of it.

    writers.py PORT,PORT SECRET FOLDER PREFIX COUNT

A log has a line for each request: `acknowledged KEY STATUS SHA256-OF-THE-BODY` once it was answered, or `unknown KEY`. It is
written before the writer asks for anything else. They stop when their stdin ends.
"""

import asyncio
import hashlib
import sys
from pathlib import Path

from caller import Caller, Lost, body_of

PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.2, 3.2
"""After a loss, and twice as long after the next one: a server that is away is not asked in a circle."""


async def write(caller, log, prefix, stopping):
    """Record until told to stop; each request has a key of its own."""
    turn, pause = 0, PAUSE_SECONDS
    while not stopping.is_set():
        key = f"{prefix}-{turn}"
        turn += 1
        try:
            status, answer = await caller.ask("POST", "/v1/movements", body_of(key), key=key)
        except Lost:
            status, answer = 0, b""
        known = 0 < status < 500
        told = f"acknowledged {key} {status} {hashlib.sha256(answer).hexdigest()}" if known else f"unknown {key}"
        log.write(f"{told}\n".encode())
        if known:
            pause = PAUSE_SECONDS
        else:
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)


async def main(ports, secret, folder, prefix, count):
    """Write until stdin ends."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            log = (folder / f"{prefix}-{number}.log").open("ab", buffering=0)
            caller = Caller(ports[number % len(ports)], secret)
            tasks.create_task(write(caller, log, f"{prefix}-{number}", stopping))
        await asyncio.to_thread(sys.stdin.read)
        stopping.set()


if __name__ == "__main__":
    asyncio.run(
        main([int(p) for p in sys.argv[1].split(",")], sys.argv[2], Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
    )
