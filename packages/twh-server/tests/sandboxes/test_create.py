"""A sandbox begins with a believable shop, and every bit of it went through the ledger."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from twh_server.access.keys import Keys
from twh_server.access.scopes import SANDBOX_SCOPES
from twh_server.database.identifiers import TENANT
from twh_server.events.bell import Bell
from twh_server.journal.commands import Actor
from twh_server.journal.writer import Writer
from twh_server.ledger.verify import verify
from twh_server.sandboxes.create import create_sandbox
from twh_server.sandboxes.seed import DAYS, RUNNING_OUT, story
from twh_server.sandboxes.shop import LOCATIONS, WARES, ean13, items


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox(database):

    writer = Writer(database, Bell())
    yield await create_sandbox(database, writer, name="Ann's sandbox")
    await writer.close()


async def rows(database, sandbox, sql):
    tenant = TENANT.parse(sandbox.tenant.id)
    return await database.read(tenant, sql, {"tenant": tenant})


async def test_its_key_may_do_everything_but_administer(database, sandbox):
    access = await Keys(database).find(sandbox.key.secret)

    assert access.scopes == SANDBOX_SCOPES
    assert TENANT.text(access.tenant) == sandbox.tenant.id
    assert (sandbox.tenant.name, sandbox.tenant.kind) == ("Ann's sandbox", "sandbox")


async def test_its_ledger_verifies(database, sandbox):
    verification = await verify(database, TENANT.parse(sandbox.tenant.id))

    assert verification.ok
    assert verification.entries > 150
    assert 300 < verification.movements < 600


async def test_every_level_is_the_sum_of_its_movements_and_none_is_negative(database, sandbox):
    levels = await rows(
        database,
        sandbox,
        """
        select l.on_hand, sum(m.quantity)
        from stock_levels as l
        join stock_movements as m using (tenant_id, item_id, location_id, lot)
        where l.tenant_id = %(tenant)s
        group by l.tenant_id, l.item_id, l.location_id, l.lot, l.on_hand
        """,
    )

    assert len(levels) > 50
    assert all(on_hand == total >= 0 for on_hand, total in levels)


async def test_all_kinds_of_entries_are_there_to_look_at(database, sandbox):
    kinds = Counter(
        kind for (kind,) in await rows(database, sandbox, "select kind from entries where tenant_id = %(tenant)s")
    )

    assert kinds["issue"] > 100
    assert kinds["count"] == len(LOCATIONS)
    assert kinds["reversal"] == 1
    assert kinds.keys() == {"receipt", "issue", "return", "adjustment", "transfer", "count", "reversal"}


async def test_weeks_lie_behind_it(database, sandbox):
    [(oldest, newest)] = await rows(
        database, sandbox, "select min(occurred_at), max(occurred_at) from entries where tenant_id = %(tenant)s"
    )

    now = datetime.now(UTC)
    assert timedelta(days=DAYS - 1) < now - oldest < timedelta(days=DAYS + 1)
    assert newest <= now


async def test_something_runs_out(database, sandbox):
    below = await rows(
        database,
        sandbox,
        """
        select i.sku
        from items as i
        join stock_levels as l on l.tenant_id = i.tenant_id and l.item_id = i.id
        where i.tenant_id = %(tenant)s
        group by i.sku, i.reorder_point
        having sum(l.on_hand) <= i.reorder_point
        """,
    )
    news = await rows(
        database, sandbox, "select count(*) from events where tenant_id = %(tenant)s and kind = 'stock.low'"
    )

    assert (RUNNING_OUT,) in below
    assert news[0][0] > 5


async def test_what_was_booked_twice_is_reversed(database, sandbox):
    [(kind, reason, times)] = await rows(
        database,
        sandbox,
        """
        select o.kind, r.reason, (
            select count(*) from entries as e where e.tenant_id = o.tenant_id and e.reference_id = o.reference_id
        )
        from entries as r
        join entries as o on o.tenant_id = r.tenant_id and o.id = r.reverses
        where r.tenant_id = %(tenant)s
        """,
    )

    assert (kind, reason, times) == ("receipt", "booked twice", 3)


async def test_two_sandboxes_tell_the_same_story_and_share_nothing(database, writer, sandbox):
    other = await create_sandbox(database, writer)
    on_hand = """
        select i.sku, c.code, l.on_hand
        from stock_levels as l
        join items as i on i.tenant_id = l.tenant_id and i.id = l.item_id
        join locations as c on c.tenant_id = l.tenant_id and c.id = l.location_id
        where l.tenant_id = %(tenant)s
        order by i.sku, c.code
        """

    assert await rows(database, other, on_hand) == await rows(database, sandbox, on_hand)
    assert other.tenant.id != sandbox.tenant.id
    assert other.key.secret != sandbox.key.secret


def test_every_item_has_a_barcode_with_a_right_check_digit():
    barcodes = [barcode for item in items() for barcode in item.barcodes]

    assert len(set(barcodes)) == len(WARES)
    for barcode in barcodes:
        weighted = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(barcode))
        assert (len(barcode), barcode[0], weighted % 10) == (13, "2", 0)


@pytest.mark.parametrize("barcode", ["4006381333931", "5901234123457", "9780201379624"])
def test_check_digits_are_those_of_the_world(barcode):
    assert ean13(barcode[:12]) == barcode


def test_some_things_are_weighed_and_measured():
    assert {(ware.unit, ware.scale) for ware in WARES} >= {("each", 0), ("kg", 3), ("m", 2), ("pack", 0)}


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
def test_nothing_happens_in_the_future_whatever_the_hour(hour):
    now = datetime(2026, 3, 1, hour, 1, tzinfo=UTC)

    told = story(Actor(key=None, name="tests"), now)

    assert all(entry.occurred_at <= now for entry in told)
    assert [entry.occurred_at for entry in told] == sorted(entry.occurred_at for entry in told)
    assert all(Decimal(line.quantity) for entry in told if entry.kind != "count" for line in entry.lines)


async def test_a_sandbox_may_be_empty(database, writer):
    empty = await create_sandbox(database, writer, seed=False)

    counts = "select (select count(*) from items where tenant_id = %(tenant)s), (select count(*) from events where tenant_id = %(tenant)s)"
    assert await rows(database, empty, counts) == [(0, 0)]
    assert (await Keys(database).find(empty.key.secret)).scopes
