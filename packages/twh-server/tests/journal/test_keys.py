"""What was answered once is answered again with the same bytes, whatever has happened in between."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.catalogue.location_commands import CreateLocation
from twh_server.journal.commands import Answer
from twh_server.journal.sweep import sweep_keys
from twh_server.ledger.lines import Line


@pytest.fixture
def receipt(stockroom):
    return stockroom.entry("receipt", Line(item="apples", quantity="5", location="MAIN"))


@pytest.fixture
def issue(stockroom):
    return stockroom.entry("issue", Line(item="apples", quantity="5", location="MAIN"))


async def test_a_retry_is_answered_with_the_same_bytes(ask, receipt):
    first = await ask(receipt, "k")
    retried = await ask(receipt, "k")

    assert (retried.status, retried.headers, retried.body) == (first.status, first.headers, first.body)
    assert (first.replayed, retried.replayed) == (False, True)


async def test_a_retry_moves_nothing(ask, stockroom, receipt):
    await ask(receipt, "k")
    await ask(receipt, "k")

    assert await stockroom.on_hand("apples") == "5"


async def test_a_hundred_at_once_are_one_entry(ask, stockroom, receipt, count):
    answers = await asyncio.gather(*(ask(receipt, "k") for _ in range(100)))

    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert await count("entries") == 1


async def test_a_key_that_was_used_for_another_request_is_refused(ask, receipt, issue):
    first = await ask(receipt, "k")
    other = await ask(issue, "k", digest=b"another request")

    assert other.status == 422
    assert b"idempotency_key_reused" in other.body
    assert first.body not in other.body


async def test_a_key_still_stands_for_its_first_request_after_it_was_misused(ask, receipt, issue):
    first = await ask(receipt, "k")
    await ask(issue, "k", digest=b"another request")

    assert (await ask(receipt, "k")).body == first.body


async def test_two_requests_with_one_key_in_one_batch_are_told_apart(ask, stockroom, receipt, issue):
    answers = await asyncio.gather(ask(receipt, "k"), ask(issue, "k", digest=b"another request"))

    assert [answer.status for answer in answers] == [201, 422]
    assert await stockroom.on_hand("apples") == "5"


async def test_another_tenants_key_is_another_key(ask, writer, request_of, other_shop, receipt):
    await ask(receipt, "k")
    command = CreateLocation(code="MAIN", name="Main")
    theirs = await writer.submit(request_of(command, "k", digest=b"another request", tenant=other_shop.tenant))

    assert (theirs.status, theirs.replayed) == (200, False)


async def test_a_refusal_is_remembered_even_when_there_is_stock_again(ask, stockroom, issue):
    first = await ask(issue, "k")
    await stockroom.receive("apples", 5)
    retried = await ask(issue, "k")

    assert (first.status, retried.status) == (409, 409)
    assert (retried.body, retried.replayed) == (first.body, True)
    assert await stockroom.on_hand("apples") == "5"


async def test_a_refusal_writes_its_key_and_nothing_else(ask, stockroom, issue, count):
    tables = ("events", "blocks", "entries", "stock_movements", "stock_levels", "idempotency_keys")
    head = "select sequence, hash, last_id from ledger_heads where tenant_id = %(tenant)s"
    before = [await count(table) for table in tables], await stockroom.rows(head)
    await ask(issue, "k")
    after = [await count(table) for table in tables], await stockroom.rows(head)

    assert after == ([*before[0][:-1], before[0][-1] + 1], before[1])


async def test_a_refusal_without_a_key_writes_nothing(ask, issue, count):
    before = await count("idempotency_keys")
    await ask(issue)

    assert await count("idempotency_keys") == before


async def test_an_entry_is_kept_once_by_its_event(ask, stockroom, receipt):
    answer = await ask(receipt, "k")
    kept = "select body, sequence from idempotency_keys where tenant_id = %(tenant)s and key = 'k'"
    told = "select sequence, body from events where tenant_id = %(tenant)s and kind = 'entry.recorded'"
    ((sequence, event),) = await stockroom.rows(told)

    assert await stockroom.rows(kept) == [(None, sequence)]
    assert answer.body.decode() in event


async def test_an_answer_without_a_body_is_replayed_without_one(ask, stockroom):
    count = stockroom.entry("count", Line(item="apples", quantity="0", location="MAIN"))
    first = await ask(count, "k")
    retried = await ask(count, "k")

    assert (first.status, first.body) == (204, b"")
    assert (retried.status, retried.body, retried.replayed) == (204, b"", True)


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_is_confidential_is_kept_in_its_other_form_and_told_in_its_own(ask, stockroom, at_once):
    def answer(_):
        return Answer(status=201, body=b'{"secret":"whsec_1"}', kept="sealed")

    def reopen(kept):
        return {"sealed": b'{"secret":"whsec_1"}'}[kept]

    def attempt():
        return ask(CreateLocation(code="BIN", name="Bin"), "k", answer=answer, reopen=reopen)

    answers = await asyncio.gather(attempt(), attempt()) if at_once else [await attempt(), await attempt()]

    assert [(told.body, told.replayed) for told in answers] == [(answers[0].body, False), (answers[0].body, True)]
    assert await stockroom.rows("select body from idempotency_keys where tenant_id = %(tenant)s") == [("sealed",)]


async def test_old_refusals_are_swept_and_the_keys_of_entries_stay(ask, database, receipt, issue, count):
    await ask(receipt, "recorded")
    await ask(issue, "issued")
    await ask(issue, "refused")
    await sweep_keys(database, now=datetime.now(UTC) + timedelta(days=7, seconds=1), days=7)

    assert await count("idempotency_keys") == 2
    assert (await ask(receipt, "recorded")).replayed
    assert not (await ask(issue, "refused")).replayed


async def test_young_keys_are_not_swept(ask, database, issue, count):
    await ask(issue, "refused")
    await sweep_keys(database, now=datetime.now(UTC) + timedelta(days=7, minutes=-1), days=7)

    assert await count("idempotency_keys") == 1
