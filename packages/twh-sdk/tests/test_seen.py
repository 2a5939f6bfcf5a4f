"""What can be seen of a call: hooks, the log, spans. And what can be seen of none: bodies, keys, names."""

import asyncio
import json
import logging
import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from twh import Client, ConfigError, Hooks, errors, hooks, logs

SECRETS = ("SECRET", "secret", "twh_test_0123456789", "TSHIRT")


class Watcher:
    """Keeps whatever its hooks are told."""

    def __init__(self):
        self.told = []
        self.hooks = Hooks(request=self.told.append, response=self.told.append, retry=self.told.append)


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture(scope="session")
def provider():
    """OpenTelemetry takes one provider a process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(provider):
    provider.clear()
    return provider.get_finished_spans


@pytest.fixture
def quiet_logger(monkeypatch):
    """The logger as a fresh program has it: pytest listens to all that are known to logging."""
    fresh = logging.Logger("twh")  # noqa: LOG001
    monkeypatch.setattr(logs, "log", fresh)
    return fresh


def create(client, **options):
    return client.items.create(
        sku="SECRET-SKU", name="secret name", options={"idempotency_key": "secret-key", **options}
    )


@pytest.fixture(params=["sync", "async"])
def do(request, server):
    def run(call, **given):
        if request.param == "sync":
            return call(server.client(**given))

        async def awaited():
            async with server.async_client(**given) as client:
                return await call(client)

        return asyncio.run(awaited())

    return run


def test_hooks_are_told_of_every_request_response_and_retry(server, do, watcher, item):
    server.will(server.problem(503, "overloaded"), server.lose, server.answer(201, item, Idempotent_Replayed="true"))

    do(create, hooks=watcher.hooks)

    assert [(type(one), one.attempt) for one in watcher.told] == [
        (hooks.Request, 1),
        (hooks.Response, 1),
        (hooks.Retry, 1),
        (hooks.Request, 2),
        (hooks.Response, 2),
        (hooks.Retry, 2),
        (hooks.Request, 3),
        (hooks.Response, 3),
    ]
    assert {(one.call, one.method, one.base_url) for one in watcher.told} == {("items.create", "POST", server.url)}
    _, refused, waited, _, lost, again, asked, answered = watcher.told
    assert (refused.status, refused.failure, refused.request_id) == (503, None, "req_1")
    assert (waited.code, again.code) == ("overloaded", "connection_failed")
    assert waited.pause > 0
    assert lost.status is None
    assert lost.failure
    assert 0 < asked.timeout <= 2
    assert (answered.status, answered.replayed, refused.replayed) == (201, True, False)
    assert answered.seconds > 0


def test_hooks_of_a_call_and_of_with_options(server, watcher, item):
    server.will(server.answer(200, item))
    client = server.client()

    client.items.get("A", options={"hooks": watcher.hooks})
    client.with_options(hooks=watcher.hooks).items.get("A")
    client.items.get("A")

    assert len(watcher.told) == 4


def test_a_hook_that_fails_changes_nothing_and_is_in_the_log(server, do, caplog, item):
    def fail(_):
        raise ZeroDivisionError("in the hook")

    server.will(server.problem(503, "overloaded"), server.answer(201, item))

    assert do(create, hooks=Hooks(request=fail, response=fail, retry=fail)).id == "itm_1"

    assert caplog.text.count("a hook failed") == 5
    assert "ZeroDivisionError" in caplog.text


def test_what_are_no_hooks_is_refused_where_it_is_written():
    with pytest.raises(TypeError, match=r"Hooks\(request="):
        Client("twh_test_1", base_url="http://127.0.0.1:9", hooks={"request": print})


def test_a_call_is_a_span_with_its_attempts_and_the_server_is_told(server, do, spans, item):
    server.will(server.problem(503, "overloaded"), server.answer(201, item))

    do(create, tracing=True)

    (span,) = spans()
    assert span.name == "twh items.create"
    assert span.kind is trace.SpanKind.CLIENT
    assert [event.name for event in span.events] == ["attempt", "retry", "attempt"]
    assert span.attributes["twh.call"] == "items.create"
    assert span.attributes["http.request.method"] == "POST"
    assert span.attributes["server.address"] == "127.0.0.1"
    assert span.attributes["http.response.status_code"] == 201
    assert (span.attributes["twh.attempts"], span.attributes["twh.request_id"]) == (2, "req_1")
    assert span.status.is_unset
    trace_id = format(span.context.trace_id, "032x")
    assert [trace_id in asked.headers["traceparent"] for asked in server.asked] == [True, True]


def test_a_span_is_a_child_of_the_callers(server, spans, item):
    server.will(server.answer(200, item))

    with trace.get_tracer("tests").start_as_current_span("checkout") as checkout:
        server.client(tracing=True).items.get("A")

    span = next(one for one in spans() if one.name == "twh items.get")
    assert span.parent.span_id == checkout.get_span_context().span_id


def test_a_refusal_ends_its_span_as_an_error_without_its_words(server, do, spans):
    server.will(server.problem(409, "sku_taken", detail="SECRET-SKU is taken"))

    with pytest.raises(errors.SkuTaken):
        do(create, tracing=True)

    (span,) = spans()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes["error.type"], span.attributes["twh.code"]) == ("SkuTaken", "sku_taken")
    assert "SECRET" not in span.to_json()


def test_a_call_that_is_cancelled_ends_its_span(server, spans, item):
    server.will(server.late(1.0, server.answer(200, item)))

    async def cancelled():
        async with server.async_client(tracing=True) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.items.get("A"), 0.1)

    asyncio.run(cancelled())

    assert [span.name for span in spans()] == ["twh items.get"]


def test_without_tracing_nothing_is_traced(server, spans, item):
    server.will(server.answer(200, item))

    server.client().items.get("A")
    server.client(tracing=True).items.get("A", options={"tracing": False})

    assert spans() == ()
    assert "traceparent" not in server.asked[0].headers


def test_tracing_without_opentelemetry_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "twh.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.propagate", None)

    with pytest.raises(ConfigError, match="OpenTelemetry") as missing:
        Client("twh_test_1", base_url="http://127.0.0.1:9", tracing=True)

    assert "twh-sdk[tracing]" in missing.value.hint


@pytest.mark.parametrize("said", ["debug", "INFO"])
def test_twh_log_switches_the_log_on(quiet_logger, monkeypatch, said):
    monkeypatch.setenv("TWH_LOG", said)

    for _ in range(2):
        Client("twh_test_1", base_url="http://127.0.0.1:9")

    assert quiet_logger.level == getattr(logging, said.upper())
    assert len(quiet_logger.handlers) == 1


def test_twh_log_leaves_a_programs_own_logging_alone(quiet_logger, monkeypatch):
    own = logging.NullHandler()
    quiet_logger.addHandler(own)
    monkeypatch.setenv("TWH_LOG", "debug")

    Client("twh_test_1", base_url="http://127.0.0.1:9")

    assert quiet_logger.handlers == [own]


def test_without_twh_log_nothing_is_written(quiet_logger):
    Client("twh_test_1", base_url="http://127.0.0.1:9")

    assert quiet_logger.handlers == []


def test_a_level_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("TWH_LOG", "loud")

    with pytest.raises(ConfigError, match="'loud'") as refusal:
        Client("twh_test_1", base_url="http://127.0.0.1:9")

    assert "debug, info" in refusal.value.hint


def test_in_a_program_of_its_own_twh_log_writes_to_stderr(server, item):
    server.will(server.problem(503, "overloaded"), server.answer(200, item))
    program = f"from twh import Client; Client('twh_test_0123456789', base_url={server.url!r}).items.get('SECRET')"

    done = subprocess.run(
        [sys.executable, "-c", program], env={"TWH_LOG": "debug"}, capture_output=True, text=True, check=True
    )

    assert "items.get: 503 after" in done.stderr
    assert "trying again in" in done.stderr
    assert "items.get: 200 after" in done.stderr
    assert not [word for word in SECRETS if word in done.stderr]


def test_nowhere_is_a_body_a_key_or_a_name(server, do, watcher, spans, caplog):
    """Over every way to watch, for every way in which a call can go."""
    caplog.set_level(logging.DEBUG, "twh")
    told = {"detail": "SECRET-SKU", "errors": [{"pointer": "/sku", "code": "x", "message": "secret"}]}
    for deeds in (
        [server.answer(201, {"id": "secret"}), server.answer(201, {})],
        [server.lose, server.half, server.problem(500, "internal", **told), server.problem(409, "sku_taken", **told)],
        [server.answer(200, b"<html>SECRET</html>", "text/html")],
        [server.answer(307, None, Location="http://127.0.0.1:9/SECRET")],
        [server.late(0.5, server.answer(201, {}))],
    ):
        server.will(*deeds)
        with pytest.raises(errors.TwhError):
            do(create, hooks=watcher.hooks, tracing=True, deadline=0.4, headers={"X-Own": "secret"})
    server.will(server.problem(404, "idempotency_key_not_found"))
    do(lambda client: client.idempotency.get("secret-key"), hooks=watcher.hooks, tracing=True)

    seen = "\n".join([caplog.text, *map(repr, watcher.told), *(json.dumps(span.to_json()) for span in spans())])

    assert "items.create" in seen
    assert len(spans()) == 6
    assert not [word for word in SECRETS if word in seen]
