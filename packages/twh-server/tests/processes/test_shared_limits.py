"""A key's limit over two servers that share a store: it holds while the store is up, and nobody is harmed when it is not."""

import asyncio
import contextlib
import sys

import httpx
import pytest
from own_valkey import Valkey

REQUESTS = 30
# Next to nothing of it flows in while a test runs.
RATE = f"{REQUESTS}/30000"
GONE, BACK = "the store of the rate limit is gone", "the store of the rate limit answers"
AT_ONCE = 8


@pytest.fixture
def store(tmp_path):
    with Valkey(tmp_path) as store:
        yield store


class Servers:
    """Two server processes, and all that they ever answered."""

    def __init__(self, programs, urls):
        self.programs, self.urls = programs, urls
        self.answers = []

    async def ask(self, shop, turn, client):
        answer = await client.get(f"{self.urls[turn % 2]}/v1/items", params={"limit": 1}, headers=shop.headers)
        self.answers.append(answer)
        return answer.status_code == 200

    async def allowed(self, shop, times=2 * REQUESTS + 20):
        """How many of so many requests are let in, when the servers take turns and several are under way at once."""
        turns = iter(range(times))

        async def one_after_the_other(client):
            return sum([await self.ask(shop, turn, client) for turn in turns])

        async with httpx.AsyncClient(timeout=30) as client:
            return sum(await asyncio.gather(*(one_after_the_other(client) for _ in range(AT_ONCE))))

    @contextlib.asynccontextmanager
    async def busy(self, shop):
        """Somebody asks both servers all the while."""

        async def ask_on(turn, client):
            while True:
                await self.ask(shop, turn, client)

        async with httpx.AsyncClient(timeout=30) as client:
            asking = [asyncio.create_task(ask_on(turn, client)) for turn in range(AT_ONCE)]
            yield
            for task in asking:
                task.cancel()
            ended = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError] * AT_ONCE

    async def all_say(self, words, times=1):
        for program in self.programs:
            await asyncio.to_thread(program.until, lambda said=program: said.said.count(words) == times, words)


@pytest.fixture
def servers(serve, store, port):
    """Two servers over one store. They are patient with it: this machine may be busy."""
    told = {"TWH_RATE_LIMIT": RATE, "TWH_RATE_LIMIT_STORE_URL": store.url, "TWH_RATE_LIMIT_STORE_TIMEOUT": "10"}
    started = [serve(TWH_PORT=str(port()), **told) for _ in range(2)]
    return Servers([program for program, _ in started], [url for _, url in started])


async def test_a_limit_holds_with_the_store_up_killed_and_up_again(servers, store, database, new_shop):
    shops = {name: await new_shop(database) for name in ("busy", "spent", "down", "again")}
    async with servers.busy(shops["busy"]):
        up = await servers.allowed(shops["spent"])

        store.kill()
        await servers.all_say(GONE)
        down = await servers.allowed(shops["down"])
        spent = await servers.allowed(shops["spent"])

        store.start()
        await servers.all_say(BACK)
        again = await servers.allowed(shops["again"])

    assert up == REQUESTS  # over both
    assert down == 2 * REQUESTS  # for each
    assert spent == 0  # what a key has used up while the store was up, no process gives it again
    assert again == REQUESTS
    assert {answer.status_code for answer in servers.answers} == {200, 429}
    assert not [answer for answer in servers.answers if "ratelimit" not in answer.headers]
    assert not [
        answer for answer in servers.answers if answer.status_code == 429 and "retry-after" not in answer.headers
    ]
    assert [program.said.count(GONE) for program in servers.programs] == [1, 1]


async def test_nobody_waits_for_a_store_that_does_not_answer(serve, store, shop):
    program, url = serve(TWH_RATE_LIMIT=RATE, TWH_RATE_LIMIT_STORE_URL=store.url)
    servers = Servers([program], [url, url])
    store.hold_still()

    # Were it waited for, no answer would ever come.
    assert await servers.allowed(shop) == REQUESTS
    assert {answer.status_code for answer in servers.answers} == {200, 429}
    await servers.all_say(GONE)


async def test_a_server_starts_without_its_store(serve, store, shop):
    store.kill()
    program, url = serve(TWH_RATE_LIMIT=RATE, TWH_RATE_LIMIT_STORE_URL=store.url)
    servers = Servers([program], [url, url])

    assert await servers.allowed(shop) == REQUESTS
    store.start()
    await servers.all_say(BACK)


def test_without_the_extra_it_is_said_what_to_install(command, monkeypatch):
    monkeypatch.setenv("TWH_RATE_LIMIT_STORE_URL", "redis://127.0.0.1:6379")
    monkeypatch.delitem(sys.modules, "twh_server.access.rate_store", raising=False)
    for name in ["limits", *(name for name in sys.modules if name.startswith("limits."))]:
        monkeypatch.setitem(sys.modules, name, None)

    checked, printed, _ = command("check")
    assert checked == 1
    assert "pip install 'twh-server[redis]'" in printed
    code, _, said = command("serve")
    assert code == 1
    assert "pip install 'twh-server[redis]'" in said
