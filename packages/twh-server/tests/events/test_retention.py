"""Retention: old events go when their tenant has chosen so and nobody needs them; what they told of stays."""

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.database.engine import SET_TENANT
from twh_server.database.guards import APP, OWNER, WORKER
from twh_server.events import feed, retention
from twh_server.events.bell import Bell
from twh_server.events.feed import EventNotFound, EventsGone
from twh_server.events.follow import Follower
from twh_server.events.kinds import decode
from twh_server.journal.sweep import sweep_keys
from twh_server.journal.writer import Writer
from twh_server.ledger import history
from twh_server.ledger.chain import Digest
from twh_server.ledger.verify import verify
from twh_server.tenancy import audit
from twh_server.tenancy.audit import AuditFilter
from twh_server.tenancy.settings import UpdateSettings
from twh_server.webhooks import targets
from twh_server.webhooks.endpoint_commands import CreateEndpoint
from twh_server.webhooks.fan_out import FOLLOWER, fan_out

BORN = "update ledger_heads set recorded_at = now() - interval '400 days' where tenant_id = %s"


class Past:
    """A clock that stands some days ago."""

    days = 0.0

    def __call__(self):
        return datetime.now(UTC) - timedelta(days=self.days)


@pytest.fixture
async def past(database, shop, superuser, monkeypatch):
    """A clock for the writer of a shop that is as old as that."""
    await superuser.execute(BORN, (shop.tenant,))
    return Past()


@pytest.fixture
async def writer(database, past):
    """The journal's writer, by that clock."""
    writer = Writer(database, Bell(), clock=past)
    past.days = 30
    yield writer
    await writer.close()


@pytest.fixture
async def old(stockroom, past, sealer):
    """Six events of a month ago (the last is a receipt) and what came today: its endpoint, and the choice of seven days."""
    await stockroom.receive("apples", 5)
    past.days = 29
    await stockroom.receive("apples", 1)
    past.days = 0
    await stockroom.do(UpdateSettings(changes={"event_days": 7}))
    return stockroom


@pytest.fixture
def sealer():
    return Sealer(bytes(32))


async def followed(database):
    await Follower(database, Bell(), FOLLOWER, fan_out).catch_up()


async def kept(room):
    rows = await room.rows("select sequence from events where tenant_id = %(tenant)s order by sequence")
    return [number for (number,) in rows]


async def test_old_events_go_and_those_of_the_last_days_stay(old, database):
    await followed(database)
    dropped = await retention.drop_old_events(database)

    assert (dropped >= 6, await kept(old)) == (True, [7])
    assert await old.rows("select events_from from ledger_heads where tenant_id = %(tenant)s") == [(7,)]


async def test_who_has_not_chosen_keeps_everything(stockroom, past, database):
    await stockroom.receive("apples", 5)
    await followed(database)
    await retention.drop_old_events(database)

    assert await kept(stockroom) == [1, 2, 3, 4, 5]


async def test_what_a_follower_has_not_seen_stays(old, database):
    await retention.drop_old_events(database)
    unseen = await kept(old)
    await followed(database)
    await retention.drop_old_events(database)

    assert (unseen, await kept(old)) == ([1, 2, 3, 4, 5, 6, 7], [7])


async def test_what_is_still_to_be_delivered_stays_and_so_does_all_behind_it(
    stockroom, past, database, sealer, superuser
):
    await stockroom.do(CreateEndpoint(url="https://example.com/hook", policy=targets.SANDBOX, sealer=sealer))
    for _ in range(3):
        await stockroom.receive("apples", 5)
    past.days = 0
    await stockroom.do(UpdateSettings(changes={"event_days": 7}))
    await followed(database)
    tenant = {"tenant": stockroom.shop.tenant}
    await superuser.execute(
        "update deliveries set state = 'delivered', next_attempt_at = null where tenant_id = %(tenant)s and sequence <> 7",
        tenant,
    )
    await retention.drop_old_events(database)
    waiting = await kept(stockroom)
    deliveries = await stockroom.rows("select sequence from deliveries where tenant_id = %(tenant)s order by sequence")
    await superuser.execute(
        "update deliveries set state = 'failed', next_attempt_at = null where tenant_id = %(tenant)s", tenant
    )
    await retention.drop_old_events(database)

    assert (waiting, [one for (one,) in deliveries]) == ([7, 8, 9], [7, 8, 9])
    assert await kept(stockroom) == [9]


async def test_much_goes_in_parts_and_each_ends_with_a_block(old, database, monkeypatch):
    monkeypatch.setattr(retention, "DROPPED_EVENTS_MAX", 1)
    await followed(database)
    await retention.drop_old_events(database)

    assert await kept(old) == [7]
    assert (await verify(database, old.shop.tenant)).ok


async def test_reading_from_before_the_oldest_is_refused_and_from_nowhere_begins_there(old, database):
    tenant = old.shop.tenant
    dropped = decode((await feed.read(database, tenant, after=2)).bodies[0])
    await followed(database)
    await retention.drop_old_events(database)

    with pytest.raises(EventsGone) as gone:
        await feed.read(database, tenant, after=5)
    with pytest.raises(EventNotFound):
        await feed.get(database, tenant, dropped.id)
    assert gone.value.facts == {"after": 5, "first_sequence": 7}
    for after in (None, 6):
        assert [decode(body).sequence for body in (await feed.read(database, tenant, after=after)).bodies] == [7]


