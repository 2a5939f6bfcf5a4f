"""Over a real connection that fails in every way a connection can: both clients, one rule."""

import asyncio
import logging
import socket

import httpx
import pytest

from twh import AsyncClient, Client, errors, transport
from twh.profiles import Connection


def create(client):
    return client.items.create(sku="TSHIRT-M", name="T-shirt, medium")


@pytest.fixture(params=["sync", "async"])
def do(request, server):
    """Runs one call on either client: `do(lambda client: client.items.get(…), deadline=1)`."""

    def run(call, **given):
        if request.param == "sync":
            with server.client(**given) as client:
                return call(client)

        async def awaited():
            async with server.async_client(**given) as client:
                return await call(client)

        return asyncio.run(awaited())

    return run


def test_a_lost_answer_is_asked_for_again_with_the_same_key(server, do, item):
    server.will(server.lose, server.answer(201, item))

    assert do(create).id == "itm_1"
    assert len(server.asked) == 2
    assert len({asked.key for asked in server.asked}) == 1
    assert server.asked[0].body == server.asked[1].body


def test_an_answer_lost_for_good_is_an_unknown_outcome_with_the_key(server, do):
    server.will(server.lose)

    with pytest.raises(errors.OutcomeUnknown) as unknown:
        do(create, deadline=2)

    assert {unknown.value.idempotency_key} == {asked.key for asked in server.asked}


def test_an_answer_after_the_deadline_is_an_unknown_outcome(server, do, item):
    server.will(server.late(1.0, server.answer(201, item)))

    with pytest.raises(errors.OutcomeUnknown) as unknown:
        do(create, deadline=0.4)

    assert isinstance(unknown.value.__cause__, errors.TimedOut)


def test_an_answer_that_trickles_in_is_too_late_too(server, do):
    server.will(server.trickle)

    with pytest.raises(errors.TimedOut):
        do(lambda client: client.items.get("TSHIRT-M"), timeout=0.3, attempts_max=1)


def test_half_a_body_is_a_lost_answer(server, do, item):
    server.will(server.half, server.answer(200, item))

    assert do(lambda client: client.items.get("TSHIRT-M")).sku == "TSHIRT-M"
    assert len(server.asked) == 2


def test_html_from_a_proxy_is_named_as_such(server, do):
    server.will(server.answer(502, b"<html>Bad Gateway</html>", "text/html"))

    with pytest.raises(errors.ServerError, match="something between") as refusal:
        do(lambda client: client.items.get("TSHIRT-M"), attempts_max=1)

    assert refusal.value.code == "http_502"


def test_a_redirect_is_not_followed(server, do):
    server.will(server.answer(307, None, Location="http://127.0.0.1:9/elsewhere"))

    with pytest.raises(errors.Redirected, match="elsewhere"):
        do(lambda client: client.items.get("TSHIRT-M"))

    assert len(server.asked) == 1


def test_429_is_waited_out(server, do, item):
    server.will(server.problem(429, "too_many_requests", retry_after="0.1"), server.answer(200, item))

    assert do(lambda client: client.with_raw.items.get("TSHIRT-M")).attempts == 2


def test_429_with_five_minutes_is_not_waited_for(server, do):
    server.will(server.problem(429, "too_many_requests", retry_after="300"))

    with pytest.raises(errors.TooManyRequests) as refusal:
        do(create)

    assert refusal.value.retry_after == 300
    assert len(server.asked) == 1


def test_nobody_listening_is_said_with_a_hint():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = Client("twh_test_1", base_url=f"http://127.0.0.1:{unused.getsockname()[1]}", attempts_max=1)

        with pytest.raises(errors.ConnectionFailed) as failure:
            create(client)

    assert "twh sandbox up" in failure.value.hint


def test_the_raw_answer_has_what_came_along(server, do, item):
    server.will(server.answer(201, item, ETag='"v1"'))

    raw = do(lambda client: client.with_raw.items.create(sku="TSHIRT-M", name="T-shirt"))

    assert raw.value.sku == "TSHIRT-M"
    assert (raw.status, raw.headers["etag"], raw.request_id, raw.attempts) == (201, '"v1"', "req_1", 1)
    assert raw.replayed is False
    assert raw.idempotency_key == server.asked[0].key
    assert raw.elapsed > 0
    assert b"TSHIRT-M" in raw.body


def test_options_of_one_call_win(server, do, item):
    server.will(server.answer(201, item))

    do(
        lambda client: client.items.create(
            sku="A", name="A", options={"idempotency_key": "mine-1", "headers": {"X-Trace": "t"}}
        )
    )

    assert server.asked[0].key == "mine-1"
    assert server.asked[0].headers["x-trace"] == "t"


def test_headers_of_the_caller_do_not_replace_the_key(server, do, item):
    server.will(server.answer(200, item))

    do(lambda client: client.items.get("A"), headers={"Authorization": "Bearer other"})

    assert server.asked[0].headers["authorization"].startswith("Bearer twh_test_")


def test_with_options_shares_the_connections_and_leaves_them_open(server, item):
    server.will(server.answer(200, item))

    with server.client() as client:
        with client.with_options(timeout=5) as other:
            other.items.get("A")

        assert client.items.get("A").id == "itm_1"
        assert len({asked.peer for asked in server.asked}) == 1


def test_a_callers_http_client_is_never_closed(server, item):
    server.will(server.answer(200, item))

    with httpx.Client() as http:
        with Client("twh_test_1", base_url=server.url, http_client=http) as client:
            client.items.get("A")

        assert not http.is_closed


async def test_a_callers_async_http_client_is_never_closed(server, item):
    server.will(server.answer(200, item))

    async with httpx.AsyncClient() as http:
        async with AsyncClient("twh_test_1", base_url=server.url, http_client=http) as client:
            await client.items.get("A")

        assert not http.is_closed


def test_no_certificates_are_read_for_this_machine():
    assert transport.tls(Connection(base_url="http://127.0.0.1:8750", api_key="k")).cert_store_stats()["x509_ca"] == 0


def test_the_certificates_are_read_once_a_process():
    here = Connection(base_url="https://one.example", api_key="k")
    there = Connection(base_url="https://other.example", api_key="k")

    assert transport.tls(here) is transport.tls(there)


def test_neither_bodies_nor_keys_nor_names_are_logged(server, caplog, item):
    server.will(server.lose, server.answer(200, item))
    caplog.set_level(logging.DEBUG, "twh")

    server.client().items.create(sku="SECRET-SKU", name="secret name", options={"idempotency_key": "secret-key"})

    assert "items.create: 200" in caplog.text
    assert "attempt 2" in caplog.text
    assert "req_1" in caplog.text
    assert not [word for word in ("SECRET", "secret", "twh_test", "TSHIRT") if word in caplog.text]


def test_a_feed_that_is_cut_goes_on_where_it_was(server, event):
    page = {"data": [event], "next_after": 7, "head": 7}
    later = {"data": [{**event, "sequence": 8}], "next_after": 8, "head": 8}
    server.will(server.answer(200, page), server.lose, server.half, server.answer(200, later))

    stream = iter(server.client().events.stream(after=6, wait=1))

    assert [next(stream).sequence, next(stream).sequence] == [7, 8]
    assert ["after=6" in asked.path for asked in server.asked] == [True, False, False, False]
    assert all("after=7" in asked.path for asked in server.asked[1:])
