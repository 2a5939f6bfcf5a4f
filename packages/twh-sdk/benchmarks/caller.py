"""What a call costs over raw httpx: run as a program in an environment that has the SDK and its peers; prints JSON.

    python caller.py ADDRESS CALLS ROUNDS

Each SDK is held against raw httpx that asks the same of the same server, in turns within one process. Raw httpx reads the
answer's bytes; for a page it decodes them as well.
"""

import asyncio
import gc
import importlib
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from twh import AsyncClient, Client

AT_ONCE = 50
PAGE_ITEMS = 100
KEY = "twh_test_0123456789abcdef"
POOL = httpx.Limits(max_connections=100, max_keepalive_connections=100)
PATIENCE = 120.0  # seconds: on a machine that is busy, the server waits for its turn
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}
# The peers are in no environment that types are checked in.
openai: Any = importlib.import_module("openai")
stripe: Any = importlib.import_module("stripe")


@dataclass(frozen=True)
class Against:
    """The same thing done twice: by hand, and by an SDK."""

    raw: Callable[[], object]
    sdk: Callable[[], object]


@dataclass(frozen=True)
class AwaitedAgainst:
    """The same, awaited."""

    raw: Callable[[], Awaitable[object]]
    sdk: Callable[[], Awaitable[object]]


class Bench:
    """The clients, and what they are asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers=HEADERS, limits=POOL, timeout=PATIENCE)
        self.twh = Client(KEY, base_url=url, timeout=PATIENCE, deadline=PATIENCE)
        self.openai = openai.OpenAI(api_key="k", base_url=url, timeout=PATIENCE)
        self.stripe = stripe.StripeClient("sk_test_1", base_addresses={"api": url}).v1

    def gets(self) -> dict[str, Against]:
        return {
            "twh": Against(self.reading("/v1/stock/TSHIRT-M/MAIN"), lambda: self.twh.stock.get("TSHIRT-M", at="MAIN")),
            "openai": Against(self.reading("/files/file-1"), lambda: self.openai.files.retrieve("file-1")),
            "stripe": Against(self.reading("/v1/customers/cus_1"), lambda: self.stripe.customers.retrieve("cus_1")),
        }

    def posts(self) -> dict[str, Against]:
        line = {"item": "TSHIRT-M", "location": "MAIN", "quantity": "12"}
        chat = {"model": "some-model", "messages": [{"role": "user", "content": "how many?"}]}
        return {
            "twh": Against(
                self.writing("/v1/movements", json={"kind": "receipt", "lines": [line]}),
                lambda: self.twh.movements.receive(item="TSHIRT-M", location="MAIN", quantity=Decimal(12)),
            ),
            "openai": Against(
                self.writing("/chat/completions", json=chat), lambda: self.openai.chat.completions.create(**chat)
            ),
            "stripe": Against(
                self.writing("/v1/customers", data={"name": "A shop"}),
                lambda: self.stripe.customers.create({"name": "A shop"}),
            ),
        }

    def pages(self) -> dict[str, Against]:
        return {
            "twh": Against(self.listing("/v1/stock"), lambda: next(self.twh.stock.list(page_size=PAGE_ITEMS).pages())),
            "openai": Against(self.listing("/files"), lambda: self.openai.files.list(limit=PAGE_ITEMS)),
            "stripe": Against(self.listing("/v1/customers"), lambda: self.stripe.customers.list({"limit": PAGE_ITEMS})),
        }

    def reading(self, path: str) -> Callable[[], object]:
        return lambda: self.http.get(path).content

    def writing(self, path: str, **body: Any) -> Callable[[], object]:
        return lambda: self.http.post(path, **body).content

    def listing(self, path: str) -> Callable[[], object]:
        return lambda: json.loads(self.http.get(path, params={"limit": PAGE_ITEMS}).content)


def measured(pairs: dict[str, Against], calls: int, rounds: int) -> dict[str, dict[str, float]]:
    """By SDK: its ratio to raw httpx, and what a call takes either way."""

    def took(what: Callable[[], object]) -> float:
        begun = time.process_time()
        for _ in range(calls):
            what()
        return (time.process_time() - begun) / calls

    for pair in pairs.values():
        took(pair.raw)
        took(pair.sdk)
    settle()
    ran = {name: [(took(pair.raw), took(pair.sdk)) for _ in range(rounds)] for name, pair in pairs.items()}
    return {name: told(times) for name, times in ran.items()}


async def measured_at_once(pairs: dict[str, AwaitedAgainst], calls: int, rounds: int) -> dict[str, dict[str, float]]:
    """The same, with so many callers at once on one event loop."""

    async def caller(what: Callable[[], Awaitable[object]]) -> None:
        for _ in range(calls // AT_ONCE):
            await what()

    async def took(what: Callable[[], Awaitable[object]]) -> float:
        begun = time.process_time()
        await asyncio.gather(*(caller(what) for _ in range(AT_ONCE)))
        return (time.process_time() - begun) / (calls // AT_ONCE * AT_ONCE)

    for pair in pairs.values():
        await took(pair.raw)
        await took(pair.sdk)
    settle()
    ran = {name: [(await took(pair.raw), await took(pair.sdk)) for _ in range(rounds)] for name, pair in pairs.items()}
    return {name: told(times) for name, times in ran.items()}


def settle() -> None:
    """What is loaded is left alone by the collector: how much that is must not change what a call costs."""
    gc.collect()
    gc.freeze()


def told(times: list[tuple[float, float]]) -> dict[str, float]:
    """Of the quarter of the rounds that was disturbed least: what else the machine does makes a round dearer, never cheaper."""
    raw, sdk = (statistics.quantiles(took, n=4)[0] for took in zip(*times, strict=True))
    return {"ratio": sdk / raw, "raw_us": raw * 1_000_000, "us": sdk * 1_000_000}


async def at_once(url: str, calls: int, rounds: int) -> dict[str, dict[str, float]]:
    raw = httpx.AsyncClient(base_url=url, headers=HEADERS, limits=POOL, timeout=PATIENCE)
    ours = AsyncClient(KEY, base_url=url, timeout=PATIENCE, deadline=PATIENCE)
    theirs = openai.AsyncOpenAI(api_key="k", base_url=url, timeout=PATIENCE)
    stripes = stripe.StripeClient("sk_test_1", base_addresses={"api": url}).v1

    def reading(path: str) -> Callable[[], Coroutine[Any, Any, object]]:
        return lambda: raw.get(path)

    pairs = {
        "twh": AwaitedAgainst(reading("/v1/stock/TSHIRT-M/MAIN"), lambda: ours.stock.get("TSHIRT-M", at="MAIN")),
        "openai": AwaitedAgainst(reading("/files/file-1"), lambda: theirs.files.retrieve("file-1")),
        "stripe": AwaitedAgainst(reading("/v1/customers/cus_1"), lambda: stripes.customers.retrieve_async("cus_1")),
    }
    return await measured_at_once(pairs, calls, rounds)


def main(url: str, calls: int, rounds: int) -> None:
    """Measure all, and print it."""
    bench = Bench(url)
    cells = {
        "GET": measured(bench.gets(), calls, rounds),
        "POST": measured(bench.posts(), calls, rounds),
        "page of 100": measured(bench.pages(), max(calls // 4, 1), rounds),
        "async, 50 at once": asyncio.run(at_once(url, 4 * AT_ONCE, rounds // 4)),
    }
    sys.stdout.write(json.dumps(cells))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
