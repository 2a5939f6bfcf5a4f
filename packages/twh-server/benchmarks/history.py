"""A long history of a shop, loaded by a fast path: neither HTTP nor the book has seen it, everything else is as always.

The journal's own code makes the ids, the events and the seals, so `verify` accepts what is loaded. The rows come by COPY, as
superuser, since COPY knows no row security; every index is kept up, every foreign key, check and trigger is in force.
Chunks are committed as they come, so a load that was ended goes on where it was.
"""

import random
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from shops import LOCATION, STOCKED_QUANTITY, Shop
from twh_server.catalogue.items import ItemRef
from twh_server.catalogue.locations import LocationRef
from twh_server.database.engine import constant
from twh_server.database.identifiers import (
    ENTRY,
    EVENT,
    ITEM,
    KEY,
    MOVEMENT,
    EntryId,
    EventId,
    ItemId,
    LocationId,
    Minter,
    MovementId,
)
from twh_server.database.identifiers import LOCATION as PLACE
from twh_server.events import kinds
from twh_server.events.kinds import EventActor, News
from twh_server.journal.seal import seal
from twh_server.journal.versions import etag
from twh_server.ledger.entries import Actor, Entry, Level, Movement
from twh_server.ledger.levels import TAG

BLOCK_ENTRIES = 100
CHUNK_ENTRIES = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From when to when a history goes, and how many entries of one movement it has."""

    entries: int
    begins: datetime
    ends: datetime

    def at(self, number: int) -> datetime:
        """When an entry is recorded: evenly spread, a block at a time."""
        return self.begins + (self.ends - self.begins) * ((number - number % BLOCK_ENTRIES + 1) / (self.entries + 1))


def load(superuser: str, shop: Shop, span: Span, *, tell: Callable[[int], None]) -> None:
    """Bring a shop that was just stocked to the end of a span; `tell` is told how many entries there are by now."""
    with psycopg.connect(superuser, autocommit=True) as connection, ThreadPoolExecutor(1) as thread:
        teller = _Teller.going_on(connection, shop, span)
        chunk = teller.next_chunk()
        while chunk.entries:
            # While PostgreSQL writes one chunk, the next is made.
            writing = thread.submit(chunk.write, connection)
            chunk = teller.next_chunk()
            writing.result()
            tell(teller.told - chunk.entries)


@dataclass(kw_only=True, slots=True)
class _Chunk:
    """Rows that are committed together, as COPY reads them."""

    tenant: UUID
    rows: dict[str, list[str]] = field(default_factory=lambda: {table: list[str]() for table in COPIED})
    levels: dict[UUID, tuple[int, datetime]] = field(default_factory=dict[UUID, tuple[int, datetime]])
    head: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def entries(self) -> int:
        return len(self.rows["entries"])

    def write(self, connection: psycopg.Connection[Any]) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            for table, columns in COPIED.items():
                with cursor.copy(constant(f"copy {table} ({columns}) from stdin")) as copy:
                    copy.write("".join(self.rows[table]).encode())
            items, moved, times = list(self.levels), *zip(*self.levels.values(), strict=True)
            cursor.execute(
                MOVE_LEVELS,
                {
                    "tenant": self.tenant,
                    "stocked": STOCKED_QUANTITY,
                    "items": items,
                    "moved": list(moved),
                    "times": list(times),
                },
            )
            cursor.execute(MOVE_HEAD, {"tenant": self.tenant, **self.head})


class _Teller:
    """Tells a history: one movement after the other, of all items in turn, one of each received."""

    def __init__(self, shop: Shop, span: Span, items: Sequence[tuple[ItemId, str]], location: LocationId) -> None:
        self._shop, self._span = shop, span
        self._items = [(item, ItemRef(ITEM.text(item), sku)) for item, sku in items]
        # Neighbours in time are no neighbours in an index of items.
        random.Random(len(items)).shuffle(self._items)
        self._location, self._place = location, LocationRef(PLACE.text(location), LOCATION)
        self._actor = Actor(KEY.text(shop.actor.key), shop.actor.name)
        self.told = 0
        self._sequence, self._hash, self._last_id = 0, b"", UUID(int=0)

    @classmethod
    def going_on(cls, connection: psycopg.Connection[Any], shop: Shop, span: Span) -> "_Teller":
        """Where the tenant's ledger stands."""
        tenant = {"tenant": shop.tenant}
        items = connection.execute("select id, sku from items where tenant_id = %(tenant)s order by sku", tenant)
        location = connection.execute("select id from locations where tenant_id = %(tenant)s", tenant).fetchone()
        head = connection.execute(HEAD, tenant).fetchone()
        assert location
        assert head
        teller = cls(shop, span, items.fetchall(), location[0])
        teller._sequence, teller._hash, teller._last_id, teller.told = head
        return teller

    def next_chunk(self) -> _Chunk:
        """The next rows; none when all is told."""
        chunk = _Chunk(tenant=self._shop.tenant)
        until = min(self.told + CHUNK_ENTRIES, self._span.entries)
        while self.told < until:
            self._block(chunk, min(BLOCK_ENTRIES, until - self.told))
        return chunk

    def _block(self, chunk: _Chunk, count: int) -> None:
        at, first, previous = self._span.at(self.told), self._sequence + 1, self._hash
        minter = Minter(at=at, after=self._last_id)
        self._hash = seal(previous, [self._entry(chunk, minter, at) for _ in range(count)])
        self._last_id = minter.mint()
        columns = (self._shop.tenant.hex, first, self._sequence, _bytes(previous), _bytes(self._hash), at)
        chunk.rows["blocks"].append(_row(*columns))
        chunk.head = {"sequence": self._sequence, "at": at, "last_id": self._last_id, "hash": self._hash}

    def _entry(self, chunk: _Chunk, minter: Minter, at: datetime) -> bytes:
        """Tell one entry; answers the bytes of its event."""
        rounds, place = divmod(self.told, len(self._items))
        item_id, item = self._items[place]
        on_hand, version = STOCKED_QUANTITY + rounds + 1, rounds + 2
        self.told += 1
        self._sequence += 1
        entry_id, movement_id, event_id = EntryId(minter.mint()), MovementId(minter.mint()), EventId(minter.mint())
        entry = self._shown(entry_id, movement_id, item, on_hand, version, at)
        actor = self._shop.actor
        body = kinds.encode(
            News(kind="entry.recorded", data=msgspec.json.encode(entry)),
            event_id=EVENT.text(event_id),
            timestamp=at,
            sequence=self._sequence,
            actor=EventActor(self._actor.key, self._actor.name),
        )
        rows, tenant, entry_hex = chunk.rows, self._shop.tenant.hex, entry_id.hex
        rows["entries"].append(
            f"{tenant}\t{entry_hex}\t{self._sequence}\treceipt\tf\t{actor.key.hex}\t{actor.name}\t{at}\t{at}\n"
        )
        rows["stock_movements"].append(
            f"{tenant}\t{movement_id.hex}\t{entry_hex}\t0\treceipt\t{item_id.hex}\t{self._location.hex}\t\t1\t{on_hand}"
            f"\t0\t{version}\tf\t{at}\t{at}\n"
        )
        escaped = body.decode().replace("\\", "\\\\")
        rows["events"].append(
            f"{tenant}\t{self._sequence}\t{event_id.hex}\tentry.recorded\t{escaped}\t{at}\t{actor.key.hex}\n"
        )
        headers = f'{{"Location":"/v1/entries/{entry.id}"}}'
        rows["idempotency_keys"].append(
            f"{tenant}\t{secrets.token_hex(16)}\t{_bytes(secrets.token_bytes(32))}\t201\t{headers}\t{self._sequence}\t{at}\n"
        )
        chunk.levels[item_id] = (rounds + 1, at)
        return body

    def _shown(
        self, entry_id: EntryId, movement_id: MovementId, item: ItemRef, on_hand: int, version: int, at: datetime
    ) -> Entry:
        movement = Movement(
            id=MOVEMENT.text(movement_id),
            line=0,
            item=item,
            location=self._place,
            lot=None,
            quantity="1",
            on_hand_after=str(on_hand),
            reserved_after="0",
            version_after=version,
        )
        level = Level(
            item=item,
            location=self._place,
            lot=None,
            on_hand=str(on_hand),
            reserved="0",
            available=str(on_hand),
            version=version,
            etag=etag(TAG, version),
            updated_at=at,
        )
        return Entry(
            id=ENTRY.text(entry_id),
            sequence=self._sequence,
            kind="receipt",
            reason=None,
            reference=None,
            forced=False,
            actor=self._actor,
            occurred_at=at,
            recorded_at=at,
            reverses=None,
            reversed_by=None,
            movements=[movement],
            levels=[level],
        )


