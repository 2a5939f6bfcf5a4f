"""Verifying names the first thing that does not follow, whatever was done behind the guards' back."""

import asyncio

import pytest

from twh_server.ledger.verify import verify


async def fault(stockroom):
    return (await verify(stockroom.database, stockroom.shop.tenant)).fault


def where(sequence):
    return f"tenant_id = %(tenant)s and sequence = {sequence}"


ONE_MOVEMENT = "tenant_id = %(tenant)s and id = (select id from stock_movements where tenant_id = %(tenant)s order by id desc limit 1)"
ONE_ENTRY = "tenant_id = %(tenant)s and kind = 'adjustment'"
LAST_EVENT = "tenant_id = %(tenant)s and sequence = (select sequence from ledger_heads where tenant_id = %(tenant)s)"
LAST_BLOCK = (
    "tenant_id = %(tenant)s and first_sequence = (select max(first_sequence) from blocks where tenant_id = %(tenant)s)"
)
STORE_FLOUR = (
    "tenant_id = %(tenant)s and item_id = (select id from items where tenant_id = %(tenant)s and sku = 'flour')"
)
A_COPY = """
insert into entries
select tenant_id, gen_random_uuid(), 1, kind, reason, reference_type, reference_id, forced, actor_key, actor_name, null,
       occurred_at, recorded_at
from entries
where tenant_id = %(tenant)s and kind = 'adjustment'
"""
ANOTHER_MOVEMENT = """
insert into stock_movements
select tenant_id, gen_random_uuid(), entry_id, line, kind, item_id, location_id, lot, quantity, on_hand_after,
       reserved_after, version_after, occurred_at, recorded_at
from stock_movements
where tenant_id = %(tenant)s
limit 1
"""
NO_ENTRYS_MOVEMENT = """
with added as (
    insert into stock_movements
    select m.tenant_id, gen_random_uuid(), gen_random_uuid(), 0, 'receipt', m.item_id, m.location_id, m.lot, 1,
           l.on_hand + 1, l.reserved, l.version + 1, m.occurred_at, m.recorded_at
    from stock_movements as m
    join stock_levels as l using (tenant_id, item_id, location_id, lot)
    where tenant_id = %(tenant)s
    order by m.id desc
    limit 1
    returning *
)
update stock_levels as l
set on_hand = added.on_hand_after, version = added.version_after
from added
where l.tenant_id = added.tenant_id and l.item_id = added.item_id and l.location_id = added.location_id
"""
SWAPPED = """
update stock_movements as m
set quantity = other.quantity, on_hand_after = other.on_hand_after, version_after = other.version_after
from stock_movements as other, (
    select min(id::text)::uuid as first, max(id::text)::uuid as last
    from stock_movements
    where tenant_id = %(tenant)s
) as pair
where m.tenant_id = %(tenant)s and other.tenant_id = %(tenant)s
  and (m.id, other.id) in ((pair.first, pair.last), (pair.last, pair.first))
"""

DIFFERS = "entry differs from its event"
MOVEMENTS_DIFFER = "movements of an entry differ from its event"
NOT_THE_SUM = "level is not the sum of its movements"

