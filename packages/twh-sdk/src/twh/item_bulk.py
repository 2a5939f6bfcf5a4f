"""Many items: put batch after batch, each batch under a key of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from twh import models
from twh.bulk import REFUSALS_KEPT_MAX, batches
from twh.call import Call
from twh.idempotency import fresh_key
from twh.options import Options
from twh.params import NewItem, written_item


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
    run = (options or {}).get("idempotency_key") or fresh_key()
    sum_of_all = Upserted()
    for number, batch in enumerate(batches(items, batch_size, written_item), start=1):
        keyed: Options = {**(options or {}), "idempotency_key": f"{run}-{number}"}
        answer = yield call(batch, keyed)
        sum_of_all.add(batch, answer)
        if each is not None:
            each(answer)
    return sum_of_all
