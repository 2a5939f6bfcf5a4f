"""Stock as it was, over HTTP: which times and clocks are taken, what is answered, and what can be kept."""

from urllib.parse import urlencode

import pytest

STOCK = "/v1/stock/apples/MAIN"
AT = "2026-05-10T12:00:00Z"


@pytest.fixture
def ask(http, stockroom):
    """Ask for stock, by its address and the time."""

    async def ask(path=STOCK, headers=None, **when):
        return await http.get(f"{path}?{urlencode(when)}", headers=headers)

    return ask


async def test_a_level_is_answered_as_it_was(ask, stockroom):
    first = await stockroom.receive("apples", 5)
    await stockroom.receive("apples", 7)
    then = first.recorded_at.isoformat()
    recorded = await ask(as_of=then)
    occurred = await ask(as_of=then, clock="occurred")

    assert [(one.json()["on_hand"], one.json()["version"]) for one in (recorded, occurred)] == [("5", 1), ("5", 2)]
    assert recorded.headers["etag"] == recorded.json()["etag"] == '"lv1"'
    assert (await ask(as_of=AT)).json()["on_hand"] == "0"


async def test_what_is_known_of_then_is_304_until_more_is_known(ask, stockroom):
    first = await stockroom.receive("apples", 5)
    then = {"as_of": first.recorded_at.isoformat()}
    tags = [(await ask(**then, clock=clock)).headers["etag"] for clock in ("recorded", "occurred")]

    async def known():
        answers = [
            await ask(**then, clock=clock, headers={"If-None-Match": tag})
            for clock, tag in zip(("recorded", "occurred"), tags, strict=True)
        ]
        return [answer.status_code for answer in answers]

    assert await known() == [304, 304]
    await stockroom.receive("apples", 1)
    assert await known() == [304, 200]


@pytest.mark.parametrize(
    ("path", "when", "pointer", "code"),
    [
        (STOCK, {"clock": "occurred"}, "clock", "without_as_of"),
        ("/v1/stock", {"clock": "recorded"}, "clock", "without_as_of"),
        ("/v1/stock", {"as_of": AT, "changed_since": AT}, "changed_since", "not_with_as_of"),
        (STOCK, {"as_of": "yesterday"}, "as_of", "value_error"),
        (STOCK, {"as_of": AT, "clock": "wall"}, "clock", "literal_error"),
    ],
)
async def test_a_time_that_cannot_be_meant_is_named(ask, problem, path, when, pointer, code):
    (error,) = problem(await ask(path, **when), 400, "invalid_parameter")["errors"]

    assert (error["pointer"], error["code"]) == (pointer, code)


async def test_what_is_not_known_is_not_found_at_any_time(ask, problem):
    problem(await ask("/v1/stock/plums/MAIN", as_of=AT), 404, "item_not_found")
