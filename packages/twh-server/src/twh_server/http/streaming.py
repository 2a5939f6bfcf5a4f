"""An answer without an end of its own: it is made while it goes out, as fast as its reader takes it and no faster.

What is not taken yet is at most one part: the next one is made when the one before has gone. A stream ends when it has
gone on for long enough, when the server stops, when its caller hangs up or may no longer listen, and when its reader takes
nothing at all. Whoever comes back is told why, if there is a why.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from litestar.types import Receive, Send

from twh_server.database.engine import ended, is_transient
from twh_server.refusals import Refusal

EVENT_STREAM = "text/event-stream"
STREAM_SECONDS_MAX = 300.0
"""A proxy that ends what is old has no reason to."""
STALLED_SECONDS_MAX = 30.0
"""So much longer a stream is there for a reader who does not take the end of it."""
HEADERS = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nobody in between keeps it, or gathers it before passing it on."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """Who asked for a stream: where it broke off, and whether they may still listen."""

    last_event_id: int | None
    let_in: Callable[[], Awaitable[None]]
    """Raises what refuses them by now."""


Parts = AsyncGenerator[bytes]
"""What a stream consists of. It may end by raising: a refusal, or the loss of the database."""


class StreamReply:
    """A stream on its way out."""

    __slots__ = ("headers", "parts", "receive")

    def __init__(self, parts: Parts, headers: Mapping[str, str], receive: Receive) -> None:
        told = {**HEADERS, **headers}
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
        self.parts = parts
        self.receive = receive

    async def send(self, send: Send) -> None:
        """Hand it over, until it ends or nobody takes it."""
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        going = asyncio.create_task(self._go(send))
        leaving = asyncio.create_task(self._hung_up())
        limit = STREAM_SECONDS_MAX + STALLED_SECONDS_MAX
        try:
            await asyncio.wait({going, leaving}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(going)
            await ended(leaving)
        if not going.cancelled():
            going.result()

    async def _go(self, send: Send) -> None:
        async with aclosing(self.parts) as parts:
            try:
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            except Refusal:
                pass  # said to whoever comes back
            except Exception as fault:
                if not is_transient(fault):
                    raise
                _log.warning("a stream ends: %s", fault)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _hung_up(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
