"""What runs beside HTTP: the one list of followers and schedules."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime

from twh_server.access.sealing import Sealer
from twh_server.database.engine import Database, Transient, ended
from twh_server.database.planning import analyze_grown
from twh_server.events.bell import Bell
from twh_server.events.follow import Follower, Lag, lag_of
from twh_server.events.retention import drop_old_events
from twh_server.journal.sweep import sweep_keys
from twh_server.journal.writer import Writer
from twh_server.publishing.publish import Publishing
from twh_server.publishing.publisher import Publisher
from twh_server.tenancy.settings import Choices
from twh_server.webhooks import deliver, disabling, fan_out
from twh_server.webhooks.claims import Result
from twh_server.webhooks.deliver import Courier
from twh_server.webhooks.disabling import Watch
from twh_server.webhooks.endpoints import DisabledBecause
from twh_server.webhooks.replaying import Replayer
from twh_server.webhooks.schedule import Schedule
from twh_server.webhooks.targets import LOCAL, Policies

SWEEP_PAUSE_SECONDS = 600.0
GROWTH_PAUSE_SECONDS = 2.0
LAG_PAUSE_SECONDS = 5.0

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def working(
    database: Database,
    bell: Bell,
    sealer: Sealer,
    *,
    schedule: Schedule | None = None,
    targets: Policies = LOCAL,
    attempted: Callable[[Result], None] = deliver.nobody,
    disabled: Callable[[DisabledBecause], None] = disabling.nobody,
    lagging: Callable[[str, Lag], None] | None = None,
    publishers: Mapping[str, Publisher] | None = None,
) -> AsyncGenerator[None]:
    """Work as long as the block runs; at its end, what is under way is finished first.

    `targets` says where webhooks may go, `schedule` when what failed is tried again. `attempted` is told of each attempt
    to deliver, `disabled` of each endpoint that is disabled; `lagging`, now and then, how far each follower is behind.
    Each of the publishers, by name, has a follower of that name, which takes a connection of the workers' pool.
    """
    writer = Writer(database, bell)
    watch = Watch(database, writer, clock=deliver.now, disabled=disabled)
    courier = Courier(database, sealer, policies=targets, schedule=schedule, attempted=attempted, gone=watch.gone)
    replayer = Replayer(database, writer, queued=courier.wake)
    follower = Follower(database, bell, fan_out.FOLLOWER, fan_out.fan_out, committed=courier.wake)
    publishing = [Publishing(database, bell, name, publisher) for name, publisher in (publishers or {}).items()]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(courier.run())
        tasks.create_task(follower.run())
        for publisher in publishing:
            tasks.create_task(publisher.run())
        schedules = [
            tasks.create_task(_sweep(database)),
            tasks.create_task(_analyze(database)),
            tasks.create_task(watch.run()),
            tasks.create_task(replayer.run()),
        ]
        if lagging:
            schedules.append(tasks.create_task(_measure(database, [fan_out.FOLLOWER, *(publishers or ())], lagging)))
        try:
            yield
        finally:
            follower.stop()
            for publisher in publishing:
                publisher.stop()
            courier.stop()
            for one in schedules:
                await ended(one)
            await writer.close()


async def _sweep(database: Database) -> None:
    while True:
        try:
            swept = await sweep_keys(database, now=datetime.now(UTC), days=Choices().idempotency_key_days)
            if swept:
                _log.info("%d idempotency keys were old and are forgotten", swept)
            if dropped := await drop_old_events(database):
                _log.info("%d events were older than their tenants keep them and are dropped", dropped)
        except Transient as loss:
            _log.warning("what is old could not be swept: %s", loss)
        await asyncio.sleep(SWEEP_PAUSE_SECONDS)


async def _analyze(database: Database) -> None:
    while True:
        try:
            if analyzed := await analyze_grown(database):
                _log.info("%d tables have grown and were analyzed for the first time", analyzed)
        except Transient as loss:
            _log.warning("tables that have grown could not be analyzed: %s", loss)
        await asyncio.sleep(GROWTH_PAUSE_SECONDS)


async def _measure(database: Database, followers: Sequence[str], lagging: Callable[[str, Lag], None]) -> None:
    while True:
        try:
            for follower in followers:
                lagging(follower, await lag_of(database, follower))
        except Transient as loss:
            _log.warning("how far followers are behind could not be measured: %s", loss)
        await asyncio.sleep(LAG_PAUSE_SECONDS)
