"""Every operation is used once through the SDK, against a real server process, and something comes of it.

What the feed tells of it is what the catalogue of events promises.
"""

import contextlib

import httpx
import pytest
from operation_uses import USES, Desk, catalogue, feed, keys, reaches, stock, telling, tenancy
from promised import all_kept

from twh import AsyncClient
from twh_server.http.operations import OPERATIONS

FILES = (catalogue, stock, feed, telling, tenancy, keys)


@contextlib.asynccontextmanager
async def desk_at(server, shop):
    """A desk whose requests are written down: (method, address, status)."""
    asked = []

    async def write_down(response):
        asked.append((response.request.method, str(response.request.url), response.status_code))

    async with httpx.AsyncClient(event_hooks={"response": [write_down]}) as http:

        def with_key(secret):
            return AsyncClient(api_key=secret, base_url=server, http_client=http)

        yield Desk(client=with_key(shop.secret), with_key=with_key), asked


def test_no_operation_is_without_a_use_and_no_use_without_an_operation():
    files = ", ".join(file.__name__ for file in FILES)
    known = {operation.id for operation in OPERATIONS}

    assert sorted(known - USES.keys()) == [], f"Write a function that uses each of these, in one of {files}"
    assert sorted(USES.keys() - known) == [], "These operations are gone"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
async def test_an_operation_does_what_it_is_there_for(database, shop, servers, worker, operation):
    async with desk_at(servers[0], shop) as (desk, asked):
        await USES[operation.id](desk)

    reached = [status for method, url, status in asked if method == operation.method and reaches(operation.path, url)]
    assert set(reached) & set(operation.answers), f"The use of {operation.id} asked for {asked}"
    await all_kept(database, shop.tenant)
