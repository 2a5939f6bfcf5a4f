"""Replays: deliveries that are to be made once more, as a job that is started, cancelled, resumed and finished.

A replay is a stretch of the feed and who is to be sent what of it. Starting one decides nothing about single deliveries:
the worker queues them, a few hundred at a time (`replaying`), and says in the replay's row how far it is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import (
    DELIVERY,
    ENDPOINT,
    JOB,
    LAST,
    DeliveryId,
    EndpointId,
    JobId,
    TenantId,
)
from twh_server.database.select import Select
from twh_server.journal.commands import Facts, Index, Read
from twh_server.webhooks.refusals import ReplayNotFound
from twh_server.webhooks.replay_scope import Scope, Stretch, Which

ReplayState = Literal["running", "cancelled", "finished"]


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that are made once more, with the same `webhook-id`."""

    id: Annotated[str, Meta(description="The replay's id.", examples=["job_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    state: Annotated[
        ReplayState,
        Meta(
            description="`running` until everything was queued and nothing of it is pending, then `finished`; `cancelled`"
            " queues nothing more."
        ),
    ]
    which: Annotated[Which, Meta(description="Which deliveries of the stretch.", examples=["failed"])]
    endpoint: Annotated[str | None, Meta(description="The endpoint's id; null for every endpoint.")]
    types: Annotated[list[str], Meta(description="Only these kinds of events; empty: all.", examples=[["stock.low"]])]
    deliveries: Annotated[
        list[str] | None,
        Meta(
            description="The deliveries that were named; null where a stretch of the feed was.",
            examples=[["dlv_01kaqgn4e3f0dvm63vkxhkqk8d"]],
        ),
    ]
    first_sequence: Annotated[int, Meta(description="The number of the first event of the stretch.")]
    last_sequence: Annotated[int, Meta(description="The number of the last event of the stretch.", examples=[129])]
    rate_per_second: Annotated[int | None, Meta(description="So many are queued in a second; null: as many as go.")]
    position: Annotated[int, Meta(description="Up to this event, all is queued.")]
    total: Annotated[int, Meta(description="How many deliveries it was about when it was started.", examples=[3])]
    queued: Annotated[int, Meta(description="How many it has begun anew.", examples=[3])]
    delivered: Annotated[int, Meta(description="How many of them have left the queue again as delivered.")]
    failed: Annotated[int, Meta(description="How many of them were given up.", examples=[0])]
    created_at: datetime
    finished_at: Annotated[datetime | None, Meta(description="When it was finished.")]


class ReplayRow(msgspec.Struct, frozen=True, kw_only=True):
    """A replay as the database has it."""

    id: JobId
    endpoint_id: EndpointId | None
    which: Which
    kinds: list[str]
    deliveries: list[DeliveryId] | None
    first_sequence: int
    last_sequence: int
    rate_per_second: int | None
    state: ReplayState
    position: int
    within: UUID
    """The endpoint up to which the event behind `position` is queued."""
    total: int
    queued: int
    delivered: int
    failed: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def scope(self) -> Scope:
        """Which deliveries it is about."""
        return Scope(
            which=self.which,
            stretch=Stretch(first=self.first_sequence, last=self.last_sequence),
            endpoint=self.endpoint_id,
            kinds=self.kinds,
            deliveries=self.deliveries,
        )

    def shown(self) -> Replay:
        """The replay as the outside sees it."""
        named = None if self.deliveries is None else [DELIVERY.text(DeliveryId(one)) for one in self.deliveries]
        return Replay(
            id=JOB.text(self.id),
            state=self.state,
            which=self.which,
            endpoint=None if self.endpoint_id is None else ENDPOINT.text(self.endpoint_id),
            types=self.kinds,
            deliveries=named,
            first_sequence=self.first_sequence,
            last_sequence=self.last_sequence,
            rate_per_second=self.rate_per_second,
            position=self.position,
            total=self.total,
            queued=self.queued,
            delivered=self.delivered,
            failed=self.failed,
            created_at=self.created_at,
            finished_at=self.finished_at,
        )


async def get_replay(database: Database, tenant: TenantId, text: str) -> Replay:
    """The replay with an id. Raises ReplayNotFound."""
    found = await database.read(tenant, ONE_REPLAY, {"tenant": tenant, "id": JOB.parse(text)})
    if not found:
        raise ReplayNotFound(text)
    return replay_of(found[0]).shown()


async def list_replays(
    database: Database, tenant: TenantId, *, state: ReplayState | None, after: UUID | None, limit: int
) -> Sequence[ReplayRow]:
    """A page of replays, the newest first, behind the replay `after`."""
    select = Select(LIST_REPLAYS, tenant).where("id < %(after)s", after=after or LAST)
    select.given("state = %(state)s", state=state)
    return [replay_of(row) for row in await select.rows(database, PAGE, limit=limit)]


def replay_of(row: Row) -> ReplayRow:
    """A replay from a row of `COLUMNS`."""
    return ReplayRow(**dict(zip(ReplayRow.__struct_fields__, row, strict=True)))


def find(facts: Facts, text: str) -> ReplayRow:
    """The replay that an id refers to. Raises ReplayNotFound."""
    identifier = JOB.parse(text)
    replay = facts.of(REPLAY_BY_ID).get(identifier) if identifier else None
    if replay is None:
        raise ReplayNotFound(text)
    return replay


COLUMNS = (
    "id, endpoint_id, which, kinds, deliveries, first_sequence, last_sequence, rate_per_second, state, position, within,"
    " total, queued, delivered, failed, created_at, finished_at"
)

REPLAY_BY_ID: Index[UUID, ReplayRow] = Index("replays by id")
REPLAYS_COUNTED: Index[None, int] = Index("how many replays are running")


def _enter(facts: Facts, rows: Sequence[Row]) -> None:
    replays = map(replay_of, rows)
    facts.of(REPLAY_BY_ID).update({replay.id: replay for replay in replays})


def _enter_count(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(REPLAYS_COUNTED)[None] = rows[0][0]


# Locked, so that the worker does not move it on while it is decided about; it looks at another one meanwhile.
REPLAYS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid)
cross join lateral (
    select {COLUMNS}
    from replays
    where tenant_id = %(tenant)s and id = wanted.id
    limit 1
    for no key update
) as found
""",
    enter=_enter,
)

# Each was created some time: said like this, no other index serves than the one that has those alone that are running.
COUNT_RUNNING = Read(
    sql="""
select count(*)
from replays
where tenant_id = %(tenant)s and state = 'running' and created_at > '-infinity'
""",
    enter=_enter_count,
)

ONE_REPLAY = f"""
select {COLUMNS}
from replays
where tenant_id = %(tenant)s and id = %(id)s
"""

LIST_REPLAYS = f"""
select {COLUMNS}
from replays
where tenant_id = %(tenant)s
"""

PAGE = """
order by id desc
limit %(limit)s
"""
