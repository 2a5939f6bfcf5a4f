"""One batch: one transaction of one tenant, in two round trips.

Read:   begin · the tenant · lock the head · keys · look-ups.
Write:  rows · events · block · keys · head · commit.

The head lock is a statement of its own, and stands first: each statement after it sees what the lock's previous holder
committed. Folded into one statement with the reads, it would answer the new head beside stale levels.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from twh_server.database.engine import SET_TENANT, Connection, Row, constant
from twh_server.database.identifiers import EVENT, KEY, EventId, Minter, TenantId
from twh_server.events import kinds
from twh_server.events.kinds import EventActor, News
from twh_server.journal import keys
from twh_server.journal.commands import Actor, Answer, Effects, Facts, Moment, Read, Submission, Write
from twh_server.journal.seal import seal
from twh_server.refusals import Refusal

AT_LEAST = timedelta(microseconds=1)
"""By so much a batch is later than the one before it: what changed since a moment can be told without doubt."""

STRETCH_LINES_MAX = 100
"""So many lines are decided before everybody else in the process has a turn."""

Outcome = Answer | BaseException
Submissions = Sequence[Submission[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Where a tenant's ledger stands."""

    sequence: int
    recorded_at: datetime
    last_id: Any
    hash: bytes


class NoSuchTenant(Exception):
    """A command came for a tenant that has no ledger."""


def now() -> datetime:
    """This host's clock."""
    return datetime.now(UTC)


async def commit(
    connection: Connection, tenant: TenantId, submissions: Submissions, clock: Callable[[], datetime] = now
) -> "Decided":
    """Decide and commit commands of one tenant; the answers are in the order of the commands.

    Raises whatever the database raises: then nothing happened, or (connection lost at commit) nobody knows.
    """
    async with connection.pipeline() as pipeline:
        head, known, facts = await _read(connection, pipeline, tenant, submissions)
        recorded_at = max(clock(), head.recorded_at + AT_LEAST)
        batch = Decided(tenant=tenant, head=head, recorded_at=recorded_at, facts=facts, known=known)
        await _decide(batch, submissions)
        await _write(connection, batch)
        await pipeline.sync()
    return batch


async def _decide(batch: "Decided", submissions: Submissions) -> None:
    """Decide one command after the other, and let everybody else in the process have a turn in between.

    A command of very many lines is decided in a thread: it takes as long, and nobody else waits until it is done.
    """
    lines = 0
    for submission in submissions:
        weight = submission.command.weight
        if weight > STRETCH_LINES_MAX:
            await asyncio.to_thread(batch.take, submission)
            continue
        lines += weight
        if lines > STRETCH_LINES_MAX:
            await asyncio.sleep(0)
            lines = weight
        batch.take(submission)


@dataclass(kw_only=True, slots=True)
class Decided:
    """What a batch has decided so far: answers for callers, rows for the database."""

    tenant: TenantId
    head: Head
    recorded_at: datetime
    facts: Facts
    known: dict[str, keys.Remembered]
    minter: Minter = field(init=False)
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    rows: dict[Write, list[Row]] = field(default_factory=dict[Write, list[Row]])
    events: list[Row] = field(default_factory=list[Row])

    def __post_init__(self) -> None:
        self.minter = Minter(at=self.recorded_at, after=self.head.last_id)

    @property
    def last_sequence(self) -> int:
        """The number of the newest event, this batch's included."""
        return self.head.sequence + len(self.events)

    def take(self, submission: Submission[Any]) -> None:
        """Answer one command: from memory, with its effects, or with its refusal. A bug in it stays its own."""
        try:
            self.outcomes.append(self._decide(submission))
        except Exception as fault:  # noqa: BLE001  # the culprit alone is answered with the fault, its neighbours go on
            self.outcomes.append(fault)

    def _decide(self, submission: Submission[Any]) -> Answer:
        first = self.known.get(submission.key) if submission.key else None
        if first:
            try:
                return first.answer(submission)
            except Refusal as reused:
                return submission.refuse(reused)
        moment = Moment(
            tenant=self.tenant, recorded_at=self.recorded_at, sequence=self.last_sequence + 1, minter=self.minter
        )
        try:
            effects = submission.command.decide(self.facts, moment)
            answer = submission.answer(effects.result)
        except Refusal as refusal:
            effects, answer = Effects(result=None), submission.refuse(refusal)
        told = self._told(effects.news, submission.actor)
        event = told[0][3] if answer.told_by_event else None
        row = keys.row(submission, answer, moment.sequence) if submission.key else None
        # What could fail is behind us: a command enters the batch with all of its effects, or with none.
        self._enter(effects, told)
        if row:
            self._remember(row, event)
        return answer

    def _told(self, news: Sequence[News], actor: Actor | None) -> list[Row]:
        """The events of a command, numbered behind those of the batch."""
        told: list[Row] = []
        who = EventActor(KEY.text(actor.key), actor.name) if actor else None
        for sequence, one in enumerate(news, self.last_sequence + 1):
            event_id = EventId(self.minter.mint())
            body = kinds.encode(
                one, event_id=EVENT.text(event_id), timestamp=self.recorded_at, sequence=sequence, actor=who
            )
            actor_key = actor.key if actor else None
            told.append((sequence, event_id, one.kind, body.decode(), actor_key, one.subject))
        return told

    def _enter(self, effects: Effects[Any], told: Sequence[Row]) -> None:
        for write, row in effects.rows:
            self.rows.setdefault(write, []).append(row)
        for index, key, value in effects.known:
            self.facts.of(index)[key] = value
        self.events += told

    def _remember(self, row: Row, event: str | None) -> None:
        self.rows.setdefault(keys.REMEMBER, []).append(row)
        key, digest, status, headers, kept, _ = row
        self.known[key] = keys.Remembered(digest=digest, status=status, headers=headers, kept=kept, event=event)


