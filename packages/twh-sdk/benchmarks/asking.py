"""The same things asked twice: by hand with raw httpx, and by the SDK.

Run as a program it asks one of them some times and ends, so that its instructions can be counted:

    python asking.py ADDRESS WHAT raw|sdk TIMES
"""

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from twh import Client

KEY = "twh_test_0123456789abcdef"
PAGE_ITEMS = 100
PATIENCE = 120.0  # seconds: on a machine that is busy, the server waits for its turn
POOL = httpx.Limits(max_connections=100, max_keepalive_connections=100)
HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json"}
LINE = {"item": "TSHIRT-M", "location": "MAIN", "quantity": "12"}


@dataclass(frozen=True)
class Against:
    """The same thing done by hand, and by an SDK."""

    raw: Callable[[], object]
    sdk: Callable[[], object]


class Asking:
    """Raw httpx, which reads the answer's bytes and decodes those of a page; and the SDK."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers=HEADERS, limits=POOL, timeout=PATIENCE)
        self.twh = Client(KEY, base_url=url, timeout=PATIENCE, deadline=PATIENCE)

    def reading(self, path: str) -> Callable[[], object]:
        return lambda: self.http.get(path).content

    def writing(self, path: str, **body: Any) -> Callable[[], object]:
        return lambda: self.http.post(path, **body).content

    def listing(self, path: str) -> Callable[[], object]:
        return lambda: json.loads(self.http.get(path, params={"limit": PAGE_ITEMS}).content)

    def of_ours(self) -> dict[str, Against]:
        """What is measured, by name."""
        return {
            "GET": Against(self.reading("/v1/stock/TSHIRT-M/MAIN"), lambda: self.twh.stock.get("TSHIRT-M", at="MAIN")),
            "POST": Against(
                self.writing("/v1/movements", json={"kind": "receipt", "lines": [LINE]}),
                lambda: self.twh.movements.receive(item="TSHIRT-M", location="MAIN", quantity=Decimal(12)),
            ),
            "page of 100": Against(
                self.listing("/v1/stock"), lambda: next(self.twh.stock.list(page_size=PAGE_ITEMS).pages())
            ),
        }


def settle() -> None:
    """What is loaded is left alone by the collector: how much that is must not change what a call costs."""
    gc.collect()
    gc.freeze()


def main(url: str, what: str, whose: str, times: int) -> None:
    """Ask so many times, after a few that warm up."""
    ask: Callable[[], object] = getattr(Asking(url).of_ours()[what], whose)
    for _ in range(20):
        ask()
    settle()
    for _ in range(times):
        ask()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
