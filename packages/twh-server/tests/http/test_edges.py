"""The edges of HTTP, over a real socket: what a program, a proxy or a stranger may send, and what it is answered."""

import asyncio
import json
import re
from dataclasses import dataclass

import pytest
import pytest_asyncio

from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.events.bell import Bell
from twh_server.http import incoming
from twh_server.http.envelope import HEADERS_BYTES_MAX, TARGET_BYTES_MAX
from twh_server.http.operations import OPERATIONS
from twh_server.processes.listening import listen
from twh_server.processes.serving import serving

PATIENCE_SECONDS = 20
JSON = "Content-Type: application/json\r\n"


@dataclass
class Answered:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self):
        assert self.headers["content-type"] == "application/problem+json"
        assert self.headers["twh-request-id"] == json.loads(self.body)["request_id"]
        return self.status, json.loads(self.body)["code"]


class Wire:
    """A socket to a real server, spoken to in bytes."""

    def __init__(self, port, secret):
        self.port = port
        self.who = f"Host: twh.test\r\nAuthorization: Bearer {secret}\r\n"

    async def say(self, *parts, head_only=False):
        """Send bytes, and read all that comes until the server closes; it may answer before it has read them all."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for part in parts:
            writer.write(part if isinstance(part, bytes) else part.encode())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await (reader.readuntil(b"\r\n\r\n") if head_only else reader.read())
        finally:
            writer.transport.abort()

    async def ask(self, line, headers="", body=b"", *, who=None):
        """One request on a connection of its own; its last answer."""
        head = f"{line} HTTP/1.1\r\n{self.who if who is None else who}{headers}Connection: close\r\n\r\n"
        return answers_in(await self.say(head.encode("latin-1") + body))[-1]


def answers_in(received):
    """The answers that bytes are."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        found.append(Answered(int(first.split()[1]), headers, rest[:length]))
        received = rest[length:]
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def port(database):
    bell, listening = Bell(), listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    async with serving(
        build(open_rooms(database, bell, Sealer(bytes(32)))), listening, asyncio.Event(), drain_seconds=5
    ):
        yield port
        bell.hush()


@pytest.fixture
def wire(port, standing):
    return Wire(port, standing.shop.secret)


async def head_of(wire, path):
    raw = await wire.say(f"HEAD {path} HTTP/1.1\r\n{wire.who}Connection: close\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    return head.lower(), body


@pytest.mark.parametrize(
    "path", ["/v1/items/apples", "/v1/items", "/v1/items/nothing", "/v1/items?limit=0", "/nowhere"]
)
async def test_head_has_the_headers_of_get_and_no_body(wire, standing_things, path):
    get = await wire.ask(f"GET {path}")
    head, body = await head_of(wire, path)

    assert head.startswith(f"http/1.1 {get.status} ".encode())
    assert f"content-length: {get.headers['content-length']}".encode() in head
    assert body == b""


async def test_options_tells_the_methods_and_needs_no_key(wire):
    for path in {operation.path for operation in OPERATIONS}:
        answer = await wire.ask(f"OPTIONS {re.sub('{.*?}', 'x', path)}", who="Host: twh.test\r\n")
        allowed = set(answer.headers["allow"].split(", "))
        methods = {one.method for one in OPERATIONS if one.path == path}

        assert (answer.status, answer.body) == (204, b"")
        assert allowed == methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        assert answer.headers["twh-request-id"].startswith("req_")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "BREW"])
async def test_a_method_that_is_not_served_is_405_and_says_which_are(wire, method):
    answer = await wire.ask(f"{method} /v1/ledger/blocks")

    assert answer.problem() == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/v2/items", "/v1/nothing", "*", "/v1/items/../tenant", "/v1/%74enant", "/%00"])
async def test_where_nothing_is_served_is_404(wire, path):
    assert (await wire.ask(f"GET {path}")).problem() == (404, "not_found")


async def test_who_takes_no_json_is_406(wire):
    assert (await wire.ask("GET /v1/items", "Accept: text/html\r\n")).problem() == (406, "not_acceptable")
    assert (await wire.ask("GET /v1/items", "Accept: text/html\r\nAccept: */*\r\n")).status == 200


async def test_a_declared_body_that_is_too_large_is_413_before_it_is_sent(wire):
    answer = await wire.ask("POST /v1/items", f"{JSON}Content-Length: {(1 << 20) + 1}\r\n")

    assert answer.problem() == (413, "body_too_large")


