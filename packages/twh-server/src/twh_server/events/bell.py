"""The bell: whoever waits for news of a tenant hears of a commit at once, in this process and in the others.

Ringing is a courtesy. Everyone who listens also looks by itself from time to time, so a lost ring delays, never loses.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Generator
from uuid import UUID

import psycopg

from twh_server.database.engine import Database, Transient

CHANNEL = "twh_news"
RINGS_PAUSE_SECONDS = 0.01
RECONNECT_PAUSE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Bell:
    """One process's bell. `ring` after a commit; `wait` for the next one; `everyone` is heard for any tenant."""

    def __init__(self) -> None:
        self._waiting: defaultdict[UUID | None, set[asyncio.Event]] = defaultdict(set)
        self._to_tell: set[UUID] = set()
        self._told = asyncio.Event()
        self.hushed = False

    def ring(self, tenant: UUID) -> None:
        """Say that something was committed for a tenant, here and (soon) in the other processes."""
        self._hear(tenant)
        self._to_tell.add(tenant)
        self._told.set()

    def hush(self) -> None:
        """Let everyone who waits go: the process is about to stop."""
        self.hushed = True
        for waiting in self._waiting.values():
            for heard in waiting:
                heard.set()

    @contextlib.contextmanager
    def listening(self, tenant: UUID | None = None) -> Generator[asyncio.Event]:
        """An `asyncio.Event` that is set by each ring for one tenant, or for any tenant when none is given.

        Start to listen first and look for news second: a ring in between is then not missed.
        """
        heard = asyncio.Event()
        self._waiting[tenant].add(heard)
        try:
            yield heard
        finally:
            self._waiting[tenant].discard(heard)
            if not self._waiting[tenant]:
                del self._waiting[tenant]

    async def run(self, database: Database) -> None:
        """Carry rings between processes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_others(database))
            tasks.create_task(self._hear_others(database))

    def _hear(self, tenant: UUID) -> None:
        for heard in (*self._waiting.get(tenant, ()), *self._waiting.get(None, ())):
            heard.set()

    async def _tell_others(self, database: Database) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            tenants, self._to_tell = self._to_tell, set()
            # Outside any write transaction: a `notify` takes a lock of the whole database at commit.
            with contextlib.suppress(*Transient):
                async with database.readers.connection() as connection:
                    await connection.execute(
                        "select pg_notify(%s, tenant) from unnest(%s::text[]) as t(tenant)",
                        (CHANNEL, [str(tenant) for tenant in tenants]),
                    )
            await asyncio.sleep(RINGS_PAUSE_SECONDS)

    async def _hear_others(self, database: Database) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(database.reading, autocommit=True) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    async for notice in connection.notifies():
                        self._hear(UUID(notice.payload))
            except Transient as loss:
                _log.info("the bell lost its connection, and will listen again: %s", loss)
            await asyncio.sleep(RECONNECT_PAUSE_SECONDS)
