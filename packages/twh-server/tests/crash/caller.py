"""A caller: one connection that asks one thing after the other, and what the writers of this harness ask.

The body of a request follows from its key, so whoever knows the key can ask the same again.
"""

import asyncio
import contextlib
import json
import zlib

ITEMS = 10
PATIENCE_SECONDS = 5.0
SETTLED_SECONDS = 60.0


class Lost(Exception):
    """No answer came: what became of the request is not known."""


class Caller:
    """One connection to a server; after a loss it connects anew."""

    def __init__(self, port, secret):
        self.port = port
        self._head = f"Host: twh\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
        self._wire = None

    async def ask(self, method, path, body=b"", *, key=None, seconds=PATIENCE_SECONDS):
        """The status and the body of the answer. Raises Lost."""
        named = f"Idempotency-Key: {key}\r\n" if key else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{named}Content-Length: {len(body)}\r\n\r\n"
        try:
            async with asyncio.timeout(seconds):
                self._wire = self._wire or await asyncio.open_connection("127.0.0.1", self.port)
                reader, writer = self._wire
                writer.write(head.encode() + body)
                answer = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                return int(answer[9:12]), await reader.readexactly(length)
        except (OSError, EOFError, TimeoutError, ValueError) as fault:
            self.close()
            raise Lost from fault
        except asyncio.CancelledError:
            self.close()
            raise

    async def settle(self, method, path, body=b"", *, key=None, seconds=SETTLED_SECONDS):
        """Ask until there is an answer that is one: neither lost nor 5xx. Each may take so long, and all together."""
        async with asyncio.timeout(SETTLED_SECONDS + seconds):
            while True:
                with contextlib.suppress(Lost):
                    status, answer = await self.ask(method, path, body, key=key, seconds=seconds)
                    if status < 500:
                        return status, answer
                await asyncio.sleep(0.1)

    def close(self):
        """Hang up."""
        if self._wire:
            self._wire[1].transport.abort()
            self._wire = None


def body_of(key):
    """What is asked with a key: four receipts for each issue, of one of the items; the reference names the key."""
    number = zlib.crc32(key.encode())
    line = {"item": f"ITEM-{number % ITEMS}", "location": "MAIN", "quantity": "1"}
    kind = "issue" if number // ITEMS % 5 == 0 else "receipt"
    return json.dumps({"kind": kind, "reference": {"type": "key", "id": key}, "lines": [line]}).encode()
