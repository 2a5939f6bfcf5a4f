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
from functools import cache
from typing import Any

import msgspec

from twh_server.database.asking import as_json, asked
from twh_server.database.engine import SET_TENANT, Connection, Row, constant
from twh_server.database.identifiers import EVENT, KEY, EventId, Minter, TenantId
from twh_server.events import kinds
from twh_server.events.kinds import EventActor, News
from twh_server.journal import append, keys
from twh_server.journal.append import Head, Told
from twh_server.journal.commands import Actor, Answer, Effects, Facts, Moment, Read, Submission, Write
from twh_server.refusals import Refusal

TOGETHER = 4
"""Statements of this rank and above go to the database as one: none of them looks at what another writes."""

AT_LEAST = timedelta(microseconds=1)
"""By so much a batch is later than the one before it: what changed since a moment can be told without doubt."""

STRETCH_LINES_MAX = 100
"""So many lines are decided before everybody else in the process has a turn."""

Outcome = Answer | BaseException
Submissions = Sequence[Submission[Any]]


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
    rows: dict[Write, list[msgspec.Struct]] = field(default_factory=dict[Write, list[msgspec.Struct]])
    events: list[Told] = field(default_factory=list[Told])

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
            if answer.told_by_event:
                answer = msgspec.structs.replace(answer, body=effects.news[0].data)
        except Refusal as refusal:
            effects, answer = Effects(result=None), submission.refuse(refusal)
        told = self._told(effects.news, submission.actor)
        event = told[0].body if answer.told_by_event else None
        row = keys.answered(submission.key, submission.digest, answer, moment.sequence) if submission.key else None
        # What could fail is behind us: a command enters the batch with all of its effects, or with none.
        self._enter(effects, told)
        if row:
            self._remember(row, event)
        return answer

    def _told(self, news: Sequence[News], actor: Actor | None) -> list[Told]:
        """The events of a command, numbered behind those of the batch."""
        told: list[Told] = []
        who = EventActor(KEY.text(actor.key), actor.name) if actor else None
        for sequence, one in enumerate(news, self.last_sequence + 1):
            event_id = EventId(self.minter.mint())
            body = kinds.encode(
                one, event_id=EVENT.text(event_id), timestamp=self.recorded_at, sequence=sequence, actor=who
            )
            row = Told(
                sequence=sequence,
                id=event_id,
                kind=one.kind,
                body=body.decode(),
                actor_key=actor.key if actor else None,
                subject=one.subject,
            )
            told.append(row)
        return told

    def _enter(self, effects: Effects[Any], told: Sequence[Told]) -> None:
        for write, row in effects.rows:
            self.rows.setdefault(write, []).append(row)
        for index, key, value in effects.known:
            self.facts.of(index)[key] = value
        self.events += told

    def _remember(self, row: keys.Answered, event: str | None) -> None:
        self.rows.setdefault(keys.REMEMBER, []).append(row)
        self.known[row.key] = row.remembered(event)


async def _read(
    connection: Connection, pipeline: Any, tenant: TenantId, submissions: Submissions
) -> tuple[Head, dict[str, keys.Remembered], Facts]:
    await connection.execute("begin")
    await connection.execute(SET_TENANT, (str(tenant),))
    locked = await connection.execute(LOCK_HEAD, {"tenant": tenant})
    wanted_keys = list({(submission.key,): None for submission in submissions if submission.key})
    found = await connection.execute(keys.FIND, asked(keys.FIND, tenant, wanted_keys)) if wanted_keys else None
    reading = [
        (read, await connection.execute(constant(read.sql), asked(read.sql, tenant, wanted)))
        for read, wanted in _wanted(submissions)
    ]
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


async def _write(connection: Connection, batch: Decided) -> None:
    if batch.events:
        batch.rows |= append.rows(batch.head, batch.events, last_id=batch.minter.mint())
    by_rank = sorted(batch.rows, key=lambda write: write.rank)
    given: dict[str, object] = {"tenant": batch.tenant, "recorded_at": batch.recorded_at}
    last = [write for write in by_rank if write.rank >= TOGETHER]
    for write in by_rank:
        if write.rank < TOGETHER:
            await connection.execute(constant(write.sql), {**given, "rows": _rows(write, batch)})
    if last:
        rows = {f"rows_{number}": _rows(write, batch) for number, write in enumerate(last)}
        await connection.execute(constant(_joined(tuple(last))), {**given, **rows})
    await connection.execute("commit")


def _rows(write: Write, batch: Decided) -> str:
    """The rows of a statement, as it reads them."""
    rows = batch.rows[write]
    if write.key is not None:
        rows = list({tuple([getattr(row, name) for name in write.key]): row for row in rows}.values())
    return as_json(rows)


@cache
def _joined(writes: tuple[Write, ...]) -> str:
    """Several statements as one, which is sent, planned and answered once. None of them sees what another writes."""
    *first, last = [write.sql.replace("%(rows)s", f"%(rows_{number})s") for number, write in enumerate(writes)]
    parts = [f"part_{number} as (\n{sql.strip()}\n)" for number, sql in enumerate(first)]
    return f"with {', '.join(parts)}\n{last.strip()}\n" if parts else last


LOCK_HEAD = """
select sequence, recorded_at, last_id, hash
from ledger_heads
where tenant_id = %(tenant)s
for no key update
"""
