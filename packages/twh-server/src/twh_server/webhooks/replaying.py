"""Replaying: the worker's part. It queues the deliveries of running replays, some at a time, and says when one is done.

A step is one transaction: it takes a replay that is due, queues the next deliveries of its stretch, and moves the replay's
position. Killed anywhere, it has done both or neither, so nothing is lost and nothing is queued twice. Never more than a
few hundred deliveries of an endpoint are due because of a replay: what happens meanwhile does not wait behind the past,
a cancelled replay has little left to deliver, and a paused endpoint holds up its own replay only.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from twh_server.database.asking import as_json
from twh_server.database.engine import Connection, Database, Row, Transient, constant
from twh_server.database.identifiers import LAST, JobId, TenantId
from twh_server.events.follow import Run
from twh_server.journal.writer import Writer
from twh_server.refusals import Refusal
from twh_server.webhooks import replay_scope, replays
from twh_server.webhooks.deliver import now as this_hosts_clock
from twh_server.webhooks.fan_out import LANES, NEW_ID, due_now
from twh_server.webhooks.particular import judge
from twh_server.webhooks.replay_commands import FinishReplay
from twh_server.webhooks.replay_scope import STRETCH_EVENTS, Stretch
from twh_server.webhooks.replays import ReplayRow

AHEAD_MAX = 500
"""So many deliveries of an endpoint are due at once at most, when a replay queues more."""
LOOK_SECONDS = 0.5
"""How often it is looked for replays that are due."""
BUSY = timedelta(milliseconds=50)
"""How soon a replay goes on whose deliveries are on their way."""
RATED = timedelta(seconds=0.5)
"""A rate is held by queueing, and then waiting, about so much of it at a time."""
WAIT_MAX = timedelta(seconds=30)
WAIT_PART = 20
"""When all is queued, what is left is looked after again after a twentieth of the replay's age, within these bounds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one step did: to which replay, how many deliveries it queued, and whether that is all."""

    tenant: TenantId
    replay: JobId
    queued: int
    done: bool


class Replayer:
    """Queues what is to be made once more; there may be one in each process. `run` runs until it is cancelled."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        *,
        queued: Callable[[], None],
        clock: Callable[[], datetime] = this_hosts_clock,
    ) -> None:
        """`queued` is called when deliveries were queued."""
        self._database = database
        self._writer = writer
        self._queued = queued
        self._clock = clock

    async def run(self) -> None:
        """Step by step, as long as there is something to do."""
        while True:
            if not await self._stepped():
                await asyncio.sleep(LOOK_SECONDS)

    async def step(self) -> Step | None:
        """One step of the replay that has waited longest; None when none is due."""
        async with self._database.workers.connection() as connection, connection.transaction():
            step = await _step(connection, self._clock())
        if step and step.queued:
            self._queued()
        if step and step.done:
            await self._finish(step)
        return step

    async def _stepped(self) -> bool:
        try:
            step = await self.step()
        except Transient as loss:
            _log.warning("replays are not looked after for a moment: %s", loss)
        except Exception:  # noqa: BLE001  # whatever it is, another replay may go well
            _log.exception("a replay cannot go on")
        else:
            return step is not None
        return False

    async def _finish(self, step: Step) -> None:
        """Make it a fact. A kill before it leaves the replay running, and the next step says so again."""
        with contextlib.suppress(Refusal):  # the server is stopping, or the tenant was closed meanwhile
            await self._writer.do(step.tenant, FinishReplay(replay=step.replay))


async def _step(tx: Connection, now: datetime) -> Step | None:
    row = await (await tx.execute(TAKE_REPLAY, {"now": now})).fetchone()
    if row is None:
        return None
    tenant, replay = TenantId(row[0]), replays.replay_of(row[1:])
    whose: dict[str, Any] = {"tenant": tenant, "replay": replay.id, "now": now}
    left = replay.last_sequence > replay.position
    room = await _room(tx, tenant, replay, now) if left else 0
    position, within, begun = replay.position, replay.within, 0
    if room:
        position, within, chosen = await _next(tx, tenant, replay, room, now)
        begun = await _queue(tx, whose, chosen)
        left = replay.last_sequence > position
    counted = await (await tx.execute(COUNT_STATES, whose, prepare=False)).fetchone()
    pending, failed = counted or (0, 0)
    queued = replay.queued + begun
    moved = {
        **whose,
        "position": position,
        "within": within,
        "queued": queued,
        "delivered": queued - pending - failed,
        "failed": failed,
        "due": _due(replay, now, left=left, room=room, begun=begun),
    }
    await tx.execute(MOVE, moved)
    return Step(tenant=tenant, replay=replay.id, queued=begun, done=not left and not pending)


def _due(replay: ReplayRow, now: datetime, *, left: bool, room: int, begun: int) -> datetime:
    """When a replay goes on."""
    if not left:
        return now + min(WAIT_MAX, max(BUSY, (now - replay.created_at) / WAIT_PART))
    if replay.rate_per_second and begun:
        return now + timedelta(seconds=begun / replay.rate_per_second)
    return now if room else now + BUSY


async def _room(tx: Connection, tenant: TenantId, replay: ReplayRow, now: datetime) -> int:
    """How many deliveries may be queued now: as many as the fullest of its endpoints has room for, and its rate allows."""
    asked = {"tenant": tenant, "endpoint": replay.endpoint_id, "now": now, "most": AHEAD_MAX}
    row = await (await tx.execute(FULLEST, asked, prepare=False)).fetchone()
    room = AHEAD_MAX - (row[0] if row else 0)
    if replay.rate_per_second:
        room = min(room, max(1, int(replay.rate_per_second * RATED.total_seconds())))
    return room


async def _next(
    tx: Connection, tenant: TenantId, replay: ReplayRow, room: int, now: datetime
) -> tuple[int, UUID, list[Row]]:
    """The deliveries that come next, and the place behind them: (event, endpoint within it)."""
    last = replay.last_sequence
    if replay.scope.is_of_events:
        last = min(last, replay.position + STRETCH_EVENTS)
    scope = replace(replay.scope, stretch=Stretch(first=replay.position, last=last))
    source = "e" if scope.is_of_events else "d"
    statement = (COLUMNS_OF[source] + replay_scope.statement_of(scope) + BEHIND).replace("{source}", source)
    asked = {**scope.values(tenant, now), "position": replay.position, "within": replay.within, "limit": room}
    chosen = await (await tx.execute(constant(statement), asked, prepare=False)).fetchall()
    if len(chosen) < room:
        return last, LAST, chosen
    return chosen[-1][0], chosen[-1][1], chosen


async def _queue(tx: Connection, whose: dict[str, Any], chosen: Sequence[Row]) -> int:
    """Begin deliveries anew, or for the first time, and let their endpoints' queues know; answers how many."""
    if not chosen:
        return 0
    again = [delivery for _, _, delivery, _, _ in chosen if delivery is not None]
    made = await _wanted(tx, whose["tenant"], [row for row in chosen if row[2] is None])
    begun = await tx.execute(BEGIN_AGAIN, {**whose, "deliveries": again}, prepare=False)
    new = await tx.execute(MAKE, {**whose, "made": as_json(made)}, prepare=False)
    # Deliveries before queues, as whoever records attempts does: two who lock in one order do not deadlock.
    await tx.execute(DUE_NOW, {**whose, "endpoints": sorted({row[1] for row in chosen})}, prepare=False)
    return begun.rowcount + new.rowcount


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    sequence: int
    endpoint_id: UUID
    event_id: UUID
    kind: str
    lanes: Sequence[UUID] | None = None


