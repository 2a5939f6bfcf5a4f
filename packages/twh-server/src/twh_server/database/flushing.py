"""A connection that asks without waiting, and never waits for an answer while a part of its question is still unsent.

In pipeline mode psycopg waits, before each statement that it sends, until the socket can be written to or read from: a
turn of the event loop a statement, each behind all else that the loop has to do. The socket can nearly always be written
to; only when it cannot, there is something to wait for.

psycopg also stops flushing once its last statement is handed to libpq, and then only listens. What is larger than the
socket's buffers is not wholly sent by then: server and client would wait for each other, for ever.
"""

from collections.abc import Generator
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.pq import PipelineStatus
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait


class FlushingConnection(AsyncConnection[TupleRow]):
    """What the pools are made of."""

    async def wait(self, gen: Any, *args: Any, **more: Any) -> Any:
        """As psycopg waits, but only where there is something to wait for, and sending what is left meanwhile."""
        if self.pgconn.pipeline_status == PipelineStatus.OFF:
            return await super().wait(gen, *args, **more)
        try:
            wanted = next(gen)
            while wanted == Wait.RW and self._all_is_sent():
                wanted = gen.send(Ready.W)
        except StopIteration as done:
            return done.value
        return await super().wait(self._flushing(gen, wanted), *args, **more)

    def _flushing(self, waiting: Any, wanted: Any) -> Generator[Any, Any, Any]:
        try:
            while True:
                ready = yield (Wait.RW if self._listens_too_soon(wanted) else wanted)
                if wanted == Wait.R and ready and not ready & Ready.R:
                    continue  # there was room to send, and it is used above; nothing has come yet
                wanted = waiting.send(ready & Ready.R if wanted == Wait.R else ready)
        except StopIteration as done:
            return done.value

    def _listens_too_soon(self, wanted: Any) -> bool:
        return bool(wanted == Wait.R and not self._all_is_sent())

    def _all_is_sent(self) -> bool:
        try:
            return self.pgconn.flush() == 0
        except OperationalError:  # whoever waits meets it too, and knows what it was about
            return False
