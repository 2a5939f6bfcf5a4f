"""The book's rules over hand-made levels: no database, no journal, only what is on the shelf and what is asked of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from twh_server.catalogue.items import ItemRow
from twh_server.catalogue.locations import LocationRow
from twh_server.database.identifiers import ItemId, LocationId, fresh
from twh_server.journal.commands import Facts
from twh_server.ledger.book import Draft, Expectation, Posting
from twh_server.ledger.counts import COUNTED, Count
from twh_server.ledger.levels import LEVEL, LevelRow
from twh_server.ledger.refusals import (
    CountIsBackdated,
    EntryPredatesCount,
    InsufficientStock,
    InvalidEntry,
    StaleQuantity,
)

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def an_item(sku):
    dates = {"archived_at": None, "created_at": NOON, "updated_at": NOON}
    more = {"barcodes": [], "unit": "each", "scale": 9, "reorder_point": None, "attributes": {}, "version": 1}
    return ItemRow(id=ItemId(fresh()), sku=sku, name=sku, **dates, **more)


def a_location(code):
    dates = {"archived_at": None, "created_at": NOON, "updated_at": NOON}
    return LocationRow(id=LocationId(fresh()), code=code, name=code, kind="bin", version=1, **dates)


APPLES, PEARS = an_item("apples"), an_item("pears")
MAIN, STORE = a_location("MAIN"), a_location("STORE")


class Book:
    """Levels, and drafts of entries over them."""

    def __init__(self):
        self.facts = Facts()

    def holds(self, on_hand, item=APPLES, location=MAIN, *, reserved=0, version=7, counted_at=None, moved_at=None):
        level = (Decimal(on_hand), Decimal(reserved), version, counted_at, moved_at or NOON - HOUR, NOON - HOUR)
        row = LevelRow(item.id, location.id, "", *level)
        self.facts.of(LEVEL)[row.key] = row
        return self

    def draft(self, *postings, at=NOON, **more):
        draft = Draft(facts=self.facts, occurred_at=at, recorded_at=NOON, **{"dated": True, **more})
        for posting in postings:
            draft.post(posting)
        draft.settle()
        return draft

    def record(self, *postings, **more):
        draft = self.draft(*postings, **more)
        for index, key, value in draft.known():
            self.facts.of(index)[key] = value
        return draft

    def on_hand(self, item=APPLES, location=MAIN):
        return self.facts.of(LEVEL)[item.id, location.id, ""].on_hand


def add(quantity, item=APPLES, location=MAIN, line=0, **more):
    return Posting(line=line, item=item, location=location, quantity=Decimal(quantity), **more)


def counted(quantity, **more):
    return add(quantity, counted=True, **more)


@pytest.fixture
def book():
    return Book()


def test_what_comes_in_is_added(book):
    book.holds(10).record(add(5))
    book.record(add(5))

    assert book.on_hand() == 20


def test_what_goes_out_is_taken(book):
    book.holds(10).record(add(-3))

    assert book.on_hand() == 7


def test_each_movement_is_a_version(book):
    draft = book.holds(10, version=7).draft(add(1), add(-2))

    assert [(posted.quantity, posted.level.on_hand, posted.level.version) for posted in draft.posted] == [
        (1, 11, 8),
        (-2, 9, 9),
    ]


def test_the_first_movement_of_a_level_makes_it(book):
    level = book.record(add(2)).posted[0].level

    assert (level.on_hand, level.reserved, level.version) == (2, 0, 1)


def test_more_than_there_is_is_refused_with_what_there_is(book):
    with pytest.raises(InsufficientStock) as refusal:
        book.holds(2).draft(add(-3))

    facts = {"line": 0, "item": "apples", "location": "MAIN", "available": "2", "requested": "3"}
    assert refusal.value.facts == facts


def test_lines_are_decided_one_after_another(book):
    with pytest.raises(InsufficientStock) as refusal:
        book.holds(5).draft(add(-5, line=0), add(-5, line=1))

    assert (refusal.value.facts["line"], refusal.value.facts["available"]) == (1, "0")


def test_a_line_may_use_what_a_line_before_it_brought(book):
    book.holds(0).record(add(5, line=0), add(-5, line=1))

    assert book.on_hand() == 0


def test_all_short_lines_are_named_at_once(book):
    with pytest.raises(InsufficientStock) as refusal:
        book.holds(1).holds(1, PEARS).draft(add(-2, line=0), add(-1, PEARS, line=1), add(-2, PEARS, line=2))

    assert [error.pointer for error in refusal.value.errors] == ["/lines/0/quantity", "/lines/2/quantity"]


def test_a_refused_entry_leaves_nothing_in_the_book(book):
    with pytest.raises(InsufficientStock):
        book.holds(5).record(add(-5, line=0), add(-1, line=1))

    assert book.on_hand() == 5


def test_what_is_promised_cannot_be_taken(book):
    book.holds(5, reserved=3).record(add(-2))

    with pytest.raises(InsufficientStock) as refusal:
        book.draft(add(-1))
    assert (refusal.value.facts["available"], book.on_hand()) == ("0", 3)


def test_with_overselling_what_is_promised_is_taken_and_shows_as_missing(book):
    level = book.holds(5, reserved=3).record(add(-4), oversell=True).posted[0].level

    assert (level.on_hand, level.reserved, level.available) == (1, 3, -2)


def test_overselling_never_takes_the_shelf_below_zero(book):
    with pytest.raises(InsufficientStock) as refusal:
        book.holds(5, reserved=3).draft(add(-6), oversell=True)

    assert (refusal.value.facts["on_hand"], refusal.value.facts["available"]) == ("5", "2")
    assert refusal.value.detail == "Only 5 of apples at MAIN is on hand; 6 was asked for."


def test_lines_oversell_one_after_another(book):
    with pytest.raises(InsufficientStock) as refusal:
        book.holds(5, reserved=5).draft(add(-3, line=0), add(-3, line=1), oversell=True)

    assert (refusal.value.facts["line"], refusal.value.facts["on_hand"]) == (1, "2")


def test_what_was_oversold_welcomes_what_comes_in(book):
    book.holds(0, reserved=3).record(add(1), oversell=True)

    assert book.on_hand() == 1


def test_force_takes_below_zero(book):
    book.holds(0).record(add(-1), force=True)

    assert book.on_hand() == -1


def test_after_a_forced_entry_the_next_is_refused_again(book):
    book.holds(0).record(add(-1), force=True)

    with pytest.raises(InsufficientStock) as refusal:
        book.draft(add(-1))
    assert refusal.value.facts["available"] == "-1"


def test_what_comes_in_is_welcome_below_zero(book):
    book.holds(-5).record(add(3))

    assert book.on_hand() == -2


@pytest.mark.parametrize("expected", [{"on_hand": Decimal("10.0")}, {"version": 7}, {"on_hand": 10, "version": 7}])
def test_an_expectation_that_holds_changes_nothing(book, expected):
    book.holds(10, version=7).record(add(-3, expected=Expectation(**expected)))

    assert book.on_hand() == 7


@pytest.mark.parametrize("expected", [{"on_hand": 9}, {"version": 6}, {"on_hand": 10, "version": 6}, {"on_hand": 0}])
def test_an_expectation_that_does_not_hold_is_refused_with_what_is_there(book, expected):
    with pytest.raises(StaleQuantity) as refusal:
        book.holds(10, version=7).draft(add(-3, expected=Expectation(**expected)))

    assert refusal.value.facts == {"line": 0, "on_hand": "10", "version": 7}
    assert refusal.value.errors[0].pointer == "/lines/0/expected"


def test_a_level_that_nothing_ever_moved_is_expected_at_zero(book):
    book.record(add(1, expected=Expectation(on_hand=Decimal(0), version=0)))

    assert book.on_hand() == 1


def test_an_expectation_of_a_later_line_is_of_what_the_lines_before_it_left(book):
    book.holds(10).record(add(-3), add(-3, expected=Expectation(on_hand=Decimal(7))))

    assert book.on_hand() == 4


def test_a_count_moves_the_difference(book):
    more, fewer = book.holds(0).record(counted(5)), book.record(counted(3))

    assert [draft.posted[0].quantity for draft in (more, fewer)] == [5, -2]
    assert book.on_hand() == 3


def test_a_count_of_what_the_book_says_moves_nothing(book):
    assert book.holds("5.5").draft(counted("5.500")).posted == []


def test_a_count_of_what_the_book_says_is_kept_when_asked(book):
    posted = book.holds(5, version=7).draft(counted(5), keep_unchanged=True).posted

    assert [(one.quantity, one.level.on_hand, one.level.version) for one in posted] == [(0, 5, 8)]


def test_what_may_not_be_older_than_a_count_is_refused_with_the_time_of_the_count(book):
    counts_at(book.holds(5, counted_at=NOON), NOON)
    with pytest.raises(EntryPredatesCount) as refusal:
        book.draft(add(1), at=NOON - HOUR, dated=False)

    assert refusal.value.facts == {"counted_at": "2026-05-10T12:00:00Z"}


@pytest.mark.parametrize("force", [True, False])
def test_force_does_not_go_behind_a_count(book, force):
    with pytest.raises(EntryPredatesCount):
        book.holds(5, counted_at=NOON).draft(add(-1), at=NOON - HOUR, force=force)


def test_an_entry_at_the_very_time_of_a_count_is_taken(book):
    book.holds(5, counted_at=NOON).record(add(1), at=NOON)

    assert book.on_hand() == 6


def test_a_count_forbids_older_entries_of_its_level_only(book):
    book.holds(5).record(counted(4), at=NOON)
    book.holds(5, PEARS).record(add(1, PEARS), at=NOON - HOUR)

    with pytest.raises(EntryPredatesCount):
        book.draft(add(1), at=NOON - HOUR)
    assert book.on_hand(PEARS) == 6


def counts_at(book, *times, item=APPLES):
    """What was counted, as a batch has read it."""
    known = [Count(time, fresh()) for time in times]
    book.facts.of(COUNTED)[item.id, MAIN.id, ""] = known
    return known


@pytest.mark.parametrize(("quantity", "order"), [(2, [(2, None), (-2, "count")]), (-2, [(2, "count"), (-2, None)])])
def test_what_happened_before_a_count_is_taken_back_at_the_time_of_the_count(book, quantity, order):
    book.holds(5, counted_at=NOON, moved_at=NOON)
    (count,) = counts_at(book, NOON)
    posted = book.record(add(quantity), at=NOON - HOUR).posted

    assert [(one.quantity, one.counted_in and "count") for one in posted] == order
    assert [one.counted_in for one in posted if one.counted_in] == [count]
    assert [one.late for one in posted] == [one.counted_in is None for one in posted]
    assert (posted[-1].level.on_hand, posted[-1].level.version) == (5, 9)
    assert (posted[-1].level.counted_at, posted[-1].level.last_occurred_at) == (NOON, NOON)


def test_the_count_that_contains_it_is_the_first_after_it(book):
    book.holds(5, counted_at=NOON, moved_at=NOON)
    _, first, _ = counts_at(book, NOON, NOON - HOUR, NOON - 3 * HOUR)

    (count,) = [one.counted_in for one in book.draft(add(1), at=NOON - 2 * HOUR).posted if one.counted_in]
    assert count == first


def test_what_a_count_contains_lacks_nothing(book):
    book.holds(0, counted_at=NOON, moved_at=NOON)
    counts_at(book, NOON)
    book.record(add(-3), at=NOON - HOUR)

    assert book.on_hand() == 0
    with pytest.raises(InsufficientStock):
        book.draft(add(-3), at=NOON)


def test_a_count_before_a_count_is_refused(book):
    counts_at(book.holds(5, counted_at=NOON, moved_at=NOON), NOON)

    with pytest.raises(EntryPredatesCount):
        book.draft(counted(4), at=NOON - HOUR)


def test_a_late_entry_says_that_it_is_late(book):
    book.holds(5, moved_at=NOON)
    postings = [book.record(add(1), at=time).posted[0].late for time in (NOON - HOUR, NOON, NOON + HOUR, NOON)]

    assert postings == [True, False, False, True]


def test_a_count_that_is_older_than_the_last_movement_is_refused(book):
    with pytest.raises(CountIsBackdated) as refusal:
        book.holds(5, moved_at=NOON).draft(counted(4), at=NOON - HOUR)

    assert refusal.value.facts == {"moved_at": "2026-05-10T12:00:00Z"}


def test_a_backdated_count_is_refused_even_when_it_finds_no_difference(book):
    with pytest.raises(CountIsBackdated):
        book.holds(5, moved_at=NOON).draft(counted(5), at=NOON - HOUR)


def test_a_late_entry_does_not_make_a_level_look_older(book):
    draft = book.holds(5, moved_at=NOON).record(add(1), at=NOON - HOUR)

    assert draft.posted[0].level.last_occurred_at == NOON


def test_a_level_stays_below_the_limit(book):
    book.holds("999999999999999").record(add("0.999999999"))

    with pytest.raises(InvalidEntry) as refusal:
        book.draft(add("0.000000001"))
    assert refusal.value.code == "quantity_out_of_range"
    assert book.on_hand() == Decimal("999999999999999.999999999")


def test_a_forced_level_stays_above_the_negative_limit(book):
    with pytest.raises(InvalidEntry):
        book.holds("-999999999999999").draft(add("-1"), force=True)


def test_a_count_moves_less_than_the_limit(book):
    with pytest.raises(InvalidEntry) as refusal:
        book.holds("-1").draft(counted("999999999999999"))
    assert refusal.value.code == "quantity_out_of_range"


def test_a_count_that_a_neighbour_happens_to_know_of_changes_nothing(book):
    book.holds(5, counted_at=NOON + HOUR, moved_at=NOON)
    counts_at(book, NOON + HOUR)

    with pytest.raises(EntryPredatesCount):
        book.draft(add(2), dated=False)


def test_what_nobody_dated_comes_after_a_count_whose_clock_is_ahead(book):
    book.holds(5, counted_at=NOON + HOUR, moved_at=NOON + HOUR)
    (posted,) = book.draft(add(-2), dated=False, now=True).posted

    assert (posted.level.on_hand, posted.level.last_occurred_at, posted.late) == (3, NOON + HOUR, True)
    with pytest.raises(EntryPredatesCount):
        book.draft(counted(4), dated=False, now=True)


def test_sums_are_exact_beyond_the_digits_of_pythons_default_context(book):
    book.holds("999999999999998.999999999").record(add("0.000000001"))
    book.record(add("-0.000000001"))

    assert book.on_hand() == Decimal("999999999999998.999999999")


def test_what_cannot_be_is_told_before_what_is_not_so_now(book):
    book.holds(1, counted_at=NOON)
    stale = Expectation(on_hand=Decimal(2))

    with pytest.raises(InvalidEntry):
        book.draft(add("1e15", expected=stale), at=NOON - HOUR)
    with pytest.raises(StaleQuantity):
        book.draft(add(-5, expected=stale), at=NOON - HOUR)
    with pytest.raises(EntryPredatesCount):
        book.draft(add(-5), at=NOON - HOUR)
