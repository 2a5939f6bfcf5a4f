"""More than a server can carry: what a flood leaves to others, and how soon all is as before when it has passed.

A flood asks on more connections than may wait, and asks again at once whatever it is answered. What is told of the others
is told beside what they had a moment before, on the same machine.
"""

import resource
import statistics
from concurrent.futures import Future

from cells import ITEMS, movements
from ground import Ground, Sample
from load import Answered, LoadProcess, Plan
from shops import Shop

QUIET_CONNECTIONS = 4
FLOOD_CONNECTIONS = 256
"""Of one tenant, for fairness: four times what saturates a server."""
ROUNDS, ROUND_SECONDS = 5, 4.0

SIEGE_CONNECTIONS = 1_500
"""For overload: more than may wait, so that some are refused, at once and again and again."""
SIEGE_SECONDS = 60.0
CAPACITY_CONNECTIONS, CAPACITY_SECONDS = 64, 8.0
LOOK_SECONDS = 1.0
NORMAL_SECONDS_MAX = 30
NORMAL_RATIO = 1.5
"""Latency is normal again when its 99th of 100 is at most so many times what it was."""


def fairness(ground: Ground) -> dict[str, float]:
    """The latency of a small tenant alone, and beside another that floods the same server."""
    small, large = ground.shops(2, ITEMS // 2)
    alone: list[Sample] = []
    beside: list[Sample] = []
    flooded = 0.0
    with LoadProcess() as load:
        for _ in range(ROUNDS):
            alone.append(_quiet(ground, small, ROUND_SECONDS))
            flood = _flood(load, ground, large, FLOOD_CONNECTIONS, ROUND_SECONDS + 2)
            beside.append(_quiet(ground, small, ROUND_SECONDS))
            flooded = max(flooded, _answered_well(flood.result()))
    return {
        "p50_ms": _middle([one.p50_ms for one in beside]),
        "p99_ms": _middle([one.p99_ms for one in beside]),
        "quiet_p50_ms": _middle([one.p50_ms for one in alone]),
        "quiet_p99_ms": _middle([one.p99_ms for one in alone]),
        "flood_per_second": round(flooded),
        "errors": sum(one.errors for one in beside),
        "ratio_to_quiet": _ratio([one.p99_ms for one in beside], [one.p99_ms for one in alone]),
    }


def overload(ground: Ground) -> dict[str, float]:
    """A minute of far more than the server carries: what it carries meanwhile, and when latency is normal again."""
    may_open_many_files()
    shop, flooding = ground.shops(2, ITEMS // 2)
    capacity = ground.sample(
        ground.server(),
        movements(flooding, ITEMS // 2),
        connections=CAPACITY_CONNECTIONS,
        seconds=CAPACITY_SECONDS,
        expected=201,
    )
    before = _quiet(ground, shop, CAPACITY_SECONDS)
    with LoadProcess() as load:
        flood = _flood(load, ground, flooding, SIEGE_CONNECTIONS, SIEGE_SECONDS).result()
    seconds = 0.0
    while seconds < NORMAL_SECONDS_MAX and not _is_normal(_quiet(ground, shop, LOOK_SECONDS), before):
        seconds += LOOK_SECONDS
    carried = _answered_well(flood)
    return {
        "per_second": round(carried),
        "refused_per_second": round(flood.errors / flood.seconds),
        "capacity_per_second": round(capacity.per_second),
        "ratio_to_capacity": round(carried / capacity.per_second, 2),
        "seconds_to_normal": seconds,
    }


def _quiet(ground: Ground, shop: Shop, seconds: float) -> Sample:
    requests = movements(shop, len(shop.skus))
    return ground.sample(ground.server(), requests, connections=QUIET_CONNECTIONS, seconds=seconds, expected=201)


def _flood(load: LoadProcess, ground: Ground, shop: Shop, connections: int, seconds: float) -> "Future[Answered]":
    plan = Plan(
        port=ground.server().port,
        requests=movements(shop, len(shop.skus)),
        connections=connections,
        seconds=seconds,
        expected=201,
    )
    return load.begin(plan)


def _answered_well(flood: Answered) -> float:
    return (flood.calls - flood.errors) / flood.seconds


def _is_normal(now: Sample, before: Sample) -> bool:
    return (now.p99_ms or 0) <= NORMAL_RATIO * (before.p99_ms or 0)


def _middle(figures: "list[float | None]") -> float:
    return round(statistics.median(figure for figure in figures if figure is not None), 1)


def _ratio(ones: "list[float | None]", others: "list[float | None]") -> float:
    """The middle of the ratios within each round."""
    return round(statistics.median((one or 0) / (other or 1) for one, other in zip(ones, others, strict=True)), 2)


def may_open_many_files() -> None:
    """Processes that are started from here on may have a connection for each of a siege."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SIEGE_CONNECTIONS + 256
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
