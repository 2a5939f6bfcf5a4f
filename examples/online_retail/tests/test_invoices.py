"""What an invoice did to the stock, and which rows did nothing to it."""

import pytest

from invoices import sort_out
from rows import read_rows


@pytest.fixture
def sorted_out(file_of):
    """`sorted_out(row(), …)` gives the invoices and the rejects of a file with these lines."""
    return lambda *lines: sort_out(read_rows(file_of(*lines)))


def test_what_was_sold_is_an_issue(sorted_out, row):
    invoices, rejects = sorted_out(row("100001", quantity=3), row("100001", "10035", 4))

    assert [(one.number, one.kind, len(one.rows)) for one in invoices] == [("100001", "issue", 2)]
    assert not rejects


def test_a_c_invoice_is_a_return(sorted_out, row):
    (invoice,), _ = sorted_out(row("C100001", quantity=-3))

    assert invoice.kind == "return"


@pytest.mark.parametrize(
    ("quantity", "remark", "reason"),
    [
        (-3, "", "written off"),
        (5, "", "found"),
        (-3, "?", "written off"),
        (-3, "damages", "damages"),
        (15, "amazon", "amazon"),
    ],
)
def test_without_customer_and_price_it_is_an_adjustment_with_a_reason(sorted_out, correction, quantity, remark, reason):
    (invoice,), _ = sorted_out(correction(quantity=quantity, name=remark))

    assert (invoice.kind, invoice.reason) == ("adjustment", reason)


def test_an_adjustment_up_and_down_is_a_correction(sorted_out, correction):
    (invoice,), _ = sorted_out(correction(quantity=-3), correction(quantity=3))

    assert invoice.reason == "corrected"


def test_free_goods_for_a_customer_are_sold(sorted_out, row):
    (invoice,), _ = sorted_out(row(price="0"))

    assert invoice.kind == "issue"


def test_goods_that_one_sum_on_the_invoice_pays_for_are_sold(sorted_out, correction, row):
    (invoice,), (charge,) = sorted_out(correction(quantity=2), row(code="M", price="924.59", customer=""))

    assert (invoice.kind, len(invoice.rows)) == ("issue", 1)
    assert charge.reason == "no stock: a manual charge"


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("POST", "postage"),
        ("M", "a manual charge"),
        ("m", "a manual charge"),
        ("BANK CHARGES", "bank charges"),
        ("gift_0001_20", "a gift voucher"),
        ("TEST001", "no item has such a code"),
    ],
)
def test_what_is_no_stock_is_rejected_and_the_rest_of_the_invoice_stays(sorted_out, row, code, what):
    (invoice,), (reject,) = sorted_out(row(), row(code=code))

    assert [one.code for one in invoice.rows] == ["10024"]
    assert (reject.line, reject.reason) == (3, f"no stock: {what}")


def test_an_invoice_without_stock_is_none(sorted_out, row):
    invoices, rejects = sorted_out(row("C100001", "D", -1))

    assert not invoices
    assert len(rejects) == 1


@pytest.mark.parametrize(
    ("invoice", "quantity", "reason"),
    [
        ("100001", 0, "Quantity is zero"),
        ("100001", -1, "a negative Quantity on a sale"),
        ("C100001", 1, "a positive Quantity on a cancellation"),
    ],
)
def test_quantities_that_make_no_sense_are_rejected(sorted_out, row, invoice, quantity, reason):
    _, (reject,) = sorted_out(row(invoice, quantity=quantity))

    assert reject.reason == reason


def test_an_invoice_keeps_the_rows_that_repeat_a_code(sorted_out, row):
    (invoice,), _ = sorted_out(row(quantity=4), row(quantity=4))

    assert [one.quantity for one in invoice.rows] == [4, 4]


def test_invoices_stand_where_they_begin_with_the_time_at_which_they_were_begun(sorted_out, row):
    invoices, _ = sorted_out(row("100002", at="3/1/2021 9:05"), row("100001"), row("100002", at="3/1/2021 9:06"))

    assert [(one.number, one.at.minute) for one in invoices] == [("100002", 5), ("100001", 5)]
