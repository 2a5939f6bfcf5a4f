"""The file for which the example was written, where it is at hand: its figures, and the whole of it in a ledger."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from plan import planned
from rows import read_rows

REAL = Path(__file__).parents[4] / "shared" / "data" / "online_retail.csv"

pytestmark = pytest.mark.skipif(not REAL.exists(), reason=f"the real file is not at {REAL}")


@pytest.fixture(scope="module")
def plan():
    return planned(read_rows(REAL))


def test_each_of_its_rows_is_sorted_out(plan):
    kinds = Counter(invoice.kind for invoice in plan.invoices for _ in invoice.rows)

    assert plan.rows == 14_798
    assert kinds == {"issue": 14_503, "return": 167, "adjustment": 66}
    assert len(plan.rejects) == 62
    assert kinds.total() + len(plan.rejects) == plan.rows


def test_its_invoices_are_entries(plan):
    assert Counter(entry.kind for entry in plan.entries) == {"issue": 575, "return": 65, "adjustment": 66}
    assert Counter(entry.reason for entry in plan.entries if entry.reason) == {
        "written off": 42,
        "found": 19,
        "amazon": 2,
        "check": 2,
        "damages": 1,
    }


def test_its_units_are_those_of_a_sum_over_the_bare_columns(plan):
    """Everything with a price or a customer was sold or came back; the rest corrected the stock."""
    bare = Counter()
    with REAL.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if line["StockCode"][:5].isdigit():
                bare[line["StockCode"]] += int(line["Quantity"]) * (
                    1
                    if line["UnitPrice"] in {"0", "0.0"} and not line["CustomerID"] and line["InvoiceNo"] != "537534"
                    else -1
                )
    planned_changes = Counter()
    for entry in plan.entries:
        for sku, change in entry.changes():
            planned_changes[sku] += change

    assert planned_changes == bare
    assert len(plan.items) == 2_239


@pytest.mark.slow
@pytest.mark.sandbox
def test_all_of_it_is_in_a_ledger_once_however_often_it_is_loaded(shop):
    first = shop.load(REAL)
    before = shop.head()

    second = shop.load(REAL)

    assert first.exit_code == second.exit_code == 0, first.out + first.err + second.out + second.err
    assert "14,798 rows = 14,736 in the ledger + 62 rejected" in first.out
    assert "0 recorded,    706 already there" in second.out
    assert shop.head() == before
    assert (shop.folder / "online_retail_out" / "stock.svg").stat().st_size > 10_000
