"""What users write, and both type checkers accept."""

# pyright: strict

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import assert_type

import httpx

from twh import (
    AsyncClient,
    AsyncPager,
    AsyncReplayJob,
    AsyncStream,
    Client,
    Hooks,
    Line,
    NewEntry,
    Options,
    Page,
    Pager,
    Raw,
    ReplayJob,
    TransferLine,
    errors,
    hooks,
    models,
    webhooks,
)


def calls(client: Client) -> None:
    item = client.items.create(sku="TSHIRT-M", name="T-shirt, medium", reorder_point=Decimal("2.5"))
    assert_type(item, models.Item)
    level = client.stock.get("TSHIRT-M", at="MAIN")
    assert_type(level, models.Level)
    assert_type(level.on_hand, Decimal)
    assert_type(client.stock.get("A", at="B", as_of=level.updated_at, clock="occurred"), models.Level)
    options: Options = {"idempotency_key": "po-77-1", "deadline": 20}
    entry = client.movements.receive(item=item, location="MAIN", quantity=12, reference="PO-77", options=options)
    assert_type(entry, models.Entry)
    assert_type(client.movements.count(item="A", location="B", quantity="3"), models.Entry | None)
    assert_type(client.idempotency.get("po-77-1"), models.KeyRecord | None)
    assert_type(client.webhooks.delete("whe_1"), None)
    client.movements.record(
        kind="transfer", lines=[{"item": "A", "source": "B", "target": "C", "quantity": Decimal(1)}]
    )
    client.movements.issue(
        lines=[
            {"item": item, "location": level.location, "quantity": 1, "expected": {"on_hand": 10}},
            {"item": "B", "location": "MAIN", "quantity": "0.5", "expected": {"version": 3}},
        ],
        reference={"type": "order", "id": "7"},
    )
    lines: list[Line] = [{"item": "A", "location": "MAIN", "quantity": Decimal("1.5")}]
    lines.append(Line(item=item, location="MAIN", quantity=3, expected={"version": 3}))
    client.movements.receive(lines=lines)
    moves: list[TransferLine] = [{"item": "A", "source": "B", "target": "C", "quantity": 1}]
    client.movements.transfer(lines=moves)
    client.items.update(item, reorder_point=None, if_match=item.etag)
    client.entries.reverse(entry.id, reason="wrong bin")


def many(client: Client) -> None:
    entries: list[NewEntry] = [
        {"kind": "receipt", "lines": [{"item": "A", "location": "B", "quantity": 1}], "idempotency_key": "po-1"},
        {"kind": "transfer", "lines": [{"item": "A", "source": "B", "target": "C", "quantity": 1}], "reference": "7"},
    ]
    for row in client.movements.batch(entries).results:
        assert_type(row.entry, models.Entry | None)
        assert_type(row.error, errors.APIError | None)
    seen: list[int] = []
    came = client.movements.record_many((entry for entry in entries), each=lambda answer: seen.append(answer.recorded))
    assert_type(came.recorded, int)
    assert_type(came.refusals[0].error, errors.APIError)


def jobs(client: Client) -> None:
    job = client.webhooks.replay(which="failed", endpoint="whe_1")
    assert_type(job, ReplayJob)
    assert_type(job.wait(timeout=5, each=lambda replay: replay.total), models.Replay)
    assert_type(client.webhooks.replay(dry_run=True, which="all", first_sequence=1).total, int)
    assert_type(client.webhooks.retry("dlv_1"), ReplayJob)
    assert_type(client.with_raw.webhooks.retry("dlv_1").value, models.Replay | models.ReplayPlan)


async def awaited_jobs(client: AsyncClient) -> None:
    job = await client.webhooks.replay(first_sequence=1)
    assert_type(job, AsyncReplayJob)
    assert_type(await job.wait(), models.Replay)
    assert_type((await client.webhooks.replay(dry_run=True)).total, int)


def lists(client: Client) -> None:
    levels = client.stock.list(item="TSHIRT-M")
    assert_type(levels, Pager[models.Level])
    for level in levels:
        assert_type(level, models.Level)
    assert_type(levels.first(), models.Level | None)
    assert_type(levels.to_list(limit=500), list[models.Level])
    for page in levels.pages():
        assert_type(page, Page[models.Level])


def raw(client: Client) -> None:
    answer = client.with_raw.stock.get("TSHIRT-M", at="MAIN")
    assert_type(answer, Raw[models.Level])
    assert_type(answer.value.etag, str)
    assert_type(client.with_raw.items.list(), Raw[Page[models.Item]])
    assert_type(client.with_options(timeout=5).with_raw.tenant.get().value.tenant, models.Tenant)


def counted(answer: hooks.Response) -> None:
    assert_type(answer.status, int | None)


def paused(retry: hooks.Retry) -> None:
    assert_type(retry.pause, float)


def watched(client: Client) -> None:
    client.with_options(hooks=Hooks(response=counted, retry=paused), tracing=True).items.get("A")
    Client(environment="live", hooks=Hooks(request=print))
    assert_type(client.with_raw.items.get("A").replayed, bool)


async def awaited(client: AsyncClient) -> None:
    assert_type(await client.stock.get("TSHIRT-M", at="MAIN"), models.Level)
    assert_type(await client.with_raw.stock.get("TSHIRT-M", at="MAIN"), Raw[models.Level])
    assert_type(client.items.list(), AsyncPager[models.Item])
    async for item in client.items.list():
        assert_type(item, models.Item)
    assert_type(await client.items.list().first(), models.Item | None)
    async for event in client.events.stream(after=3):
        handle(event)
    async with client.events.stream(checkpoint="shipping", idle=5) as events:
        assert_type(events, AsyncStream)
        async for event in events:
            handle(event)
        await events.save()
    assert_type(await client.movements.batch([]), models.EntryResults)
    assert_type((await client.movements.record_many([])).entries, int)
    async with client.with_options(deadline=5) as other:
        await other.movements.adjust(item="A", location="B", quantity=-1, reason="damaged")


def handle(event: models.Event) -> None:
    match event:
        case models.EntryRecorded():
            assert_type(event.data, models.Entry)
        case models.StockLow():
            assert_type(event.data.available, Decimal)
        case models.UnknownEvent():
            assert_type(event.type, str)
        case _:
            assert_type(event.sequence, int)


def received(client: Client, body: bytes, headers: Mapping[str, str]) -> None:
    handle(client.webhooks.verify(body, headers, secret=["whsec_new", "whsec_old"]))
    handle(webhooks.verify(body, headers, secret="whsec_one", tolerance=60))
    handle(webhooks.verify(body, [(b"webhook-id", b"evt_1")], secret="whsec_one"))
    handle(webhooks.verify(body, httpx.Headers(headers), secret="whsec_one"))


def refused(client: Client) -> None:
    try:
        client.movements.issue(item="A", location="B", quantity=1)
    except errors.InsufficientStock as refusal:
        assert_type(refusal.available, Decimal | None)
        assert_type(refusal.idempotency_key, str | None)
    except errors.OutcomeUnknown as unknown:
        assert_type(unknown.attempts, int)


def opened() -> None:
    with httpx.Client() as http, Client("twh_test_1", base_url="http://127.0.0.1:8750", http_client=http) as client:
        calls(client)
