"""The cells that are measured in turns: what is sent, beside what it is held, and what it should come to.

A round gives each cell some seconds, and there are several rounds: what else this machine does meets all of them alike. A
ratio is taken within each round, and its median is told.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from ground import Ground, Sample
from histories import ground_of
from load import KEY, request
from shops import LOCATION, Shop

ITEMS = 10_000
TENANTS = 200
ENTRY_LINES = 500
ENTRY_CONNECTIONS = 8
BATCH_ROWS = 1_000
BATCH_CONNECTIONS = 4
LENGTHS = {"10k": 10_000, "1m": 1_000_000, "10m": 10_000_000}
"""How many movements a history has, which is loaded by a fast path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a figure should be: at least, or at most."""

    least: float | None = None
    most: float | None = None

    def met_by(self, figure: float) -> bool:
        """Whether a figure is as it should be."""
        return (self.least is None or figure >= self.least) and (self.most is None or figure <= self.most)

    def __str__(self) -> str:
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


Measure = Callable[[Ground, float], Sample]
"""Given the ground and some seconds, it measures so long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One line of the table.

    One call of what is measured records `movements`, if it records any. `beside` names each ratio and the cell that it is
    to.
    """

    what: str
    measure: Measure
    movements: int = 1
    beside: Mapping[str, str] = field(default_factory=dict[str, str])
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])


def single(ground: Ground, seconds: float, *, connections: int, items: int = ITEMS, processes: int = 1) -> Sample:
    """Single movements, each of one of so many items at random."""
    requests = movements(ground.shops(1, ITEMS)[0], items)
    return _posted(ground, seconds, requests, connections=connections, processes=processes)


def _many_tenants(ground: Ground, seconds: float) -> Sample:
    shops = ground.shops(TENANTS, ITEMS // TENANTS)
    return _posted(ground, seconds, [one for shop in shops for one in movements(shop, len(shop.skus))], connections=64)


def _entry(ground: Ground, seconds: float) -> Sample:
    return _posted(ground, seconds, entries(ground.shops(1, ITEMS)[0]), connections=ENTRY_CONNECTIONS)


def _batch(ground: Ground, seconds: float) -> Sample:
    return ground.sample(
        ground.server(),
        batches(ground.shops(1, ITEMS)[0]),
        connections=BATCH_CONNECTIONS,
        seconds=seconds,
        containing=b'"recorded":%d,' % BATCH_ROWS,
    )


def _posted(
    ground: Ground, seconds: float, requests: Sequence[bytes], *, connections: int, processes: int = 1
) -> Sample:
    server = ground.server(processes)
    return ground.sample(server, requests, connections=connections, seconds=seconds, expected=201)


def _raw(ground: Ground, seconds: float, *, connections: int, items: int = ITEMS, script: str = "separate") -> Sample:
    return ground.by_hand(script, items=items, connections=connections, seconds=seconds)


def _at_length(ground: Ground, seconds: float, *, movements: int, measure: Measure) -> Sample:
    """Something else, on a ground with a history of so many movements."""
    return measure(ground.beside(f"history {movements}", lambda: ground_of(movements, ground.load)), seconds)


def _route(ground: Ground, seconds: float) -> Sample:
    return ground.sample(ground.route(), [request("GET", "/", "nobody")], connections=64, seconds=seconds)


def _level(ground: Ground, seconds: float) -> Sample:
    shop = ground.shops(1, ITEMS)[0]
    reads = [request("GET", f"/v1/stock/{sku}/{LOCATION}", shop.secret) for sku in shop.skus]
    return ground.sample(ground.server(), reads, connections=64, seconds=seconds)


def _page(ground: Ground, seconds: float) -> Sample:
    shop = ground.shops(1, ITEMS)[0]
    reads = [request("GET", "/v1/stock?limit=100", shop.secret)]
    return ground.sample(ground.server(), reads, connections=64, seconds=seconds)


def _history(ground: Ground, seconds: float) -> Sample:
    shop = ground.shops(1, ITEMS)[0]
    reads = [request("GET", f"/v1/movements?item={sku}&limit=1", shop.secret) for sku in shop.skus]
    return ground.sample(ground.server(), reads, connections=64, seconds=seconds)


def _as_of(ground: Ground, seconds: float) -> Sample:
    shop, chance = ground.shops(1, ITEMS)[0], random.Random(ITEMS)
    times = [datetime.now(UTC) - timedelta(days=chance.uniform(0, 365)) for _ in shop.skus]
    reads = [
        request("GET", f"/v1/stock/{sku}/{LOCATION}?as_of={at:%Y-%m-%dT%H:%M:%SZ}&clock={clock}", shop.secret)
        for sku, at in zip(shop.skus, times, strict=True)
        for clock in ("recorded", "occurred")
    ]
    return ground.sample(ground.server(), reads, connections=1, seconds=seconds)


@cache
def movements(shop: Shop, items: int) -> Sequence[bytes]:
    """Requests that each record one movement, of each of so many items."""
    return [_recorded(shop, [sku]) for sku in shop.skus[:items]]


@cache
def entries(shop: Shop) -> Sequence[bytes]:
    """Requests that each record an entry of many lines, of items at random."""
    chance = random.Random(ENTRY_LINES)
    return [_recorded(shop, chance.sample(shop.skus, ENTRY_LINES)) for _ in range(100)]


@cache
def batches(shop: Shop) -> Sequence[bytes]:
    """Requests that each record many entries of one movement, of items at random, each under its own key."""
    chance = random.Random(BATCH_ROWS)
    made: list[bytes] = []
    for _ in range(20):
        skus = chance.sample(shop.skus, BATCH_ROWS)
        rows = [{"idempotency_key": KEY.decode(), "entry": _receipt([sku])} for sku in skus]
        made.append(request("POST", "/v1/movements/batch", shop.secret, json.dumps({"entries": rows}).encode()))
    return made


def _recorded(shop: Shop, skus: Sequence[str]) -> bytes:
    return request("POST", "/v1/movements", shop.secret, json.dumps(_receipt(skus)).encode(), keyed=True)


def _receipt(skus: Sequence[str]) -> dict[str, object]:
    return {"kind": "receipt", "lines": [{"item": sku, "location": LOCATION, "quantity": "1"} for sku in skus]}


def _at(connections: int) -> dict[str, Cell]:
    """The cells of single movements from so many connections, and the same by hand."""
    raw, raw_hot = ("raw", "raw_hot") if connections == 64 else (f"raw_{connections}", f"raw_hot_{connections}")
    spread, hot = f"single_{connections}", f"hot_{connections}"
    spread_targets = {"ratio_to_raw": Target(least=1.0), "p99_ms": Target(most=60)}
    hot_targets = {"ratio_to_single": Target(least=0.9), "ratio_to_raw_hot": Target(least=4)}
    judged = connections == 64
    clients = f"{connections} client{'s' if connections > 1 else ''}"
    return {
        raw: Cell(what=f"by hand, {clients}", measure=partial(_raw, connections=connections)),
        raw_hot: Cell(what=f"by hand, one hot SKU, {clients}", measure=partial(_raw, connections=connections, items=1)),
        spread: Cell(
            what=f"single movements, {clients}",
            measure=partial(single, connections=connections),
            beside={"ratio_to_raw": raw},
            targets=spread_targets if judged else {},
        ),
        hot: Cell(
            what=f"the same, one hot SKU, {clients}",
            measure=partial(single, connections=connections, items=1),
            beside={"ratio_to_single": spread, "ratio_to_raw_hot": raw_hot},
            targets=hot_targets if judged else {},
        ),
    }


def _over_history(name: str, what: str, measure: Measure, **targets: Target) -> dict[str, Cell]:
    """The cells of one thing, over histories of different length; the longest is judged."""
    return {
        f"{name}_{length}": Cell(
            what=f"{what}, {movements:,} movements loaded",
            measure=partial(_at_length, movements=movements, measure=measure),
            beside={} if length == "10k" else {"ratio_to_10k": f"{name}_10k"},
            targets=targets if length == "10m" else {},
        )
        for length, movements in LENGTHS.items()
    }


CELLS: dict[str, Cell] = {
    **_at(64),
    "entry_500": Cell(
        what=f"entries of {ENTRY_LINES} lines, {ENTRY_CONNECTIONS} clients",
        measure=_entry,
        movements=ENTRY_LINES,
        beside={"ratio_to_raw": "raw"},
        targets={"ratio_to_raw": Target(least=4)},
    ),
    "batch": Cell(
        what=f"batches of {BATCH_ROWS:,} entries of one movement, {BATCH_CONNECTIONS} clients",
        measure=_batch,
        movements=BATCH_ROWS,
        beside={"ratio_to_single": "single_64"},
    ),
    "raw_call": Cell(
        what="by hand, in one PL/pgSQL call, 64 clients", measure=partial(_raw, connections=64, script="call")
    ),
    **_at(1),
    **_at(16),
    **_at(256),
    "route": Cell(what="a route that does nothing, 64 clients", measure=_route),
    "level": Cell(
        what="a level by its key, 64 clients",
        measure=_level,
        beside={"ratio_to_route": "route"},
        targets={"ratio_to_route": Target(least=0.5)},
    ),
    "page": Cell(what="a page of 100 levels, 64 clients", measure=_page, beside={"ratio_to_route": "route"}),
    **{
        f"processes_{count}": Cell(
            what=f"single movements, {count} server processes, 64 clients",
            measure=partial(single, connections=64, processes=count),
            beside={"ratio_to_single": "single_64"},
        )
        for count in (2, 4)
    },
    "tenants_200": Cell(
        what=f"single movements of {TENANTS} tenants, 64 clients",
        measure=_many_tenants,
        beside={"ratio_to_single": "single_64"},
    ),
    **_over_history("record", "single movements", partial(single, connections=64), ratio_to_10k=Target(least=0.9)),
    **_over_history("read", "a level by its key", _level, ratio_to_10k=Target(least=0.9)),
    # Not judged: the plan is the same, but ten million movements do not fit into what PostgreSQL keeps in memory.
    **_over_history("history", "an item's newest movement", _history),
    **_over_history("as_of", "a level as it was, 1 client", _as_of, p99_ms=Target(most=50)),
}
"""Every cell that is measured in turns, by its name."""

QUICK = ("raw", "raw_hot", "single_64", "hot_64", "entry_500")

GROUPS: Sequence[Sequence[str]] = (
    (*QUICK, "raw_call", "batch"),
    *(tuple(_at(connections)) for connections in (1, 16, 256)),
    ("route", "level", "page"),
    ("processes_2", "processes_4", "tenants_200"),
    *(tuple(f"{name}_{length}" for length in LENGTHS) for name in ("record", "read", "history", "as_of")),
)
"""What is measured together, in the same rounds."""
