"""Group commit: commands of a tenant that arrive while a batch is being committed form the next batch.

There is no timer. Alone, a command commits at once; under load, batches grow and share the cost of the lock, the round
trips and the flush to disk. Tenants take turns over the connections.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar

from twh_server.access.refusals import TenantClosed
from twh_server.database.engine import Connection, Database, is_transient
from twh_server.database.identifiers import TenantId
from twh_server.events.bell import Bell
from twh_server.journal import batch
from twh_server.journal.commands import Actor, Answer, Command, Submission
from twh_server.journal.refusals import Overloaded, Unavailable
from twh_server.refusals import Refusal

BATCH_COMMANDS_MAX = 500
BATCH_LINES_MAX = 5_000
TENANT_QUEUE_MAX = 2_000
TENANT_QUEUE_LINES_MAX = 20_000
PROCESS_QUEUE_MAX = 10_000
PROCESS_QUEUE_LINES_MAX = 100_000
TOLD_TOGETHER_MAX = 32
"""So many callers of a batch are answered before everybody else in the process has a turn."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


def nobody(_commands: int, _seconds: float) -> None:
    """Nobody wants to know of a batch."""


@dataclass(slots=True)
class _Waiting:
    submission: Submission[Any]
    answered: "asyncio.Future[Answer]"

    @property
    def lines(self) -> int:
        return self.submission.command.weight

    def settle(self, outcome: batch.Outcome) -> None:
        if self.answered.done():  # the caller went away; its command was carried out all the same
            return
        if isinstance(outcome, BaseException):
            self.answered.set_exception(outcome)
        else:
            self.answered.set_result(outcome)


