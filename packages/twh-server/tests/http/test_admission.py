"""Admission: a tenant's flood waits in a line of its own, too much is told at once, and neighbours are answered."""

import asyncio

import psycopg
import pytest

from twh_server.database.identifiers import TenantId, fresh
from twh_server.http import admission as admitting
from twh_server.http.admission import BULK_PLACES, Admission
from twh_server.http.operations import OPERATIONS
from twh_server.journal.refusals import Overloaded

ONE, OTHER = TenantId(fresh()), TenantId(fresh())


@pytest.fixture
def few(monkeypatch):
    """An admission with few places."""
    for name, value in {
        "ALONE_MAX": 4,
        "BESIDE_OTHERS_MAX": 2,
        "TENANT_WAITING_MAX": 3,
        "PROCESS_WAITING_MAX": 5,
    }.items():
        monkeypatch.setattr(admitting, name, value)
    return Admission()


async def entering(admission, tenant, count, places=1):
    """So many requests of a tenant at the door."""
    asked = [asyncio.create_task(admission.enter(tenant, places)) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return asked


def entered(asked):
    return [task for task in asked if task.done() and not task.exception()]


def refused(asked):
    return [task for task in asked if task.done() and isinstance(task.exception(), Overloaded)]


async def test_so_many_are_under_way_the_next_wait_and_the_others_are_refused_at_once(few):
    asked = await entering(few, ONE, 10)

    assert (len(entered(asked)), len(refused(asked))) == (4, 10 - 4 - 3)


async def test_who_waited_longest_enters_next(few):
    asked = await entering(few, ONE, 7)
    few.leave(ONE, 1)
    await asyncio.sleep(0)

    assert [task.done() for task in asked] == [True] * 5 + [False] * 2


async def test_beside_others_a_tenant_has_fewer_under_way(few):
    await few.enter(OTHER, 1)

    assert len(entered(await entering(few, ONE, 5))) == 2


async def test_when_nobody_else_has_asked_for_a_while_it_has_all_of_them_again(few, monkeypatch):
    monkeypatch.setattr(admitting, "OTHERS_SECONDS", 0.0)
    await few.enter(OTHER, 1)

    assert len(entered(await entering(few, ONE, 5))) == 4


async def test_a_full_line_is_nothing_to_another_tenant(few):
    await entering(few, ONE, 10)

    assert len(entered(await entering(few, OTHER, 1))) == 1


async def test_a_full_process_lets_nobody_wait_and_still_takes_who_has_a_place(few):
    await entering(few, ONE, 7)
    asked = await entering(few, OTHER, 5)

    assert (len(entered(asked)), len(refused(asked))) == (2, 1)


async def test_many_things_at_once_take_many_places_and_are_taken_when_they_are_alone(few):
    asked = await entering(few, ONE, 2, places=BULK_PLACES)
    assert [task.done() for task in asked] == [True, False]
    few.leave(ONE, BULK_PLACES)
    await asyncio.sleep(0)

    assert asked[1].done()


async def test_who_waits_too_long_is_told_and_leaves_the_line(few, monkeypatch):
    monkeypatch.setattr(admitting, "WAITING_SECONDS_MAX", 0.02)
    asked = await entering(few, ONE, 5)
    await asyncio.wait(asked)

    assert (len(entered(asked)), len(refused(asked))) == (4, 1)
    assert few._waiting == 0


async def test_who_goes_away_while_waiting_leaves_no_gap_in_the_line(few):
    asked = await entering(few, ONE, 6)
    asked[4].cancel()
    await asyncio.sleep(0)
    few.leave(ONE, 1)
    await asyncio.sleep(0)

    assert asked[5].done()
    for _ in range(4):
        few.leave(ONE, 1)
    assert (few._lines, few._waiting) == ({}, 0)


async def test_a_place_is_not_given_to_who_goes_away_in_the_same_moment(few):
    asked = await entering(few, ONE, 6)
    asked[4].cancel()
    few.leave(ONE, 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert asked[5].done()
    assert asked[4].cancelled()


async def test_a_place_that_came_to_who_goes_away_in_the_same_moment_goes_on(few):
    asked = await entering(few, ONE, 6)
    few.leave(ONE, 1)
    asked[4].cancel()
    for _ in range(3):
        await asyncio.sleep(0)

    assert asked[5].done()


def test_only_who_may_wait_for_news_takes_no_place():
    assert {operation.id for operation in OPERATIONS if not operation.places} == {"events.list"}


@pytest.fixture
def busy(postgres):
    """Holds a tenant's head: whoever writes for it waits."""

    async def hold(tenant):
        connection = await psycopg.AsyncConnection.connect(postgres.conninfo(user="postgres"))
        await connection.execute("select 1 from ledger_heads where tenant_id = %s for update", (tenant,))
        return connection

    return hold


async def test_a_flood_is_told_503_and_when_to_come_again_and_a_neighbour_is_answered(
    application, shop, other_shop, busy, monkeypatch
):
    for name, value in {"ALONE_MAX": 8, "BESIDE_OTHERS_MAX": 4, "TENANT_WAITING_MAX": 10}.items():
        monkeypatch.setattr(admitting, name, value)

    def post(number, who):
        body = {"code": f"BIN-{number}", "name": "A bin"}
        return application.post("/v1/locations", json=body, headers=who.headers)

    holding = await busy(shop.tenant)
    flood = [asyncio.create_task(post(number, shop)) for number in range(40)]
    told = [await one for one in asyncio.as_completed(flood[18:])]
    theirs = await post(0, other_shop)
    assert not any(task.done() for task in flood[:18])
    await holding.close()
    answered = await asyncio.gather(*flood[:18])

    assert {(one.status_code, one.json()["code"], one.headers["retry-after"]) for one in told} == {
        (503, "overloaded", "1")
    }
    assert theirs.status_code == 201
    assert {one.status_code for one in answered} == {201}