async def test_a_chunked_body_that_grows_too_large_is_413(wire):
    chunk = b"10000\r\n" + b" " * (1 << 16) + b"\r\n"
    answer = await wire.ask("POST /v1/items", f"{JSON}Transfer-Encoding: chunked\r\n", chunk * 17 + b"0\r\n\r\n")

    assert answer.problem() == (413, "body_too_large")


@pytest.mark.parametrize("media", ["", "Content-Type: text/plain\r\n", "Content-Type: application/xml\r\n"])
async def test_a_body_that_is_not_json_is_415(wire, media):
    assert (await wire.ask("POST /v1/items", f"{media}Content-Length: 2\r\n", b"{}")).problem() == (415, "not_json")


@pytest.mark.parametrize(
    "coding", ["Content-Encoding: gzip", "Content-Encoding: br", "Transfer-Encoding: gzip, chunked"]
)
async def test_a_compressed_body_is_415_and_told_how_to_come(wire, coding):
    length = "" if "Transfer" in coding else "Content-Length: 12\r\n"
    answer = await wire.ask("POST /v1/items", f"{JSON}{coding}\r\n{length}", b"2\r\n{}\r\n0\r\n\r\n")

    assert answer.problem() == (415, "body_encoded")
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("chunks", "why"), [(b"zz\r\n{}\r\n0\r\n\r\n", "no number"), (b"2\r\n{}ab\r\n0\r\n\r\n", "longer than it says")]
)
async def test_chunks_that_are_none_are_400(wire, chunks, why):
    answer = await wire.ask("POST /v1/items", f"{JSON}Transfer-Encoding: chunked\r\n", chunks)

    assert answer.problem() == (400, "malformed_request")


async def test_a_slow_body_is_408(wire, monkeypatch):
    monkeypatch.setattr(incoming, "BODY_SECONDS_MAX", 0.2)

    answer = await wire.ask("POST /v1/items", f"{JSON}Content-Length: 10\r\n", b"{")

    assert answer.problem() == (408, "request_timeout")


async def test_who_expects_100_continue_is_told_to_go_on_or_refused_first(wire):
    headers = f"{JSON}Content-Length: 2\r\nExpect: 100-continue\r\n"
    told = await wire.say(f"POST /v1/items HTTP/1.1\r\n{wire.who}{headers}Connection: close\r\n\r\n", b"{}")
    refused = await wire.ask("POST /v1/items", headers, who="Host: twh.test\r\n")

    assert [answer.status for answer in answers_in(told)] == [100, 400]
    assert refused.problem() == (401, "unauthenticated")


@pytest.mark.parametrize("size", [TARGET_BYTES_MAX + 1, 40_000])
async def test_an_address_that_is_too_long_is_414(wire, size):
    path = "/v1/items?sku_prefix="

    assert (await wire.ask(f"GET {path}{'x' * (size - len(path) + 1)}")).problem() == (414, "target_too_long")


async def test_an_address_as_long_as_may_be_is_read(wire):
    path = "/v1/items?sku_prefix="

    assert (await wire.ask(f"GET {path}{'x' * (TARGET_BYTES_MAX - len(path))}")).problem() == (400, "invalid_parameter")


@pytest.mark.parametrize("size", [HEADERS_BYTES_MAX, 200_000])
async def test_headers_that_are_too_large_are_431(wire, size):
    answer = await wire.ask("GET /v1/tenant", f"X-Long: {'x' * size}\r\n")

    assert answer.problem() == (431, "headers_too_large")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("GET /v1/tenant HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        ("\x16\x03\x01\x02\r\n\r\n", 400),
        ("GET /v1/tenant HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 400),
        ("POST /v1/items HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        ("POST /v1/items HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}", 400),
        (f"GET /{'x' * 70_000} HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: x\r\n" + "X: x\r\n" * 100 + "\r\n", 431),
    ],
    ids=["no version", "no HTTP", "a folded header", "two lengths", "a negative length", "an endless address",
         "a hundred headers"],
)  # fmt: skip
async def test_what_is_no_request_is_answered_by_the_server_in_front_without_a_body(wire, said, status):
    (answer,) = answers_in(await wire.say(said.encode("latin-1"), head_only=True))

    assert (answer.status, answer.headers["content-length"]) == (status, "0")


