"""Every way in which a server, a proxy or a network can misbehave, over real sockets; and the page that tells of it.

docs/how-to/errors-and-retries.md has a table of what is tried again and how a call ends when a fault stays. Its rows are
what these tests see.
"""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from twh import Client, Hooks, errors, models, transport
from twh.options import SANDBOX_PATIENCE_SECONDS

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "errors-and-retries.md"


def html(status):
    return lambda server: server.answer(status, b"<html>who are you?</html>", "text/html")


def problem(status, code, **facts):
    return lambda server: server.problem(status, code, **facts)


# What is said of a fault in the page, and the deed that is one.
FAULTS = {
    "no answer in time, after the request was sent": lambda server: server.late(1.0, server.answer(200, {})),
    "the connection drops after the request was sent": lambda server: server.lose,
    "half a body": lambda server: server.half,
    "400": problem(400, "malformed_request"),
    "401": problem(401, "unauthenticated"),
    "403": problem(403, "scope_missing"),
    "404": problem(404, "item_not_found"),
    "408": problem(408, "request_timeout"),
    "409": problem(409, "insufficient_stock"),
    "409 with a code that this SDK does not know": problem(409, "moon_in_wrong_phase"),
    "412": problem(412, "stale_version"),
    "422": problem(422, "invalid_entry"),
    "425, from a proxy": html(425),
    "429, `Retry-After: 0.01`": problem(429, "too_many_attempts", retry_after="0.01"),
    "429, `Retry-After: 300`": problem(429, "too_many_attempts", retry_after="300"),
    "500 `internal`": problem(500, "internal"),
    "502, from a proxy": html(502),
    "503 `overloaded`": problem(503, "overloaded"),
    "503 `unavailable`": problem(503, "unavailable"),
    "503, from a proxy": html(503),
    "504, from a proxy": html(504),
    "520 or another 5xx, from a proxy": html(520),
    "200 with HTML, from a proxy": html(200),
    "307": lambda server: server.answer(307, None, Location="http://127.0.0.1:9/elsewhere"),
}


def read(client):
    client.items.get("TSHIRT-M")


def change(client):
    client.items.create(sku="TSHIRT-M", name="T-shirt")


def ends(server, call, deed):
    """The class of the error that a call ends in when the fault stays, and whether it was tried again."""
    server.asked.clear()
    server.will(deed)
    with server.client(timeout=0.3, deadline=5.0, attempts_max=3) as client, pytest.raises(errors.TwhError) as error:
        call(client)
    assert len({asked.key for asked in server.asked}) == 1
    assert len({asked.body for asked in server.asked}) == 1
    return type(error.value).__name__, len(server.asked) > 1


def rows():
    """The first table of the page: fault → (tried again, a read, a change)."""
    lines = re.findall(r"^\| (.+?) \| (yes|no)\b[^|]* \| `(\w+)` \| `(\w+)` \|$", PAGE.read_text(), re.MULTILINE)
    return {fault: (again == "yes", of_read, of_change) for fault, again, of_read, of_change in lines}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_ends_as_the_page_says(server, fault):
    deed = FAULTS[fault](server)

    of_read, again = ends(server, read, deed)
    of_change, change_again = ends(server, change, deed)

    assert (again, of_read, of_change) == rows()[fault]
    assert change_again == again


def test_the_page_tells_of_every_fault_and_of_no_other():
    assert rows().keys() - FAULTS.keys() == {"nobody listens"}
    assert FAULTS.keys() <= rows().keys()


def test_nobody_listens(impatient):
    with Client("twh_test_1", base_url="http://127.0.0.1:9", deadline=0.3) as client:
        for call in (read, change):
            with pytest.raises(errors.ConnectionFailed) as failure:
                call(client)
            assert failure.value.attempts > 1

    assert rows()["nobody listens"] == (True, "ConnectionFailed", "ConnectionFailed")


@pytest.mark.parametrize("fault", [fault for fault, row in rows().items() if row[0] and fault in FAULTS])
def test_a_fault_that_passes_is_not_even_noticed(server, fault, item):
    server.will(FAULTS[fault](server), server.answer(201, item))

    with server.client(timeout=0.5, deadline=10.0) as client:
        raw = client.with_raw.items.create(sku="TSHIRT-M", name="T-shirt")

    assert (raw.attempts, raw.value.sku) == (2, "TSHIRT-M")


def failing(status, **headers):
    return lambda server: server.answer(status, {"code": "no"}, **headers)


# What is done once, in the page's second table. What the other SDKs do is measured by benchmarks/.
ONCE = {
    "no answer in time, after the request was sent": FAULTS["no answer in time, after the request was sent"],
    "the connection drops after the request was sent": FAULTS["the connection drops after the request was sent"],
    **{str(status): failing(status) for status in (408, 409, 412, 425, 429, 500, 502, 503, 504)},
    "429, `Retry-After: 3`": failing(429, Retry_After="3"),
    "429, `Retry-After: 300`": failing(429, Retry_After="300"),
    "503, `Retry-After: 3`": failing(503, Retry_After="3"),
}


