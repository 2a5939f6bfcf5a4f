"""What a call costs over raw httpx: run as a program in an environment that has the SDK and its peers; prints JSON.

    python caller.py ADDRESS CALLS ROUNDS

Each SDK is held against raw httpx that asks the same of the same server, in turns within one process.
"""

import asyncio
import importlib
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import httpx

from asking import HEADERS, KEY, PAGE_ITEMS, PATIENCE, POOL, Against, Asking, settle
from twh import AsyncClient

AT_ONCE = 50
# The peers are in no environment that types are checked in.
openai: Any = importlib.import_module("openai")
stripe: Any = importlib.import_module("stripe")


@dataclass(frozen=True)
class AwaitedAgainst:
    """The same thing done by hand and by an SDK, awaited."""

    raw: Callable[[], Awaitable[object]]
    sdk: Callable[[], Awaitable[object]]


class Bench(Asking):
    """The peers as well, each of them held against raw httpx that asks what it asks."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.openai = openai.OpenAI(api_key="k", base_url=url, timeout=PATIENCE)
        self.stripe = stripe.StripeClient("sk_test_1", base_addresses={"api": url}).v1

    def everyones(self) -> dict[str, dict[str, Against]]:
        """By what is asked, and then by SDK."""
        chat = {"model": "some-model", "messages": [{"role": "user", "content": "how many?"}]}
        ai, pay = self.openai, self.stripe.customers
        theirs = {
            "GET": {
                "openai": Against(self.reading("/files/file-1"), lambda: ai.files.retrieve("file-1")),
                "stripe": Against(self.reading("/v1/customers/cus_1"), lambda: pay.retrieve("cus_1")),
            },
            "POST": {
                "openai": Against(
                    self.writing("/chat/completions", json=chat), lambda: ai.chat.completions.create(**chat)
                ),
                "stripe": Against(
                    self.writing("/v1/customers", data={"name": "A shop"}), lambda: pay.create({"name": "A shop"})
                ),
            },
            "page of 100": {
                "openai": Against(self.listing("/files"), lambda: ai.files.list(limit=PAGE_ITEMS)),
                "stripe": Against(self.listing("/v1/customers"), lambda: pay.list({"limit": PAGE_ITEMS})),
            },
        }
        return {what: {"twh": ours, **theirs[what]} for what, ours in self.of_ours().items()}


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
    cells = {
        what: measured(pairs, max(calls // 4, 1) if what.startswith("page") else calls, rounds)
        for what, pairs in Bench(url).everyones().items()
    }
    cells["async, 50 at once"] = asyncio.run(at_once(url, 4 * AT_ONCE, rounds // 4))
    sys.stdout.write(json.dumps(cells))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
