"""What delivering webhooks comes to: how soon, how many, beside how much that waits or hangs, and what writers lose by it.

Sender, sink, database and whoever writes share this machine. The sink is a process of its own that does next to nothing.
"""

import contextlib
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import psycopg

from cells import ITEMS, single
from ground import SETTINGS, Ground
from overload import may_open_many_files
from processes import HERE, Served, cpu_seconds, free_port
from shops import LOCATION, Shop
from twh_server.access.sealing import Sealer, key_of
from twh_server.database.identifiers import EndpointId, fresh

EVENTS_PER_SECOND = 200
LATENCY_SECONDS = 15.0
RATE_SECONDS = 10.0
RATE_ENDPOINTS, MANY_ENDPOINTS = 10, 100
"""With every item's event due: a hundred thousand deliveries, and a million."""
DEAD_TENANTS, DEAD_ENDPOINTS = 10, 100
DEAD_DELIVERIES = 10
SETTLING_SECONDS = 3.0
ROUNDS, ROUND_SECONDS = 5, 4.0
RATED = 1_500
"""So many deliveries a second are asked for, all endpoints together."""


def latency(ground: Ground) -> dict[str, float]:
    """From a writer's answer to the endpoint, at a steady pace."""
    shop = ground.shops(1, ITEMS)[0]
    with _sink() as sink, _endpoints(ground, [shop.tenant], 1, sink.url), _worker(ground):
        return _late(ground, shop, sink, LATENCY_SECONDS)


def rate(ground: Ground) -> dict[str, float]:
    """How many a second one process sends of what is due."""
    return _rate(ground, RATE_ENDPOINTS)


