"""The feed as server-sent events: told as it happens, resumed where it broke off, ended when it has to be."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

import pytest

from twh_server.access.keys import Keys
from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.events.bell import Bell
from twh_server.events.kinds import decode
from twh_server.http import event_stream, streaming

SOON_SECONDS = 10
REVOKE = "update api_keys set revoked_at = %s where tenant_id = %s and id = %s"
STATE = "update tenants set state = %s where id = %s"


class Line:
    """A connection as the server in front of the application would have it, with room for one part at a time."""

    def __init__(self, app, headers, query=""):
        self.head = {}
        self.parts = asyncio.Queue(1)
        self.hung_up = asyncio.Event()
        scope = {
            "type": "http",
            "method": "GET",
            "http_version": "1.1",
            "raw_path": b"/v1/events",
            "path": "/v1/events",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
        }
        self.answering = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            self.head = message
        else:
            await self.parts.put((message["body"], message["more_body"]))

    async def events(self, many):
        """So many of the next events, each as (id, event, data); what else is told is passed over."""
        found = []
        async with asyncio.timeout(SOON_SECONDS):
            while len(found) < many:
                found += [one for one in told_in(await self.next()) if one[1]]
        return found

    async def next(self):
        """The next part; None after the last."""
        async with asyncio.timeout(SOON_SECONDS):
            body, more = await self.parts.get()
        return body if more else None

    async def rest(self):
        """What is still told, until the end."""
        found = []
        while (part := await self.next()) is not None:
            found += told_in(part)
        await asyncio.wait_for(self.answering, SOON_SECONDS)
        return found


def told_in(part):
    blocks = [block.split(b"\n") for block in part.split(b"\n\n") if block]
    fields = [dict(line.split(b": ", 1) for line in block) for block in blocks]
    return [(one.get(b"id"), one.get(b"event"), one.get(b"data")) for one in fields if b"retry" not in one]


@pytest.fixture
async def rooms(database):
    return open_rooms(database, Bell(), Sealer(bytes(32)))


@pytest.fixture
async def listen(rooms, stockroom):
    """Listens to the feed of a shop with four events."""
    app, lines = build(rooms), []

    def listen(query="", **headers):
        told = {"Host": "twh.test", "Accept": "text/event-stream", **stockroom.shop.headers, **headers}
        lines.append(Line(app, told, query))
        return lines[-1]

    yield listen
    for line in lines:
        line.answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await line.answering


def numbers(events):
    return [int(one) for one, _, _ in events]


async def test_an_event_is_its_number_its_type_and_its_exact_bytes(listen, stockroom):
    stored = await stockroom.rows("select body from events where tenant_id = %(tenant)s order by sequence")
    line = listen()

    assert await line.events(4) == [
        (str(decode(body).sequence).encode(), decode(body).type.encode(), body.encode()) for (body,) in stored
    ]
    headers = dict(line.head["headers"])
    assert (line.head["status"], headers[b"content-type"]) == (200, b"text/event-stream")
    assert headers[b"cache-control"] == b"no-store"


async def test_what_happens_is_told_as_it_happens(listen, stockroom):
    line = listen("after=4")
    await line.next()
    await stockroom.receive("apples", 1)

    assert numbers(await line.events(1)) == [5]


async def test_a_stream_goes_on_where_it_broke_off_whatever_its_address_says(listen):
    assert numbers(await listen("after=0", **{"Last-Event-ID": "3"}).events(1)) == [4]


async def test_of_some_types_only_those_are_told_and_the_place_passes_the_others(listen, monkeypatch):
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0)
    line = listen("types=item.created")
    told = []
    while not (told and told[-1][1] is None):
        told += told_in(await line.next())

    assert {kind for _, kind, _ in told[:-1]} == {b"item.created"}
    assert told[-1] == (b"4", None, None)


@pytest.mark.parametrize("value", ["four", "-1", "1" * 19])
async def test_what_is_no_number_of_an_event_is_malformed(listen, value):
    line = listen(**{"Last-Event-ID": value})
    await line.next()

    assert line.head["status"] == 400


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json, text/event-stream", b"application/json"),
        ("text/event-stream, application/json", b"text/event-stream"),
        ("text/event-stream;q=0, */*", b"application/json"),
        ("text/html, text/event-stream", b"text/event-stream"),
    ],
)
async def test_the_first_form_that_is_named_and_known_is_taken(listen, accept, media):
    line = listen(Accept=accept)
    await line.parts.get()

    assert dict(line.head["headers"])[b"content-type"] == media


async def test_a_revoked_key_hears_no_more(listen, stockroom, database):
    line = listen()
    await line.events(4)
    async with database.transaction() as tx:
        await tx.execute(REVOKE, (datetime.now(UTC), stockroom.shop.tenant, stockroom.shop.key))

    assert await line.rest() == []


async def test_a_suspended_tenant_listens_on_and_a_closed_one_does_not(listen, stockroom, database, monkeypatch):
    monkeypatch.setattr(Keys, "find", Keys(database, seconds=0).find)
    line = listen()
    await line.events(4)
    async with database.transaction() as tx:
        await tx.execute(STATE, ("suspended", stockroom.shop.tenant))
    await stockroom.receive("apples", 1)
    heard = numbers(await line.events(1))
    async with database.transaction() as tx:
        await tx.execute(STATE, ("closed", stockroom.shop.tenant))

    assert (heard, await line.rest()) == ([5], [])


async def test_a_stream_ends_when_the_server_stops(listen, rooms):
    line = listen("after=4")
    await line.next()
    rooms.bell.hush()

    assert await line.rest() == []


async def test_a_stream_ends_by_itself_before_a_proxy_would_end_it(listen, monkeypatch):
    monkeypatch.setattr(event_stream, "STREAM_SECONDS_MAX", 0.1)

    assert numbers(await listen().rest()) == [1, 2, 3, 4]


async def test_a_slow_reader_is_waited_for_and_read_for_no_further(listen, stockroom, monkeypatch):
    reads = []
    monkeypatch.setattr(event_stream, "decode", lambda body: reads.append(body) or decode(body))
    line = listen("limit=1")
    first = await line.next()  # the reader's one place is taken by the first event now, and the second has to wait
    await asyncio.sleep(0.5)
    waiting = len(reads)

    assert (first, waiting) == (event_stream.RETRY, 2)
    assert numbers(await line.events(4)) == [1, 2, 3, 4]


async def test_who_takes_nothing_at_all_is_let_go(listen, monkeypatch):
    monkeypatch.setattr(streaming, "STREAM_SECONDS_MAX", 0.1)
    monkeypatch.setattr(streaming, "STALLED_SECONDS_MAX", 0.1)
    line = listen("limit=1")

    await asyncio.wait_for(line.answering, SOON_SECONDS)


async def test_who_hangs_up_is_not_read_for(listen):
    line = listen("after=4")
    await line.next()
    line.hung_up.set()

    await asyncio.wait_for(line.answering, SOON_SECONDS)


async def test_what_is_gone_is_refused_before_anything_is_told(listen, stockroom, superuser):
    await superuser.execute("update ledger_heads set events_from = 3 where tenant_id = %s", (stockroom.shop.tenant,))
    gone = listen("after=1")
    problem = json.loads((await gone.parts.get())[0])

    assert (gone.head["status"], problem["code"], problem["first_sequence"]) == (410, "events_gone", 3)
    assert numbers(await listen("after=2").events(2)) == [3, 4]