MANIPULATIONS = {
    "a movement's quantity": (
        "stock_movements",
        f"update stock_movements set quantity = quantity + 1 where {ONE_MOVEMENT}",
        MOVEMENTS_DIFFER,
    ),
    "a movement's level": (
        "stock_movements",
        f"update stock_movements set on_hand_after = on_hand_after + 1 where {ONE_MOVEMENT}",
        MOVEMENTS_DIFFER,
    ),
    "a movement's time": (
        "stock_movements",
        f"update stock_movements set occurred_at = occurred_at - interval '1 hour' where {ONE_MOVEMENT}",
        MOVEMENTS_DIFFER,
    ),
    "a movement's time of recording": (
        "stock_movements",
        f"update stock_movements set recorded_at = recorded_at - interval '1 hour' where {ONE_MOVEMENT}",
        MOVEMENTS_DIFFER,
    ),
    "a movement's kind": (
        "stock_movements",
        f"update stock_movements set kind = 'issue' where {ONE_MOVEMENT}",
        MOVEMENTS_DIFFER,
    ),
    "what is late": (
        "stock_movements",
        "update stock_movements set late = false where tenant_id = %(tenant)s and late",
        "movement is late and does not say so",
    ),
    "the count that a movement is offset against": (
        "stock_movements",
        "update stock_movements set counted_in = id where tenant_id = %(tenant)s and counted_in is not null",
        MOVEMENTS_DIFFER,
    ),
    "two movements swapped": ("stock_movements", SWAPPED, MOVEMENTS_DIFFER),
    "a movement deleted": ("stock_movements", f"delete from stock_movements where {ONE_MOVEMENT}", MOVEMENTS_DIFFER),
    "a movement of no entry": ("stock_movements", NO_ENTRYS_MOVEMENT, "movement belongs to no entry"),
    "a movement added": ("stock_movements", ANOTHER_MOVEMENT, MOVEMENTS_DIFFER),
    "an entry deleted": (
        "entries",
        f"delete from entries where {ONE_ENTRY}",
        "entry was told but is not in the ledger",
    ),
    "an entry that nobody was told": ("entries", A_COPY, "entry was never told by an event"),
    "an entry's actor": ("entries", f"update entries set actor_name = 'nobody' where {ONE_ENTRY}", DIFFERS),
    "an entry's reason": ("entries", f"update entries set reason = 'stolen' where {ONE_ENTRY}", DIFFERS),
    "an entry's time": ("entries", f"update entries set occurred_at = '2020-01-01Z' where {ONE_ENTRY}", DIFFERS),
    "an entry's force": ("entries", f"update entries set forced = true where {ONE_ENTRY}", DIFFERS),
    "an event's quantity": (
        "events",
        """update events set body = replace(body, '"-0.125"', '"-0.126"') where tenant_id = %(tenant)s and body like '%%-0.125%%'""",
        "block's hash is not that of its events",
    ),
    "an event that is no JSON": (
        "events",
        f"update events set body = 'nothing' where {where(7)}",
        "event's bytes cannot be read",
    ),
    "an event's kind": (
        "events",
        f"update events set kind = 'item.created' where {LAST_EVENT}",
        "event's kind is not the one in its bytes",
    ),
    "an event's id": (
        "events",
        f"update events set id = gen_random_uuid() where {where(7)}",
        "event's id is not the one in its bytes",
    ),
    "an event's time": (
        "events",
        f"update events set recorded_at = '2020-01-01Z' where {where(7)}",
        "event's time is not the one in its bytes",
    ),
    "an event's actor forged": (
        "events",
        f"update events set actor_key = gen_random_uuid() where {where(7)}",
        "event's actor is not the one in its bytes",
    ),
    "a forced entry hidden from the audit log": (
        "events",
        "update events set subject = null where tenant_id = %(tenant)s and subject is not null and kind = 'entry.recorded'",
        "event's subject is not the one in its bytes",
    ),
    "an ordinary entry put into the audit log": (
        "events",
        f"update events set subject = id where {where(7)}",
        "event's subject is not the one in its bytes",
    ),
    "another subject in the audit log": (
        "events",
        "update events set subject = gen_random_uuid() where tenant_id = %(tenant)s and subject is not null",
        "event's subject is not the one in its bytes",
    ),
    "an event deleted": ("events", f"delete from events where {where(7)}", "event is missing"),
    "the last event deleted": ("events", f"delete from events where {LAST_EVENT}", "events of a block are missing"),
    "a block deleted": ("blocks", f"delete from blocks where {LAST_BLOCK}", "event belongs to no block"),
    "a block's hash": (
        "blocks",
        f"update blocks set hash = sha256(hash) where {LAST_BLOCK}",
        "block's hash is not that of its events",
    ),
    "a block's time": (
        "blocks",
        f"update blocks set recorded_at = '2020-01-01Z' where {LAST_BLOCK}",
        "block's time is not that of its events",
    ),
    "a block's predecessor": (
        "blocks",
        f"update blocks set previous_hash = sha256(hash) where {LAST_BLOCK}",
        "block does not follow the one before",
    ),
    "the head's hash": (
        "ledger_heads",
        "update ledger_heads set hash = sha256(hash) where tenant_id = %(tenant)s",
        "head does not hold the last hash",
    ),
    "the head's number": (
        "ledger_heads",
        "update ledger_heads set sequence = sequence - 1 where tenant_id = %(tenant)s",
        "head is not at the last event",
    ),
    "a level": ("stock_levels", f"update stock_levels set on_hand = on_hand + 1 where {STORE_FLOUR}", NOT_THE_SUM),
    "a level's version": (
        "stock_levels",
        f"update stock_levels set version = version + 1 where {STORE_FLOUR}",
        "level's version is not that of its last movement",
    ),
    "a level's promise": (
        "stock_levels",
        f"update stock_levels set reserved = 1 where {STORE_FLOUR}",
        "level's reserved is not that of its last movement",
    ),
    "a level's count": (
        "stock_levels",
        f"update stock_levels set counted_at = now() where {STORE_FLOUR}",
        "level's time of counting is not that of its last count",
    ),
    "a level's forgotten count": (
        "stock_levels",
        "update stock_levels set counted_at = null where tenant_id = %(tenant)s and counted_at is not null",
        "level's time of counting is not that of its last count",
    ),
    "a level's last occurrence": (
        "stock_levels",
        f"update stock_levels set last_occurred_at = '2020-01-01Z' where {STORE_FLOUR}",
        "level's last occurrence is not that of its movements",
    ),
    "a level's time of change": (
        "stock_levels",
        f"update stock_levels set updated_at = now() where {STORE_FLOUR}",
        "level's time of change is not that of its last movement",
    ),
    "a level deleted": ("stock_levels", f"delete from stock_levels where {STORE_FLOUR}", NOT_THE_SUM),
}


