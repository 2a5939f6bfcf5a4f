"""Many items, batch after batch: one generator says which calls to make, and each kind of client makes them its way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from twh import models
from twh.call import Awaited, Call, Direct
from twh.options import Options
from twh.params import NewItem, written_item

BATCH_ITEMS = 500
BATCH_ITEMS_MAX = 1_000
BATCH_BYTES_MAX = 4_000_000
"""A batch ends here, well below what the server takes, however few its items are."""
REFUSALS_KEPT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """An item that was refused: its number among all (from 0), its SKU, and the problem as the server told it."""

    number: int
    sku: str
    problem: dict[str, Any]


@dataclass(slots=True)
class Upserted:
    """What many items came to. `refusals` has the first thousand that were refused."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[RefusedItem] = field(default_factory=list[RefusedItem])

    @property
    def items(self) -> int:
        """How many were sent."""
        return self.created + self.updated + self.unchanged + self.refused

    def add(self, batch: Sequence[NewItem], answer: models.BatchAnswer) -> None:
        """Count what became of a batch."""
        refused = [
            RefusedItem(self.items + place, str(item.get("sku", "")), row.problem)
            for place, (item, row) in enumerate(zip(batch, answer.results, strict=True))
            if row.problem is not None
        ]
        self.refusals += refused[: REFUSALS_KEPT_MAX - len(self.refusals)]
        self.created += answer.created
        self.updated += answer.updated
        self.unchanged += answer.unchanged
        self.refused += answer.refused


Upserting: TypeAlias = "Generator[Call[models.BatchAnswer], models.BatchAnswer, Upserted]"


def upserting(
    call: Callable[[Iterable[NewItem], Options | None], Call[models.BatchAnswer]],
    items: Iterable[NewItem],
    batch_size: int,
    each: Callable[[models.BatchAnswer], object] | None,
    options: Options | None,
) -> Upserting:
    """Yields the call of each batch, is sent its answer, and returns the sum."""
    if not 1 <= batch_size <= BATCH_ITEMS_MAX:
        raise ValueError(f"batch_size is 1 to {BATCH_ITEMS_MAX}, not {batch_size}")
    run = (options or {}).get("idempotency_key") or str(uuid.uuid4())
    sum_of_all = Upserted()
    for number, batch in enumerate(batches(items, batch_size), start=1):
        keyed: Options = {**(options or {}), "idempotency_key": f"{run}-{number}"}
        answer = yield call(batch, keyed)
        sum_of_all.add(batch, answer)
        if each is not None:
            each(answer)
    return sum_of_all


def batches(items: Iterable[NewItem], batch_size: int) -> Iterator[list[NewItem]]:
    """The items in batches of so many, or of fewer where they are large."""
    batch: list[NewItem] = []
    room = BATCH_BYTES_MAX
    for item in items:
        needed = len(json.dumps(written_item(item), ensure_ascii=False, default=str).encode())
        if batch and (len(batch) == batch_size or needed > room):
            yield batch
            batch, room = [], BATCH_BYTES_MAX
        batch.append(item)
        room -= needed
    if batch:
        yield batch


def drive(driver: Direct, flow: Upserting) -> Upserted:
    try:
        call = next(flow)
        while True:
            call = flow.send(driver.send(call, named="items.upsert_many"))
    except StopIteration as done:
        upserted: Upserted = done.value
        return upserted


async def drive_awaited(driver: Awaited, flow: Upserting) -> Upserted:
    try:
        call = next(flow)
        while True:
            call = flow.send(await driver.send(call, named="items.upsert_many"))
    except StopIteration as done:
        upserted: Upserted = done.value
        return upserted
