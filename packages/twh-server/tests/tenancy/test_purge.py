"""Purging deletes a closed tenant whole, or not at all, and there is no other way to delete what happened."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from twh_server.access.sealing import Sealer
from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.guards import APP, GUARDED, OWNER, WORKER
from twh_server.database.identifiers import fresh
from twh_server.events.bell import Bell
from twh_server.events.follow import Follower
from twh_server.journal.sweep import sweep_keys
from twh_server.ledger.verify import verify
from twh_server.tenancy.lifecycle import ChangeState, purge
from twh_server.tenancy.settings import UpdateSettings
from twh_server.webhooks import claims, targets
from twh_server.webhooks.endpoint_commands import CreateEndpoint
from twh_server.webhooks.fan_out import FOLLOWER, fan_out
from twh_server.webhooks.places import Places

HISTORY = sorted(table for table, guard in GUARDED.items() if guard.history)
OWN = {table: "id" if table == "tenants" else "tenant_id" for table in GUARDED}

# What no code of these tests' making leaves behind by itself.
MORE = """
insert into delivery_attempts (tenant_id, delivery_id, number, at, status, milliseconds)
select tenant_id, id, 99, now(), 503, 12 from deliveries where tenant_id = %(tenant)s limit 1;
insert into idempotency_keys (tenant_id, key, digest, status, headers, body, recorded_at)
values (%(tenant)s, 'k', '', 409, '{}', '{}', now());
insert into item_terms (tenant_id, term, item_id)
select tenant_id, 'w:purged', id from items where tenant_id = %(tenant)s limit 1;
insert into replays (tenant_id, id, which, kinds, first_sequence, last_sequence, state, position, within, total,
                     due_at, created_at)
