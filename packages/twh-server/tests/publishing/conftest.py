"""Buses that run, and publishers on them."""

import buses
import pytest
import pytest_asyncio

from twh_server.publishing.addresses import addresses_in
from twh_server.publishing.buses import publisher_at


def at(url):
    """The publisher at one address."""
    (address,) = addresses_in(url)
    return publisher_at(address)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=buses.BUSES)
async def bus(request, tmp_path_factory):
    """A bus that runs, of each kind."""
    async with buses.running(request.param, tmp_path_factory.mktemp("bus")) as bus:
        yield bus


@pytest_asyncio.fixture(loop_scope="session")
async def publisher(bus):
    """A publisher that is open."""
    publisher = at(bus.url)
    await publisher.open()
    yield publisher
    await publisher.close()


@pytest.fixture
def publisher_of():
    """Answers the publisher at a URL, not yet open."""
    return at
