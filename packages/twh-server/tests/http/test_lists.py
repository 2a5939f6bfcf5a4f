"""Lists go on behind their cursor: every row once, in order, whatever is added meanwhile."""

import asyncio

import httpx
import pytest


@pytest.fixture
async def filled(http, stockroom):
    """Eleven entries, with one movement each, over two items at two places."""
    for number in range(11):
        await stockroom.receive(("apples", "flour")[number % 2], number + 1, at=("MAIN", "STORE")[number % 3 == 0])
    return http


async def pages(http, path, limit):
    rows, cursor = [], None
    while True:
        parameters = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = (await http.get(path, params={**dict(httpx.URL(path).params), **parameters})).json()
        assert len(page["data"]) <= limit
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows
        assert len(page["data"]) == limit


LISTS = [
    "items",
    "items?sku_prefix=f",
    "items?search=a*",
    "items?changed_since=2026-01-01T00:00:00Z",
    "locations",
    "locations?changed_since=2026-01-01T00:00:00Z",
    "movements",
    "entries",
    "stock",
    "stock?location=MAIN&within=true",
    "stock?as_of=9999-01-01T00:00:00Z",
    "stock?as_of=9999-01-01T00:00:00Z&clock=occurred&location=MAIN&within=true",
    "stock/totals",
    "stock/totals?location=MAIN",
    "ledger/blocks",
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 200])
async def test_every_row_comes_once(filled, path, limit):
    rows = await pages(filled, f"/v1/{path}", limit)
    whole = (await filled.get(f"/v1/{path}{'&' if '?' in path else '?'}limit=200")).json()

    assert rows == whole["data"] != []
    assert whole["next_cursor"] is None


async def test_a_page_of_exactly_the_rest_is_the_last(filled):
    assert (await filled.get("/v1/entries?limit=11")).json()["next_cursor"] is None


@pytest.mark.parametrize("path", ["entries", "movements"])
async def test_history_is_told_newest_first_or_oldest_first(filled, path):
    newest = [row["sequence"] for row in await pages(filled, f"/v1/{path}", 4)]
    oldest = []
    cursor = ""
    while cursor is not None:
        page = (await filled.get(f"/v1/{path}?order=asc&limit=4{cursor}")).json()
        oldest += [row["sequence"] for row in page["data"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"

    assert newest == sorted(newest, reverse=True)
    assert oldest == newest[::-1]


async def test_what_is_added_meanwhile_disturbs_no_page(filled, stockroom):
    first = (await filled.get("/v1/entries?limit=5")).json()
    await asyncio.gather(*(stockroom.receive("apples", 1) for _ in range(5)))
    second = (await filled.get(f"/v1/entries?limit=6&cursor={first['next_cursor']}")).json()

    assert [row["sequence"] for row in first["data"] + second["data"]] == list(range(15, 4, -1))


@pytest.mark.parametrize(
    ("query", "sequences"),
    [
        ("item=apples", [15, 13, 11, 9, 7, 5]),
        ("location=STORE", [14, 11, 8, 5]),
        ("item=flour&location=STORE", [14, 8]),
        ("after_sequence=12", [15, 14, 13]),
        ("kind=issue", []),
        ("reason=weekly", []),
        ("item=unheard-of", []),
        ("entry=ent_x", []),
    ],
)
async def test_movements_are_filtered(filled, query, sequences):
    page = (await filled.get(f"/v1/movements?{query}")).json()

    assert [row["sequence"] for row in page["data"]] == sequences


async def test_history_is_filtered_by_reference_and_reason(http, stockroom):
    body = {"kind": "receipt", "lines": [{"item": "apples", "location": "MAIN", "quantity": "1"}]}
    more = {"reason": "weekly", "reference": {"type": "purchase", "id": "PO-77"}}
    entry = (await http.post("/v1/movements", json={**body, **more}, headers={"Idempotency-Key": "a"})).json()
    await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "b"})
    for query in (
        "reference=PO-77",
        "reason=weekly",
        "reference=PO-77&kind=receipt",
        f"after_sequence={4}&limit=1&order=asc",
    ):
        assert (await http.get(f"/v1/entries?{query}")).json()["data"] == [entry]

    assert (await http.get("/v1/entries?reference=PO-78")).json()["data"] == []


