"""The book: the rules of stock, as pure functions over the levels that a batch has read.

One entry is posted line after line against a draft of the book. When every line fits, the draft becomes the effects;
when one does not, nothing of it remains.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from twh_server.catalogue.items import STOCKED_ITEM, ItemRow
from twh_server.catalogue.locations import STOCKED_LOCATION, LocationRow
from twh_server.catalogue.quantities import EXACT, QUANTITY_LIMIT, plain
from twh_server.journal.commands import Facts, Index
from twh_server.ledger import counts
from twh_server.ledger.counts import Count
from twh_server.ledger.levels import LEVEL, NO_LOT, ZERO, LevelKey, LevelRow
from twh_server.ledger.refusals import (
    CountIsBackdated,
    EntryPredatesCount,
    InsufficientStock,
    InvalidEntry,
    StaleQuantity,
)
from twh_server.refusals import Fact, Problem


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller believes the level to be."""

    on_hand: Decimal | None = None
    version: int | None = None


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an entry: add a quantity to a level (negative takes), or say what was counted there."""

    line: int
    item: ItemRow
    location: LocationRow
    quantity: Decimal
    counted: bool = False
    expected: Expectation | None = None

    @property
    def key(self) -> LevelKey:
        """The level that it touches."""
        return self.item.id, self.location.id, NO_LOT


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A posting that fitted: the quantity that moved and the level after it."""

    posting: Posting
    quantity: Decimal
    level: LevelRow
    late: bool
    """Whether something that happened after it was recorded before it on its level."""
    counted_in: Count | None = None
    """The count that it is offset against: what was counted there contained it already."""