def million(ground: Ground) -> dict[str, float]:
    """The same with a million due, beside a hundred thousand for as many endpoints: by the clock, and by the processors' time."""
    few, many = _rate(ground, MANY_ENDPOINTS, events=ITEMS // 10), _rate(ground, MANY_ENDPOINTS)
    return {
        **many,
        "ratio_to_few": round(many["per_second"] / few["per_second"], 3),
        "ratio_to_few_by_cpu": round(few["cpu_ms_per_delivery"] / many["cpu_ms_per_delivery"], 3),
    }


def isolation(ground: Ground) -> dict[str, float]:
    """How late a good endpoint is beside a thousand that hang, and alone."""
    may_open_many_files()
    shop = ground.shops(1, ITEMS)[0]
    dead = [one.tenant for one in ground.shops(DEAD_TENANTS, DEAD_DELIVERIES)]
    with _sink() as sink, _endpoints(ground, [shop.tenant], 1, sink.url), _worker(ground):
        alone = _late(ground, shop, sink, LATENCY_SECONDS)
        with _endpoints(ground, dead, DEAD_ENDPOINTS, sink.url + "/hangs"):
            _make_due(ground, dead)
            time.sleep(SETTLING_SECONDS)
            beside = _late(ground, shop, sink, LATENCY_SECONDS)
    return {
        **beside,
        "alone_p50_ms": alone["p50_ms"],
        "alone_p99_ms": alone["p99_ms"],
        "ratio_to_alone": round(beside["p99_ms"] / alone["p99_ms"], 2),
    }


def writers(ground: Ground) -> dict[str, float]:
    """What writers come to beside deliveries, and while the worker is stopped, in turns.

    Once the deliveries go out as fast as they can, and once at a rate that the endpoints set.
    """
    shop = ground.shops(1, ITEMS)[0]
    full, rated = _beside(ground, shop), _beside(ground, shop, rate_per_second=RATED // MANY_ENDPOINTS)
    return {
        "ratio_to_quiet": full[0],
        "deliveries_per_second": full[1],
        "ratio_to_quiet_when_rated": rated[0],
        "rated_deliveries_per_second": rated[1],
    }


def _beside(ground: Ground, shop: Shop, *, rate_per_second: int | None = None) -> tuple[float, int]:
    """What part of their quiet throughput writers come to, and how many deliveries a second there are meanwhile."""
    ratios: list[float] = []
    sent: list[float] = []
    kinds = ["item.created"]
    with (
        _sink() as sink,
        _endpoints(ground, [shop.tenant], MANY_ENDPOINTS, sink.url, kinds=kinds, rate_per_second=rate_per_second),
    ):
        _make_due(ground, [shop.tenant])
        with _worker(ground) as worker:
            for _ in range(ROUNDS):
                worker.send_signal(signal.SIGSTOP)
                quiet = single(ground, ROUND_SECONDS, connections=64)
                worker.send_signal(signal.SIGCONT)
                sink.came()
                beside = single(ground, ROUND_SECONDS, connections=64)
                sent.append(len(sink.came()) / ROUND_SECONDS)
                ratios.append(beside.per_second / quiet.per_second)
    return round(statistics.median(ratios), 3), round(statistics.median(sent))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sink:
    served: Served

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.port}"

    def came(self) -> list[tuple[int, float]]:
        """What came since this was last asked: the events' numbers, and when."""
        with urllib.request.urlopen(f"{self.url}/times") as answer:  # noqa: S310  # of our own sink
            return [(sequence, at) for sequence, at in json.loads(answer.read())]


@contextlib.contextmanager
def _sink() -> Generator[_Sink]:
    port = free_port()
    served = Served(str(HERE / "sink.py"), str(port), port=port, ready="/times")
    try:
        yield _Sink(served=served)
    finally:
        served.stop()


@contextlib.contextmanager
def _worker(ground: Ground) -> Generator["subprocess.Popen[str]"]:
    told = {**os.environ, **SETTINGS, "TWH_DATABASE_URL": ground.address.conninfo, "TWH_WEBHOOK_PRIVATE": "true"}
    command = [sys.executable, "-m", "twh_server", "work"]
    process = subprocess.Popen(command, env=told, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr
    while "TWH works" not in (line := said.readline()):
        assert line, "the worker does not start"
    threading.Thread(target=said.read, daemon=True).start()
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _endpoints(
    ground: Ground,
    tenants: Sequence[uuid.UUID],
    each: int,
    url: str,
    *,
    kinds: Sequence[str] = ("entry.recorded",),
    rate_per_second: int | None = None,
) -> Generator[None]:
    """So many endpoints of each tenant, written as they are stored; gone at the end."""
    sealer = Sealer(key_of(SETTINGS["TWH_SECRETS_KEY"]))
    made: list[uuid.UUID] = []
    with psycopg.connect(ground.superuser, autocommit=True) as superuser:
        # Only in a sandbox may events be sent to this machine.
        superuser.execute("update tenants set kind = 'sandbox' where id = any (%s)", (list(tenants),))
        for tenant in tenants:
            for _ in range(each):
                endpoint = EndpointId(fresh())
                sealed = sealer.seal_secret(bytes(32), tenant=tenant, endpoint=endpoint)  # type: ignore[arg-type]
                superuser.execute(ADD_ENDPOINT, (tenant, endpoint, url, list(kinds), sealed, rate_per_second, tenant))
                made.append(endpoint)
        superuser.execute(CATCH_UP)
    try:
        yield
    finally:
        with psycopg.connect(ground.superuser, autocommit=True) as superuser:
            for table in ("delivery_attempts", "endpoint_queues", "deliveries"):
                superuser.execute(f"truncate {table} cascade")
            superuser.execute("delete from webhook_endpoints where id = any (%s)", (made,))


def _make_due(ground: Ground, tenants: Sequence[uuid.UUID], *, events: int = ITEMS) -> None:
    """Every endpoint of these tenants is to be sent the events of so many items."""
    with psycopg.connect(ground.superuser, autocommit=True) as superuser:
        for tenant in tenants:
            superuser.execute(MAKE_DUE, {"tenant": tenant, "events": events})
            superuser.execute(QUEUE_DUE, {"tenant": tenant})
        superuser.execute("vacuum analyze deliveries, endpoint_queues")


def _rate(ground: Ground, endpoints: int, *, events: int = ITEMS) -> dict[str, float]:
    shop = ground.shops(1, ITEMS)[0]
    with _sink() as sink, _endpoints(ground, [shop.tenant], endpoints, sink.url):
        _make_due(ground, [shop.tenant], events=events)
        with _worker(ground) as worker:
            time.sleep(SETTLING_SECONDS)
            sink.came()
            pids = (worker.pid, ground.postgres_pid, sink.served.pid)
            before, began = [cpu_seconds(pid) for pid in pids], time.monotonic()
            time.sleep(RATE_SECONDS)
            came, seconds = len(sink.came()), time.monotonic() - began
            took = [cpu_seconds(pid) - then for pid, then in zip(pids, before, strict=True)]
    return {
        "per_second": round(came / seconds, 1),
        "worker_cpu_ms_per_delivery": round(took[0] * 1000 / came, 3),
        "postgres_cpu_ms_per_delivery": round(took[1] * 1000 / came, 3),
        "cpu_ms_per_delivery": round(sum(took) * 1000 / came, 3),
    }


def _late(ground: Ground, shop: Shop, sink: _Sink, seconds: float) -> dict[str, float]:
    """One writer at a steady pace; how late the endpoint hears of what it was answered."""
    answered: dict[int, float] = {}
    sink.came()
    connection = http.client.HTTPConnection("127.0.0.1", ground.server().port)
    headers = {"Authorization": f"Bearer {shop.secret}", "Content-Type": "application/json"}
    line = {"item": shop.skus[0], "location": LOCATION, "quantity": "1"}
    body = json.dumps({"kind": "receipt", "lines": [line]})
    began, count = time.monotonic(), round(seconds * EVENTS_PER_SECOND)
    for number in range(count):
        time.sleep(max(0.0, began + number / EVENTS_PER_SECOND - time.monotonic()))
        connection.request("POST", "/v1/movements", body, {**headers, "Idempotency-Key": str(uuid.uuid4())})
        sequence: int = json.loads(connection.getresponse().read())["sequence"]
        answered[sequence] = time.monotonic()
    took = time.monotonic() - began
    time.sleep(1)
    late = sorted((at - answered[sequence]) * 1000 for sequence, at in sink.came() if sequence in answered)
    return {
        "per_second": round(count / took, 1),
        "p50_ms": round(statistics.median(late), 1),
        "p99_ms": round(late[len(late) * 99 // 100], 1),
        "missing": count - len(late),
    }


ADD_ENDPOINT = """
insert into webhook_endpoints (tenant_id, id, url, kinds, description, sealed_secret, enabled, rate_per_second,
                               since_sequence, version, created_at, updated_at)
select %s, %s, %s, %s, '', %s, true, %s, h.sequence, 1, now(), now()
from ledger_heads as h
where h.tenant_id = %s
"""

# What was before is not followed any more: only what happens from here on is fanned out.
CATCH_UP = """
insert into cursors (tenant_id, follower, sequence, updated_at)
select tenant_id, 'webhooks', sequence, now()
from ledger_heads
on conflict (tenant_id, follower) do update
set sequence = excluded.sequence
"""

MAKE_DUE = """
insert into deliveries (tenant_id, id, endpoint_id, sequence, event_id, event_kind, state, attempts, next_attempt_at,
                        created_at)
select w.tenant_id, gen_random_uuid(), w.id, e.sequence, e.id, e.kind, 'pending', 0, now(), now()
from webhook_endpoints as w
cross join lateral (
    select sequence, id, kind
    from events
    where tenant_id = w.tenant_id and kind = 'item.created'
    order by sequence
    limit %(events)s
) as e
where w.tenant_id = %(tenant)s
"""

QUEUE_DUE = """
insert into endpoint_queues (tenant_id, endpoint_id, due_at)
select tenant_id, id, now()
from webhook_endpoints
where tenant_id = %(tenant)s
on conflict (tenant_id, endpoint_id) do update
set due_at = now()
"""
