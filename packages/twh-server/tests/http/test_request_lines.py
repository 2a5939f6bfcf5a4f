"""Each request has a line that says who asked for what and how it ended, and nothing that was sent."""

import asyncio
import io
import json
import logging

import httpx
import msgspec
import pytest
import pytest_asyncio

from twh_server.access.rates import Buckets, Rate
from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.catalogue.item_commands import CreateItem
from twh_server.database.identifiers import TENANT
from twh_server.events.bell import Bell
from twh_server.telemetry import RequestLines, start_logging, trace_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
MARK = "Hush-4711-marked"


@pytest.fixture(scope="session")
def file():
    """What the lines are written to."""
    return io.BytesIO()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def application(database, file):
    """The application of these tests: its lines are in the file."""
    watch = RequestLines(form="json", file=file)
    app = build(
        open_rooms(database, Bell(), Sealer(bytes(32)), rates=Buckets(Rate(requests=60_000, seconds=60)), watch=watch)
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    hooks = {"response": [lambda _: asyncio.sleep(0)]}  # a line is written at the end of the turn that answered
    async with httpx.AsyncClient(transport=transport, base_url="http://twh.test", event_hooks=hooks) as client:
        yield client


@pytest.fixture
def lines(file):
    """The lines since the last look."""

    def lines():
        told = [json.loads(line) for line in file.getvalue().splitlines()]
        file.seek(0)
        file.truncate()
        return told

    lines()
    return lines


@pytest.fixture
def everything(file):
    """All that is logged, at the level debug, as text."""
    root = logging.getLogger()
    handlers, level, said = root.handlers, root.level, io.StringIO()
    start_logging(form="json", level="debug")
    root.handlers[0].setStream(said)
    # The tests' own client tells the addresses that it asks.
    theirs = [logging.getLogger(name) for name in ("httpx", "httpcore")]
    for logger in theirs:
        logger.propagate = False

    def everything():
        return said.getvalue() + file.getvalue().decode()

    yield everything
    root.handlers = handlers
    root.setLevel(level)
    for logger in theirs:
        logger.propagate = True


async def test_a_line_says_who_asked_for_what_and_how_it_ended(http, shop, lines):
    answer = await http.get("/v1/items", headers={"Traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})

    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    assert 0 <= line.pop("ms") < 60_000
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "twh_server.requests",
        "request_id": answer.headers["twh-request-id"],
        "tenant": TENANT.text(shop.tenant),
        "operation": "items.list",
        "method": "GET",
        "status": 200,
        "trace_id": TRACE,
    }


async def test_a_write_says_how_many_shared_its_commit(http, lines):
    posts = [http.post("/v1/locations", json={"code": f"BIN-{number}", "name": "Bin"}) for number in range(6)]
    answers = await asyncio.gather(*posts)

    told = lines()
    assert {answer.status_code for answer in answers} == {201}
    batches = [line["batch"] for line in told]
    # Each of a batch of n says n: so the reciprocals count the batches, and no line is left out.
    assert len(batches) == 6
    assert max(batches) > 1
    assert sum(1 / batch for batch in batches) == pytest.approx(round(sum(1 / batch for batch in batches)))


@pytest.mark.parametrize(
    ("method", "path", "headers", "operation", "status"),
    [
        ("GET", "/v1/items", {"Authorization": "Bearer twh_test_nothing"}, "items.list", 401),
        ("GET", "/v1/nothing", {}, None, 404),
        ("PUT", "/v1/movements", {}, None, 405),
        ("HEAD", "/v1/items", {}, "items.list", 200),
    ],
)
async def test_whatever_is_refused_has_its_line_too(http, lines, method, path, headers, operation, status):
    await http.request(method, path, headers=headers)

    [line] = lines()
    assert (line["method"], line["operation"], line["status"]) == (method, operation, status)
    assert (line["tenant"] is None) == (status != 200)
    assert "batch" not in line
    assert "trace_id" not in line


async def test_health_has_no_line(http, lines):
    await http.get("/health/ready")

    assert lines() == []


def marked(body):
    """The body, with the mark in every text that people choose."""
    free = ("name", "description", "reason", "sku", "code", "note")
    return {
        name: f"{MARK}-{name}" if name in free and isinstance(value, str) else value for name, value in body.items()
    }


async def test_no_key_no_body_and_no_query_is_ever_logged(operation, application, things, shop, everything, asked):
    request = asked(operation, secret=shop.secret, key=MARK)
    if request.content:
        request.content = json.dumps(marked(json.loads(request.content))).encode()

    await request.send(application)
    request.query = f"query={MARK}"
    await request.send(application)

    told = everything()
    assert operation.id in told
    assert MARK not in told
    assert shop.secret not in told
    assert shop.secret[12:30] not in told


@pytest.mark.parametrize(
    ("values", "fault"),
    [({"scale": 10}, "CheckViolation (23514): new row"), ({"id": MARK}, "InvalidTextRepresentation (22P02)")],
    ids=["a value that breaks a rule", "a value that cannot be read"],
)
async def test_a_fault_is_logged_without_what_was_sent(http, everything, monkeypatch, values, fault):
    def poisoned(self, facts, moment):
        effects = decide(self, facts, moment)
        (write, row), *others = effects.rows
        effects.rows = [(write, msgspec.structs.replace(row, **values)), *others]
        return effects

    decide = CreateItem.decide
    monkeypatch.setattr(CreateItem, "decide", poisoned)
    answer = await http.post("/v1/items", json={"sku": MARK, "name": MARK, "scale": 3})

    told = everything()
    assert answer.status_code == 500
    assert fault in told
    assert "writer.py" in told
    assert MARK not in told


@pytest.mark.parametrize(
    ("traceparent", "trace"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"01-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
        (None, None),
        ("", None),
        (f"00-{TRACE}-00f067aa0ba902b7", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
    ],
)
def test_a_trace_is_taken_from_what_the_standard_allows(traceparent, trace):
    assert trace_of(traceparent) == trace