async def test_a_ledger_whose_first_events_were_dropped_still_verifies(old, database):
    tenant = old.shop.tenant
    before = await verify(database, tenant)
    block = await old.rows("select hash from blocks where tenant_id = %(tenant)s and last_sequence = 6")
    await followed(database)
    await retention.drop_old_events(database)
    after = await verify(database, tenant, against=Digest(last_sequence=6, hash=block[0][0]))

    assert (before.ok, before.events_from, after.ok, after.events_from) == (True, 1, True, 7)
    assert (after.digest, after.blocks, after.movements) == (before.digest, before.blocks, before.movements)
    assert (before.events, after.events) == (7, 1)


async def test_what_is_wrong_in_the_chain_of_dropped_events_is_found(old, database, superuser):
    await followed(database)
    await retention.drop_old_events(database)
    wrong = await verify(database, old.shop.tenant, against=Digest(last_sequence=6, hash=bytes(32)))
    await superuser.execute("update ledger_heads set events_from = 8 where tenant_id = %s", (old.shop.tenant,))
    hidden = await verify(database, old.shop.tenant)

    assert (wrong.fault.where, wrong.fault.what) == ("block 6", "block is not the one whose digest was kept")
    assert (hidden.ok, hidden.fault.where) == (False, "event 8")


async def test_entries_movements_levels_and_the_audit_log_are_still_read(old, database):
    tenant = old.shop.tenant
    entry = (await history.list_entries(database, tenant, history.HistoryFilter(), after=None, limit=1))[0]
    await followed(database)
    await retention.drop_old_events(database)

    assert (await history.list_entries(database, tenant, history.HistoryFilter(), after=None, limit=1))[0] == entry
    assert await old.on_hand("apples") == "6"
    changes = await audit.list_changes(
        database, tenant, AuditFilter(since=datetime(2020, 1, 1, tzinfo=UTC)), before=None, limit=10
    )
    assert [number for number, _ in changes] == [7]


async def test_a_key_is_answered_with_the_same_bytes_after_its_event_was_dropped(database, past, writer, stockroom):
    line = {"item": "apples", "location": "MAIN", "quantity": "2"}
    asked = [
        ("/v1/movements", {"kind": "receipt", "lines": [line]}),
        ("/v1/items", {"sku": "pears", "name": 'ä "\u2028\\ \u1f350'}),
    ]
    app = build(open_rooms(database, Bell(), Sealer(bytes(32)), writer=writer))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://twh.test") as client:
        client.headers.update(stockroom.shop.headers)

        async def ask():
            return [await client.post(path, json=body, headers={"Idempotency-Key": path}) for path, body in asked]

        first = await ask()
        past.days = 0
        await stockroom.do(UpdateSettings(changes={"event_days": 7}))
        await followed(database)
        await retention.drop_old_events(database)
        again = await ask()
        record = (await client.get("/v1/idempotency-keys/%2Fv1%2Fmovements")).json()

    assert [one.status_code for one in first] == [201, 201]
    assert [(one.content, one.headers["idempotent-replayed"]) for one in again] == [
        (one.content, "true") for one in first
    ]
    assert (record["body"], record["entry"]) == (first[0].json(), first[0].json()["id"])
    assert await kept(stockroom) == [7]


async def test_only_the_keys_of_entries_are_kept_for_ever(database, past, stockroom, superuser):
    add = """
    insert into idempotency_keys (tenant_id, key, digest, status, headers, body, sequence, recorded_at)
    values (%s, %s, '', 201, '{}', null, %s, now() - interval '30 days')
    """
    await stockroom.receive("apples", 5)
    for key, sequence in (("item", 1), ("entry", 5)):
        await superuser.execute(add, (stockroom.shop.tenant, key, sequence))
    past.days = 0
    await stockroom.do(UpdateSettings(changes={"event_days": 7}))
    await followed(database)
    await retention.drop_old_events(database)
    await sweep_keys(database, now=datetime.now(UTC), days=7)

    assert await stockroom.rows("select key from idempotency_keys where tenant_id = %(tenant)s") == [("entry",)]


GUARDED_BY = [
    (OWNER, "delete from events where tenant_id = '{id}'", "history is never edited"),
    (WORKER, "delete from events where tenant_id = '{id}'", "permission denied"),
    (APP, "select drop_old_events('{id}', 1)", "permission denied"),
    (
        OWNER,
        "do $$ begin delete from events where tenant_id = '{id}'; perform drop_old_events('{id}', 1); end $$",
        "history",
    ),
]


@pytest.mark.parametrize(("role", "statement", "said"), GUARDED_BY)
async def test_there_is_no_other_way_to_drop_events(address, old, role, statement, said):
    async with await psycopg.AsyncConnection.connect(address.as_role(role)) as connection:
        await connection.execute(SET_TENANT, (str(old.shop.tenant),))
        with pytest.raises(psycopg.Error, match=said):
            await connection.execute(statement.format(id=old.shop.tenant))


async def test_the_worker_can_drop_no_more_than_the_tenant_has_chosen(stockroom, past, database):
    past.days = 6
    await stockroom.receive("apples", 5)
    past.days = 0
    await stockroom.do(UpdateSettings(changes={"event_days": 7}))
    await followed(database)
    async with database.workers.connection() as worker:
        await worker.execute("select drop_old_events(%s, 1000)", (stockroom.shop.tenant,))

    assert await kept(stockroom) == [5, 6]
