"""Versions over HTTP: tags that let a reader skip what it has and a writer change only what it read."""

import pytest

TAGGED = {
    "/v1/items/apples": '"it1"',
    "/v1/locations/MAIN": '"lo1"',
    "/v1/stock/apples/MAIN": '"lv1"',
    "/v1/stock/flour/STORE": '"lv0"',
}


@pytest.mark.parametrize("path", TAGGED)
async def test_a_thing_is_shown_with_its_tag(http, things, path):
    answer = await http.get(path)

    assert (answer.headers["etag"], answer.json()["etag"]) == (TAGGED[path], TAGGED[path])


@pytest.mark.parametrize("path", TAGGED)
@pytest.mark.parametrize("known", ["{}", 'W/{}, "x"', '"x", {}', "*"])
async def test_what_the_reader_has_is_not_sent_again(http, things, path, known):
    answer = await http.get(path, headers={"If-None-Match": known.format(TAGGED[path])})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == TAGGED[path]
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("path", TAGGED)
async def test_what_has_changed_is_sent(http, things, path):
    assert (await http.get(path, headers={"If-None-Match": '"it0"'})).status_code == 200


@pytest.mark.parametrize("tag", ["it1", '"it1', "'it1'"])
async def test_a_tag_of_a_reader_without_quotes_is_malformed(http, things, tag, problem):
    problem(await http.get("/v1/items/apples", headers={"If-None-Match": tag}), 400, "malformed_request")


@pytest.mark.parametrize("path", [*TAGGED, "/v1/items", "/v1/events", "/v1/tenant", "/v1/items/nothing"])
async def test_head_answers_like_get_without_the_body(http, things, path):
    get, head = await http.get(path), await http.head(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers.get("etag") == get.headers.get("etag")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["content-length"] == get.headers["content-length"]


CHANGES = [
    ("PATCH", "/v1/items/pears", {"name": "Conference pears"}, '"it1"'),
    ("POST", "/v1/items/pears/archive", None, '"it1"'),
    ("PATCH", "/v1/locations/STORE", {"name": "Corner store"}, '"lo1"'),
    ("POST", "/v1/locations/STORE/archive", None, '"lo1"'),
]


@pytest.mark.parametrize(("method", "path", "body", "tag"), CHANGES)
async def test_a_change_is_made_at_the_version_that_was_read(http, things, problem, method, path, body, tag):
    made = await http.request(method, path, json=body, headers={"If-Match": tag})
    stale = await http.request(method, path, json=body, headers={"If-Match": tag})

    assert (made.status_code, made.headers["etag"]) == (200, tag.replace("1", "2"))
    refused = problem(stale, 412, "stale_version")
    assert (refused["version"], refused["etag"], stale.headers["etag"]) == (
        2,
        made.headers["etag"],
        made.headers["etag"],
    )


@pytest.mark.parametrize(("method", "path", "body", "tag"), CHANGES)
async def test_a_retried_change_is_not_refused_as_stale(http, things, method, path, body, tag):
    headers = {"If-Match": tag, "Idempotency-Key": "k"}
    made = await http.request(method, path, json=body, headers=headers)
    retried = await http.request(method, path, json=body, headers=headers)

    assert (retried.status_code, retried.content) == (200, made.content)
    assert (retried.headers["etag"], retried.headers["idempotent-replayed"]) == (made.headers["etag"], "true")


@pytest.mark.parametrize("tag", ['"it9", "it1"', "*"])
async def test_one_of_several_versions_will_do(http, things, tag):
    assert (await http.patch("/v1/items/pears", json={"name": "x"}, headers={"If-Match": tag})).status_code == 200


async def test_null_takes_a_value_away_and_what_is_left_out_stays(http, things):
    await http.patch("/v1/items/pears", json={"reorder_point": "5", "unit": "kg"})
    cleared = (await http.patch("/v1/items/pears", json={"reorder_point": None})).json()
    unchanged = (await http.patch("/v1/items/pears", json={})).json()

    assert (cleared["reorder_point"], cleared["unit"]) == (None, "kg")
    assert unchanged == cleared


async def test_a_new_thing_is_where_its_location_says(http, things):
    for path, body in (
        ("/v1/items", {"sku": "plums", "name": "Plums"}),
        ("/v1/locations", {"code": "BIN", "name": "Bin"}),
    ):
        created = await http.post(path, json=body)
        found = await http.get(created.headers["location"])
        assert (created.status_code, found.json()) == (201, created.json())
        assert created.headers["etag"] == found.headers["etag"]


async def test_an_entry_is_where_its_location_says(http, things):
    body = {"kind": "receipt", "lines": [{"item": "apples", "location": "MAIN", "quantity": "1"}]}
    created = await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "k"})

    assert (await http.get(created.headers["location"])).json() == created.json()


@pytest.mark.parametrize("sku", ["a/b", "a b", "100%", "ä", "日本", "a?b", "a#b", "..", "a%2Fb", "+", "🍎", "a\\b"])
async def test_a_name_of_any_characters_is_reached_by_its_path(http, things, sku):
    created = await http.post("/v1/items", json={"sku": sku, "name": "x"})
    path = "/v1/items/" + "".join(f"%{byte:02X}" for byte in sku.encode())

    assert created.status_code == 201
    assert (await http.get(path)).json() == created.json()
    assert (await http.patch(path, json={"name": "y"})).json()["name"] == "y"
    assert (await http.get(f"/v1/stock{path.removeprefix('/v1/items')}/MAIN")).json()["on_hand"] == "0"
