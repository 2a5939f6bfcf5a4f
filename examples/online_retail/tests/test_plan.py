"""The entries, and the opening stock that lets them happen."""

from datetime import UTC, datetime

import pytest

from plan import LINES_MAX, planned
from rows import read_rows


@pytest.fixture
def plan_of(file_of):
    """`plan_of(row(), …)` is the plan for a file with these lines."""
    return lambda *lines: planned(read_rows(file_of(*lines)))


def test_an_invoice_is_one_entry_and_keeps_its_lines(plan_of, row):
    plan = plan_of(row("100001", "10024", 3), row("100001", "10024", 3), row("100001", "POST", 1))

    assert [(one.kind, one.number, one.lines) for one in plan.entries] == [
        ("issue", "100001", (("10024", 3), ("10024", 3)))
    ]


def test_quantities_are_as_the_kind_wants_them(plan_of, row, correction):
    plan = plan_of(
        row("100001", quantity=3), row("C100002", quantity=-2), correction("100003", quantity=-1), correction("100004")
    )

    assert [(one.kind, one.lines[0][1]) for one in plan.entries] == [
        ("issue", 3),
        ("return", 2),
        ("adjustment", -1),
        ("adjustment", 1),
    ]


def test_opening_stock_is_the_least_that_lets_everything_happen_in_order(plan_of, row):
    plan = plan_of(
        row("100001", "10024", 3), row("C100002", "10024", -3), row("100003", "10024", 4), row("100003", "10035", 1)
    )

    assert plan.opening[0].lines == (("10024", 4), ("10035", 1))


def test_what_came_in_first_needs_no_opening_stock(plan_of, correction, row):
    plan = plan_of(correction("100001", quantity=5), row("100002", quantity=5))

    assert not plan.opening


def test_opening_stock_is_there_before_the_first_invoice(plan_of, row):
    assert plan_of(row(at="3/1/2021 9:05")).opening[0].at == datetime(2021, 3, 1, tzinfo=UTC)
    assert plan_of(row(at="3/1/2021 0:00")).opening[0].at == datetime(2021, 2, 28, tzinfo=UTC)


def test_what_does_not_fit_into_one_entry_has_numbered_parts(plan_of, row):
    plan = plan_of(*(row(code=f"{10_000 + number}") for number in range(LINES_MAX + 1)))

    for entries in (plan.entries, plan.opening):
        assert [(one.part, len(one.lines)) for one in entries] == [(1, LINES_MAX), (2, 1)]


def test_codes_that_differ_only_in_case_are_different_items(plan_of, row):
    plan = plan_of(row(code="10011A", name="BELL"), row(code="10011a", name="LARGE BELL"))

    assert plan.items == {"10011A": "BELL", "10011a": "LARGE BELL"}


def test_an_item_has_its_most_frequent_description(plan_of, row):
    plan = plan_of(
        row(name="TRAY"), row(name="TIN TRAY"), row(name=""), row(name="TIN TRAY"), row(name=""), row(name="")
    )

    assert plan.items == {"10024": "TIN TRAY"}


def test_a_remark_on_a_correction_names_no_item(plan_of, correction):
    assert plan_of(correction(quantity=-3, name="damages")).items == {"10024": "10024"}


def test_every_row_is_in_an_entry_or_rejected_in_the_order_of_the_file(plan_of, row):
    plan = plan_of(row("C100001", "D", -1), row(), row(quantity="many"), row(code="POST"))

    assert [reject.line for reject in plan.rejects] == [2, 4, 5]
    assert sum(len(entry.lines) for entry in plan.entries) + len(plan.rejects) == plan.rows == 4
