"""A cursor is opaque, not secret: whoever takes one apart and puts something else together is refused, or told a page."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twh_server.http.operations import OPERATIONS

# Each filter under which an operation's cursors are made of something else.
OTHER_ORDERS = {
    "items.list": ["sku_prefix=f", "search=a*", "tag=x", "barcode=x", "changed_since=2026-01-01T00:00:00Z"],
    "locations.list": ["within=MAIN", "changed_since=2026-01-01T00:00:00Z"],
    "stock.list": ["location=MAIN&within=true", "item=apples"],
    "stock.totals": ["location=MAIN", "item=apples"],
    "movements.list": ["order=asc", "item=apples", "after_sequence=1"],
    "entries.list": ["order=asc", "recorded_from=2026-01-01T00:00:00Z"],
    "webhooks.deliveries": ["state=failed"],
    "audit_log.list": ["since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"],
}
LISTS = [one for one in OPERATIONS if one.query and "cursor" in one.query.model_fields]
ORDERS = [
    pytest.param(operation, query, id=f"{operation.id}/{query}")
    for operation in LISTS
    for query in ["", *OTHER_ORDERS.get(operation.id, [])]
]

INTEGERS = [0, -1, 2**31, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)]
TEXTS = ["", "\0", "\ufffe", "\U0010ffff" * 9, "x" * 300, "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00"]
TIMES = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), datetime(2026, 1, 1)]  # noqa: DTZ001
IDS = [UUID(int=0), UUID(int=2**128 - 1)]

parts = (
    st.sampled_from([*INTEGERS, *TEXTS, *TIMES, *IDS, None, True, float("nan"), float("inf"), b"\xff", {}])
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=20)
    | st.datetimes()
    | st.uuids()
)
forged = (
    parts
    | st.lists(parts, max_size=4)
    | st.tuples(st.datetimes(), st.uuids())
    | st.tuples(st.integers(-1, 2**64 - 1), parts)
)


# What is asked changes nothing, so that all examples may share a shop.
TRIED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def cursor_of(key):
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(key)).decode().rstrip("=")


@pytest.fixture
def http(application, standing):
    application.headers["Authorization"] = f"Bearer {standing.shop.secret}"
    return application


@pytest.mark.parametrize(("operation", "query"), ORDERS)
@given(key=forged)
@settings(TRIED, max_examples=60)
async def test_what_no_answer_gave_is_refused_or_told_a_page(http, problem, standing_things, operation, query, key):
    cursor = cursor_of(key)
    path = operation.path.format(**standing_things)
    answer = await http.get(f"{path}?{query}", params={"cursor": cursor} if len(cursor) <= 512 else {})

    if answer.status_code != 200:
        assert [error["pointer"] for error in problem(answer, 400, "invalid_parameter")["errors"]] == ["cursor"]


@given(packed=st.binary(max_size=40))
@settings(TRIED, max_examples=200)
async def test_any_bytes_are_refused_or_told_a_page(http, problem, packed):
    cursor = base64.urlsafe_b64encode(packed).decode().rstrip("=") or "A"
    answer = await http.get("/v1/ledger/blocks", params={"cursor": cursor})

    if answer.status_code != 200:
        problem(answer, 400, "invalid_parameter")


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, -1])
async def test_a_number_that_no_row_can_have_is_no_cursor(http, problem, standing_things, number):
    for path in ("/v1/ledger/blocks", "/v1/audit-log", f"/v1/deliveries/{standing_things['delivery']}/attempts"):
        problem(await http.get(path, params={"cursor": cursor_of(number)}), 400, "invalid_parameter")
