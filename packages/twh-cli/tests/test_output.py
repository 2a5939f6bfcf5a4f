"""Data on stdout in the form that was asked for, and everything else on stderr."""

import csv
import io
import os
import subprocess
import sys

import pytest

LEVEL = {
    "item": {"id": "itm_1", "sku": "TSHIRT-M"},
    "location": {"id": "loc_1", "code": "MAIN"},
    "lot": None,
    "on_hand": "8.50",
    "reserved": "0",
    "available": "8.50",
    "version": 3,
    "etag": '"lv3"',
    "updated_at": "2026-05-10T12:00:00.123456Z",
}


@pytest.fixture
def levels(elsewhere):
    elsewhere.get("/stock").respond(json={"data": [LEVEL] * 3, "next_cursor": None})
    elsewhere.get("/stock/TSHIRT-M/MAIN").respond(json=LEVEL)


def test_a_pipe_gets_a_line_of_json_for_each(twh, levels):
    assert [line[:9] for line in twh("stock", "list").out.splitlines()] == ['{"item": '] * 3


def test_json_is_one_document(twh, levels):
    assert twh("stock", "list", "--json").json == [LEVEL] * 3
    assert twh("stock", "get", "TSHIRT-M", "MAIN", "--json").json == LEVEL


def test_json_of_some_fields(twh, levels):
    assert twh("stock", "get", "TSHIRT-M", "MAIN", "--json=item.sku,on_hand").json == {
        "item.sku": "TSHIRT-M",
        "on_hand": "8.50",
    }


def test_a_field_that_is_none_is_named_with_those_that_are(twh, levels):
    ran = twh("stock", "get", "TSHIRT-M", "MAIN", "--json=colour")

    assert ran.exit_code == 2
    assert "There is no field 'colour'. There are: item, location" in ran.err


def test_csv_has_a_head(twh, levels):
    rows = list(csv.DictReader(io.StringIO(twh("stock", "list", "--output", "csv").out)))

    assert len(rows) == 3
    assert rows[0]["item.sku"] == "TSHIRT-M"
    assert rows[0]["on_hand"] == "8.50"


def test_a_table_in_a_pipe_is_one_that_was_asked_for_and_has_no_colour(twh, levels):
    told = twh("stock", "list", "--output", "table").out

    assert told.splitlines()[0].split() == [
        "item",
        "location",
        "on",
        "hand",
        "reserved",
        "available",
        "version",
        "updated",
    ]
    assert "\x1b" not in told


def test_times_are_alike_whatever_they_tell(twh, elsewhere):
    at = "2026-05-10T12:00:00.123456Z"
    told = {"endpoint": "whe_1", "failing_since": at, "warned_at": at, "held_until": at, "pending": 1}
    elsewhere.get("/webhook-endpoints/whe_1/health").respond(json={**told, "next_attempt_at": at})

    card = twh("webhooks", "health", "whe_1", "--output", "table").out

    assert card.count("2026-05-10 12:00:00Z") == 4


@pytest.mark.parametrize(("words", "out"), [((), ""), (("--json",), "[]\n"), (("--output", "jsonl"), "")])
def test_an_empty_list_is_empty_and_said_to_be(twh, elsewhere, words, out):
    elsewhere.get("/stock").respond(json={"data": [], "next_cursor": None})

    ran = twh("stock", "list", *words)

    assert (ran.exit_code, ran.out) == (0, out)
    assert ran.err == "No stock like this.\n"


def test_a_list_that_is_cut_says_so(twh, levels):
    ran = twh("stock", "list", "--limit", "2")

    assert len(ran.out.splitlines()) == 2
    assert "--all" in ran.err


def test_a_list_that_just_fits_says_nothing(twh, levels):
    assert twh("stock", "list", "--limit", "3").err == ""


def test_quiet_leaves_only_data(twh, levels):
    assert twh("stock", "list", "--limit", "2", "--quiet").err == ""


def test_names_from_elsewhere_cannot_move_the_cursor(twh, elsewhere):
    item = {"sku": "A", "name": "\x1b[2J\x07evil", "id": "itm_1"}
    whole = item | {
        "barcodes": [],
        "unit": "each",
        "scale": 0,
        "reorder_point": None,
        "attributes": {},
        "archived_at": None,
    }
    whole |= {"version": 1, "etag": "x", "created_at": "2026-05-10T12:00:00Z", "updated_at": "2026-05-10T12:00:00Z"}
    elsewhere.get("/items").respond(json={"data": [whole], "next_cursor": None})

    assert "\x1b" not in twh("items", "list", "--output", "table").out


def test_a_reader_that_went_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "twh_cli", "commands", "-o", "table"],
        stdout=write,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        check=False,
    )
    os.close(write)

    assert (ran.returncode, ran.stderr) == (0, b"")
