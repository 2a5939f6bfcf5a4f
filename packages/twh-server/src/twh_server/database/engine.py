"""Connections: pools of the application's and the worker's role, and the transactions that run on them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, LiteralString, Self, TypeAlias
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from twh_server.database.address import Address
from twh_server.database.flushing import FlushingConnection
from twh_server.database.guards import APP, WORKER
from twh_server.database.together import Together

Connection: TypeAlias = AsyncConnection[TupleRow]
Row: TypeAlias = tuple[Any, ...]

# What a lost, stopped or overloaded database raises: the transaction did not happen, or nobody knows whether it did.
# Whoever looks again anyway catches these; whoever has to know whose fault it was asks `is_transient`.
Transient = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)

# Connection, rollback, resources, operator, lock not available; and what ends an idle or a long transaction's connection.
TRANSIENT_STATES = ("08", "40", "53", "57", "55P03", "25P03", "25P04")

WRITERS_MAX = 8
READERS_MAX = 8
WORKERS_MAX = 4
CHECKOUT_TIMEOUT_SECONDS = 10.0
CANCEL_AGAIN_SECONDS = 0.2
HAS_TRANSACTION_TIMEOUT = 170_000
"""From this version of PostgreSQL on, a transaction as a whole can have a limit."""

SET_TENANT = "select set_config('twh.tenant', %s, true)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """After how many seconds the database gives up. The worker's statements may take three times as long."""

    statement_seconds: float = 20
    lock_seconds: float = 10
    idle_seconds: float = 30
    """For a transaction that is open while nothing is asked."""


DEFAULT_TIMEOUTS = Timeouts()


class Database:
    """The three pools of one server process. Open it once, close it at the end; it is an async context manager."""

    def __init__(
        self,
        address: Address,
        *,
        writers: int = WRITERS_MAX,
        readers: int = READERS_MAX,
        workers: int = WORKERS_MAX,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
    ) -> None:
        self.address = address
        limits = {
            "lock_timeout": _milliseconds(timeouts.lock_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(timeouts.idle_seconds),
            "timezone": "UTC",
        }
        quick = _milliseconds(timeouts.statement_seconds)
        patient = _milliseconds(timeouts.statement_seconds * 3)
        # No plan reads a whole table of all tenants, not even one that was small when the plan was made.
        by_index = {"enable_seqscan": "off", **limits}
        # The write path's statements reach every row by a key: one plan fits all, and planning each would cost more.
        writing = address.as_role(APP, statement_timeout=quick, plan_cache_mode="force_generic_plan", **by_index)
        reading = address.as_role(APP, statement_timeout=quick, **by_index)
        working = address.as_role(WORKER, statement_timeout=patient, **by_index)
        # A session that falls silent between the parts of a pipeline is not idle to PostgreSQL: only this ends it.
        whole = _milliseconds(timeouts.lock_seconds + timeouts.idle_seconds)
        self.writers = _pool("writers", writing, writers, transaction=whole)
        self.readers = _pool("readers", reading, readers)
        self.reading = reading
        self.workers = _pool("workers", working, workers)
        self.together = Together(self.read, is_transient=is_transient)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for pool in (self.writers, self.readers, self.workers):
            await self._open.enter_async_context(pool)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def read(self, tenant: UUID, sql: str, parameters: Sequence[object] | Mapping[str, object]) -> list[Row]:
        """The rows of one statement over one tenant's data, in one round trip."""
        async with self.readers.connection() as connection:
            # Outside an explicit transaction, a pipeline is one implicit transaction: the setting ends with it.
            async with connection.pipeline():
                await connection.execute(SET_TENANT, (str(tenant),))
                cursor = await connection.execute(constant(sql), parameters)
            return await cursor.fetchall()

    @asynccontextmanager
    async def snapshot(self, tenant: UUID) -> AsyncGenerator[Connection]:
        """Several reads of one tenant that all see the same moment."""
        async with self.readers.connection() as connection, connection.transaction():
            await connection.execute("set transaction isolation level repeatable read, read only")
            await connection.execute(SET_TENANT, (str(tenant),))
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """A transaction that writes what is no fact of a ledger (tenants, keys); it commits at the end of the block."""
        async with self.writers.connection() as connection, connection.transaction():
            yield connection

    async def anywhere(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """The rows of one statement over tables that belong to no tenant (tenants, keys), committed."""
        async with self.readers.connection() as connection:
            cursor = await connection.execute(constant(sql), parameters)
            return await cursor.fetchall() if cursor.description else []

    async def tell_time(self) -> None:
        """Ask the database for an answer; raises one of `Transient` when there is none."""
        async with self.readers.connection() as connection:
            await connection.execute("select 1")


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _pool(name: str, conninfo: str, size: int, *, transaction: str | None = None) -> AsyncConnectionPool[Connection]:
    async def limit(connection: Connection) -> None:
        if transaction and connection.info.server_version >= HAS_TRANSACTION_TIMEOUT:
            await connection.execute("select set_config('transaction_timeout', %s, false)", (transaction,))

    return AsyncConnectionPool(
        conninfo,
        configure=limit,
        connection_class=FlushingConnection,
        name=name,
        min_size=1,
        max_size=size,
        open=False,
        timeout=CHECKOUT_TIMEOUT_SECONDS,
        kwargs={"autocommit": True, "prepare_threshold": 2},
    )


def is_transient(fault: BaseException) -> bool:
    """Whether a transaction failed for no fault of what was asked: the same may go well later.

    `psycopg.OperationalError` is wider than that: a value too large for an index is one, and will always be.
    """
    state = fault.sqlstate if isinstance(fault, psycopg.Error) else None
    return state.startswith(TRANSIENT_STATES) if state else isinstance(fault, Transient)


async def ended(task: "asyncio.Task[None]") -> None:
    """End a task that runs for ever, and return when it has ended.

    It is told again until it hears: a cancellation that comes in the middle of a statement or of a check-out can reach
    the task as a lost connection, and such a task survives lost connections on purpose.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_SECONDS)


def constant(sql: str) -> LiteralString:
    """Our statements are text constants or assembled from such; values always travel as parameters."""
    return sql  # pyright: ignore[reportReturnType]
