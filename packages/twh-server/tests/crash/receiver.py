"""The endpoint that every shop of this harness has: it takes what comes, and remembers which event came under which id."""

import asyncio
import contextlib
import json
from collections import Counter, defaultdict


class Receiver:
    """Takes webhooks at `url_of(shop)`."""

    def __init__(self):
        self.came = defaultdict(lambda: defaultdict(Counter))
        """By shop and event: how often it came under each id."""

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()

    def url_of(self, shop):
        """Where a shop's webhooks are taken."""
        return f"http://127.0.0.1:{self._port}/{shop}"

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                self.came[first.split("/")[1].split()[0]][body["id"]][headers["webhook-id"]] += 1
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        writer.close()