async def test_a_busy_ledger_passes(busy, shop):
    verification = await verify(busy.database, shop.tenant)
    ((last,),) = await busy.rows("select sequence from ledger_heads where tenant_id = %(tenant)s")

    assert (verification.ok, verification.fault) == (True, None)
    assert (verification.events, verification.last_sequence) == (last, last)
    assert (verification.entries, verification.movements, verification.levels) == (15, 18, 3)


async def test_the_digest_is_the_hash_of_the_newest_block(busy, shop):
    ((head,),) = await busy.rows("select hash from ledger_heads where tenant_id = %(tenant)s")

    assert (await verify(busy.database, shop.tenant)).digest == head.hex()


async def test_an_empty_ledger_passes(database, other_shop):
    verification = await verify(database, other_shop.tenant)

    assert (verification.ok, verification.events, verification.digest) == (True, 0, None)


@pytest.mark.parametrize("manipulation", MANIPULATIONS.values(), ids=MANIPULATIONS)
async def test_a_manipulation_is_named(busy, tamper, manipulation):
    table, statement, what = manipulation
    await tamper(table, statement)
    found = await fault(busy)

    assert found is not None
    assert found.what == what


async def test_the_fault_says_where_and_what_was_expected(busy, tamper):
    await tamper("stock_levels", f"update stock_levels set on_hand = 7 where {STORE_FLOUR}")
    level = await busy.level("flour", "STORE")
    found = await fault(busy)

    assert found.where == f"level of {level.item.id} at {level.location.id}"
    assert (found.expected, found.found) == ("5.375", "7")


async def test_the_first_fault_is_named(busy, tamper):
    await tamper("stock_levels", f"update stock_levels set on_hand = 7 where {STORE_FLOUR}")
    await tamper("events", f"delete from events where {where(7)}")

    assert (await fault(busy)).where == "event 7"


async def test_after_a_fault_the_connections_serve_others(busy, tamper, shop):
    await tamper("events", f"delete from events where {where(2)}")
    await asyncio.gather(*(fault(busy) for _ in range(20)))

    assert await busy.on_hand("flour", "STORE") == "5.375"


async def test_another_tenants_fault_is_not_ours(busy, tamper, other_shop):
    await tamper("events", f"delete from events where {where(2)}")

    assert (await verify(busy.database, other_shop.tenant)).ok


async def test_verifying_reads_one_moment_while_writers_write(busy, shop):
    async def write():
        for _ in range(30):
            await busy.receive("apples", 1)

    async def look():
        return [(await verify(busy.database, shop.tenant)).fault for _ in range(5)]

    _, faults = await asyncio.gather(write(), look())

    assert faults == [None] * 5
