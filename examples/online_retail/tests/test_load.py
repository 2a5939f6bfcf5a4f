"""The whole example against a real sandbox: what it records, records once, refuses and reports."""

import csv
import re
from decimal import Decimal

import pytest

from plan import planned
from recording import ensure_items, ensure_location, record
from rows import read_rows

pytestmark = pytest.mark.sandbox


@pytest.fixture
def sample(request):
    return request.path.parent.parent / "sample.csv"


def recorded(said: str) -> list[tuple[int, int]]:
    """How many were recorded, and how many already there: items, location, opening stock, invoices."""
    return [tuple(map(int, found)) for found in re.findall(r"(\d+) recorded, +(\d+) already there", said)]


def test_every_row_is_in_the_ledger_or_among_the_rejects(shop, sample):
    ran = shop.load(sample)

    assert ran.exit_code == 0, ran.out + ran.err
    assert "21 rows = 13 in the ledger + 8 rejected" in ran.out
    rejects = list(csv.DictReader((shop.folder / "online_retail_out" / "rejects.csv").open()))
    assert [int(reject["line"]) for reject in rejects] == [7, 12, 14, 15, 16, 18, 19, 20]
    with shop.client() as client:
        lanterns = client.movements.list(item="10035", location="SAMPLE", order="asc").to_list()
    assert [movement.quantity for movement in lanterns] == [37, 25, -40, -18, -4]
    assert lanterns[-1].on_hand_after == 0


def test_entries_have_the_order_the_times_and_the_numbers_of_the_file(shop, sample):
    shop.load(sample)

    with shop.client() as client:
        entries = client.entries.list(order="asc").to_list()
    told = [
        (entry.reference.id, entry.kind, entry.reason, f"{entry.occurred_at:%d %H:%M %Z}")
        for entry in entries
        if entry.reference and entry.reference.type == "invoice"
    ]
    assert told == [
        ("100001", "issue", None, "01 09:05 UTC"),
        ("100002", "issue", None, "01 09:40 UTC"),
        ("100003", "adjustment", "found", "01 11:12 UTC"),
        ("100004", "issue", None, "01 13:30 UTC"),
        ("C100005", "return", None, "01 15:01 UTC"),
        ("100007", "adjustment", "wet in transit", "01 16:45 UTC"),
        ("100008", "issue", None, "02 09:15 UTC"),
        ("100010", "issue", None, "02 12:00 UTC"),
        ("100011", "adjustment", "written off", "02 17:10 UTC"),
    ]


def test_a_second_run_records_nothing(shop, sample):
    first = shop.load(sample)
    before = shop.head()

    second = shop.load(sample)

    assert recorded(first.out) == [(5, 0), (1, 0), (1, 0), (9, 0)]
    assert recorded(second.out) == [(0, 5), (0, 1), (0, 1), (0, 9)]
    assert second.exit_code == 0, second.out + second.err
    assert shop.head() == before


def test_a_run_goes_on_where_one_was_interrupted(shop, sample):
    plan = planned(read_rows(sample))
    with shop.client() as client:
        ensure_items(client, plan.items)
        ensure_location(client, "SAMPLE")
        record(client, [*plan.opening, *plan.entries[:4]], at="SAMPLE", doing="the first half")

    ran = shop.load(sample)

    assert ran.exit_code == 0, ran.out + ran.err
    assert recorded(ran.out) == [(0, 5), (0, 1), (0, 1), (5, 4)]


def test_the_same_file_can_be_loaded_into_another_location(shop, sample):
    shop.load(sample)

    ran = shop.load(sample, "--location", "DEPOT 2")

    assert ran.exit_code == 0, ran.out + ran.err
    assert recorded(ran.out) == [(0, 5), (1, 0), (1, 0), (9, 0)]


def test_an_invoice_that_has_changed_is_refused_and_nothing_is_overwritten(shop, file_of, row):
    shop.load(file_of(row("100001", quantity=3), row("100002", quantity=1)))
    before = shop.head()

    ran = shop.load(file_of(row("100001", quantity=1), row("100002", quantity=3)))

    assert_refused(ran, "The invoice 100001 is recorded at ORDERS with other contents than this file has")
    assert shop.head() == before


def test_an_item_that_is_known_under_another_name_is_refused(shop, file_of, row):
    with shop.client() as client:
        client.items.create(sku="10024", name="Something else")

    assert_refused(
        shop.load(file_of(row())), "SKU 10024 is known as 'Something else', and in this file it is 'TIN TRAY'"
    )


def test_stock_that_somebody_else_took_is_named(shop, file_of, row):
    path = file_of(row("100001", quantity=3), row("100002", quantity=2))
    plan = planned(read_rows(path))
    with shop.client() as client:
        ensure_items(client, plan.items)
        ensure_location(client, "ORDERS")
        record(client, plan.opening, at="ORDERS", doing="opening stock")
        client.movements.issue(item="10024", location="ORDERS", quantity=1)

    assert_refused(shop.load(path), "The invoice 100002 takes 2, and there is 1: something besides this file")


def test_what_somebody_else_moved_makes_the_checks_fail(shop, file_of, row):
    path = file_of(row(quantity=3))
    shop.load(path)
    with shop.client() as client:
        client.movements.receive(item="10024", location="ORDERS", quantity=Decimal(1))

    ran = shop.load(path)

    assert ran.exit_code == 1
    assert "wrong  nothing but this file has moved stock" in ran.out
    assert "10024: 0 in the file, 1 in the ledger" in ran.out


def test_a_file_of_which_nothing_moves_stock_is_refused(nowhere, file_of, row):
    assert_refused(nowhere.load(file_of(row(code="POST"))), "has no row that moves stock: all 1 are rejected")


def test_a_file_that_is_not_there_is_refused(nowhere):
    assert_refused(nowhere.load(nowhere.folder / "absent.csv"), "absent.csv cannot be read: no such file or directory")


def test_a_sandbox_that_is_not_up_is_missed_at_once(nowhere, file_of, row):
    assert_refused(nowhere.load(file_of(row())), "`twh sandbox up` starts it")


def test_a_wrong_key_is_named(shop, file_of, row):
    assert_refused(shop.load(file_of(row()), TWH_API_KEY="twh_test_wrong"), "Check the key")


def test_a_location_code_that_cannot_be_is_named(shop, file_of, row):
    assert_refused(shop.load(file_of(row()), "--location", "X" * 65), "must have 1 to 64 characters")


def test_an_empty_location_code_is_a_wrong_use_of_the_program(nowhere, file_of, row):
    assert nowhere.load(file_of(row()), "--location", "").exit_code == 2


def test_a_folder_that_cannot_be_written_is_named(nowhere, file_of, row):
    (nowhere.folder / "taken").touch()

    assert_refused(nowhere.load(file_of(row()), "--out", "taken"), "taken cannot be written: File exists")


def assert_refused(ran, sentence):
    """One line that says what is wrong, and a status that says that something is."""
    assert ran.exit_code == 1
    assert sentence in ran.err
    assert len(ran.err.splitlines()) == 1, ran.err
