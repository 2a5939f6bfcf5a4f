"""Quantities: text outside, exact decimals inside, never rounded, never an exponent."""

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twh_server.catalogue.quantities import EXACT, decimals, parse, plain

quantities = st.decimals("-999999999999999", "999999999999999", places=9)


@given(quantities)
def test_a_quantity_is_the_same_after_a_journey_through_text(quantity):
    assert parse(plain(quantity)) == quantity


@given(quantities)
def test_plain_text_is_as_short_as_can_be(quantity):
    text = plain(quantity)

    assert "e" not in text.lower()
    assert text == "0" or not text.lstrip("-").startswith("00")
    assert "." not in text or not text.endswith(("0", "."))


@given(st.lists(quantities, max_size=50))
def test_sums_lose_no_digit(some):
    total = Decimal(0)
    for quantity in some:
        total = EXACT.add(total, quantity)

    assert total == sum(int(quantity.scaleb(9)) for quantity in some) / Decimal(10**9)


@pytest.mark.parametrize(
    ("text", "told"), [("8.000", "8"), ("-2.50", "-2.5"), ("-0", "0"), ("0.000", "0"), ("100", "100"), ("-0.0", "0")]
)
def test_a_quantity_is_told_in_its_shortest_form(text, told):
    assert plain(Decimal(text)) == told


def test_a_large_exponent_is_told_in_plain_digits():
    assert plain(Decimal("1E+3")) == "1000"


@pytest.mark.parametrize(("text", "needs"), [("1", 0), ("1.0", 0), ("1.50", 1), ("0.000000001", 9), ("-0.25", 2)])
def test_only_the_decimals_that_are_needed_count(text, needs):
    assert decimals(Decimal(text)) == needs


def test_what_cannot_be_added_exactly_is_not_added():
    with pytest.raises(Inexact):
        EXACT.add(Decimal(10) ** 40, Decimal("0.1"))
