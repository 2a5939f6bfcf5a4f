"""After the key of the secrets was changed, everything lies under the newest, and what cannot is told."""

import os

import pytest
import pytest_asyncio
from on_postgres import BINARIES

from twh_server.access.sealing import Sealer
from twh_server.database.address import Address
from twh_server.database.embedded import temporary_postgres
from twh_server.database.engine import Database
from twh_server.database.identifiers import EndpointId, fresh
from twh_server.database.migrate import migrate
from twh_server.webhooks import reseal as sealing_again
from twh_server.webhooks.reseal import reseal

OLD, NEW = os.urandom(32), os.urandom(32)

ADD_ENDPOINT = """
insert into webhook_endpoints (tenant_id, id, url, kinds, description, sealed_secret, sealed_previous, enabled,
                               since_sequence, version, created_at, updated_at)
values (%s, %s, 'https://example.com', '{}', '', %s, %s, true, 1, 1, now(), now())
"""

ADD_ANSWER = """
insert into idempotency_keys (tenant_id, key, digest, status, headers, body, sequence, recorded_at)
values (%s, %s, '', 201, '{}', %s, null, now())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_database():
    """A database in which nothing is sealed but by these tests."""
    with temporary_postgres(binaries=BINARIES) as server:
        migrate(Address(server.conninfo()))
        async with Database(Address(server.conninfo())) as database:
            yield database


class Secrets:
    """The endpoints of one tenant and their secrets."""

    def __init__(self, database, tenant):
        self.database, self.tenant, self.endpoints = database, tenant, {}

    async def add(self, sealer, secret, previous=None):
        endpoint = EndpointId(fresh())

        def sealed(text):
            return None if text is None else sealer.seal_secret(text, tenant=self.tenant, endpoint=endpoint)

        async with self.database.transaction() as tx:
            await tx.execute("select set_config('twh.tenant', %s, true)", (str(self.tenant),))
            await tx.execute(ADD_ENDPOINT, (self.tenant, endpoint, sealed(secret), sealed(previous)))
        return endpoint

    async def keep(self, sealer, key):
        async with self.database.transaction() as tx:
            await tx.execute("select set_config('twh.tenant', %s, true)", (str(self.tenant),))
            await tx.execute(ADD_ANSWER, (self.tenant, key, sealer.keep(b"{}", tenant=self.tenant)))
            await tx.execute(ADD_ANSWER, (self.tenant, f"refused {key}", '{"code": "sealed:"}'))

    async def open(self, sealer, endpoint):
        sql = "select sealed_secret, sealed_previous from webhook_endpoints where tenant_id = %s and id = %s"
        [sealed] = await self.database.read(self.tenant, sql, (self.tenant, endpoint))
        return [one and sealer.open_secret(one, tenant=self.tenant, endpoint=endpoint) for one in sealed]

    async def forget(self):
        async with self.database.workers.connection() as connection:
            await connection.execute("delete from idempotency_keys where tenant_id = %s", (self.tenant,))


@pytest_asyncio.fixture(loop_scope="session")
async def secrets(own_database, new_shop):
    shop = await new_shop(own_database)
    yield Secrets(own_database, shop.tenant)


@pytest.fixture(params=[200, 2])
def chunk(request, monkeypatch):
    monkeypatch.setattr(sealing_again, "ENDPOINTS_A_TRANSACTION", request.param)
    monkeypatch.setattr(sealing_again, "TENANTS_A_LOOK", request.param - 1)


async def test_every_secret_opens_with_the_newest_key_alone_and_is_what_it_was(secrets, chunk, own_database, new_shop):
    another = Secrets(own_database, (await new_shop(own_database)).tenant)
    endpoints = [await secrets.add(Sealer(OLD), b"%d" % number, b"previous") for number in range(5)]
    theirs = await another.add(Sealer(OLD), b"theirs")

    told = await reseal(own_database, Sealer(NEW, older=[OLD]))

    assert (told.endpoints, told.closed, told.done) == (6, 0, True)
    assert [await secrets.open(Sealer(NEW), one) for one in endpoints] == [
        [b"%d" % number, b"previous"] for number in range(5)
    ]
    assert await another.open(Sealer(NEW), theirs) == [b"theirs", None]


async def test_a_second_time_there_is_nothing_to_do(secrets, own_database):
    await secrets.add(Sealer(OLD), b"a")
    await secrets.add(Sealer(NEW), b"b")
    sealer = Sealer(NEW, older=[OLD])

    assert [(await reseal(own_database, sealer)).endpoints for _ in range(2)] == [1, 0]


async def test_a_previous_secret_under_an_older_key_is_found_beside_a_new_one(secrets, own_database):
    sealer = Sealer(NEW, older=[OLD])
    endpoint = await secrets.add(sealer, b"new")
    previous = Sealer(OLD).seal_secret(b"old", tenant=secrets.tenant, endpoint=endpoint)
    async with own_database.transaction() as tx:
        await tx.execute("select set_config('twh.tenant', %s, true)", (str(secrets.tenant),))
        await tx.execute("update webhook_endpoints set sealed_previous = %s where id = %s", (previous, endpoint))

    assert (await reseal(own_database, sealer)).endpoints == 1
    assert await secrets.open(Sealer(NEW), endpoint) == [b"new", b"old"]


async def test_what_no_key_opens_stays_as_it_is_and_does_not_hold_up_the_rest(secrets, chunk, own_database, caplog):
    lost = Sealer(os.urandom(32))
    closed = [await secrets.add(lost, b"lost") for _ in range(3)]
    opened = await secrets.add(Sealer(OLD), b"mine")

    told = await reseal(own_database, Sealer(NEW, older=[OLD]))

    assert (told.endpoints, told.closed, told.done) == (1, 3, False)
    assert await secrets.open(Sealer(NEW), opened) == [b"mine", None]
    assert await secrets.open(lost, closed[0]) == [b"lost", None]
    assert str(closed[0]) in caplog.text


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def nothing_is_left(own_database):
    """What one test leaves closed is no concern of the next."""
    yield
    for tenant in await tenants_of(own_database):
        async with own_database.transaction() as tx:
            await tx.execute("select set_config('twh.tenant', %s, true)", (str(tenant),))
            await tx.execute("update webhook_endpoints set sealed_secret = %s, sealed_previous = null", (EMPTY,))


EMPTY = Sealer(NEW).seal_secret(b"", tenant=fresh(), endpoint=fresh())


async def tenants_of(database):
    async with database.workers.connection() as connection:
        cursor = await connection.execute("select distinct tenant_id from webhook_endpoints")
        return [tenant for (tenant,) in await cursor.fetchall()]


async def test_kept_answers_say_until_when_the_older_key_is_needed(secrets, own_database):
    await secrets.keep(Sealer(OLD), "old")
    await secrets.keep(Sealer(NEW), "new")
    sealer = Sealer(NEW, older=[OLD])

    before = await reseal(own_database, sealer)
    await secrets.forget()
    after = await reseal(own_database, sealer)

    assert (before.answers, before.done) == (1, False)
    assert before.newest_answer is not None
    assert (after.answers, after.newest_answer) == (0, None)
