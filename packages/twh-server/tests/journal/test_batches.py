"""Group commit: what arrives together is committed together, in order, within limits, and sealed."""

import asyncio
import hashlib
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.access.refusals import TenantClosed
from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.engine import Database
from twh_server.database.identifiers import TenantId, fresh
from twh_server.events.bell import Bell
from twh_server.journal import writer as writing
from twh_server.journal.refusals import Overloaded, Unavailable
from twh_server.journal.writer import Writer
from twh_server.ledger.lines import Line
from twh_server.ledger.verify import verify

EVENTS = "select sequence, id, recorded_at, body from events where tenant_id = %(tenant)s order by sequence"
BLOCKS = """
select first_sequence, last_sequence, previous_hash, hash
from blocks
where tenant_id = %(tenant)s
order by first_sequence
"""


def bins(count, start=0):
    return [CreateLocation(code=f"BIN-{number}", name="A bin") for number in range(start, start + count)]


async def together(ask, commands):
    return await asyncio.gather(*(ask(command) for command in commands), return_exceptions=True)


async def test_commands_that_wait_together_are_one_batch(ask, count):
    before = await count("blocks")
    await together(ask, bins(200))

    assert await count("blocks") - before == 1


async def test_a_batch_of_many_megabytes_is_sent_whole(ask, count):
    """More than a socket takes at once: neither side may wait for the other."""
    before = await count("blocks")
    large = [CreateItem(sku=f"SKU-{number}", name="x", attributes={"text": "x" * 16_000}) for number in range(400)]
    answers = await asyncio.wait_for(together(ask, large), timeout=30)

    assert {answer.status for answer in answers} == {200}
    assert await count("blocks") - before == 1


async def test_answers_come_back_to_whoever_asked(ask, request_of, writer):
    def named(location):
        return writing.Answer(status=200, body=location.code.encode())

    answers = await asyncio.gather(*(writer.submit(request_of(one, answer=named)) for one in bins(50)))

    assert [answer.body.decode() for answer in answers] == [one.code for one in bins(50)]


async def test_a_batch_has_at_most_so_many_commands(ask, count, monkeypatch):
    before = await count("blocks")
    monkeypatch.setattr(writing, "BATCH_COMMANDS_MAX", 10)
    await together(ask, bins(25))

    assert await count("blocks") - before == 3


async def test_a_batch_has_at_most_so_many_lines(ask, stockroom, count, monkeypatch):
    before = await count("blocks")
    monkeypatch.setattr(writing, "BATCH_LINES_MAX", 10)
    line = Line(item="apples", quantity="1", location="MAIN")
    await together(ask, [stockroom.entry("receipt", *[line] * 4) for _ in range(5)])

    assert await count("blocks") - before == 3


async def test_a_command_with_more_lines_than_a_batch_goes_alone(ask, stockroom, monkeypatch):
    monkeypatch.setattr(writing, "BATCH_LINES_MAX", 10)
    line = Line(item="apples", quantity="1", location="MAIN")
    answers = await together(ask, [stockroom.entry("receipt", *[line] * lines) for lines in (1, 25, 1)])

    assert [answer.status for answer in answers] == [201, 201, 201]


async def test_a_command_is_decided_on_what_the_ones_before_it_left(ask, stockroom):
    line = Line(item="apples", quantity="3", location="MAIN")
    commands = [stockroom.entry("receipt", line), stockroom.entry("issue", line), stockroom.entry("issue", line)]
    answers = await together(ask, commands)

    assert [answer.status for answer in answers] == [201, 201, 409]
    assert await stockroom.on_hand("apples") == "0"


async def test_a_full_queue_refuses_at_once_and_answers_what_it_took(ask, stockroom, monkeypatch):
    monkeypatch.setattr(writing, "TENANT_QUEUE_MAX", 5)
    answers = await together(ask, bins(8))

    assert [isinstance(answer, Overloaded) for answer in answers] == [False] * 5 + [True] * 3
    assert [answer.status for answer in answers[:5]] == [200] * 5


async def test_a_queue_is_full_of_lines_too(ask, stockroom, monkeypatch):
    monkeypatch.setattr(writing, "TENANT_QUEUE_LINES_MAX", 10)
    line = Line(item="apples", quantity="1", location="MAIN")
    answers = await together(ask, [stockroom.entry("receipt", *[line] * lines) for lines in (25, 1, 4, 5, 6)])

    assert [isinstance(answer, Overloaded) for answer in answers] == [False, True, True, True, True]


async def test_a_process_is_full_of_lines_too_and_empty_again(
    ask, writer, stockroom, other_shop, request_of, monkeypatch
):
    monkeypatch.setattr(writing, "PROCESS_QUEUE_LINES_MAX", 10)
    line = Line(item="apples", quantity="1", location="MAIN")
    theirs = request_of(CreateLocation(code="X", name="X"), tenant=other_shop.tenant)
    answers = await asyncio.gather(
        *(ask(stockroom.entry("receipt", *[line] * 5)) for _ in range(2)), writer.submit(theirs), return_exceptions=True
    )

    assert isinstance(answers[-1], Overloaded)
    assert (await writer.submit(theirs)).status == 200
    assert writer._queued_lines == 0