@dataclass(slots=True)
class _Line:
    """The commands of one tenant that wait for their turn."""

    waiting: deque[_Waiting] = field(default_factory=deque[_Waiting])
    lines: int = 0
    moving: bool = False

    def join(self, waiting: _Waiting) -> None:
        self.waiting.append(waiting)
        self.lines += waiting.lines

    def next_batch(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        lines = 0
        while self.waiting and len(taken) < BATCH_COMMANDS_MAX:
            lines += self.waiting[0].lines
            if taken and lines > BATCH_LINES_MAX:
                break
            taken.append(self.waiting.popleft())
            self.lines -= taken[-1].lines
        return taken


class Writer:
    """The one way to write for a tenant."""

    def __init__(
        self,
        database: Database,
        bell: Bell,
        *,
        clock: Callable[[], datetime] = batch.now,
        committed: Callable[[int, float], None] = nobody,
    ) -> None:
        """`committed` is told of each batch: how many commands it had, and how many seconds it took."""
        self._database = database
        self._bell = bell
        self._clock = clock
        self._committed = committed
        self._lines: dict[TenantId, _Line] = {}
        self._queued, self._queued_lines = 0, 0
        self._turns = asyncio.Semaphore(database.writers.max_size)
        self._moving: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def queued(self) -> int:
        """How many commands wait for their turn."""
        return self._queued

    async def submit(self, submission: Submission[T]) -> Answer:
        """Carry out one command and answer it.

        Raises Overloaded when too much waits, Unavailable when the database did not answer (the outcome is then
        unknown and the same key settles it), and whatever a faulty command itself raised.
        """
        if self._closed:
            raise Unavailable("The server is stopping. Try again with the same idempotency key: it is safe.")
        line = self._lines.get(submission.tenant) or _Line()
        waiting = _Waiting(submission, asyncio.get_running_loop().create_future())
        if self._is_full(line, waiting.lines):
            raise Overloaded
        self._lines[submission.tenant] = line
        line.join(waiting)
        self._queued += 1
        self._queued_lines += waiting.lines
        if not line.moving:
            self._move(submission.tenant, line)
        return await waiting.answered

    async def do(self, tenant: TenantId, command: Command[T], *, actor: Actor | None = None) -> T:
        """Carry out one command that no request asked for. Raises its refusal, and what `submit` raises."""
        results: list[T] = []

        def answer(result: T) -> Answer:
            results.append(result)
            return Answer(status=200)

        await self.submit(Submission(tenant=tenant, command=command, answer=answer, refuse=_raised, actor=actor))
        return results[-1]

    async def close(self) -> None:
        """Take nothing new, and return when everything that was taken is answered."""
        self._closed = True
        while self._moving:
            await asyncio.gather(*self._moving)

    def _is_full(self, line: _Line, lines: int) -> bool:
        """Whether so many lines more are too many, for the tenant or the process; a line that is empty takes any command."""
        if len(line.waiting) >= TENANT_QUEUE_MAX or self._queued >= PROCESS_QUEUE_MAX:
            return True
        too_long = line.waiting and line.lines + lines > TENANT_QUEUE_LINES_MAX
        return bool(too_long) or self._queued_lines + lines > PROCESS_QUEUE_LINES_MAX

    def _move(self, tenant: TenantId, line: _Line) -> None:
        line.moving = True
        self._begin(self._take_turns(tenant, line))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._moving.add(task)
        task.add_done_callback(self._moving.discard)

    async def _take_turns(self, tenant: TenantId, line: _Line) -> None:
        while line.waiting:
            async with self._turns:
                taken = line.next_batch()
                self._queued -= len(taken)
                self._queued_lines -= sum(waiting.lines for waiting in taken)
                await self._carry_out(tenant, taken)
        line.moving = False
        del self._lines[tenant]

    async def _carry_out(self, tenant: TenantId, taken: list[_Waiting]) -> None:
        """Commit a batch; one that fails for a reason of its own is halved until the culprit stands alone."""
        try:
            async with self._database.writers.connection() as connection:
                outcomes = await self._commit(connection, tenant, taken)
        except batch.NoSuchTenant:
            # It was closed and purged since the key was looked at.
            outcomes = [TenantClosed() for _ in taken]
        except Exception as fault:  # noqa: BLE001  # whatever else it is, it is one command's own
            if is_transient(fault):
                _log.warning("a batch of %d commands was not committed: %s", len(taken), fault)
                outcomes = [Unavailable() for _ in taken]
            elif len(taken) > 1:
                middle = len(taken) // 2
                await self._carry_out(tenant, taken[:middle])
                await self._carry_out(tenant, taken[middle:])
                return
            else:
                _log.exception("one command cannot be written")
                outcomes = [fault]
        told = list(zip(taken, outcomes, strict=True))
        _tell(told[:TOLD_TOGETHER_MAX], among=len(told))
        if len(told) > TOLD_TOGETHER_MAX:  # the next batch does not wait until all of them are told
            self._begin(_tell_the_others(told))

    async def _commit(self, connection: Connection, tenant: TenantId, taken: list[_Waiting]) -> list[batch.Outcome]:
        submissions, begun = [waiting.submission for waiting in taken], perf_counter()
        try:
            decided = await batch.commit(connection, tenant, submissions, self._clock)
        except BaseException:
            await _abandon(connection)
            raise
        self._committed(len(taken), perf_counter() - begun)
        if decided.events:
            self._bell.ring(tenant)
        return decided.outcomes


def _raised(refusal: Refusal) -> Answer:
    raise refusal


def _tell(told: Sequence[tuple[_Waiting, batch.Outcome]], *, among: int) -> None:
    for waiting, outcome in told:
        waiting.submission.shares(among)
        waiting.settle(outcome)


async def _tell_the_others(told: Sequence[tuple[_Waiting, batch.Outcome]]) -> None:
    """Answer some callers at a time; in between, everybody else in the process has a turn."""
    for first in range(TOLD_TOGETHER_MAX, len(told), TOLD_TOGETHER_MAX):
        await asyncio.sleep(0)
        _tell(told[first : first + TOLD_TOGETHER_MAX], among=len(told))


async def _abandon(connection: Connection) -> None:
    """Give up a transaction; a connection that cannot even do that is closed, and the pool replaces it."""
    try:
        await connection.rollback()
    except Exception:  # noqa: BLE001  # a connection in any trouble is of no use to the pool
        await connection.close()
