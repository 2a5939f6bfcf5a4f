"""Bad input: each mistake gets its documented status and code, says where it is, and is never a 500."""

import pytest

from twh_server.http.incoming import BodyLimits
from twh_server.http.operations import OPERATIONS

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def things(standing_things):
    """What is refused changes nothing, so one shop serves all of these tests."""
    return standing_things


@pytest.fixture
def http(application, standing):
    application.headers["Authorization"] = f"Bearer {standing.shop.secret}"
    return application


def those(pick):
    """Run a test for each operation that is picked."""
    chosen = [one for one in OPERATIONS if pick(one)]
    return pytest.mark.parametrize("operation", chosen, ids=[one.id for one in chosen])


def takes_a_body(operation):
    return operation.body is not None


def takes_a_key(operation):
    return operation.key != "none"


def needs_a_key(operation):
    return operation.key == "required"


def is_paged(operation):
    return operation.query is not None and "cursor" in operation.query.model_fields


def has_path_object(operation):
    return "{" in operation.path


def takes_if_match(operation):
    return operation.conditional and operation.method != "GET"


BROKEN_BODIES = {
    "empty": b"",
    "cut off": b'{"name": ',
    "no JSON": b"name=Apples",
    "single quotes": b"{'name': 'Apples'}",
    "a trailing comma": b'{"name": "Apples",}',
    "two documents": b"{} {}",
    "a list": b"[]",
    "a string": b'"x"',
    "a number": b"1",
    "null": b"null",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "half a character": b'{"name": "\\ud800"}',
    "nested without end": b'{"name": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a NUL": b'{"name": "a\\u0000b"}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "an unknown field": b'{"nonsense": 1}',
}


