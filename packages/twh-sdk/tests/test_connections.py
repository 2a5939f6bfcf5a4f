"""Whose connections: each process its own, each event loop its own, all threads the same."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from twh import AsyncClient, errors


def in_a_child(work):
    """Fork, do the work there, and answer whether it went well."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - a child must not run on into pytest
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def peers(server):
    return [asked.peer for asked in server.asked]


def test_a_forked_child_opens_connections_of_its_own(server, item):
    server.will(server.answer(200, item))
    client = server.client()
    client.items.get("A")

    assert in_a_child(lambda: client.items.get("A"))
    client.items.get("A")

    parent, child, parent_again = peers(server)
    assert child != parent
    assert parent_again == parent


def test_a_child_that_closes_its_client_leaves_the_parents_connections_open(server, item):
    server.will(server.answer(200, item))
    client = server.client()
    client.items.get("A")

    def close():
        client.items.get("A")
        client.close()

    assert in_a_child(close)
    client.items.get("A")

    assert peers(server)[2] == peers(server)[0]


def test_two_children_and_their_parent_never_read_each_others_answers(server, item):
    def echo(handler):
        server.answer(200, {**item, "sku": handler.path.rsplit("/", 1)[-1]})(handler)

    server.will(echo)
    client = server.client()
    client.items.get("parent")

    def ask(name):
        assert all(client.items.get(name).sku == name for _ in range(20))

    children = []
    for name in ("one", "two"):
        child = os.fork()
        if child == 0:
            try:
                ask(name)
            except BaseException:  # noqa: BLE001 - a child must not run on into pytest
                os._exit(1)
            os._exit(0)
        children.append(child)
    ask("parent")

    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]


def test_an_async_client_goes_on_in_a_forked_child(server, item):
    server.will(server.answer(200, item))
    client = server.async_client()

    async def ask():
        return await client.items.get("A")

    asyncio.run(ask())

    assert in_a_child(lambda: asyncio.run(ask()))
    assert len(set(peers(server))) == 2


def test_an_async_client_serves_one_event_loop_after_another(server, item):
    server.will(server.answer(200, item))
    client = server.async_client()

    async def ask_twice():
        await client.items.get("A")
        return (await client.items.get("A")).sku

    assert [asyncio.run(ask_twice()) for _ in range(3)] == ["TSHIRT-M"] * 3
    assert len(set(peers(server))) == 3


def test_an_async_client_serves_loops_in_many_threads(server, item):
    server.will(server.answer(200, item))
    client = server.async_client()

    async def ask():
        return (await client.items.get("A")).sku

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: asyncio.run(ask()), range(12))) == ["TSHIRT-M"] * 12


def test_loops_that_have_ended_are_forgotten(server, item):
    server.will(server.answer(200, item))
    client = server.async_client()

    async def ask():
        await client.items.get("A")

    for _ in range(5):
        asyncio.run(ask())

    assert len(client._connections._by_loop) == 1


def test_a_callers_http_client_in_another_loop_is_refused_with_the_fix(server, item):
    server.will(server.answer(200, item))
    client = AsyncClient("twh_test_1", base_url=server.url, http_client=httpx.AsyncClient())

    async def ask():
        return await client.items.get("A")

    asyncio.run(ask())

    with pytest.raises(TypeError, match="leave out http_client"):
        asyncio.run(ask())


def test_threads_share_a_client_and_its_connections(server, item):
    server.will(server.answer(200, item))
    client = server.client(deadline=30.0)
    ready = threading.Barrier(8)

    def ask(_):
        ready.wait()
        return [client.items.get("A").sku for _ in range(10)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))

    assert answers == [["TSHIRT-M"] * 10] * 8
    assert len(set(peers(server))) <= 8


async def test_tasks_share_a_client(server, item):
    server.will(server.answer(200, item))

    async with server.async_client(deadline=30.0) as client:
        answers = await asyncio.gather(*(client.items.get("A") for _ in range(20)))

    assert [one.sku for one in answers] == ["TSHIRT-M"] * 20


def test_a_closed_client_says_so(server, item):
    server.will(server.answer(200, item))
    with server.client() as client:
        pass

    with pytest.raises(RuntimeError, match="closed"):
        client.items.get("A")


def test_a_closed_client_that_was_used_says_so_too(server, item):
    server.will(server.answer(200, item))
    with server.client() as client:
        client.items.get("A")

    with pytest.raises(RuntimeError, match="closed"):
        client.items.get("A")


async def test_a_closed_async_client_says_so(server, item):
    async with server.async_client() as client:
        pass

    with pytest.raises(RuntimeError, match="closed"):
        await client.items.get("A")


def test_no_connection_is_opened_by_making_a_client(server):
    server.client()

    assert server.asked == []


def test_a_call_that_never_was_leaves_nothing_behind(server):
    with pytest.raises(errors.UnusableName):
        server.client().items.get("..")

    assert server.asked == []
