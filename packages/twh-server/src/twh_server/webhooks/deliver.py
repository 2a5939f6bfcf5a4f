"""Delivering: couriers claim what is due, send it outside any transaction, and record what came of it.

There is no timer between the three. Claims are made as soon as there is room, results are recorded as soon as the
recording before is done, so under load both grow into batches by themselves. Several couriers, in one process or in
many, do not get into each other's way.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from twh_server.access.sealing import Sealer
from twh_server.database.engine import Database, Transient, ended, is_transient
from twh_server.webhooks import claims
from twh_server.webhooks.claims import LEASE_SECONDS, Claim, Claimed, Result
from twh_server.webhooks.health import PROMPT_SECONDS
from twh_server.webhooks.places import Place, Places
from twh_server.webhooks.schedule import Schedule
from twh_server.webhooks.sending import DEADLINE_SECONDS, Answered, Sender
from twh_server.webhooks.targets import LOCAL, Policies

LOOK_SECONDS = 1.0
"""Even when nobody wakes it, a courier looks for due deliveries this often."""
PAUSE_SECONDS = 0.5
"""After the database was lost."""
GONE_SECONDS = 60.0
"""So long nothing is sent to an endpoint that is gone: until then it is disabled."""

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
        policies: Policies = LOCAL,
        schedule: Schedule | None = None,
        clock: Callable[[], datetime] = now,
        attempted: Callable[[Result], None] = nobody,
        gone: Callable[[Result], None] = nobody,
        places: Places | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
        prompt_seconds: float = PROMPT_SECONDS,
    ) -> None:
        """`attempted` is told of each attempt, `gone` of each that was answered 410, once it is recorded."""
        self._database = database
        self._schedule = schedule or Schedule()
        self._clock = clock
        self._attempted = attempted
        self._gone = gone
        self._places = places or Places()
        self._sender = Sender(sealer, policies=policies, deadline_seconds=deadline_seconds)
        self._deadline = timedelta(seconds=deadline_seconds)
        self._lease_seconds = lease_seconds
        self._prompt_seconds = prompt_seconds
        self._results: list[tuple[Result, Place]] = []
        self._has_results = asyncio.Event()
        self._woken = asyncio.Event()
        self._stopping = False

    @property
    def under_way(self) -> int:
        """How many attempts were begun and are not recorded yet."""
        return self._places.taken

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
                for claim in claimed.claims:
                    pool = self._places.prompt if claim.prompt else self._places.patient
                    tasks.create_task(self._send(claim, Place(pool, claim.tenant, claim.endpoint)))
                if not claimed.claims:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), self._pause(claimed.look_at))
            while self.under_way:
                self._woken.clear()
                await self._woken.wait()
            await ended(recording)

    def _pause(self, look_at: datetime | None) -> float:
        pause = self._places.patient.rests or LOOK_SECONDS
        if look_at is not None:
            pause = min(pause, max(0.0, (look_at - self._clock()).total_seconds()))
        return pause

    async def _claim(self) -> Claimed:
        try:
            async with self._database.workers.connection() as connection, connection.transaction():
                return await claims.claim(
                    connection, now=self._clock(), places=self._places, lease_seconds=self._lease_seconds
                )
        except Transient as loss:
            _log.warning("a courier lost the database and will look again: %s", loss)
        except Exception:  # noqa: BLE001  # whatever it is, the next look may go well
            _log.exception("a courier cannot claim deliveries")
        return Claimed(claims=[], look_at=None)

    async def _send(self, claim: Claim, place: Place) -> None:
        at = self._clock()
        if at + self._deadline > claim.until:
            # We were stopped or kept waiting for so long that somebody else may begin before we were done.
            place.leave()
            self._woken.set()
            return
        dragging = asyncio.get_running_loop().call_later(self._prompt_seconds, self._drag, place)
        try:
            answered = await self._sender.send(claim, at=at)
        except Exception:  # noqa: BLE001  # one attempt's fault is one failed attempt, and no courier's end
            _log.exception("the attempt of delivery %s went wrong", claim.delivery)
            answered = Answered(milliseconds=0, error="The attempt could not be made.")
        dragging.cancel()
        result = self._result(claim, at, answered)
        self._attempted(result)
        self._results.append((result, place))
        self._has_results.set()

    def _drag(self, place: Place) -> None:
        """What takes long does not keep those waiting who are quick."""
        place.go_to(self._places.patient)
        self._woken.set()

    def _result(self, claim: Claim, at: datetime, answered: Answered) -> Result:
        now = self._clock()
        next_attempt_at = hold_until = None
        if not answered.delivered:
            next_attempt_at = self._schedule.next_attempt(made=claim.tries + 1, at=now)
        if answered.status == claims.GONE:
            hold_until = now + timedelta(seconds=GONE_SECONDS)
        elif answered.retry_after is not None:
            hold_until = now + answered.retry_after
        if next_attempt_at and hold_until:
            next_attempt_at = max(next_attempt_at, hold_until)
        return Result(
            claim=claim,
            at=at,
            milliseconds=answered.milliseconds,
            status=answered.status,
            error=answered.error,
            response=answered.response,
            delivered=answered.delivered,
            next_attempt_at=next_attempt_at,
            hold_until=hold_until,
        )

    async def _record_results(self) -> None:
        while True:
            await self._has_results.wait()
            self._has_results.clear()
            ended_now, self._results = self._results, []
            await self._record([result for result, _ in ended_now])
            for result, place in ended_now:
                place.leave()
                if result.gone:
                    self._gone(result)
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
