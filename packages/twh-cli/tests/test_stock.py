"""Stock as it was, from the command line: the time and the clock go out as they were meant."""

import httpx
import pytest

LEVEL = {
    "item": {"id": "itm_1", "sku": "A"},
    "location": {"id": "loc_1", "code": "B"},
    "lot": None,
    "on_hand": "5",
    "reserved": "0",
    "available": "5",
    "version": 3,
    "etag": '"lv3"',
    "updated_at": "2026-05-10T12:00:00Z",
}


@pytest.mark.parametrize(
    ("words", "path", "answer"),
    [(("get", "A", "B"), "stock/A/B", LEVEL), (("list",), "stock", {"data": [LEVEL], "next_cursor": None})],
)
def test_stock_is_asked_for_as_it_was(twh, elsewhere, words, path, answer):
    route = elsewhere.get(f"https://inventory.example.com/v1/{path}").mock(
        return_value=httpx.Response(200, json=answer)
    )
    ran = twh("stock", *words, "--as-of", "2026-05-10T12:00:00Z", "--clock", "occurred")
    asked = route.calls.last.request.url.params

    assert (asked["as_of"], asked["clock"]) == ("2026-05-10T12:00:00Z", "occurred")
    assert (ran.exit_code, ran.json["on_hand"]) == (0, "5")


def test_how_long_ago_is_a_time_too(twh, elsewhere):
    route = elsewhere.get("https://inventory.example.com/v1/stock/A/B").mock(
        return_value=httpx.Response(200, json=LEVEL)
    )
    twh("stock", "get", "A", "B", "--as-of", "2h")

    assert set(route.calls.last.request.url.params) == {"as_of"}


@pytest.mark.parametrize("option", [("--as-of", "long ago"), ("--clock", "wall")])
def test_what_is_no_time_and_no_clock_is_not_asked_for(twh, elsewhere, option):
    ran = twh("stock", "get", "A", "B", *option)

    assert (ran.exit_code, ran.out) == (2, "")