async def _wanted(tx: Connection, tenant: TenantId, missing: Sequence[Row]) -> list[_Made]:
    """What there is no delivery for yet, as far as the endpoints wish for it."""
    if not missing:
        return []
    wishes = await replay_scope.wishes_of(tx, tenant, {row[1] for row in missing})
    judged = await judge(tx, wishes, Run(tenant=tenant, first=missing[0][0], last=missing[-1][0]))
    lanes = {(one.endpoint_id, one.sequence): one.lanes for one in judged}
    particular = {one.endpoint for one in wishes}
    return [
        _Made(sequence=sequence, endpoint_id=endpoint, event_id=event, kind=kind, lanes=lanes.get((endpoint, sequence)))
        for sequence, endpoint, _, event, kind in missing
        if endpoint not in particular or (endpoint, sequence) in lanes
    ]


# What is running is not finished: said like this, no other index serves than the one that has them in order.
TAKE_REPLAY = f"""
select tenant_id, {replays.COLUMNS}
from replays
where state = 'running' and finished_at is null and due_at <= %(now)s
order by due_at
limit 1
for no key update skip locked
"""

FULLEST = """
select coalesce(max(q.due), 0)
from webhook_endpoints as w
cross join lateral (
    select count(*) as due
    from (
        select
        from deliveries
        where tenant_id = %(tenant)s
          and endpoint_id = w.id
          and state = 'pending'
          and next_attempt_at <= %(now)s
        limit %(most)s
    ) as waiting
) as q
where w.tenant_id = %(tenant)s
  and w.deleted_at is null
  and w.enabled
  and (%(endpoint)s::uuid is null or w.id = %(endpoint)s)
"""

COLUMNS_OF = {
    "d": "\nselect d.sequence, d.endpoint_id, d.id, d.event_id, d.event_kind",
    "e": "\nselect e.sequence, w.id, d.id, e.id, e.kind",
}

BEHIND = """  and ({source}.sequence, w.id) > (%(position)s, %(within)s)
order by {source}.sequence, w.id
limit %(limit)s
"""

BEGIN_AGAIN = f"""
update deliveries as d
set state = 'pending', tries = 0, next_attempt_at = %(now)s, fence = null, delivered_at = null, replay_id = %(replay)s
from (
    select d.id
    from unnest(%(deliveries)s::uuid[]) as chosen (id)
    join deliveries as d on d.tenant_id = %(tenant)s and d.id = chosen.id
    where {replay_scope.BEGINS_AGAIN}
    order by d.id
    for no key update of d
) as chosen
where d.tenant_id = %(tenant)s and d.id = chosen.id
"""

MAKE = f"""
insert into deliveries (tenant_id, id, endpoint_id, sequence, event_id, event_kind, state, attempts, next_attempt_at,
                        created_at, replay_id, lanes)
select %(tenant)s,{NEW_ID},
       w.id, made.sequence, made.event_id, made.kind, 'pending', 0, %(now)s, %(now)s, %(replay)s,
       coalesce(made.lanes, {LANES})
from json_to_recordset(%(made)s::json)
     as made (sequence bigint, endpoint_id uuid, event_id uuid, kind text, lanes uuid[])
join webhook_endpoints as w on w.tenant_id = %(tenant)s and w.id = made.endpoint_id
on conflict (tenant_id, endpoint_id, sequence) do nothing
"""

DUE_NOW = due_now("= any (%(endpoints)s::uuid[])")

COUNT_STATES = """
select count(*) filter (where state = 'pending'), count(*) filter (where state = 'failed')
from deliveries
where tenant_id = %(tenant)s and replay_id = %(replay)s and state in ('pending', 'failed')
"""

MOVE = """
update replays
set position = %(position)s, within = %(within)s, queued = %(queued)s, delivered = %(delivered)s, failed = %(failed)s,
    due_at = %(due)s
where tenant_id = %(tenant)s and id = %(replay)s
"""