async def test_endless_headers_are_431_from_whoever_sees_them_first(wire):
    said = f"GET /v1/tenant HTTP/1.1\r\n{wire.who}X: {'x' * 500_000}\r\n\r\n"
    head = await wire.say(said, head_only=True)

    assert head.startswith(b"HTTP/1.1 431 ")


async def test_http_1_0_is_answered_and_closed(wire):
    secret = wire.who.partition("\r\n")[2]
    raw = await wire.say(f"GET /v1/tenant HTTP/1.0\r\n{secret}\r\n")

    assert raw.startswith(b"HTTP/1.0 200 ")
    assert answers_in(raw)[0].body


async def test_requests_in_a_row_are_answered_in_their_order(wire):
    one = f"GET /v1/tenant HTTP/1.1\r\n{wire.who}\r\n"
    two = f"POST /v1/items/nothing/archive HTTP/1.1\r\n{wire.who}Content-Length: 5\r\n\r\n{{nope"
    three = f"GET /v1/items?limit=0 HTTP/1.1\r\n{wire.who}Connection: close\r\n\r\n"

    assert [answer.status for answer in answers_in(await wire.say(one + two + three))] == [200, 404, 400]


async def test_http_1_1_has_a_host(wire):
    who = wire.who.partition("\r\n")[2]

    assert (await wire.ask("GET /v1/tenant", who=who)).problem() == (400, "malformed_request")


@pytest.mark.parametrize("host", ["a b", "a/b", 'a"', "\xe4"])
async def test_a_host_that_names_none_is_malformed(wire, host):
    who = f"Host: {host}\r\n{wire.who.partition(chr(10))[2]}"

    assert (await wire.ask("GET /v1/tenant", who=who)).problem() == (400, "malformed_request")


@pytest.mark.parametrize("name", ["Host", "Authorization", "Idempotency-Key", "Content-Type"])
async def test_what_has_one_value_is_said_once(wire, name):
    twice = f"{name}: a\r\n{name}: b\r\n"
    answer = await wire.ask("POST /v1/items", f"{twice}Content-Length: 2\r\n", b"{}")

    assert answer.problem() == (400, "malformed_request")


@pytest.mark.parametrize("path", ["%zz", "100%", "a%2", "\xe4".encode().decode("latin-1")])
async def test_a_path_with_half_an_escape_or_raw_letters_is_400(wire, path):
    answer = await wire.ask(f"GET /v1/items/{path}")

    assert answer.problem() == (400, "malformed_request")


@pytest.mark.parametrize("query", ["barcode=%zz", "barcode=100%", "barcode=%2"])
async def test_a_query_with_half_an_escape_is_400(wire, query):
    assert (await wire.ask(f"GET /v1/items?{query}")).problem() == (400, "invalid_parameter")


async def test_an_absolute_address_is_an_address(wire):
    assert (await wire.ask("GET http://elsewhere.test/v1/tenant")).status == 200


CONDITIONAL = [one for one in OPERATIONS if one.method == "GET" and one.conditional]


@pytest.mark.parametrize("operation", CONDITIONAL, ids=lambda one: one.id)
async def test_what_the_reader_has_is_304_by_any_spelling_of_its_tag(http, request_of, operation):
    tag = (await request_of(operation.id).send(http)).headers["etag"]

    for known in (tag, f"W/{tag}", f'"x", {tag}', f'W/"x" , W/{tag}', "*"):
        asked = request_of(operation.id)
        asked.headers["If-None-Match"] = known
        answer = await asked.send(http)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    asked = request_of(operation.id)
    asked.headers["If-None-Match"] = '"x"'
    assert (await asked.send(http)).status_code == 200


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.method == "GET"], ids=lambda one: one.id)
async def test_who_is_given_a_tag_may_come_back_with_it(http, request_of, operation):
    answer = await request_of(operation.id).send(http)

    assert ("etag" in answer.headers) == operation.conditional


async def test_one_spelling_of_a_path_is_as_good_as_another_for_a_key(http, things):
    headers = {"Idempotency-Key": "one-key", "Content-Type": "application/json"}
    made = await http.patch("/v1/items/apples", content=b'{"name": "x"}', headers=headers)
    again = await http.patch("/v1/items/%61pples", content=b'{"name": "x"}', headers=headers)

    assert (again.status_code, again.content) == (200, made.content)
    assert again.headers["idempotent-replayed"] == "true"