async def _read(
    connection: Connection, pipeline: Any, tenant: TenantId, submissions: Submissions
) -> tuple[Head, dict[str, keys.Remembered], Facts]:
    await connection.execute("begin")
    await connection.execute(SET_TENANT, (str(tenant),))
    locked = await connection.execute(LOCK_HEAD, {"tenant": tenant})
    wanted_keys = list({submission.key: None for submission in submissions if submission.key})
    found = await connection.execute(keys.FIND, {"tenant": tenant, "keys": wanted_keys}) if wanted_keys else None
    reading = [(read, await connection.execute(*_asked(read, wanted, tenant))) for read, wanted in _wanted(submissions)]
    await pipeline.sync()
    row = await locked.fetchone()
    if row is None:
        raise NoSuchTenant(tenant)
    facts = Facts()
    for read, cursor in reading:
        read.enter(facts, await cursor.fetchall())
    known = keys.remembered(await found.fetchall()) if found else {}
    return Head(sequence=row[0], recorded_at=row[1], last_id=row[2], hash=row[3]), known, facts


def _wanted(submissions: Submissions) -> list[tuple[Read, list[Row]]]:
    wanted: dict[Read, dict[Row, None]] = {}
    for submission in submissions:
        for read, key in submission.command.asks():
            wanted.setdefault(read, {})[key] = None
    return [(read, list(rows)) for read, rows in wanted.items()]


def _asked(read: Read, wanted: list[Row], tenant: TenantId) -> tuple[Any, dict[str, object]]:
    columns = zip(*wanted, strict=True)
    return read.sql, {
        "tenant": tenant,
        **{part: list(column) for part, column in zip(read.parts, columns, strict=True)},
    }


async def _write(connection: Connection, batch: Decided) -> None:
    if not batch.rows and not batch.events:
        await connection.execute("commit")
        return
    for write in sorted(batch.rows, key=lambda write: write.rank):
        rows = batch.rows[write]
        if write.key:
            rows = list({row[: write.key]: row for row in rows}.values())
        columns = zip(*rows, strict=True)
        arrays = {name: list(column) for name, column in zip(write.columns, columns, strict=True)}
        await connection.execute(
            constant(write.sql),
            {"tenant": batch.tenant, "recorded_at": batch.recorded_at, **arrays},
        )
    if batch.events:
        await _append(connection, batch)
    await connection.execute("commit")


async def _append(connection: Connection, batch: Decided) -> None:
    sequences, ids, names, bodies, actors, subjects = (list(column) for column in zip(*batch.events, strict=True))
    sealed = seal(batch.head.hash, (body.encode() for body in bodies))
    stand = {
        "tenant": batch.tenant,
        "first": batch.head.sequence + 1,
        "last": batch.last_sequence,
        "previous": batch.head.hash,
        "hash": sealed,
        "recorded_at": batch.recorded_at,
        "last_id": batch.minter.mint(),
    }
    await connection.execute(
        APPEND_EVENTS,
        {
            **stand,
            "sequences": sequences,
            "ids": ids,
            "kinds": names,
            "bodies": bodies,
            "actors": actors,
            "subjects": subjects,
        },
    )
    await connection.execute(APPEND_BLOCK, stand)
    await connection.execute(MOVE_HEAD, stand)


LOCK_HEAD = """
select sequence, recorded_at, last_id, hash
from ledger_heads
where tenant_id = %(tenant)s
for no key update
"""

# `%(bodies)b`: an array in text form would have each quotation mark of the JSON escaped, by Python, one by one.
APPEND_EVENTS = """
insert into events (tenant_id, sequence, id, kind, body, recorded_at, actor_key, subject)
select %(tenant)s, sequence, id, kind, body, %(recorded_at)s, actor_key, subject
from unnest(%(sequences)s::bigint[], %(ids)s::uuid[], %(kinds)s::text[], %(bodies)b::text[], %(actors)s::uuid[],
            %(subjects)s::uuid[])
     as told (sequence, id, kind, body, actor_key, subject)
"""

APPEND_BLOCK = """
insert into blocks (tenant_id, first_sequence, last_sequence, previous_hash, hash, recorded_at)
values (%(tenant)s, %(first)s, %(last)s, %(previous)s, %(hash)s, %(recorded_at)s)
"""

MOVE_HEAD = """
update ledger_heads
set sequence = %(last)s, recorded_at = %(recorded_at)s, last_id = %(last_id)s, hash = %(hash)s
where tenant_id = %(tenant)s
"""