async def test_many_callers_of_one_batch_are_not_all_answered_before_anybody_else_has_a_turn(ask):
    answered = 0

    async def counted(command):
        nonlocal answered
        await ask(command)
        answered += 1

    seen = set()

    async def somebody():
        while answered < 400:
            seen.add(answered)
            await asyncio.sleep(0)

    await asyncio.gather(somebody(), *(counted(one) for one in bins(400)))

    most = max(after - before for before, after in itertools.pairwise(sorted(seen)))
    assert most <= 2 * writing.TOLD_TOGETHER_MAX


async def test_a_full_process_refuses_other_tenants_too(ask, writer, request_of, other_shop, monkeypatch):
    monkeypatch.setattr(writing, "PROCESS_QUEUE_MAX", 5)
    theirs = request_of(CreateLocation(code="X", name="X"), tenant=other_shop.tenant)
    answers = await asyncio.gather(*(ask(one) for one in bins(5)), writer.submit(theirs), return_exceptions=True)

    assert isinstance(answers[-1], Overloaded)
    assert not writer._lines
    assert (await writer.submit(theirs)).status == 200


async def test_closing_answers_what_was_taken_and_takes_nothing_new(ask, writer, count):
    asked = [asyncio.create_task(ask(one)) for one in bins(30)]
    await asyncio.sleep(0)
    await writer.close()

    with pytest.raises(Unavailable):
        await ask(CreateLocation(code="LATE", name="Too late"))
    assert [task.result().status for task in asked] == [200] * 30
    assert await count("locations") == 2 + 30


async def test_a_command_is_carried_out_though_its_caller_went_away(ask, writer, count):
    leaving = asyncio.create_task(ask(CreateLocation(code="BIN", name="Bin")))
    await asyncio.sleep(0)
    leaving.cancel()
    await writer.close()

    assert await count("locations") == 3


async def test_whoever_writes_for_a_tenant_without_a_ledger_is_told_that_it_is_closed(ask):
    with pytest.raises(TenantClosed):
        await ask(CreateLocation(code="BIN", name="Bin"), tenant=TenantId(fresh()))


async def test_two_servers_number_without_a_gap(stockroom, address, request_of, shop, database):
    async with Database(address) as one, Database(address) as two:
        writers = [Writer(one, Bell()), Writer(two, Bell())]
        await asyncio.gather(
            *(writers[number % 2].submit(request_of(command)) for number, command in enumerate(bins(200)))
        )
    sequences = [sequence for sequence, *_ in await stockroom.rows(EVENTS)]
    blocks = await stockroom.rows(BLOCKS)

    assert sequences == list(range(1, 205))
    assert [first for first, *_ in blocks[1:]] == [last + 1 for _, last, *_ in blocks[:-1]]
    assert (await verify(database, shop.tenant)).fault is None


async def test_two_servers_that_create_one_code_are_told_that_it_is_taken(stockroom, address, request_of):
    async with Database(address) as one, Database(address) as two:
        writers = [Writer(one, Bell()), Writer(two, Bell())]
        for command in bins(20):
            answers = await asyncio.gather(*(writer.submit(request_of(command)) for writer in writers))
            assert sorted(answer.status for answer in answers) == [200, 409]


async def test_time_and_ids_do_not_run_backwards_when_the_clock_does(stockroom, database, request_of):
    noon = datetime.now(UTC) + timedelta(minutes=1)
    clock = iter([noon, noon - timedelta(hours=1), noon - timedelta(days=1), noon + timedelta(seconds=1)])
    writer = Writer(database, Bell(), clock=lambda: next(clock))
    for command in bins(4):
        await writer.submit(request_of(command))
    events = await stockroom.rows(EVENTS)
    ids, times = [row[1] for row in events], [row[2] for row in events]

    assert ids == sorted(ids)
    just = timedelta(microseconds=1)
    assert times[4:] == [noon, noon + just, noon + 2 * just, noon + timedelta(seconds=1)]


async def test_a_block_is_the_hash_of_the_one_before_and_of_its_events(stockroom, ask):
    await together(ask, bins(3))
    await ask(CreateLocation(code="ALONE", name="Alone"))
    bodies = {sequence: body.encode() for sequence, _, _, body in await stockroom.rows(EVENTS)}
    expected, previous = [], bytes(32)
    for first, last, *_ in blocks if (blocks := await stockroom.rows(BLOCKS)) else []:
        told = b"".join(len(bodies[n]).to_bytes(8, "big") + bodies[n] for n in range(first, last + 1))
        sealed = hashlib.sha256(previous + told).digest()
        expected.append((first, last, previous, sealed))
        previous = sealed

    assert blocks == expected
    assert blocks[-2][1] - blocks[-2][0] == 2


async def test_the_head_stands_at_the_newest_event_and_block(stockroom):
    await stockroom.receive("apples", 1)
    head = await stockroom.rows("select sequence, hash from ledger_heads where tenant_id = %(tenant)s")
    _, last, _, sealed = (await stockroom.rows(BLOCKS))[-1]

    assert head == [(last, sealed)]