def ours():
    """The second table of the page: what comes → what this SDK does."""
    told = PAGE.read_text().partition("### Beside other SDKs")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| ([^|]+?) \| ((?:not )?again[^|]*?) \|", told, re.MULTILINE))


@pytest.mark.parametrize("what", ONCE)
def test_what_is_done_once_is_dealt_with_as_the_page_says(server, entry, monkeypatch, what):
    pauses = []
    monkeypatch.setattr(transport, "rest", pauses.append)
    server.will(ONCE[what](server), server.answer(201, entry))
    did = "again, same key"

    with server.client(timeout=0.3, deadline=60.0) as client:
        try:
            client.movements.receive(item="TSHIRT-M", location="MAIN", quantity=12)
        except errors.APIError as error:
            did = f"not again: `{type(error).__name__}`"
    if "Retry-After" in what and pauses:
        did += ", when asked" if pauses[0] >= 3 else ", too early"

    assert did == ours()[what]
    assert len(server.asked) == (1 if did.startswith("not") else 2)
    assert len({asked.key for asked in server.asked}) == 1


def test_the_page_compares_every_case():
    assert ours().keys() == ONCE.keys()


class Enough(Exception):
    """Stands for the end of a pause that nobody waits for here."""


def test_five_minutes_are_waited_for_by_who_has_them(server, monkeypatch):
    def pause(_):
        raise Enough

    monkeypatch.setattr(transport, "rest", pause)
    server.will(server.problem(429, "too_many_attempts", retry_after="300"))
    told = []

    with server.client(deadline=600, hooks=Hooks(retry=told.append)) as client, pytest.raises(Enough):
        read(client)

    assert 300 <= told[0].pause <= 375


def test_a_change_that_was_refused_before_it_was_looked_at_may_be_sent_again_and_is(server, item):
    """408, 425, 429: the server says that it did nothing; the key makes it safe either way."""
    server.will(
        server.problem(408, "request_timeout"),
        server.problem(429, "too_many_attempts", retry_after="0.01"),
        server.answer(201, item),
    )

    with server.client() as client:
        assert client.with_raw.items.create(sku="A", name="A").attempts == 3
    assert len({asked.key for asked in server.asked}) == 1


def test_a_kind_of_event_that_came_after_this_sdk_is_an_unknown_event(server, event):
    server.will(
        server.answer(
            200,
            {
                "data": [{**event, "type": "shelf.painted", "data": {"colour": "red"}}, event],
                "next_after": 8,
                "head": 8,
            },
        )
    )

    with server.client() as client:
        painted, recorded = client.events.list()

    assert type(painted) is models.UnknownEvent
    assert (painted.type, painted.data) == ("shelf.painted", {"colour": "red"})
    assert type(recorded) is models.EntryRecorded


def test_a_value_that_came_after_this_sdk_is_taken_as_it_is(server, entry):
    server.will(server.answer(200, {**entry, "kind": "consignment", "colour": {"of": "today"}}))

    with server.client() as client:
        told = client.entries.get("ent_1")

    assert told.kind == "consignment"
    assert told.colour == {"of": "today"}


def test_a_redirect_is_told_and_the_key_goes_nowhere_else(server):
    server.will(server.answer(308, None, Location="http://127.0.0.1:9/elsewhere"))

    with server.client() as client, pytest.raises(errors.Redirected, match="elsewhere") as redirected:
        read(client)

    assert "base_url" in redirected.value.hint
    assert len(server.asked) == 1


def page(event, sequence):
    return {"data": [{**event, "sequence": sequence}], "next_after": sequence, "head": sequence}


def test_a_stream_survives_what_a_restart_looks_like_from_afar(server, event):
    """The connection is cut, a proxy says 502, the server says that it is not ready, and then it is back."""
    server.will(
        server.answer(200, page(event, 7)),
        server.lose,
        html(502)(server),
        server.problem(503, "unavailable"),
        server.answer(200, page(event, 8)),
    )

    with server.client(deadline=0.05) as client:
        stream = iter(client.events.stream(after=6, wait=1))
        assert [next(stream).sequence, next(stream).sequence] == [7, 8]

    assert [asked.path.partition("after=")[2][0] for asked in server.asked] == list("67777")


def test_a_stream_survives_the_restart_of_its_server(event, impatient):
    """For longer than a call would wait for a sandbox that is down, nothing listens at the address."""
    first = listening_with(page(event, 7))
    host, port = first.server_address
    with Client("twh_test_1", base_url=f"http://{host}:{port}") as client:
        stream = iter(client.events.stream(after=6, wait=1))
        assert next(stream).sequence == 7
        first.shutdown()
        first.server_close()
        again = threading.Timer(SANDBOX_PATIENCE_SECONDS + 0.5, lambda: up.append(listening_with(page(event, 8), port)))
        up = []
        began = time.monotonic()
        again.start()

        assert next(stream).sequence == 8

    assert time.monotonic() - began > SANDBOX_PATIENCE_SECONDS
    up[0].shutdown()
    up[0].server_close()


def listening_with(told, port=0):
    """A server that answers whatever it is asked with this, one connection a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_): ...

    listening = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return listening
