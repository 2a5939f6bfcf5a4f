"""Checkpoints over HTTP: made with 201, shown with their lag, moved under conditions."""


async def test_a_place_is_made_shown_and_forgotten(http, stockroom):
    made = await http.put("/v1/checkpoints/shipping", json={"sequence": 1})
    moved = await http.put("/v1/checkpoints/shipping", json={"sequence": 4})
    shown = await http.get(made.headers["location"])
    known = await http.get(made.headers["location"], headers={"If-None-Match": moved.headers["etag"]})
    forgotten = await http.delete("/v1/checkpoints/shipping")

    assert (made.status_code, made.json()["lag"]) == (201, 3)
    assert (moved.status_code, moved.json()["lag"], moved.json()["etag"]) == (200, 0, moved.headers["etag"])
    assert (shown.json(), known.status_code, forgotten.status_code) == (moved.json(), 304, 204)


async def test_what_is_refused_says_where_it_stands(http, stockroom, problem):
    await http.put("/v1/checkpoints/shipping", json={"sequence": 3})
    path = "/v1/checkpoints/shipping"

    assert problem(await http.put(path, json={"sequence": 2}), 409, "checkpoint_passed")["sequence"] == 3
    assert problem(await http.put(path, json={"sequence": 9}), 409, "checkpoint_ahead")["head"] == 4
    problem(await http.put("/v1/checkpoints/-", json={"sequence": 1}), 422, "invalid_checkpoint")
    problem(await http.put(path, json={"sequence": 4}, headers={"If-None-Match": "*"}), 412, "already_exists")
    problem(await http.put(path, json={"sequence": 4}, headers={"If-Match": '"cp9"'}), 412, "stale_version")
    assert (await http.put(path, json={"sequence": 2, "reset": True})).json()["sequence"] == 2


async def test_places_are_listed_by_name(http, stockroom):
    for name in ("b", "a", "c"):
        await http.put(f"/v1/checkpoints/{name}", json={"sequence": 1})
    first = (await http.get("/v1/checkpoints?limit=2")).json()
    rest = (await http.get("/v1/checkpoints", params={"cursor": first["next_cursor"]})).json()

    assert [[one["name"] for one in page["data"]] for page in (first, rest)] == [["a", "b"], ["c"]]
