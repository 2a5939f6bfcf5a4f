"""What an operator reads of each process: what happened and how it stands, at an address of its own, and nobody's name."""

import socket
from types import SimpleNamespace

import httpx
import pytest
from own_valkey import Valkey
from prometheus_client.parser import text_string_to_metric_families

from twh_server.database.identifiers import TENANT
from twh_server.events.follow import Lag
from twh_server.processes import check
from twh_server.processes.metrics import Metrics

REQUESTS = "twh_http_request_duration_seconds_count"


def samples(text):
    """The numbers of a page, by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Page:
    """The metrics of a process."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/metrics"

    def text(self):
        return httpx.get(self.url).raise_for_status().text

    def number(self, name, **labels):
        """0 where nothing was counted yet."""
        return samples(self.text()).get((name, *sorted(labels.items())), 0)

    def requests(self, route, method, status):
        return self.number(REQUESTS, route=route, method=method, status=status)


@pytest.fixture
def metered(serve, port):
    """Starts a server that shows its metrics; answers it, its address and the page."""

    def metered(*words, **settings):
        shown = port()
        program, url = serve(*words, TWH_METRICS_PORT=str(shown), **settings)
        return program, url, Page(shown)

    return metered


@pytest.fixture
def ask(shop):
    def ask(url, method, path, **sent):
        return httpx.request(method, f"{url}{path}", headers=shop.headers, timeout=30, **sent)

    return ask


async def test_what_was_asked_is_counted_by_route_method_and_class_of_status(metered, ask, shop):
    _, url, page = metered()
    for _ in range(3):
        ask(url, "GET", "/v1/items?limit=1")
    ask(url, "POST", "/v1/locations", json={"code": "MAIN", "name": "Main"})
    for sku in ("plums", "pears"):
        ask(url, "GET", f"/v1/items/{sku}")

    assert page.requests("/v1/items", "GET", "2xx") == 3
    assert page.requests("/v1/items/{item}", "GET", "4xx") == 2
    assert page.requests("/v1/locations", "POST", "2xx") == 1
    assert page.number("twh_batch_commands_count") == page.number("twh_batch_duration_seconds_count") == 1
    assert page.number("twh_writer_queue_commands") == 0
    assert page.number("twh_rate_limit_decisions_total", decided_by="process", decision="allowed") == 6
    assert page.number("process_cpu_seconds_total") > 0


async def test_callers_cannot_make_up_series(metered, ask):
    _, url, page = metered()
    ask(url, "GET", "/v1/nothing")
    lines = len(page.text().splitlines())

    for number in range(5):
        ask(url, f"BREW{number}", f"/v1/nothing/{number}")
        ask(url, f"BREW{number}", "/v1/items")

    assert page.requests("other", "other", "4xx") == 10
    assert len(page.text().splitlines()) - lines < 25


async def test_nobody_is_named(metered, ask, shop):
    _, url, page = metered()
    ask(url, "POST", "/v1/items", json={"sku": "Hush-4711", "name": "Hush-4711"})
    ask(url, "GET", "/v1/items/Hush-4711")

    told = page.text()
    assert page.requests("/v1/items/{item}", "GET", "2xx") == 1
    for hidden in (TENANT.text(shop.tenant), str(shop.tenant), str(shop.key), shop.secret, "Hush-4711"):
        assert hidden not in told


async def test_they_are_not_shown_where_callers_come_in(metered, ask):
    _, url, _ = metered()

    assert ask(url, "GET", "/metrics").status_code == 404


async def test_each_process_has_its_own(metered, ask, port):
    program, url, page = metered("--processes", "2")
    other = Page(int(page.url.split(":")[2].split("/")[0]) + 1)
    program.until(lambda: all(answers(one) for one in (page, other)), "both shown")
    for _ in range(40):
        ask(url, "GET", "/v1/items?limit=1")

    counts = [one.requests("/v1/items", "GET", "2xx") for one in (page, other)]
    assert sum(counts) == 40


