"""Single look-ups share their round trips, and nobody can tell by what they are answered."""

import asyncio

import psycopg
import pytest

from twh_server.database.identifiers import fresh
from twh_server.database.together import LookUp

WHEN = LookUp(
    sql="""
select place, %(tenant)s::text, 60 / number, statement_timestamp()
from json_to_recordset(%(wanted)s::json) as wanted (place bigint, number integer)
where number < 100
"""
)
"""For numbers below 100: who asked, a quotient, and when the statement began that was shared."""


@pytest.fixture
def ask(database):
    tenant = fresh()

    def ask(number, tenant=tenant):
        return database.together.look_up(tenant, WHEN, (number,))

    return ask


async def test_those_who_ask_at_once_share_a_statement(ask):
    rows = await asyncio.gather(*(ask(number) for number in range(1, 61)))

    assert [quotient for _, quotient, _ in rows] == [60 // number for number in range(1, 61)]
    assert len({began for *_, began in rows}) == 1


async def test_whoever_asks_the_same_is_answered_the_same(ask):
    assert len(set(await asyncio.gather(*(ask(7) for _ in range(20))))) == 1


async def test_whoever_asks_later_is_answered_by_a_later_statement(ask):
    first = asyncio.ensure_future(ask(7))
    await asyncio.sleep(0.001)
    second = asyncio.ensure_future(ask(7))

    assert (await first)[-1] < (await second)[-1]


async def test_a_key_without_a_row_has_none(ask):
    assert [row and row[1] for row in await asyncio.gather(ask(100), ask(30))] == [None, 2]


async def test_no_tenant_is_answered_by_the_statement_of_another(ask):
    one, another = fresh(), fresh()
    rows = await asyncio.gather(ask(7, one), ask(7, another))

    assert [asked for asked, *_ in rows] == [str(one), str(another)]


async def test_what_cannot_be_looked_up_is_its_own_fault_alone(ask):
    rows = await asyncio.gather(ask(5), ask(0), ask(6), return_exceptions=True)

    assert isinstance(rows[1], psycopg.errors.DivisionByZero)
    assert [rows[0][1], rows[2][1]] == [12, 10]


async def test_one_who_goes_away_takes_nobody_along(ask):
    going, staying = asyncio.ensure_future(ask(7)), asyncio.ensure_future(ask(7))
    await asyncio.sleep(0)
    going.cancel()

    assert (await staying)[1] == 8
