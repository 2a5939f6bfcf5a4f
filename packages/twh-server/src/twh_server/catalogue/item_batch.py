"""Many items at once: each row is put or refused by itself, and sees what the rows before it have done.

One command carries them all, so that they share one idempotency key, one answer and the cost of one batch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twh_server.catalogue.item_commands import PutItem
from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.putting import Put
from twh_server.database.engine import Row
from twh_server.journal.commands import Effects, Facts, Moment, Read
from twh_server.refusals import Refusal

ROWS_MAX = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PutRow:
    """What became of one row, with the bytes that the news of it carries; None where there was no news."""

    put: Put[ItemRow]
    told: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PutItems:
    """Have many items be so, independently."""

    rows: Sequence[PutItem | Refusal]
    """A row that was refused before it came here keeps its refusal."""

    @property
    def weight(self) -> int:
        """Its rows."""
        return len(self.rows)

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """What all its rows ask for."""
        for row in self.rows:
            if isinstance(row, PutItem):
                yield from row.asks()

    def decide(self, facts: Facts, moment: Moment) -> Effects[Sequence[PutRow | Refusal]]:
        """What became of each row, in order. A refused row does nothing, and its neighbours are untouched."""
        draft = facts.draft()
        outcomes: list[PutRow | Refusal] = []
        whole: Effects[Sequence[PutRow | Refusal]] = Effects(result=outcomes)
        for row in self.rows:
            if isinstance(row, Refusal):
                outcomes.append(row)
                continue
            try:
                effects = row.decide(draft, moment)
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            for index, key, value in effects.known:
                draft.of(index)[key] = value
            whole.rows += effects.rows
            whole.news += effects.news
            whole.known += effects.known
            outcomes.append(PutRow(put=effects.result, told=effects.news[0].data if effects.news else None))
        return whole
