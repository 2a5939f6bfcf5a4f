"""A clock that a test moves, and a database that counts how often it is asked."""

import pytest

from twh_server.access.keys import Keys
from twh_server.database.engine import Transient


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Asked:
    """A database that counts how often it is asked, and that can be out of order."""

    def __init__(self, database):
        self.database, self.times, self.broken = database, 0, False

    async def anywhere(self, sql, parameters=()):
        self.times += 1
        if self.broken:
            raise Transient[0]
        return await self.database.anywhere(sql, parameters)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asked(database):
    return Asked(database)


@pytest.fixture
def known(asked, clock):
    return Keys(asked, clock=clock)
