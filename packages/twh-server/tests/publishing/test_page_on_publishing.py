"""docs/how-to/publish-to-a-bus.md: its consumer lets what comes again have no effect, its SQL moves a publisher."""

import asyncio
import re
import sqlite3
import sys
from pathlib import Path

import buses
import pytest

from twh_server.events.follow import lag_of
from twh_server.publishing.messages import message_of

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "publish-to-a-bus.md"
PATIENCE_SECONDS = 60


@pytest.mark.slow  # Tansu takes its time to let a group begin
async def test_the_consumer_on_the_page_does_what_the_page_says(stockroom, publisher_of, tmp_path):
    await stockroom.receive("apples", 5)
    await stockroom.issue("apples", 2)
    rows = await stockroom.rows("select body from events where tenant_id = %(tenant)s order by sequence")
    told = [message_of(stockroom.shop.tenant, stored, bytes_max=1_000_000) for (stored,) in rows]
    (code,) = re.findall(r"```text\n(import json.*?)```", PAGE.read_text(), re.DOTALL)
    async with buses.running("kafka", tmp_path) as bus:
        publisher = publisher_of(bus.url)
        await publisher.open()
        await publisher.publish(told)
        await publisher.publish(told)
        await publisher.publish(told[-1:])
        await publisher.close()
        code = code.replace("BROKERS", f'"127.0.0.1:{bus.port}"').replace("twh-events", "news")
        consumer = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=tmp_path)
        try:
            await consumed(tmp_path / "stock.db", len(told))
        finally:
            consumer.kill()
            await consumer.wait()

    with sqlite3.connect(tmp_path / "stock.db") as stock:
        assert stock.execute("select * from moved").fetchall() == [("apples", "3")]


async def test_the_sql_on_the_page_lets_a_publisher_begin_now_and_again(stockroom, database, superuser):
    (code,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    set_role, from_now_on, forget = (part.strip() for part in code.split(";")[:3])

    async def behind():
        return (await lag_of(database, "kafka:twh-events")).events

    before = await behind()
    await superuser.execute(set_role)
    await superuser.execute(from_now_on)
    from_now = await behind()
    await superuser.execute(forget)

    assert before >= 4
    assert from_now == 0
    assert await behind() == before


async def consumed(path, events):
    """Wait until so many events were seen."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await asyncio.sleep(0.1)
            with sqlite3.connect(path) as stock:
                tables = stock.execute("select count(*) from sqlite_master where name in ('seen', 'moved')").fetchone()
                if tables == (2,) and stock.execute("select count(*) from seen").fetchone() == (events,):
                    return