async def test_history_is_filtered_by_time_from_and_until(http, stockroom):
    times = [f"2026-05-10T12:0{minute}:00Z" for minute in range(3)]
    for number, time in enumerate(times):
        line = {"item": "apples", "location": "MAIN", "quantity": "1"}
        body = {"kind": "receipt", "occurred_at": time, "lines": [line]}
        await http.post("/v1/movements", json=body, headers={"Idempotency-Key": f"k{number}"})
    page = (await http.get(f"/v1/entries?occurred_from={times[1]}&occurred_until={times[2]}")).json()

    assert [row["occurred_at"] for row in page["data"]] == [times[1]]


async def test_stock_is_filtered(filled):
    async def levels(query):
        page = (await filled.get(f"/v1/stock?{query}")).json()
        return [(row["item"]["sku"], row["location"]["code"], row["on_hand"]) for row in page["data"]]

    assert await levels("") == [
        ("apples", "MAIN", "28"),
        ("apples", "STORE", "8"),
        ("flour", "MAIN", "16"),
        ("flour", "STORE", "14"),
    ]
    assert await levels("item=apples&location=STORE") == [("apples", "STORE", "8")]
    assert await levels("location=MAIN") == [("apples", "MAIN", "28"), ("flour", "MAIN", "16")]
    assert await levels("below_reorder_point=true") == []


async def test_stock_at_its_reorder_point_is_below_it(filled):
    await filled.patch("/v1/items/apples", json={"reorder_point": "8"})
    page = (await filled.get("/v1/stock?below_reorder_point=true")).json()

    assert [(row["item"]["sku"], row["location"]["code"]) for row in page["data"]] == [("apples", "STORE")]


async def test_stock_that_changed_since_a_time_is_found(filled, stockroom):
    entry = await stockroom.receive("flour", 1)
    since = entry.recorded_at.isoformat().replace("+00:00", "Z")
    page = (await filled.get("/v1/stock", params={"changed_since": since})).json()

    assert [(row["item"]["sku"], row["location"]["code"]) for row in page["data"]] == [("flour", "MAIN")]


async def test_a_level_that_nothing_ever_moved_is_zero(http, stockroom):
    level = (await http.get("/v1/stock/apples/STORE")).json()

    assert (level["on_hand"], level["reserved"], level["available"], level["version"]) == ("0", "0", "0", 0)
    assert level["updated_at"] is None


async def test_the_feed_goes_on_behind_the_number_that_it_told(filled):
    first = (await filled.get("/v1/events?limit=4")).json()
    second = (
        await filled.get(f"/v1/events?after={first['next_after']}&limit=200&types=entry.recorded,item.created")
    ).json()

    assert [event["sequence"] for event in first["data"]] == [1, 2, 3, 4]
    assert [event["sequence"] for event in second["data"]] == list(range(5, 16))
    assert (second["next_after"], second["head"]) == (15, 15)


async def test_an_event_is_the_same_bytes_in_the_feed_and_alone(filled, stockroom):
    stored = await stockroom.rows("select body from events where tenant_id = %(tenant)s order by sequence")
    feed = await filled.get("/v1/events?limit=200")
    alone = [await filled.get(f"/v1/events/{event['id']}") for event in feed.json()["data"]]

    assert feed.content.startswith(b'{"data":[' + b",".join(body.encode() for (body,) in stored) + b"]")
    assert [one.content.decode() for one in alone] == [body for (body,) in stored]


async def test_blocks_are_told_newest_first_and_verified(filled):
    blocks = (await filled.get("/v1/ledger/blocks?limit=200")).json()["data"]
    verification = (await filled.post("/v1/ledger/verify")).json()

    assert verification["ok"] is True
    assert (verification["blocks"], verification["digest"]) == (len(blocks), blocks[0]["hash"])
    assert [block["previous_hash"] for block in blocks[:-1]] == [block["hash"] for block in blocks[1:]]


async def test_a_tampered_ledger_is_answered_with_its_fault(filled, superuser, shop):
    await superuser.execute("update stock_levels set on_hand = 0 where tenant_id = %s", (shop.tenant,))
    verification = (await filled.post("/v1/ledger/verify")).json()

    assert verification["ok"] is False
    assert verification["fault"]["what"] == "level is not the sum of its movements"
