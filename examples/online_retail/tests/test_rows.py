"""What can be read as a row, and what is said about what cannot."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from rows import Reject, Row, UnusableFile, read_rows


def test_a_row_knows_its_line_and_what_it_says(file_of, row):
    (found,) = read_rows(file_of(row("100001", "10024A", 3, name="TIN  TRAY ", price="1.65")))

    assert found == Row(
        line=2,
        invoice="100001",
        code="10024A",
        description="TIN TRAY",
        quantity=3,
        at=datetime(2021, 3, 1, 9, 5, tzinfo=UTC),
        price=Decimal("1.65"),
        customer="90001",
    )


def test_dates_are_written_month_first_and_taken_as_utc(file_of, row):
    (found,) = read_rows(file_of(row(at="12/7/2010 14:00")))

    assert found.at == datetime(2010, 12, 7, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"invoice": ""}, "InvoiceNo is missing"),
        ({"invoice": "A563185"}, "InvoiceNo is impossible: A563185"),
        ({"code": " "}, "StockCode is missing"),
        ({"quantity": ""}, "Quantity is missing"),
        ({"quantity": "1.5"}, "Quantity is impossible: 1.5"),
        ({"quantity": "1_000"}, "Quantity is impossible: 1_000"),
        ({"quantity": "1" * 10}, "Quantity is impossible: 1111111111"),
        ({"price": "-11062.06"}, "UnitPrice is impossible: -11062.06"),
        ({"price": "NaN"}, "UnitPrice is impossible: NaN"),
        ({"at": "13/1/2021 9:05"}, "InvoiceDate is impossible: 13/1/2021 9:05"),
        ({"at": "2021-03-01 09:05"}, "InvoiceDate is impossible: 2021-03-01 09:05"),
    ],
)
def test_what_is_missing_or_impossible_is_rejected_with_its_line_and_reason(file_of, row, changed, reason):
    first, second = read_rows(file_of(row(), row(**changed)))

    assert isinstance(first, Row)
    assert isinstance(second, Reject)
    assert (second.line, second.reason) == (3, reason)


def test_an_invoice_of_tomorrow_is_rejected(file_of, row):
    (found,) = read_rows(file_of(row(at=f"{datetime.now(UTC) + timedelta(days=2):%m/%d/%Y %H:%M}")))

    assert "lies in the future" in found.reason


def test_a_row_with_too_few_or_too_many_fields_is_rejected(file_of, row):
    short, long = read_rows(file_of("100001,10024", row() + ",more"))

    assert (short.reason, short.invoice, short.code) == ("has 2 fields instead of 8", "100001", "10024")
    assert long.reason == "has 9 fields instead of 8"


def test_line_numbers_are_those_of_an_editor(file_of, row):
    two_lines = row(name='"TRAY\nOF TIN"')

    found = list(read_rows(file_of(row(), "", two_lines, row())))

    assert [one.line for one in found] == [2, 4, 6]
    assert found[1].description == "TRAY OF TIN"


def test_columns_are_found_by_name(file_of):
    path = file_of(
        "10024,7,more,100001,3/1/2021 9:05,,1.65,TRAY",
        header=("StockCode,Quantity,Extra,InvoiceNo,InvoiceDate,CustomerID,UnitPrice,Description"),
    )

    (found,) = read_rows(path)

    assert (found.code, found.quantity, found.invoice) == ("10024", 7, "100001")


def test_a_file_in_latin_1_is_read_too(file_of, row):
    path = file_of(row(name="CAFÉ"))
    path.write_bytes(path.read_text().encode("latin-1"))

    (found,) = read_rows(path)

    assert found.description == "CAFÉ"


def test_a_byte_order_mark_is_no_part_of_the_first_column(file_of, row):
    path = file_of(row())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert isinstance(next(read_rows(path)), Row)


def test_a_file_without_its_columns_is_refused_with_their_names(file_of):
    with pytest.raises(UnusableFile, match="it has no column StockCode, CustomerID"):
        list(read_rows(file_of(header="InvoiceNo,Description,Quantity,InvoiceDate,UnitPrice")))


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.csv").touch()

    with pytest.raises(UnusableFile, match="has no column InvoiceNo"):
        list(read_rows(tmp_path / "empty.csv"))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnusableFile, match="cannot be read: no such file or directory"):
        list(read_rows(tmp_path / "absent.csv"))


def test_a_quote_that_never_closes_is_refused_with_its_line(file_of, row):
    with pytest.raises(UnusableFile, match="line 3: this is no CSV any more"):
        list(read_rows(file_of(row(), '100002,10024,"TIN TRAY,1')))