@dataclass(kw_only=True, slots=True)
class Draft:
    """The book as one entry would leave it."""

    facts: Facts
    occurred_at: datetime
    recorded_at: datetime
    force: bool = False
    oversell: bool = False
    """Whether what is promised may be taken; the shelf limits what can be."""
    keep_unchanged: bool = False
    dated: bool = False
    """Whether its time was given: then what was counted since is known, too."""
    now: bool = False
    """Whether nobody says when it happened: then it comes after every count, though the clock of that one be ahead."""
    posted: list[Posted] = field(default_factory=list[Posted])
    levels: dict[LevelKey, LevelRow] = field(default_factory=dict[LevelKey, LevelRow])
    _stale: list[tuple[Problem, dict[str, Fact]]] = field(default_factory=list[tuple[Problem, dict[str, Fact]]])
    _short: list[tuple[Problem, dict[str, Fact]]] = field(default_factory=list[tuple[Problem, dict[str, Fact]]])
    _late: list[tuple[Problem, datetime]] = field(default_factory=list[tuple[Problem, datetime]])
    _outrun: list[tuple[Problem, datetime]] = field(default_factory=list[tuple[Problem, datetime]])
    _large: list[Problem] = field(default_factory=list[Problem])

    def post(self, posting: Posting) -> None:
        """Try one posting; what speaks against it is kept for `settle`."""
        before = self._level(posting.key)
        self._check_expectation(posting, before)
        if count := self._counted_since(posting, before):
            self._post_late(posting, before, count)
            return
        self._check_time(posting, before)
        quantity = EXACT.subtract(posting.quantity, before.on_hand) if posting.counted else posting.quantity
        if posting.counted and not quantity and not self.keep_unchanged:
            return
        after = self._moved(posting, before, quantity)
        left = after.on_hand if self.oversell else after.available
        if quantity < 0 and left < 0 and not self.force:
            self._short.append(self._shortage(posting, before, quantity))
        late = self.occurred_at < before.last_occurred_at
        self._enter(Posted(posting=posting, quantity=quantity, level=after, late=late))

    def _counted_since(self, posting: Posting, before: LevelRow) -> Count | None:
        """The first count of the level after what happened: it contains what happened.

        Without a time given, counts may be known by chance, from a neighbour in the batch: nothing depends on that.
        """
        if not self.dated or posting.counted or before.counted_at is None or self.occurred_at >= before.counted_at:
            return None
        return counts.first_after(self.facts, posting.key, self.occurred_at)

    def _post_late(self, posting: Posting, before: LevelRow, count: Count) -> None:
        """What happened before a count changes what was there until then, and nothing of what was counted.

        So it is taken back at the time of the count. The pair stands in such an order that in between nothing is missing.
        """
        moved, back = (posting.quantity, None), (-posting.quantity, count)
        for quantity, counted_in in (moved, back) if posting.quantity > 0 else (back, moved):
            before = self._moved(posting, before, quantity)
            late = (counted_in.occurred_at if counted_in else self.occurred_at) < before.last_occurred_at
            self._enter(Posted(posting=posting, quantity=quantity, level=before, late=late, counted_in=counted_in))

    def _enter(self, posted: Posted) -> None:
        posting, level = posted.posting, posted.level
        # A count far above a level far below zero moves more than either.
        if max(abs(level.on_hand), abs(posted.quantity)) >= QUANTITY_LIMIT:
            moved, reached = plain(posted.quantity), plain(level.on_hand)
            message = f"The level would move by {moved} and reach {reached}; the limit is 10^15."
            self._large.append(_problem(posting, "quantity", "quantity_out_of_range", message))
        self.levels[posting.key] = level
        self.posted.append(posted)

    def settle(self) -> None:
        """Raise the refusal when anything speaks against the entry."""
        if self._large:
            raise InvalidEntry(self._large)
        if self._stale:
            raise StaleQuantity([problem for problem, _ in self._stale], **self._stale[0][1])
        if self._late:
            raise EntryPredatesCount([problem for problem, _ in self._late], self._late[0][1])
        if self._outrun:
            raise CountIsBackdated([problem for problem, _ in self._outrun], self._outrun[0][1])
        if self._short:
            raise InsufficientStock([problem for problem, _ in self._short], **self._short[0][1])

    def known(self) -> list[tuple[Index[Any, Any], Any, Any]]:
        """What later commands of the batch must know."""
        news: list[tuple[Index[Any, Any], Any, Any]] = []
        stocked: dict[tuple[Index[Any, int], Any], int] = {}
        for key, level in self.levels.items():
            news.append((LEVEL, key, level))
            before = self.facts.of(LEVEL).get(key)
            change = _is_stocked(level) - (_is_stocked(before) if before else 0)
            # What was created in this very batch has no count yet: it began with nothing.
            for index, thing in ((STOCKED_ITEM, level.item_id), (STOCKED_LOCATION, level.location_id)):
                if change:
                    so_far = stocked.get((index, thing), self.facts.of(index).get(thing, 0))
                    stocked[index, thing] = so_far + change
        news += [(index, thing, count) for (index, thing), count in stocked.items()]
        return news

    def _level(self, key: LevelKey) -> LevelRow:
        level = self.levels.get(key) or self.facts.of(LEVEL).get(key)
        return level or LevelRow(*key, ZERO, ZERO, 0, None, self.occurred_at, self.recorded_at)

    def _moved(self, posting: Posting, before: LevelRow, quantity: Decimal) -> LevelRow:
        return LevelRow(
            *posting.key,
            EXACT.add(before.on_hand, quantity),
            before.reserved,
            before.version + 1,
            self.occurred_at if posting.counted else before.counted_at,
            max(before.last_occurred_at, self.occurred_at),
            self.recorded_at,
        )

    def _check_expectation(self, posting: Posting, before: LevelRow) -> None:
        expected = posting.expected
        if expected is None:
            return
        on_hand_fits = expected.on_hand is None or expected.on_hand == before.on_hand
        if on_hand_fits and expected.version in (None, before.version):
            return
        message = f"{posting.item.sku} at {posting.location.code} has {plain(before.on_hand)} on hand."
        facts: dict[str, Fact] = {"line": posting.line, "on_hand": plain(before.on_hand), "version": before.version}
        self._stale.append((_problem(posting, "expected", "stale_quantity", message), facts))

    def _check_time(self, posting: Posting, before: LevelRow) -> None:
        in_order = self.now and not posting.counted
        if before.counted_at and self.occurred_at < before.counted_at and not in_order:
            message = f"{posting.item.sku} at {posting.location.code} was counted later."
            self._late.append((_problem(posting, "", "entry_predates_count", message), before.counted_at))
        elif posting.counted and self.occurred_at < before.last_occurred_at:
            message = f"{posting.item.sku} at {posting.location.code} moved after this count was taken."
            self._outrun.append((_problem(posting, "", "count_is_backdated", message), before.last_occurred_at))

    def _shortage(self, posting: Posting, before: LevelRow, quantity: Decimal) -> tuple[Problem, dict[str, Fact]]:
        available, on_hand, requested = plain(before.available), plain(before.on_hand), plain(-quantity)
        sku, code = posting.item.sku, posting.location.code
        there = (
            f"{on_hand} of {sku} at {code} is on hand"
            if self.oversell
            else f"{available} of {sku} at {code} is available"
        )
        facts: dict[str, Fact] = {
            "line": posting.line,
            "item": sku,
            "location": code,
            "available": available,
            "requested": requested,
        }
        if self.oversell:
            facts["on_hand"] = on_hand
        message = f"Only {there}; {requested} was asked for."
        return _problem(posting, "quantity", "insufficient_stock", message), facts


def _is_stocked(level: LevelRow) -> int:
    return int(bool(level.on_hand or level.reserved))


def _problem(posting: Posting, name: str, code: str, message: str) -> Problem:
    pointer = f"/lines/{posting.line}/{name}".rstrip("/")
    return Problem(pointer=pointer, code=code, message=message)
