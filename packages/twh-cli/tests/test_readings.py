"""How words become quantities, times and references."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import typer

from twh_cli import readings


def test_a_negative_quantity_is_no_option():
    assert [readings.quantity(word) for word in readings.with_minus_signs(["-2", "-.5", "-2.5", "3"][::2])] == [
        Decimal(-2),
        Decimal("-2.5"),
    ]
    assert readings.with_minus_signs(["--at", "-f", "-x2"]) == ["--at", "-f", "-x2"]


@pytest.mark.parametrize("text", ["", "x", "1,5", "NaN", "Infinity", "1 2"])
def test_what_is_no_quantity_is_said_to_be_none(text):
    with pytest.raises(typer.BadParameter):
        readings.quantity(text)


@pytest.mark.parametrize(("text", "ago"), [("90s", 90), ("3h", 10_800), ("2d", 172_800), ("1w ago", 604_800)])
def test_a_time_may_be_so_long_ago(text, ago):
    assert abs(datetime.now(UTC) - timedelta(seconds=ago) - readings.moment(text)) < timedelta(seconds=5)


def test_a_time_keeps_its_zone():
    assert readings.moment("2026-05-10T12:00:00+02:00") == datetime(2026, 5, 10, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "99999999999d", ""])
def test_what_is_no_time_is_said_to_be_none(text):
    with pytest.raises(typer.BadParameter):
        readings.moment(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("rma:RA-19", ("rma", "RA-19")), ("PO-77", ("reference", "PO-77")), ("A:B", ("reference", "A:B"))],
)
def test_a_reference_may_name_its_type(text, meant):
    reference = readings.reference(text)

    assert (reference["type"], reference["id"]) == meant


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("2h", 7_200), ("1w", 604_800)])
def test_a_duration_has_its_unit(text, seconds):
    assert readings.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "90", "2h ago", "-1d", "1.5h", "99999999999999w"])
def test_what_is_no_duration_is_said_to_be_none(text):
    with pytest.raises(typer.BadParameter):
        readings.duration(text)


def test_an_end_is_a_time_or_so_long_from_now():
    assert readings.end("2099-01-01T00:00:00Z") == datetime(2099, 1, 1, tzinfo=UTC)
    assert abs(datetime.now(UTC) + timedelta(days=90) - readings.end("90d")) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "99999999999d"])
def test_what_is_no_end_is_said_to_be_none(text):
    with pytest.raises(typer.BadParameter):
        readings.end(text)
