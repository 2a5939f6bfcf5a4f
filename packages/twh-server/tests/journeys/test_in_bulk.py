"""Many entries at once, through two servers: each once, also when one of them is killed in the middle."""

import asyncio

import pytest

from twh import AsyncClient
from twh.errors import TwhError

ENTRIES = 600


def receipts(count=ENTRIES):
    for number in range(count):
        line = {"item": "APPLES", "location": "MAIN", "quantity": 1}
        yield {"kind": "receipt", "lines": [line], "idempotency_key": f"delivery-{number}"}


async def test_a_run_whose_server_is_killed_is_run_again_and_records_nothing_twice(shelf, shop, doomed):
    address, process = doomed
    await shelf.has(0)
    answered = []

    def kill_soon(answer):
        answered.append(answer.recorded)
        if len(answered) == 2:
            asyncio.get_running_loop().call_later(0.02, process.kill)

    async with AsyncClient(api_key=shop.secret, base_url=address, deadline=1) as client:
        with pytest.raises(TwhError):
            await client.movements.record_many(receipts(), batch_size=100, each=kill_soon)
    again = await shelf.client.movements.record_many(receipts(), batch_size=70)

    assert (again.recorded, again.refused, again.failed) == (ENTRIES, 0, 0)
    assert sum(answered) <= again.replayed < ENTRIES
    assert await shelf.on_hand() == ENTRIES


async def test_the_same_run_twice_at_once_is_one_run(shelf):
    await shelf.has(0)
    runs = [shelf.client.movements.record_many(receipts(300), batch_size=100) for _ in range(4)]
    came = await asyncio.gather(*runs)

    assert [one.recorded for one in came] == [300] * 4
    assert sum(one.replayed for one in came) == 900
    assert await shelf.on_hand() == 300


async def test_what_was_recorded_in_bulk_is_answered_alone_with_what_it_was(shelf):
    await shelf.has(0)
    await shelf.client.movements.record_many(receipts(3))

    again = await shelf.client.with_raw.movements.receive(
        item="APPLES", location="MAIN", quantity=1, options={"idempotency_key": "delivery-1"}
    )
    assert again.replayed
    assert await shelf.on_hand() == 3