@those(takes_a_body)
@pytest.mark.parametrize("content", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
async def test_a_body_that_cannot_be_read_is_malformed(http, request_of, operation, content, problem):
    problem(await request_of(operation.id, content=content).send(http), 400, "malformed_request")


@those(takes_a_body)
async def test_an_unknown_field_is_named(http, request_of, operation, problem):
    asked = request_of(operation.id, content=b'{"nonsense/~": 1, "also": 2}')
    errors = problem(await asked.send(http), 400)["errors"]

    assert {("/nonsense~1~0", "unknown_field"), ("/also", "unknown_field")} <= {
        (error["pointer"], error["code"]) for error in errors
    }


@those(takes_a_body)
@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_with_a_byte_too_many_is_too_large(http, request_of, operation, declared, problem):
    asked = request_of(operation.id)
    content = b"[" + b" " * BodyLimits().of(bulk=operation.bulk)

    async def in_pieces():
        for start in range(0, len(content), 1 << 16):
            yield content[start : start + (1 << 16)]

    asked.content = content if declared else in_pieces()
    problem(await asked.send(http), 413, "body_too_large")


def test_an_operation_that_takes_many_at_once_takes_eight_times_as_many_bytes():
    assert (BodyLimits().of(bulk=False), BodyLimits().of(bulk=True)) == (1 << 20, 8 << 20)


@those(takes_a_body)
async def test_a_body_as_large_as_may_be_is_read(http, request_of, operation, problem):
    asked = request_of(operation.id)
    asked.content = b"[" + b" " * (BodyLimits().of(bulk=operation.bulk) - 1)

    problem(await asked.send(http), 400, "malformed_request")


@those(takes_a_body)
@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""]
)
async def test_a_body_that_does_not_say_it_is_json_is_refused(http, request_of, operation, media, problem):
    asked = request_of(operation.id)
    asked.headers["Content-Type"] = media

    problem(await asked.send(http), 415, "not_json")


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
async def test_json_by_another_spelling_is_json(http, request_of, media):
    asked = request_of("items.update")
    asked.headers["Content-Type"] = media

    assert (await asked.send(http)).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0", "image/*"])
async def test_who_takes_no_json_gets_none(http, request_of, operation, accept, problem):
    asked = request_of(operation.id)
    asked.headers["Accept"] = accept

    problem(await asked.send(http), 406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "text/html, application/json;q=0.1", "application/problem+json", ""])
async def test_who_takes_json_among_others_gets_it(http, things, accept):
    assert (await http.get("/v1/items/apples", headers={"Accept": accept})).status_code == 200


@those(needs_a_key)
async def test_a_key_is_required_where_stock_moves(http, request_of, operation, problem):
    asked = request_of(operation.id)
    del asked.headers["Idempotency-Key"]

    problem(await asked.send(http), 400, "idempotency_key_missing")


@those(takes_a_key)
@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "caf\u00e9", "a\tb", "\x7f"])
async def test_a_key_of_other_than_visible_ascii_is_malformed(http, request_of, operation, key, problem):
    asked = request_of(operation.id)
    asked.headers["Idempotency-Key"] = key.encode("latin-1")

    problem(await asked.send(http), 400, "idempotency_key_malformed")


async def test_a_key_has_up_to_255_characters(http, request_of):
    assert (await request_of("items.update", headers={**JSON, "Idempotency-Key": "~" * 255}).send(http)).is_success


@those(takes_if_match)
@pytest.mark.parametrize("tag", ["", "it1", '"it1', '"a" "b"', "\xff", "'it1'", '"it1",'])
async def test_a_tag_without_its_quotes_is_malformed(http, request_of, operation, tag, problem):
    asked = request_of(operation.id)
    asked.headers["If-Match"] = tag.encode("latin-1")

    problem(await asked.send(http), 400, "malformed_request")


async def test_an_unknown_parameter_is_named(http, request_of, operation, problem):
    body = problem(await request_of(operation.id, query="nonsense=1").send(http), 400, "invalid_parameter")

    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [("nonsense", "unknown_field")]


@pytest.mark.parametrize(
    "query", ["x=%00", "x=%ff", "%ff=1", "x=1&x=2", "x=%ED%A0%80", "&".join(f"p{n}=" for n in range(101)), "%00=1"]
)
async def test_a_query_that_cannot_be_read_is_refused(http, request_of, operation, query, problem):
    problem(await request_of(operation.id, query=query).send(http), 400, "invalid_parameter")


@those(is_paged)
@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5", "", "1e2", "9" * 5_000])
async def test_a_page_has_1_to_200_rows(http, request_of, operation, limit, problem):
    body = problem(await request_of(operation.id, query=f"limit={limit}").send(http), 400, "invalid_parameter")

    assert [error["pointer"] for error in body["errors"]] == ["limit"]


@those(is_paged)
@pytest.mark.parametrize(
    "cursor",
    ["", "x", "AAAA", "%00", "%F0%9F%8D%8E", "kNk", "2SRhYWFhYWFhYS0x", "xBA", "wA", "x" * 513, "zv__________8"],
)
async def test_a_cursor_that_no_answer_gave_is_refused(http, request_of, operation, cursor, problem):
    body = problem(await request_of(operation.id, query=f"cursor={cursor}").send(http), 400, "invalid_parameter")

    assert [error["pointer"] for error in body["errors"]] == ["cursor"]


@those(has_path_object)
@pytest.mark.parametrize("part", ["%00", "a%00b", "%ff", "%C3%28", "%ED%A0%80"])
async def test_a_path_that_is_no_text_is_malformed(http, request_of, operation, part, problem):
    asked = request_of(operation.id)
    asked.path = "/".join(part if piece.startswith("{") else piece for piece in operation.path.split("/"))

    problem(await asked.send(http), 400, "malformed_request")


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/v1/items?archived=maybe", "archived"),
        ("/v1/items?sku_prefix=", "sku_prefix"),
        ("/v1/items?barcode=" + "x" * 65, "barcode"),
        ("/v1/items?search=", "search"),
        ("/v1/items?search=" + "x" * 101, "search"),
        ("/v1/items?tag=", "tag"),
        ("/v1/items?attribute=colour", "attribute"),
        ("/v1/items?attribute=:blue", "attribute"),
        ("/v1/items?changed_since=yesterday", "changed_since"),
        ("/v1/items?sku_prefix=a&cursor=kaNhAGI", "cursor"),
        ("/v1/locations?parent=", "parent"),
        ("/v1/locations?within=" + "x" * 65, "within"),
        ("/v1/locations?changed_since=1", "changed_since"),
        ("/v1/stock?within=perhaps", "within"),
        ("/v1/stock/totals?below_reorder_point=perhaps", "below_reorder_point"),
        ("/v1/stock/totals?changed_since=2026-05-10T12:00:00Z", "changed_since"),
        ("/v1/locations?archived=1", "archived"),
        ("/v1/movements?occurred_from=yesterday", "occurred_from"),
        ("/v1/movements?occurred_until=2026-05-10T12:00:00", "occurred_until"),
        ("/v1/movements?recorded_from=1778414400", "recorded_from"),
        ("/v1/movements?after_sequence=-1", "after_sequence"),
        ("/v1/movements?after_sequence=9223372036854775808", "after_sequence"),
        ("/v1/movements?order=up", "order"),
        ("/v1/movements?item=", "item"),
        ("/v1/entries?item=apples", "item"),
        ("/v1/entries?order=DESC", "order"),
        ("/v1/stock?below_reorder_point=perhaps", "below_reorder_point"),
        ("/v1/stock?changed_since=2026-13-01T00:00:00Z", "changed_since"),
        ("/v1/events?after=-1", "after"),
        ("/v1/events?after=9223372036854775808", "after"),
        ("/v1/events?wait=31", "wait"),
        ("/v1/events?wait=0.5", "wait"),
        ("/v1/events?limit=1001", "limit"),
        ("/v1/deliveries?state=lost", "state"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(http, things, target, name, problem):
    body = problem(await http.get(target), 400, "invalid_parameter")

    assert [error["pointer"] for error in body["errors"]] == [name]


@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-05-10T12:00:00%2B14:00", "2026-05-10T12:00:00-23:59"],
)
async def test_a_time_far_away_is_a_time(http, things, time):
    for name in ("occurred_from", "occurred_until", "recorded_from", "recorded_until"):
        assert (await http.get(f"/v1/movements?{name}={time}")).status_code == 200


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00%2B00:01", "9999-12-31T23:59:59-00:01"])
async def test_a_time_beyond_the_years_is_named(http, things, time, problem):
    body = problem(await http.get(f"/v1/movements?occurred_from={time}"), 400, "invalid_parameter")

    assert [error["pointer"] for error in body["errors"]] == ["occurred_from"]


async def test_a_time_with_a_far_offset_is_kept_as_its_moment(http, request_of):
    body = {"name": "far", "scopes": ["items:read"], "expires_at": "2095-06-28T15:12:34-19:48"}
    made = await request_of("api_keys.create", body=body).send(http)

    assert (made.status_code, made.json()["expires_at"]) == (201, "2095-06-29T11:00:34Z")