def _row(*columns: object) -> str:
    return "\t".join(map(str, columns)) + "\n"


def _bytes(value: bytes) -> str:
    return f"\\\\x{value.hex()}"


COPIED: dict[str, str] = {
    "entries": "tenant_id, id, sequence, kind, forced, actor_key, actor_name, occurred_at, recorded_at",
    "stock_movements": "tenant_id, id, entry_id, line, kind, item_id, location_id, lot, quantity, on_hand_after, "
    "reserved_after, version_after, late, occurred_at, recorded_at",
    "events": "tenant_id, sequence, id, kind, body, recorded_at, actor_key",
    "blocks": "tenant_id, first_sequence, last_sequence, previous_hash, hash, recorded_at",
    "idempotency_keys": "tenant_id, key, digest, status, headers, sequence, recorded_at",
}
"""The tables in the order of their references, and the columns of each that are not null."""

# A shop is stocked without keys, and every entry that is loaded has one.
HEAD = """
select sequence, hash, last_id, (select count(*) from idempotency_keys where tenant_id = %(tenant)s)
from ledger_heads
where tenant_id = %(tenant)s
"""

MOVE_LEVELS = """
update stock_levels as s
set on_hand = %(stocked)s + moved, version = 1 + moved, last_occurred_at = at, updated_at = at
from unnest(%(items)s::uuid[], %(moved)s::bigint[], %(times)s::timestamptz[]) as m (item, moved, at)
where s.tenant_id = %(tenant)s and s.item_id = m.item
"""

MOVE_HEAD = """
update ledger_heads
set sequence = %(sequence)s, recorded_at = %(at)s, last_id = %(last_id)s, hash = %(hash)s
where tenant_id = %(tenant)s
"""
