"""Delivering: couriers claim what is due, send it outside any transaction, and record what came of it.

There is no timer between the three. Claims are made as soon as there is room, results are recorded as soon as the
recording before is done, so under load both grow into batches by themselves. Several couriers, in one process or in
many, do not get into each other's way.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from twh_server.access.sealing import Sealer
from twh_server.database.engine import Database, Transient, ended, is_transient
from twh_server.webhooks import claims
from twh_server.webhooks.claims import Claim, Result
from twh_server.webhooks.schedule import Schedule
from twh_server.webhooks.sending import DEADLINE_SECONDS, Answered, Sender

SENDING_MAX = 256
"""How many attempts one courier has under way."""
ENDPOINT_SENDING_MAX = 32
"""How many of them go to one endpoint."""
LOOK_SECONDS = 1.0
"""Even when nobody wakes it, a courier looks for due deliveries this often."""
PAUSE_SECONDS = 0.5
"""After the database was lost."""

_log = logging.getLogger(__name__)


def nobody(_: Result) -> None:
    """Nobody wants to know of an attempt."""


def now() -> datetime:
    """This host's clock."""
    return datetime.now(UTC)


class Courier:
    """One courier of one process. Start with `run`, end with `stop`; `wake` says that something may be due."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        schedule: Schedule | None = None,
        clock: Callable[[], datetime] = now,
        attempted: Callable[[Result], None] = nobody,
        deadline_seconds: float = DEADLINE_SECONDS,
        sending_max: int = SENDING_MAX,
        endpoint_sending_max: int = ENDPOINT_SENDING_MAX,
    ) -> None:
        self._database = database
        self._schedule = schedule or Schedule()
        self._clock = clock
        self._attempted = attempted
        self._sender = Sender(sealer, deadline_seconds=deadline_seconds)
        self._sending_max = sending_max
        self._endpoint_sending_max = endpoint_sending_max
        self._sending: Counter[UUID] = Counter()
        self._room = sending_max
        self._results: list[Result] = []
        self._has_results = asyncio.Event()
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is under way was answered and recorded."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Deliver until told to stop. When cancelled, what was under way is sent again after its lease."""
        async with self._sender, asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(self._record_results())
            while not self._stopping:
                # Cleared first: what becomes due while we look is looked for again.
                self._woken.clear()
                claimed = await self._claim()
                for claim in claimed:
                    tasks.create_task(self._send(claim))
                if not claimed:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
            while self._sending:
                self._woken.clear()
                await self._woken.wait()
            await ended(recording)

    async def _claim(self) -> list[Claim]:
        if not self._room:
            return []
        try:
            async with self._database.workers.connection() as connection, connection.transaction():
                claimed = await claims.claim(
                    connection,
                    now=self._clock(),
                    room=self._room,
                    endpoint_room=self._endpoint_sending_max,
                    busy=self._sending,
                )
        except Transient as loss:
            _log.warning("a courier lost the database and will look again: %s", loss)
            return []
        except Exception:  # noqa: BLE001  # whatever it is, the next look may go well
            _log.exception("a courier cannot claim deliveries")
            return []
        self._room -= len(claimed)
        self._sending.update(claim.endpoint for claim in claimed)
        return list(claimed)

    async def _send(self, claim: Claim) -> None:
        at = self._clock()
        try:
            answered = await self._sender.send(claim, at=at)
        except Exception:  # noqa: BLE001  # one attempt's fault is one failed attempt, and no courier's end
            _log.exception("the attempt of delivery %s went wrong", claim.delivery)
            answered = Answered(milliseconds=0, error="The attempt could not be made.")
        result = self._result(claim, at, answered)
        self._attempted(result)
        self._results.append(result)
        self._has_results.set()

    def _result(self, claim: Claim, at: datetime, answered: Answered) -> Result:
        made = claim.attempts + 1
        return Result(
            claim=claim,
            at=at,
            milliseconds=answered.milliseconds,
            status=answered.status,
            error=answered.error,
            response=answered.response,
            delivered=answered.delivered,
            next_attempt_at=None if answered.delivered else self._schedule.next_attempt(made=made, at=self._clock()),
        )

    async def _record_results(self) -> None:
        while True:
            await self._has_results.wait()
            self._has_results.clear()
            results, self._results = self._results, []
            await self._record(results)
            self._room += len(results)
            self._sending.subtract(result.claim.endpoint for result in results)
            self._sending = +self._sending
            self._woken.set()

    async def _record(self, results: list[Result]) -> None:
        """Record results, however long the database is away; one that cannot be written does not take the others along."""
        while True:
            try:
                async with self._database.workers.connection() as connection, connection.transaction():
                    await claims.record(connection, results)
            except Exception as fault:  # noqa: BLE001  # or it is one result's own, and is found by taking them one by one
                if is_transient(fault):
                    _log.warning("attempts are not recorded yet: %s", fault)
                    if self._stopping:
                        return  # they are made again when their leases end
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                if len(results) == 1:
                    _log.exception("the attempt of delivery %s cannot be recorded", results[0].claim.delivery)
                    return
                for result in results:
                    await self._record([result])
                return
            else:
                return
