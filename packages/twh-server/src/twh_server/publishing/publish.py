"""The follower that publishes: it reads a run of events, has the bus acknowledge them, and then its cursor moves.

Both happen in the follower's transaction, so that the lock on the cursor is the lease: a process that is killed gives it
back at once, one that hangs when the database ends its silent transaction. So that neither vacuum nor anybody who purges
the tenant has to wait for long, a run is given PUBLISH_SECONDS.

A bus that is away costs nobody anything: no transaction is begun before it has been reached, and it is looked for more
and more seldom.
"""

import asyncio
import contextlib
import logging

from twh_server.database.engine import Connection, Database
from twh_server.events.bell import Bell
from twh_server.events.follow import Away, Follower, Run, bodies_of
from twh_server.publishing.messages import message_of
from twh_server.publishing.publisher import PUBLISH_SECONDS, Publisher, Refused

RUN_EVENTS_MAX = 200
OPEN_SECONDS = 10.0
PAUSE_SECONDS = 0.5
PAUSE_SECONDS_MAX = 30.0
"""A bus that is away is looked for after PAUSE_SECONDS, then after twice as long each time, up to this."""

_log = logging.getLogger(__name__)


class Publishing:
    """One publisher in one process; there may be many processes. Start with `run`, end with `stop`."""

    def __init__(self, database: Database, bell: Bell, name: str, publisher: Publisher) -> None:
        self._name = name
        self._publisher = publisher
        self._follower = Follower(database, bell, name, self._publish, run_events_max=RUN_EVENTS_MAX)
        self._failures = 0
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Publish until told to stop, whether the bus is there or not."""
        while not self._stopped.is_set():
            try:
                await asyncio.wait_for(self._publisher.open(), OPEN_SECONDS)
                await self._follower.run()
            except Exception as fault:  # noqa: BLE001  # whatever it is, the bus may be there later
                self._away(fault)
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._publisher.close(), OPEN_SECONDS)
            if self._failures:
                await self._rest()

    def stop(self) -> None:
        """Finish the run that is under way, and return from `run`."""
        self._stopped.set()
        self._follower.stop()

    async def _publish(self, tx: Connection, run: Run) -> None:
        """The follower's work. Raises Refused when one tenant has to wait, Away when all do."""
        await tx.execute(PATIENCE, {"milliseconds": f"{PUBLISH_SECONDS * 2_000:.0f}"})
        stored = await bodies_of(tx, run)
        messages = [message_of(run.tenant, body, bytes_max=self._publisher.bytes_max) for body in stored]
        try:
            await asyncio.wait_for(self._publisher.publish(messages), PUBLISH_SECONDS)
        except Refused:
            raise
        except Exception as fault:
            raise Away(_said(fault)) from fault
        if self._failures:
            self._failures = 0
            _log.info("publisher %s publishes again", self._name)

    def _away(self, fault: Exception) -> None:
        """It is said once, not at each look."""
        self._failures += 1
        if self._failures == 1:
            _log.warning("publisher %s cannot publish, and tries again until it can: %s", self._name, _said(fault))

    async def _rest(self) -> None:
        pause = min(PAUSE_SECONDS * 2 ** min(self._failures - 1, 10), PAUSE_SECONDS_MAX)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), pause)


def _said(fault: Exception) -> str:
    return str(fault) or type(fault).__name__


# A session that falls silent for longer is a process that hangs: the next one may take its cursor.
PATIENCE = "select set_config('idle_in_transaction_session_timeout', %(milliseconds)s, true)"
