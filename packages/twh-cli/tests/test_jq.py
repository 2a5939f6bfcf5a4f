"""`--jq`: what is shown goes through an expression first; one that makes no sense is refused before anything is done."""

import sys

import pytest

from twh_cli import filtering

LEVEL = {
    "item": {"id": "itm_1", "sku": "TSHIRT-M"},
    "location": {"id": "loc_1", "code": "MAIN"},
    "lot": None,
    "on_hand": "8.50",
    "reserved": "0",
    "available": "8.50",
    "version": 3,
    "etag": '"lv3"',
    "updated_at": "2026-05-10T12:00:00Z",
}


@pytest.fixture(autouse=True)
def levels(elsewhere):
    elsewhere.get("/stock").respond(json={"data": [LEVEL] * 2, "next_cursor": None})
    elsewhere.get("/stock/TSHIRT-M/MAIN").respond(json=LEVEL)


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (("stock", "get", "TSHIRT-M", "MAIN", "--jq", ".on_hand"), "8.50\n"),
        (("stock", "get", "TSHIRT-M", "MAIN", "--jq", "{version}"), '{"version": 3}\n'),
        (("stock", "list", "--jq", ".[].item.sku"), "TSHIRT-M\nTSHIRT-M\n"),
        (("stock", "list", "--jq", "length"), "2\n"),
        (("stock", "list", "--jq", ".[] | select(.version > 3)"), ""),
        (("stock", "list", "-o", "jsonl", "--jq", ".location.code"), "MAIN\nMAIN\n"),
        (("stock", "list", "--json=version", "--jq", "map(.version) | add"), "6\n"),
        (("api", "GET", "stock/TSHIRT-M/MAIN", "--jq", ".version"), "3\n"),
        (("commands", "--jq", 'map(select(.command == "receive")) | length'), "1\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_expression_makes_lines(twh, words, out):
    ran = twh(*words)

    assert (ran.exit_code, ran.out) == (0, out)


def test_what_is_no_expression_is_refused_before_anything_is_sent(twh, elsewhere):
    route = elsewhere.post("/items").respond(201)

    ran = twh("items", "create", "A", "--name", "A", "--jq", ".[")

    assert ran.exit_code == 2
    assert "--jq '.[' is no expression" in ran.err
    assert not route.called


def test_what_does_not_fit_the_answer_is_said(twh):
    ran = twh("stock", "get", "TSHIRT-M", "MAIN", "--jq", ".item[0]")

    assert ran.exit_code == 2
    assert "The answer came" in ran.err


def test_a_table_is_no_json(twh):
    assert twh("stock", "list", "--jq", ".", "-o", "table").exit_code == 2


def test_without_the_library_it_is_named_with_the_way_to_get_it(twh, monkeypatch):
    monkeypatch.setitem(sys.modules, "jq", None)
    filtering.program.cache_clear()

    ran = twh("stock", "list", "--jq", ".")

    assert ran.exit_code == 2
    assert ran.error["hint"] == 'pip install "twh-cli[jq]"'