values (%(tenant)s, %(tenant)s, 'all', '{}', 1, 1, 'finished', 1, %(tenant)s, 1, now(), now());
insert into checkpoints (tenant_id, name, sequence, version, updated_at) values (%(tenant)s, 'shipping', 1, 1, now())
"""


async def fill(room, sealer):
    """Leave a row in every table."""
    await room.do(CreateItem(sku="pears", name="Pears", barcodes=["4006381333931"]))
    await room.do(CreateLocation(code="BIN", name="Bin"))
    await room.do(UpdateSettings(changes={"oversell": True}))
    await room.do(CreateEndpoint(url="https://example.com/hook", policy=targets.SANDBOX, sealer=sealer))
    receipt = await room.receive("apples", 5)
    await room.reverse(receipt)
    await Follower(room.database, Bell(), FOLLOWER, fan_out).catch_up()


@pytest.fixture
def filled(open_stockroom, superuser):
    """A tenant with a row in every table, closed when that is wanted."""

    async def filled(state="closed"):
        room = await open_stockroom()
        await fill(room, Sealer(bytes(32)))
        async with superuser.transaction():
            for statement in MORE.split(";"):
                await superuser.execute(statement, {"tenant": room.shop.tenant})
        if state != "active":
            await room.do(ChangeState(to=state))
        return room

    return filled


@pytest.fixture
def rows_of(superuser):
    """How many rows a tenant has, by table."""

    async def rows_of(room):
        counted = {}
        for table, column in OWN.items():
            cursor = await superuser.execute(f"select count(*) from {table} where {column} = %s", (room.shop.tenant,))
            ((counted[table],),) = await cursor.fetchall()
        return counted

    return rows_of


@pytest.fixture
async def owner(address):
    async with await psycopg.AsyncConnection.connect(address.as_role(OWNER), autocommit=True) as connection:
        yield connection


async def test_nothing_of_a_purged_tenant_is_left_in_any_table(filled, rows_of, owner):
    room, other = await filled(), await filled("active")
    before, others = await rows_of(room), await rows_of(other)
    ((events,),) = await room.rows("select count(*) from events where tenant_id = %(tenant)s")

    assert {table for table, count in before.items() if not count} == set(), "leave a row in each of these"
    assert await purge(owner, room.shop.tenant) == events
    assert set((await rows_of(room)).values()) == {0}
    assert await rows_of(other) == others
    assert (await verify(other.database, other.shop.tenant)).fault is None


@pytest.mark.parametrize("state", ["active", "suspended"])
async def test_a_tenant_that_is_not_closed_is_not_purged(filled, rows_of, owner, state):
    room = await filled(state)
    before = await rows_of(room)

    with pytest.raises(psycopg.errors.RaiseException, match="only a closed tenant is purged"):
        await purge(owner, room.shop.tenant)
    assert await rows_of(room) == before


async def test_a_tenant_that_never_was_is_not_purged(owner):
    with pytest.raises(psycopg.errors.RaiseException, match="only a closed tenant is purged"):
        await purge(owner, fresh())


async def test_a_purge_that_fails_leaves_everything(filled, rows_of, owner, superuser):
    room = await filled()
    before = await rows_of(room)
    await superuser.execute("create table holds_on (tenant_id uuid references tenants)")
    try:
        await superuser.execute("insert into holds_on values (%s)", (room.shop.tenant,))
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await purge(owner, room.shop.tenant)
        assert await rows_of(room) == before
    finally:
        await superuser.execute("drop table holds_on")


@pytest.mark.parametrize("role", [APP, WORKER])
async def test_the_servers_roles_may_not_purge(address, filled, role):
    room = await filled()
    async with await psycopg.AsyncConnection.connect(address.as_role(role), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await purge(connection, room.shop.tenant)


FRAME = "PL/pgSQL function purge_tenant(uuid) line 23 at SQL statement"
DELETE = "delete from {t} where tenant_id = '{id}'"
WITH_COMMENT = f"delete from {{t}} /*\n{FRAME}\n*/ where tenant_id = '{{id}}' /*\n{FRAME} */"

WAYS = {
    "directly": [DELETE],
    "with the function's frame in a comment": [WITH_COMMENT],
    "from a block": [f"do $$ begin {DELETE}; end $$"],
    "from a block, with a comment": [f"do $$ begin {WITH_COMMENT}\n; end $$"],
    "from a block, by a text that ends like the frame": [f"do $$ begin execute $text${WITH_COMMENT}$text$; end $$"],
    "from a block that also purges": [f"do $$ begin {DELETE}; perform purge_tenant('{{id}}'); end $$"],
    "from a block within a block": [
        f"do $$ begin execute $text$do $in$ begin {DELETE}; end $in$ /*\n{FRAME} */$text$; end $$"
    ],
    "by a function that runs a text": [f"select query_to_xml($text${WITH_COMMENT}$text$, true, false, '')"],
    "beside the function": [
        f"with gone as ({DELETE} returning 1) select purge_tenant('{{id}}') from (select count(*) from gone) as c"
    ],
    "by a statement of that name": [f"prepare purge_tenant as {DELETE}", "execute purge_tenant"],
    "through a cursor": [
        "declare purge_tenant cursor for select from {t} where tenant_id = '{id}' for update",
        "fetch from purge_tenant",
        "delete from {t} where current of purge_tenant",
    ],
    "as a replica": ["set session_replication_role = replica", DELETE],
    "by truncating": ["truncate {t} cascade"],
}

# By the guard; for want of the right; or because what runs a text runs none that changes anything.
REFUSED = (psycopg.errors.IntegrityError, psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)


async def all_of(connection, statements):
    for statement in statements:
        await connection.execute(statement)


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize("way", WAYS)
async def test_there_is_no_other_way_even_for_the_owner_of_what_is_closed(filled, rows_of, address, table, way):
    room = await filled()
    before = await rows_of(room)
    async with await psycopg.AsyncConnection.connect(address.as_role(OWNER)) as owner:
        with pytest.raises(REFUSED):
            await all_of(owner, [statement.format(t=table, id=room.shop.tenant) for statement in WAYS[way]])
        await owner.rollback()
    after = await rows_of(room)

    # Of history only: some other test's courier may have tried the delivery meanwhile.
    assert {name: after[name] for name in HISTORY} == {name: before[name] for name in HISTORY}


@pytest.mark.parametrize("table", HISTORY)
async def test_even_of_a_closed_tenant_history_is_not_edited(filled, address, table):
    room = await filled()
    async with await psycopg.AsyncConnection.connect(address.as_role(OWNER)) as owner:
        with pytest.raises(psycopg.errors.IntegrityError, match="history is never edited"):
            await owner.execute(f"update {table} set recorded_at = now() where tenant_id = %s", (room.shop.tenant,))


async def test_a_follower_whose_tenant_is_gone_goes_on_with_the_others(filled, owner, database):
    gone, other = await filled("active"), await filled("active")
    seen = set()

    async def work(_tx, run):
        # Whoever is served first is purged before its turn would come again, and the other one as well.
        if not seen:
            await gone.do(ChangeState(to="closed"))
            async with asyncio.timeout(10):
                await purge_beside(gone, run, owner)
        seen.add(run.tenant)

    follower = Follower(database, Bell(), f"notes {fresh()}", work, run_events_max=1_000)
    await follower.catch_up()

    assert other.shop.tenant in seen


async def purge_beside(room, run, owner):
    """Purge a tenant, unless it is the one whose cursor this very transaction holds."""
    if run.tenant != room.shop.tenant:
        await purge(owner, room.shop.tenant)


async def test_an_attempt_whose_tenant_is_gone_is_recorded_nowhere_and_harms_nobody(filled, owner, database):
    gone, other = await filled("active"), await filled("active")
    now = datetime.now(UTC) + timedelta(days=1)
    async with database.workers.connection() as connection, connection.transaction():
        claimed = (await claims.claim(connection, now=now, places=Places(patient=10_000, at_once=10_000))).claims
    await gone.do(ChangeState(to="closed"))
    await purge(owner, gone.shop.tenant)
    ours = [claim for claim in claimed if claim.tenant in {gone.shop.tenant, other.shop.tenant}]
    async with database.workers.connection() as connection, connection.transaction():
        await claims.record(connection, [delivered(claim, now) for claim in ours])
    states = await other.rows("select distinct state from deliveries where tenant_id = %(tenant)s")

    assert {claim.tenant for claim in ours} == {gone.shop.tenant, other.shop.tenant}
    assert ("delivered",) in states


def delivered(claim, at):
    return claims.Result(
        claim=claim, at=at, milliseconds=1, status=204, error=None, response=None, delivered=True, next_attempt_at=None
    )


async def test_a_purge_waits_for_whoever_works_for_the_tenant_and_deadlocks_with_nobody(
    filled, owner, database, writer
):
    """Writers, followers, couriers and the sweep go on while tenants are purged under them."""
    rooms = [await filled("active") for _ in range(4)]
    over = asyncio.Event()
    faults = []

    async def again(step):
        while not over.is_set():
            try:
                await step()
            except psycopg.errors.DeadlockDetected as deadlock:
                faults.append(deadlock)
            except Exception:  # noqa: BLE001  # whoever writes for a tenant that is gone is refused
                await asyncio.sleep(0)

    async def write():
        for room in rooms:
            with contextlib.suppress(Exception):
                await room.receive("apples", 1)

    async def deliver():
        now = datetime.now(UTC)
        async with database.workers.connection() as connection, connection.transaction():
            claimed = (await claims.claim(connection, now=now, places=Places())).claims
        async with database.workers.connection() as connection, connection.transaction():
            await claims.record(connection, [delivered(claim, now) for claim in claimed])

    async def sweep():
        await sweep_keys(database, now=datetime.now(UTC) + timedelta(days=40), days=7)
        await asyncio.sleep(0.01)

    follower = Follower(database, Bell(), FOLLOWER, fan_out)
    working = [asyncio.create_task(again(step)) for step in (write, write, deliver, deliver, follower.catch_up, sweep)]
    try:
        for room in rooms:
            await asyncio.sleep(0.2)
            await room.do(ChangeState(to="closed"))
            await purge(owner, room.shop.tenant)
    finally:
        over.set()
        await asyncio.gather(*working)

    assert faults == []
