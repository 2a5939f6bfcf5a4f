"""The audit: reads the database behind everyone's back, and holds it against the oracle after every burst."""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import psycopg
from asked import Json
from oracle import Oracle
from world import Mismatch, time_of

from twh_server.database.engine import constant
from twh_server.database.identifiers import ITEM, KEY, LOCATION

Superuser = psycopg.AsyncConnection[tuple[Any, ...]]
NOBODY = UUID(int=0)


@dataclass(kw_only=True)
class Audit:
    """What has been looked at so far: nothing of it can change any more, so only what is new is read."""

    superuser: Superuser
    tenant: UUID
    oracle: Oracle
    sequence: int = 0
    sealed: int = 0
    seal: bytes = bytes(32)
    newest_event: UUID = NOBODY
    newest_movement: UUID = NOBODY
    sums: dict[tuple[str, str], Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    movements: int = 0
    bodies: list[bytes] = field(default_factory=list[bytes])

    async def hold(self) -> None:
        """Feed, blocks, movements, levels and keys are what they have to be. Raises Mismatch."""
        await self._feed()
        await self._blocks()
        await self._movements()
        await self._levels()
        ((keys,),) = await self._rows("select count(*) from idempotency_keys where tenant_id = %(tenant)s")
        _expect("keys", len(self.oracle.answered), keys)

    async def hold_catalogue(self) -> None:
        """Items and locations are what was told of them, too."""
        world = self.oracle.world
        items = await self._rows("select id, sku, name, version, archived_at from items where tenant_id = %(tenant)s")
        _expect("items", _short(world.items, "sku"), {ITEM.text(row[0]): row[1:] for row in items})
        places = await self._rows(
            "select id, code, name, version, archived_at from locations where tenant_id = %(tenant)s"
        )
        _expect("locations", _short(world.locations, "code"), {LOCATION.text(row[0]): row[1:] for row in places})

    async def kept(self, keys: list[str]) -> set[str]:
        """Those of the keys under which something was committed."""
        rows = await self._rows(
            "select key from idempotency_keys where tenant_id = %(tenant)s and key = any(%(keys)s)", keys=keys
        )
        return {key for (key,) in rows}

    async def _feed(self) -> None:
        """What happened is told once, in order, without a gap, and nothing else is."""
        rows = await self._rows(
            """
            select sequence, id, kind, body, actor_key, subject
            from events
            where tenant_id = %(tenant)s and sequence > %(sequence)s
            order by sequence
            """,
            sequence=self.sequence,
        )
        expected = self.oracle.world.events[self.sequence :]
        for (sequence, event_id, kind, body, actor_key, _), wanted in zip(rows, expected, strict=False):
            told: Json = json.loads(body)
            told.pop("id")
            _expect(f"event {sequence}", wanted, told)
            _expect(f"event {sequence}", (wanted["sequence"], wanted["type"]), (sequence, kind))
            _expect(f"actor of event {sequence}", wanted["actor"]["key"], KEY.text(actor_key))
            if event_id <= self.newest_event:
                raise Mismatch(f"the id of event {sequence} is not later than the one before")
            self.newest_event = event_id
            self.bodies.append(body.encode())
        _expect("events", len(self.oracle.world.events), self.sequence + len(rows))
        self.sequence += len(rows)

    async def _blocks(self) -> None:
        """Every event is in one block, and every block is the hash of the one before and of its events."""
        rows = await self._rows(
            """
            select first_sequence, last_sequence, previous_hash, hash
            from blocks
            where tenant_id = %(tenant)s and first_sequence > %(sealed)s
            order by first_sequence
            """,
            sealed=self.sealed,
        )
        for first, last, previous, stored in rows:
            _expect("beginning of a block", (self.sealed + 1, self.seal), (first, previous))
            bodies, self.bodies = self.bodies[: last - first + 1], self.bodies[last - first + 1 :]
            framed = b"".join(len(body).to_bytes(8, "big") + body for body in bodies)
            self.sealed, self.seal = last, hashlib.sha256(previous + framed).digest()
            _expect(f"hash of block {first}", self.seal, stored)
        _expect("sealed events", self.sequence, self.sealed)
        heads = await self._rows("select sequence, hash from ledger_heads where tenant_id = %(tenant)s")
        _expect("head", [(self.sequence, self.seal)], heads)

    async def _movements(self) -> None:
        rows = await self._rows(
            """
            select id, item_id, location_id, quantity
            from stock_movements
            where tenant_id = %(tenant)s and id > %(newest)s
            order by id
            """,
            newest=self.newest_movement,
        )
        for movement_id, item_id, location_id, quantity in rows:
            self.sums[ITEM.text(item_id), LOCATION.text(location_id)] += _fraction(quantity)
            self.newest_movement = movement_id
        self.movements += len(rows)
        ((entries, movements),) = await self._rows(
            """
            select (select count(*) from entries where tenant_id = %(tenant)s),
                   (select count(*) from stock_movements where tenant_id = %(tenant)s)
            """
        )
        told = self.oracle.world.entries
        _expect("entries", len(told), entries)
        _expect(
            "movements", (self.movements, sum(len(entry["movements"]) for entry in told.values())), (movements,) * 2
        )

    async def _levels(self) -> None:
        """Every level is what the oracle says, and the sum of its movements."""
        rows = await self._rows(
            """
            select item_id, location_id, on_hand, version, counted_at, last_occurred_at, updated_at, reserved, lot
            from stock_levels
            where tenant_id = %(tenant)s
            """
        )
        found = {(ITEM.text(row[0]), LOCATION.text(row[1])): (_fraction(row[2]), *row[3:]) for row in rows}
        expected = {
            key: (level.on_hand, level.version, level.counted_at, level.last_occurred_at, level.updated_at, 0, "")
            for key, level in self.oracle.world.levels.items()
        }
        _expect("levels", expected, found)
        _expect("sums", dict(self.sums), {key: row[0] for key, row in found.items()})

    async def _rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        cursor = await self.superuser.execute(constant(sql), {"tenant": self.tenant, **values})
        return await cursor.fetchall()


def _short(things: dict[str, Json], called: str) -> dict[str, tuple[Any, ...]]:
    return {
        thing["id"]: (
            thing[called],
            thing["name"],
            thing["version"],
            thing["archived_at"] and time_of(thing["archived_at"]),
        )
        for thing in things.values()
    }


def _fraction(quantity: Decimal) -> Fraction:
    return Fraction(quantity)


def _expect(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise Mismatch(f"{what}:\n expected {expected}\n    found {found}")
