"""A shop of many items from a process of its own: it is filled by the batch endpoint, the fast path, and then looked up.

Filling is what any importer does: batches of a thousand over two connections, each item with three barcodes, a tag and
two attributes. Looking up is what tills and people do: a barcode in one of its forms, the beginning of a SKU, words of a
name, over a few connections that each ask one after the other.
"""

import asyncio
import json
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import quote

BATCH = 1_000
FILLING_CONNECTIONS = 2
ASKING_CONNECTIONS = 4
COLOURS = ["red", "blue", "green", "black", "white", "grey", "natural", "navy"]
THINGS = [
    "shirt",
    "hoodie",
    "mug",
    "kettle",
    "grinder",
    "notebook",
    "pen",
    "candle",
    "poster",
    "ribbon",
    "tea",
    "coffee",
]
STUFFS = ["cotton", "steel", "stoneware", "paper", "cedar", "wool", "linen", "glass"]


def item(number: int) -> dict[str, object]:
    """An item like any other; the same for the same number."""
    chance = random.Random(number)
    colour, thing, stuff = chance.choice(COLOURS), chance.choice(THINGS), chance.choice(STUFFS)
    return {
        "sku": f"{thing.upper()}-{number:06}",
        "name": f"{colour} {thing}, {stuff}, model {number % 5_000}",
        "barcodes": barcodes(number),
        "tags": [thing],
        "reorder_point": "5",
        "attributes": {"colour": colour, "model": number % 5_000},
    }


def barcodes(number: int) -> list[str]:
    """Three GTINs with their check digits."""
    return [with_check_digit(f"{200_000_000_000 + 3 * number + place}") for place in range(3)]


def with_check_digit(twelve: str) -> str:
    """Thirteen digits, the last of which proves the others."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return f"{twelve}{-total % 10}"


def barcode(number: int) -> str:
    """One of its three, half of the time as a scanner tells it in 14 digits."""
    return barcodes(number)[number % 3].zfill(13 + number % 2)


def first_words(number: int) -> str:
    """`red shirt`: what many items have in their names."""
    return str(item(number)["name"]).partition(",")[0]


LOOKUPS: dict[str, Callable[[int], str]] = {
    "barcode": lambda number: f"barcode={barcode(number)}",
    "sku_prefix": lambda number: "sku_prefix=" + quote(str(item(number)["sku"])[:-2]),
    "word": lambda number: "search=" + first_words(number).split()[1],
    "words": lambda number: "search=" + quote(f"{first_words(number)} {number % 5_000}"),
    "beginning": lambda number: "search=" + quote(f"{first_words(number)[:-2]}*"),
}
"""What is asked for, so that the item of a number is found."""


class Connection:
    """One connection that asks one thing after the other."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body of an answer."""
        key = f"Idempotency-Key: {uuid.uuid4()}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\n{self.head}{key}Content-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(answer[9:12]), await self.reader.readexactly(length)


async def fill(port: int, key: str, items: int, *, changed: bool) -> dict[str, float]:
    """Put all items, batch after batch; answers how many a second came to what they should."""
    waiting = iter(bodies(items, changed=changed))
    came = dict.fromkeys(("created", "updated", "unchanged", "refused"), 0)

    async def putting() -> None:
        async with Connection(port, key) as connection:
            for body in waiting:
                status, answer = await connection.ask("POST", "/v1/items/batch", body)
                assert status == 200, answer[:400]
                told = json.loads(answer)
                for name in came:
                    came[name] += told[name]

    begun = time.perf_counter()
    await asyncio.gather(*(putting() for _ in range(FILLING_CONNECTIONS)))
    seconds = time.perf_counter() - begun
    assert came["updated" if changed else "created"] == items, came
    return {"per_second": round(items / seconds)}


def bodies(items: int, *, changed: bool) -> Iterator[bytes]:
    """Batches, made before they are needed: the client's own work is no part of the measure."""
    made: list[bytes] = []
    for first in range(0, items, BATCH):
        rows = [item(number) for number in range(first, min(first + BATCH, items))]
        if changed:
            rows = [{**row, "name": f"{row['name']} (new)"} for row in rows]
        made.append(json.dumps({"items": rows}).encode())
    return iter(made)


async def look_up(port: int, key: str, items: int, query: Callable[[int], str], times: int) -> dict[str, float]:
    """Ask so many times for items at random; answers how long it took."""
    taken: list[float] = []
    numbers = iter(random.Random(7).sample(range(items), times))

    async def asking() -> None:
        async with Connection(port, key) as connection:
            for number in numbers:
                path = f"/v1/items?{query(number)}"
                begun = time.perf_counter()
                status, answer = await connection.ask("GET", path)
                taken.append(time.perf_counter() - begun)
                assert status == 200, answer[:400]
                assert json.loads(answer)["data"], path

    await asyncio.gather(*(asking() for _ in range(ASKING_CONNECTIONS)))
    taken.sort()
    at = {name: taken[int(len(taken) * share)] for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    return {f"{name}_ms": round(seconds * 1000, 1) for name, seconds in at.items()}


async def main(port: int, key: str, items: int, times: int) -> None:
    """Fill, look up, fill again with other names, and print what came of it as JSON."""
    cells: dict[str, object] = {"items_created": await fill(port, key, items, changed=False)}
    for name, query in LOOKUPS.items():
        await look_up(port, key, items, query, times // 10)
        cells[f"look_up_{name}"] = await look_up(port, key, items, query, times)
    cells["items_updated"] = await fill(port, key, items // 5, changed=True)
    sys.stdout.write(json.dumps(cells))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
