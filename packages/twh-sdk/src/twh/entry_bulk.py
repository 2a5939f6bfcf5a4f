"""Many entries: recorded batch after batch, each entry under a key of its own, so that a run can be run again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from twh import models
from twh.bulk import REFUSALS_KEPT_MAX, batches
from twh.call import Call
from twh.entry import keyed_row
from twh.errors.tree import APIError
from twh.idempotency import fresh_key
from twh.options import Options
from twh.params import NewEntry

Row: TypeAlias = "dict[str, object]"


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that was not recorded: its number among all (from 0), its key, and the error that it would have raised."""

    number: int
    idempotency_key: str
    error: APIError


@dataclass(slots=True)
class Recorded:
    """What many entries came to. `refusals` has the first thousand that were not recorded.

    `replayed` counts those, whatever they came to, whose key had been answered by an earlier run.
    """

    recorded: int = 0
    unchanged: int = 0
    refused: int = 0
    failed: int = 0
    """At so many the server failed: nothing of them is recorded."""
    replayed: int = 0
    refusals: list[RefusedEntry] = field(default_factory=list[RefusedEntry])

    @property
    def entries(self) -> int:
        """How many were sent."""
        return self.recorded + self.unchanged + self.refused + self.failed

    def add(self, answer: models.EntryResults) -> None:
        """Count what became of a batch."""
        refused = [
            RefusedEntry(self.entries + place, row.idempotency_key, error)
            for place, row in enumerate(answer.results)
            if (error := row.error) is not None
        ]
        self.refusals += refused[: REFUSALS_KEPT_MAX - len(self.refusals)]
        self.recorded += answer.recorded
        self.unchanged += answer.unchanged
        self.refused += answer.refused
        self.failed += answer.failed
        self.replayed += answer.replayed


Recording: TypeAlias = "Generator[Call[models.EntryResults], models.EntryResults, Recorded]"


def run_of(options: Options | None) -> Options:
    """The options with the key of the run. It names entries that have none, and what is raised when an answer is lost."""
    return {"idempotency_key": fresh_key(), **(options or {})}


def keyed_rows(entries: Iterable[NewEntry], options: Options) -> Iterator[Row]:
    """The rows of a batch: an entry without a key has that of the run, and its number."""
    run = options.get("idempotency_key")
    return (keyed_row(entry, f"{run}-{number}") for number, entry in enumerate(entries, start=1))


def batch_call(rows: Sequence[Row], options: Options) -> Call[models.EntryResults]:
    body: dict[str, Any] = {"entries": rows}
    return Call(method="POST", path="/v1/movements/batch", returns=models.EntryResults, body=body, options=options)


def recording(
    entries: Iterable[NewEntry],
    batch_size: int,
    each: Callable[[models.EntryResults], object] | None,
    options: Options | None,
) -> Recording:
    """Yields the call of each batch, is sent its answer, and returns the sum."""
    run = run_of(options)
    sum_of_all = Recorded()
    for batch in batches(keyed_rows(entries, run), batch_size, lambda row: row):
        answer = yield from settled(batch, run)
        sum_of_all.add(answer)
        if each is not None:
            each(answer)
    return sum_of_all


def settled(
    batch: Sequence[Row], options: Options
) -> Generator[Call[models.EntryResults], models.EntryResults, models.EntryResults]:
    """The answer to a batch. Rows that could not be carried out are sent again with their keys.

    Each time some of them are answered: a request of which no row is answered fails as a whole, is tried again until the
    deadline, and then raises.
    """
    answer = yield batch_call(batch, options)
    results = list(answer.results)
    while waiting := [place for place, row in enumerate(results) if row.unsettled]:
        again = yield batch_call([batch[place] for place in waiting], options)
        for place, row in zip(waiting, again.results, strict=True):
            results[place] = row
    return models.EntryResults.of(results)
