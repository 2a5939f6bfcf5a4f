"""Whether the server's memory stays what it is under load that goes on and on."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from cells import single
from ground import Ground
from processes import memory_mb

MINUTES = 10
LOOKS_A_MINUTE = 12


def measure(ground: Ground) -> dict[str, float]:
    """Ten minutes of single movements; what the server holds in the second minute and in the last, and their ratio."""
    server = ground.server()
    held: list[float] = []
    with ThreadPoolExecutor(1) as thread:
        loading = thread.submit(single, ground, MINUTES * 60.0, connections=64)
        while not loading.done():
            time.sleep(60 / LOOKS_A_MINUTE)
            held.append(memory_mb(server.pid))
    second = statistics.median(held[LOOKS_A_MINUTE : 2 * LOOKS_A_MINUTE])
    last = statistics.median(held[-LOOKS_A_MINUTE:])
    sample = loading.result()
    return {
        "per_second": round(sample.per_second, 1),
        "errors": sample.errors,
        "second_minute_mb": round(second, 1),
        "last_minute_mb": round(last, 1),
        "ratio_to_second_minute": round(last / second, 3),
    }
