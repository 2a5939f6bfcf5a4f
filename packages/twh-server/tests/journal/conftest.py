"""Requests as HTTP hands them to the journal: a command, its answers, its key and the digest that the key stands for."""

import pytest

from twh_server.access.tenants import create_tenant
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.address import Address
from twh_server.database.identifiers import TENANT
from twh_server.http import problems
from twh_server.http.movements import recorded
from twh_server.journal.commands import Answer, Submission


def refused(refusal):
    return problems.answer(refusal, "req_of_the_first_attempt")


def done(_result):
    return Answer(status=200, headers={"ETag": '"it1"'}, body=b'{"done":true}')


@pytest.fixture
def request_of(stockroom, shop):
    """A request. Entries are answered as over HTTP, everything else with a plain 200."""

    def make(command, key=None, digest=b"one request", **more):
        answer = recorded if hasattr(command, "lines") else done
        values = {"tenant": shop.tenant, "answer": answer, "refuse": refused, **more}
        return Submission(command=command, key=key, digest=digest, **values)

    return make


@pytest.fixture
def ask(writer, request_of):
    """Submit a request, and answer what the caller is told."""

    async def ask(command, key=None, **more):
        return await writer.submit(request_of(command, key, **more))

    return ask


@pytest.fixture
def count(stockroom):
    """How many rows of a table the tenant has."""

    async def count(table):
        return (await stockroom.rows(f"select count(*) from {table} where tenant_id = %(tenant)s"))[0][0]

    return count


@pytest.fixture
def address_of():
    """The address of a PostgreSQL."""
    return lambda postgres: Address(postgres.conninfo())


@pytest.fixture
def open_shop_in():
    """Open a tenant in another database; the answer makes requests of it, each by its key."""

    async def open_shop(database):
        async with database.transaction() as tx:
            tenant = TENANT.parse((await create_tenant(tx, name="Shop", kind="sandbox")).id)

        def submission(key):
            command = CreateLocation(code=key, name=key)
            return Submission(tenant=tenant, command=command, answer=done, refuse=refused, key=key)

        return submission

    return open_shop
