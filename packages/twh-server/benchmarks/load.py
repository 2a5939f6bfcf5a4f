"""Load from a process of its own: connections that each post one movement after the other, and count what comes back."""

import asyncio
import json
import random
import sys
import time
import uuid


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str, item: int) -> int:
    """Post one movement; answers the status."""
    line = {"item": f"SKU-{item}", "location": "MAIN", "quantity": "1"}
    body = json.dumps({"kind": "receipt", "lines": [line]})
    writer.write(f"{head}Idempotency-Key: {uuid.uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    await reader.readexactly(length)
    return int(answer[9:12])


async def connection(host: str, port: int, key: str, items: int, until: float, taken: list[float]) -> int:
    """Post until the time is over; answers how many were not recorded."""
    reader, writer = await asyncio.open_connection(host, port)
    head = (
        f"POST /v1/movements HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\n"
    )
    errors = 0
    while (begun := time.perf_counter()) < until:
        errors += await post(reader, writer, head, random.randrange(items)) != 201
        taken.append(time.perf_counter() - begun)
    writer.close()
    return errors


async def main(port: int, key: str, connections: int, items: int, seconds: float) -> None:
    """Load for some seconds and print what came of it as JSON."""
    taken: list[float] = []
    begun = time.perf_counter()
    running = [connection("127.0.0.1", port, key, items, begun + seconds, taken) for _ in range(connections)]
    errors = sum(await asyncio.gather(*running))
    taken.sort()
    result = {
        "per_second": round(len(taken) / (time.perf_counter() - begun)),
        "p50_ms": round(taken[len(taken) // 2] * 1000, 1),
        "p99_ms": round(taken[len(taken) * 99 // 100] * 1000, 1),
        "errors": errors,
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
