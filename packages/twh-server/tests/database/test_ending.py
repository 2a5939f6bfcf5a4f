"""A task that runs for ever ends when it is told to, also when it was told in the middle of a database call."""

import asyncio

from twh_server.database.engine import Transient, ended


async def test_a_task_that_takes_the_first_cancellation_for_a_lost_connection_ends_all_the_same():
    heard = []

    async def survivor():
        while True:
            try:
                try:
                    await asyncio.sleep(600)
                except asyncio.CancelledError:
                    heard.append("cancelled")
                    if len(heard) == 1:
                        raise Transient[0]("the connection is lost") from None
                    raise
            except Transient:
                await asyncio.sleep(600)

    task = asyncio.create_task(survivor())
    await asyncio.sleep(0)

    await asyncio.wait_for(ended(task), timeout=5)

    assert task.cancelled()


async def test_a_task_that_asks_the_database_again_and_again_ends_at_any_moment(database):
    async def ask():
        while True:
            try:
                async with database.workers.connection() as connection:
                    await connection.execute("select 1")
            except Transient:
                await asyncio.sleep(600)

    for turn in range(100):
        task = asyncio.create_task(ask())
        await asyncio.sleep(turn * 0.000_2)
        await asyncio.wait_for(ended(task), timeout=5)

        assert task.done()
    await database.tell_time()