def answers(page):
    try:
        return bool(page.text())
    except httpx.TransportError:
        return False


async def test_the_store_of_the_rate_limit_is_seen_to_go_and_to_come_back(metered, ask, tmp_path):
    with Valkey(tmp_path) as store:
        program, url, page = metered(TWH_RATE_LIMIT_STORE_URL=store.url, TWH_RATE_LIMIT_STORE_TIMEOUT="10")
        ask(url, "GET", "/v1/items?limit=1")
        before = samples(page.text())
        store.kill()
        ask(url, "GET", "/v1/items?limit=1")
        gone = samples(page.text())
        store.start()
        program.until(lambda: page.number("twh_rate_limit_store_away") == 0, "back")

    def decided(by):
        return ("twh_rate_limit_decisions_total", ("decided_by", by), ("decision", "allowed"))

    assert (before[decided("store")], before[decided("process")]) == (1, 0)
    assert before[("twh_rate_limit_store_away",)] == before[("twh_rate_limit_store_failures_total",)] == 0
    assert (gone[decided("store")], gone[decided("process")]) == (1, 1)
    assert gone[("twh_rate_limit_store_away",)] == 1
    assert gone[("twh_rate_limit_store_failures_total",)] >= 1


@pytest.mark.parametrize("follower", ["webhooks", "nats:twh"])
def test_the_worker_shows_how_far_each_follower_is_behind(start, settings, port, follower):
    shown = port()
    program = start("work", **settings, TWH_METRICS_PORT=str(shown), TWH_PUBLISH_URL="nats://127.0.0.1:1/twh")
    program.until(lambda: answers(Page(shown)), "shown")

    told = program.until(lambda: lag if (lag := lag_on(Page(shown), follower)) else None, "measured")

    assert set(told) == {"twh_follower_lag_events", "twh_follower_lag_seconds"}
    assert program.stop() == 0


def lag_on(page, follower):
    return [name for name, *labels in samples(page.text()) if labels == [("follower", follower)]]


def test_attempts_are_counted_by_what_came_of_them():
    metrics = Metrics()
    for delivered, next_attempt_at in ((True, None), (False, "later"), (False, "later"), (False, None)):
        metrics.attempt(SimpleNamespace(delivered=delivered, next_attempt_at=next_attempt_at, milliseconds=250))

    def count(outcome):
        return metrics.registry.get_sample_value("twh_delivery_attempt_duration_seconds_count", {"outcome": outcome})

    assert (count("delivered"), count("failed"), count("given_up")) == (1, 2, 1)
    assert metrics.registry.get_sample_value("twh_dead_letters_total") == 1


def test_disabled_endpoints_are_counted_by_the_reason():
    metrics = Metrics()
    for because in ("gone", "failing", "gone"):
        metrics.disabled(because)

    def count(because):
        return metrics.registry.get_sample_value("twh_endpoints_disabled_total", {"because": because})

    assert (count("failing"), count("gone")) == (1, 2)


def test_lag_is_shown_as_it_was_told_last():
    metrics = Metrics()
    metrics.lag("webhooks", Lag(events=7, seconds=1.5))
    metrics.lag("webhooks", Lag(events=0, seconds=0))

    assert metrics.registry.get_sample_value("twh_follower_lag_events", {"follower": "webhooks"}) == 0


def test_a_port_in_use_is_said_before_a_start_and_found_by_check(run, settings, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, said = run("serve", **settings, TWH_METRICS_PORT=port)
        monkeypatch.setenv("TWH_METRICS_PORT", port)
        found = {one.name: one for one in check.check({})}["metrics"]

    assert code == 1
    assert said.endswith("Each process needs a port of its own: choose another TWH_METRICS_PORT.\n")
    assert (found.state, found.found) == ("fail", f"port {port} on 127.0.0.1 cannot be listened on")
