"""One life: a tenant that begins with nothing, is asked thousands of things in bursts, and is watched all the while.

A burst is what arrives at once, so it is one batch, or a few. Now and then the wire is cut in the middle of it, a
caller goes away, or a command with a bug stands among the others. What nobody knows then is settled as a client does
it: the same request with the same key, at once or some time later.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast
from uuid import UUID

from asked import Request, Told
from audit import Audit, Superuser
from catalogue_rules import SETTINGS
from chance import Customer
from desk import Desk, open_desk
from oracle import Oracle
from psycopg.errors import DivisionByZero
from wire import PLACES, Cut, Wire
from world import Mismatch, World

from twh_server.access.keys import create_key
from twh_server.access.scopes import ALL_SCOPES
from twh_server.access.sealing import Sealer
from twh_server.access.tenants import create_tenant
from twh_server.app import open_rooms
from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, TENANT
from twh_server.events.bell import Bell
from twh_server.journal.refusals import Overloaded, Unavailable
from twh_server.journal.writer import Writer
from twh_server.ledger.verify import verify

NAME = "simulation"
BEGINNING = datetime(2100, 1, 1, 12, tzinfo=UTC)
"""Later than any tenant was opened: from there on, time is what the simulation says."""
BURSTS = (*(1, 2, 5, 12, 30, 60) * 3, 1, 120, 120, 300, 700)
"""How many requests come at once; the largest are more than one batch."""
ROUNDS = 4
CUT_OFTEN, GONE_OFTEN, FAULTY_OFTEN, VERIFIED_OFTEN = 0.15, 0.1, 0.1, 0.02


class Failed(Exception):
    """What happened is not what has to happen. The message says it all."""


@dataclass(kw_only=True)
class Seen:
    """What has happened in a life: proof that it was eventful."""

    requests: int = 0
    bursts: int = 0
    cuts: int = 0
    settled: int = 0
    """Requests whose answer was lost, and which were answered when they were sent again."""
    statuses: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(kw_only=True)
class Life:
    """One tenant, two server processes, one wire."""

    seed: int
    wire: Wire
    superuser: Superuser
    chance: Random
    clock: datetime = BEGINNING
    seen: Seen = field(default_factory=Seen)
    desks: list[Desk] = field(default_factory=list[Desk])
    waiting: list[Request] = field(default_factory=list[Request])
    """What was not committed and will be asked again."""

    async def live(self, database: Database, requests: int) -> None:
        """Live until so many requests were answered. Raises Failed."""
        await self._open(database)
        try:
            await self._burst(self.customer.foundation())
            while self.seen.requests < requests or self.waiting:
                await self._burst(self._coming(requests))
                if self.chance.random() < VERIFIED_OFTEN:
                    await self._verify(database)
            await self._verify(database)
        finally:
            for desk in self.desks:
                await desk.rooms.writer.close()

    async def _open(self, database: Database) -> None:
        async with database.transaction() as tx:
            tenant = await create_tenant(tx, name=NAME, kind="sandbox")
            key = await create_key(tx, tenant, name=NAME, scopes=ALL_SCOPES)
        tenant_id, key_id = TENANT.parse(tenant.id), KEY.parse(key.id)
        assert tenant_id
        assert key_id
        for _ in range(2):
            bell = Bell()
            writer = Writer(database, bell, clock=lambda: self.clock)
            rooms = open_rooms(database, bell, Sealer(bytes(32)), writer=writer)
            self.desks.append(open_desk(rooms, tenant_id, key_id, NAME))
        settings = {**SETTINGS, "version": 0, "etag": '"se0"', "updated_at": None}
        actor = {"key": key.id, "name": NAME}
        self.oracle = Oracle(
            world=World(tenant=tenant.id, actor=actor, now=BEGINNING, recorded_at=BEGINNING, settings=settings)
        )
        self.customer = Customer(chance=self.chance, world=self.oracle.world, clock=self.clock)
        self.audit = Audit(superuser=self.superuser, tenant=UUID(int=tenant_id.int), oracle=self.oracle)

    def _coming(self, requests: int) -> list[Request]:
        """What comes next: new requests, and among them some that were not committed before."""
        size = min(self.chance.choice(BURSTS), max(requests - self.seen.requests, 0))
        coming = [self.customer.request() for _ in range(size)]
        if self.waiting and (not coming or self.chance.random() < 0.7):
            for request in self.waiting:
                coming.insert(self.chance.randint(0, len(coming)), request)
            self.waiting = []
        return coming

    async def _burst(self, requests: list[Request]) -> None:
        """Ask all at once, settle what nobody knows, and look at everything."""
        self._pass_time()
        rough = self.chance.random() < CUT_OFTEN
        gone = self.chance.random() < GONE_OFTEN
        if rough or gone:
            # Each key once: of two, nobody could tell which one it was that came through.
            keyed = [self.customer.keyed(request) for request in reversed(requests)]
            requests = list({request.key: request for request in keyed}.values())[::-1]
        if rough:
            self.wire.arm(Cut(round=self.chance.randint(1, ROUNDS), where=self.chance.choice(PLACES)))
        desk = self.chance.choice(self.desks)
        answers = await self._answers(desk, requests, gone=gone)
        self.seen.cuts += self.wire.disarm() if rough else 0
        again = await self._settle(requests, answers)
        for number, request in enumerate(requests):
            self.seen.requests += 1
            told = answers[number]
            if not isinstance(told, Told):
                continue
            try:
                self.oracle.take(request, told, again=number in again)
            except Mismatch as mismatch:
                raise Failed(f"{request}\nwas told {told}\n{mismatch}") from mismatch
            self.seen.statuses[_sort(told)] = self.seen.statuses.get(_sort(told), 0) + 1
        self.seen.bursts += 1
        try:
            await self.audit.hold()
        except Mismatch as mismatch:
            raise Failed(f"after a burst of {len(requests)} requests, {mismatch}") from mismatch

    async def _answers(self, desk: Desk, requests: list[Request], *, gone: bool) -> list[Told | BaseException]:
        """What each was told. Tasks begin in the order in which they are made, and so the commands stand in line."""
        asking = [desk.ask(request) for request in requests]
        faulty = [desk.fail(unwritable=self.chance.random() < 0.5) for _ in range(self._faults())]
        standing: list[Coroutine[Any, Any, Told | None]] = [*asking]
        for fault in faulty:
            standing.insert(self.chance.randint(0, len(standing)), fault)
        tasks = {coroutine: asyncio.create_task(coroutine) for coroutine in standing}
        # The last one stays: when it is answered, nothing is under way any more.
        leaving = [tasks[coroutine] for coroutine in asking[:-1] if gone and self.chance.random() < 0.2]
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        for outcome in await asyncio.gather(*(tasks[fault] for fault in faulty), return_exceptions=True):
            if not isinstance(outcome, Unavailable | Overloaded | ZeroDivisionError | DivisionByZero):
                raise Failed(f"a command with a bug was answered with {outcome!r}")
        answers = await asyncio.gather(*(tasks[coroutine] for coroutine in asking), return_exceptions=True)
        return cast("list[Told | BaseException]", answers)

    def _faults(self) -> int:
        return self.chance.choice((1, 1, 3)) if self.chance.random() < FAULTY_OFTEN else 0

    async def _settle(self, requests: list[Request], answers: list[Told | BaseException]) -> set[int]:
        """Ask again what was committed unheard; what was not, and what found the queue full, is kept for later.

        Answers the places of the former.
        """
        refused = {number for number, told in enumerate(answers) if isinstance(told, Overloaded)}
        lost = [number for number, told in enumerate(answers) if not isinstance(told, Told) and number not in refused]
        for number in lost:
            if not isinstance(answers[number], Unavailable | asyncio.CancelledError):
                raise Failed(f"{requests[number]}\nwas answered with {answers[number]!r}")
        kept = await self.audit.kept([requests[number].key or "" for number in lost])
        again = {number for number in lost if requests[number].key in kept}
        for number in self.chance.sample(sorted(again), len(again)):
            answers[number] = await self.chance.choice(self.desks).ask(requests[number])
        self.waiting += [requests[number] for number in sorted({*lost, *refused} - again)]
        self.seen.settled += len(again)
        return again

    def _pass_time(self) -> None:
        """The clock of a host goes on, stands, leaps, and now and then goes back; recorded time never does."""
        step = self.chance.choice((0, 1, 1, 1, 30, 600, 7_200, 172_800, -60, -7_200))
        self.clock = max(self.clock + timedelta(seconds=step), BEGINNING)
        self.oracle.world.now = max(self.oracle.world.recorded_at, self.clock)
        self.customer.clock = self.clock

    async def _verify(self, database: Database) -> None:
        """What the ledger says of itself."""
        verification = await verify(database, self.desks[0].access.tenant)
        if not verification.ok:
            raise Failed(f"verify: {verification.fault}")
        try:
            await self.audit.hold_catalogue()
        except Mismatch as mismatch:
            raise Failed(str(mismatch)) from mismatch


def _sort(told: Told) -> str:
    return f"{told.status}" + (" again" if told.replayed else "")
