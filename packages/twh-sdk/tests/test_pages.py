"""Lists fetch while they are read: no page earlier than it is needed, none more than is wanted."""

import pytest

from twh import Page


def pages(server, item):
    first, second = [{**item, "id": "itm_1"}, {**item, "id": "itm_2"}], [{**item, "id": "itm_3"}]
    server.will(
        server.answer(200, {"data": first, "next_cursor": "c2"}),
        server.answer(200, {"data": second, "next_cursor": None}),
    )


def test_nothing_is_asked_before_it_is_read(server, item):
    pages(server, item)

    server.client().items.list()

    assert server.asked == []


def test_a_list_reads_over_all_pages(server, item):
    pages(server, item)

    assert [one.id for one in server.client().items.list(sku_prefix="A&B")] == ["itm_1", "itm_2", "itm_3"]
    assert [asked.path for asked in server.asked] == [
        "/v1/items?sku_prefix=A%26B",
        "/v1/items?sku_prefix=A%26B&cursor=c2",
    ]


def test_the_next_page_waits_until_it_is_needed(server, item):
    pages(server, item)

    reading = iter(server.client().items.list())
    next(reading)

    assert len(server.asked) == 1


def test_pages_come_one_by_one(server, item):
    pages(server, item)

    assert [len(page.data) for page in server.client().items.list().pages()] == [2, 1]


def test_first_asks_for_one(server, item):
    pages(server, item)

    assert server.client().items.list().first().id == "itm_1"
    assert server.asked[0].path == "/v1/items?limit=1"


def test_first_of_nothing_is_none(server):
    server.will(server.answer(200, {"data": [], "next_cursor": None}))

    assert server.client().items.list().first() is None


def test_to_list_stops_at_its_limit(server, item):
    pages(server, item)

    assert [one.id for one in server.client().items.list().to_list(limit=2)] == ["itm_1", "itm_2"]
    assert len(server.asked) == 1


def test_a_list_may_be_read_twice(server, item):
    server.will(server.answer(200, {"data": [item], "next_cursor": None}))

    listed = server.client().items.list()

    assert listed.to_list() == list(listed)


def test_the_raw_client_gets_the_first_page(server, item):
    pages(server, item)

    raw = server.client().with_raw.items.list()

    assert isinstance(raw.value, Page)
    assert raw.value.next_cursor == "c2"


async def test_an_async_list_reads_over_all_pages(server, item):
    pages(server, item)

    async with server.async_client() as client:
        assert [one.id async for one in client.items.list()] == ["itm_1", "itm_2", "itm_3"]


async def test_an_async_list_has_pages_first_and_to_list(server, item):
    async with server.async_client() as client:
        pages(server, item)
        assert [len(page.data) async for page in client.items.list().pages()] == [2, 1]
        pages(server, item)
        assert (await client.items.list().first()).id == "itm_1"
        pages(server, item)
        assert len(await client.items.list().to_list(limit=3)) == 3


async def test_an_async_list_says_how_to_read_it(server):
    async with server.async_client() as client:
        for wrong in (iter, next, len, list, lambda pager: pager[0], lambda pager: 1 in pager):
            with pytest.raises(TypeError, match="async for"):
                wrong(client.items.list())

        with pytest.raises(TypeError, match="async for"):
            await client.items.list()


def test_the_feed_is_read_up_to_its_head(server, event):
    server.will(
        server.answer(200, {"data": [event], "next_after": 7, "head": 9}),
        server.answer(200, {"data": [], "next_after": 9, "head": 9}),
    )

    assert [one.sequence for one in server.client().events.list(types=["entry.recorded", "stock.low"])] == [7]
    assert [asked.path for asked in server.asked] == [
        "/v1/events?types=entry.recorded%2Cstock.low",
        "/v1/events?types=entry.recorded%2Cstock.low&after=7",
    ]


async def test_a_stream_goes_on_without_end(server, event):
    server.will(
        server.answer(200, {"data": [event], "next_after": 7, "head": 7}),
        server.answer(200, {"data": [], "next_after": 7, "head": 7}),
        server.answer(200, {"data": [{**event, "sequence": 8}], "next_after": 8, "head": 8}),
    )

    async with server.async_client() as client:
        stream = aiter(client.events.stream(after=6, wait=0))
        assert [(await anext(stream)).sequence, (await anext(stream)).sequence] == [7, 8]
