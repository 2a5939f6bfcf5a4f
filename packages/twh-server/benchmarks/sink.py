"""Where benchmarked deliveries go: a process that takes each, answers 204, and keeps which sequence came when.

    python sink.py PORT

What is posted to a path that begins with /hangs is never answered. `GET /times` tells what came since it was last asked.
"""

import asyncio
import json
import sys
import time
from typing import ClassVar

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink(asyncio.Protocol):
    """One connection."""

    came: ClassVar[list[tuple[int, float]]] = []

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connects."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A part of requests has come."""
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end].lower()
            whole = end + 4 + int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._rest) < whole:
                return
            body, self._rest = self._rest[end + 4 : whole], self._rest[whole:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get"):
            told = json.dumps(Sink.came).encode()
            Sink.came = []
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))
        elif not head.startswith(b"post /hangs"):
            sequence = int(body.partition(b'"sequence":')[2].partition(b",")[0])
            Sink.came.append((sequence, time.monotonic()))
            self._transport.write(TAKEN)


async def main(port: int) -> None:
    """Take what comes until told to stop."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port, backlog=2_048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
