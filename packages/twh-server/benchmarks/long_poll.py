"""How soon a reader who waits hears of a commit: from the writer's answer to the reader's."""

import http.client
import json
import statistics
import threading
import time
import uuid

from ground import Ground
from shops import LOCATION, Shop

TIMES = 200
PAUSE_SECONDS = 0.02
WAIT_SECONDS = 20


def measure(ground: Ground) -> dict[str, float]:
    """One writer who pauses after each movement, one reader who is always waiting for the next event."""
    shop, port = ground.shops(1, 10_000)[0], ground.server().port
    told: dict[int, float] = {}
    after = _head(port, shop)
    reader = threading.Thread(target=_read, args=(port, shop, after, told))
    reader.start()
    answered: dict[int, float] = {}
    taken: list[float] = []
    writer = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(TIMES):
        time.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        sequence = _record(writer, shop)
        answered[sequence] = time.perf_counter()
        taken.append(answered[sequence] - began)
    reader.join(WAIT_SECONDS)
    late = sorted((told[sequence] - answered[sequence]) * 1000 for sequence in answered)
    return {
        "p50_ms": round(statistics.median(late), 2),
        "p99_ms": round(late[len(late) * 99 // 100], 2),
        "write_p50_ms": round(statistics.median(taken) * 1000, 2),
    }


def _head(port: int, shop: Shop) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    return _record(connection, shop)


def _record(connection: http.client.HTTPConnection, shop: Shop) -> int:
    """Record a movement; answers the number of its event."""
    line = {"item": shop.skus[0], "location": LOCATION, "quantity": "1"}
    headers = {**_headers(shop), "Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    connection.request("POST", "/v1/movements", json.dumps({"kind": "receipt", "lines": [line]}), headers)
    sequence: int = json.loads(connection.getresponse().read())["sequence"]
    return sequence


def _read(port: int, shop: Shop, after: int, told: dict[int, float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while len(told) < TIMES:
        connection.request("GET", f"/v1/events?after={after}&wait={WAIT_SECONDS}", headers=_headers(shop))
        page = json.loads(connection.getresponse().read())
        now = time.perf_counter()
        told |= {event["sequence"]: now for event in page["data"]}
        after = page["next_after"]


def _headers(shop: Shop) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.secret}"}
