"""Publishers on real buses: what was acknowledged is there, in its order, as the bus's readers expect it."""

import asyncio
from dataclasses import replace
from itertools import chain, groupby
from urllib.parse import unquote

import buses
import pytest

from twh_server.publishing import kafka
from twh_server.publishing.publisher import Message, Refused


def messages(tenant, numbers, *, kind="entry.recorded", size=10):
    return [
        Message(
            id=f"evt_{tenant}_{number}",
            tenant=tenant,
            kind=kind,
            key=f"itm_{number % 3}",
            attributes={
                "specversion": "1.0",
                "id": f"evt_{tenant}_{number}",
                "sequence": str(number),
                "tenant": tenant,
            },
            body=b"%06d" % number + b"x" * size,
        )
        for number in numbers
    ]


async def numbers_of(bus, tenant):
    """By lane, the numbers of a tenant's messages as they stand there."""
    heard = [one for one in await bus.heard() if one.attributes["tenant"] == tenant]
    lanes = groupby(sorted(heard, key=lambda one: str(one.lane)), key=lambda one: one.lane)
    return [[int(one.attributes["sequence"]) for one in lane] for _, lane in lanes]


async def test_what_is_acknowledged_is_there_in_its_order(bus, publisher):
    await publisher.publish(messages("ten_a", range(200)))
    await publisher.publish(messages("ten_a", range(200, 300)))

    lanes = await numbers_of(bus, "ten_a")
    assert sorted(chain(*lanes)) == list(range(300))
    assert all(lane == sorted(lane) for lane in lanes)


async def test_a_run_whose_events_were_dropped_is_nothing_to_publish(bus, publisher):
    before = len(await bus.heard())
    await publisher.publish([])

    assert len(await bus.heard()) == before


async def test_a_message_is_a_cloud_event_as_its_bus_has_them(bus, publisher):
    (message,) = messages("ten_b", [1])
    message = replace(message, attributes={**message.attributes, "actorname": "Käthe 100%\n"})
    await publisher.publish([message])
    (heard,) = [one for one in await bus.heard() if one.attributes["tenant"] == "ten_b"]

    assert heard.attributes | {"actorname": unquote(heard.attributes["actorname"])} == message.attributes
    assert heard.body == message.body
    if not isinstance(bus, buses.Nats):
        assert heard.attributes == message.attributes
    if isinstance(bus, buses.Kafka):
        assert (heard.key, heard.headers["content-type"]) == ("itm_1", "application/json")
    if isinstance(bus, buses.Nats):
        assert heard.attributes["actorname"] == "K%C3%A4the%20100%25%0A"
        assert (heard.subject, heard.headers["Nats-Msg-Id"]) == ("news.ten_b.entry.recorded", message.id)


async def test_two_who_publish_at_once_disturb_nobodys_order(bus, publisher, publisher_of):
    other = publisher_of(bus.url)
    await other.open()
    await asyncio.gather(publisher.publish(messages("ten_c", range(50))), other.publish(messages("ten_d", range(50))))
    await other.close()

    for tenant in ("ten_c", "ten_d"):
        lanes = await numbers_of(bus, tenant)
        assert sorted(chain(*lanes)) == list(range(50))
        assert all(lane == sorted(lane) for lane in lanes)


async def test_a_stream_of_nats_drops_what_it_has_and_lets_nothing_overtake(tmp_path, publisher_of):
    async with buses.running("nats", tmp_path) as bus:
        publisher = publisher_of(bus.url)
        await publisher.open()
        run = messages("ten_a", range(10))
        await publisher.publish(run[:4])
        await publisher.publish(messages("ten_b", [1]))
        await publisher.publish(run)
        await publisher.close()

        assert await numbers_of(bus, "ten_a") == [list(range(10))]


async def test_a_stream_of_valkey_keeps_about_as_many_as_it_is_told(tmp_path, publisher_of):
    async with buses.running("valkey", tmp_path) as bus:
        publisher = publisher_of(f"{bus.url}?maxlen=100")
        await publisher.open()
        await publisher.publish(messages("ten_a", range(1_000)))
        await publisher.close()

        (kept,) = await numbers_of(bus, "ten_a")
        assert kept == list(range(1_000 - len(kept), 1_000))
        assert 100 <= len(kept) < 300


@pytest.mark.parametrize("kind", ["kafka", "nats"])
async def test_a_message_that_is_too_large_is_refused_and_the_next_is_taken(kind, tmp_path, publisher_of):
    config = {"max_msg_size": 20_000} if kind == "nats" else {}
    async with buses.running(kind, tmp_path, **config) as bus:
        publisher = publisher_of(f"{bus.url}?bytes_max=10000")
        await publisher.open()
        with pytest.raises(Refused, match="too large"):
            await publisher.publish([*messages("ten_a", [1]), *messages("ten_a", [2], size=30_000)])
        await publisher.publish(messages("ten_b", [1]))
        await publisher.close()

        assert await numbers_of(bus, "ten_b") == [[1]]


async def test_nats_says_how_much_it_takes(tmp_path, publisher_of):
    async with buses.running("nats", tmp_path) as bus:
        publisher = publisher_of(bus.url)
        await publisher.open()
        await publisher.publish(messages("ten_a", [1], size=publisher.bytes_max - 6))
        await publisher.close()

        assert await numbers_of(bus, "ten_a") == [[1]]


@pytest.mark.parametrize(
    "url",
    ["kafka://twh:s3cr3t@127.0.0.1:1/news", "nats://twh:s3cr3t@127.0.0.1:1/news", "redis://:s3cr3t@127.0.0.1:1/news"],
)
async def test_a_bus_that_is_not_there_is_said_to_be_away(url, publisher_of, monkeypatch):
    monkeypatch.setattr(kafka, "LOOK_SECONDS", 1)
    publisher = publisher_of(url)
    with pytest.raises(Exception, match=r"refused|Connect call failed") as away:
        await publisher.open()
    await publisher.close()

    assert "s3cr3t" not in str(away.value)


async def test_a_place_that_is_not_there_is_said(tmp_path, publisher_of):
    async with buses.running("nats", tmp_path) as bus:
        publisher = publisher_of(bus.url.replace("news", "olds"))
        with pytest.raises(ConnectionError, match="no stream takes olds"):
            await publisher.open()
        await publisher.close()
    async with buses.running("valkey", tmp_path) as bus:
        with bus.client() as client:
            client.set("news", "1")
        publisher = publisher_of(bus.url)
        with pytest.raises(ConnectionError, match="news is no stream there, but a string"):
            await publisher.open()
        await publisher.close()
