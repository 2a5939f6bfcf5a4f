"""The numbers of one process, as Prometheus reads them. None of them names a tenant or a key.

What happens is counted by whoever it happens to; what is a state is looked at when somebody asks.
"""

import contextlib
from collections.abc import Generator, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from twh_server import __version__
from twh_server.access.rates import Decisions
from twh_server.access.shared_rates import Rates, SharedBuckets
from twh_server.events.follow import Lag
from twh_server.http.operations import OPERATIONS
from twh_server.journal.writer import Writer
from twh_server.processes.listening import CannotStart
from twh_server.telemetry import Handled
from twh_server.webhooks.claims import Result
from twh_server.webhooks.endpoints import DisabledBecause

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
COMMANDS = (1, 2, 5, 10, 25, 50, 100, 250, 500)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ROUTES = {operation.id: operation.path for operation in OPERATIONS}
OTHER = "other"
"""A route where nothing is served, and a method that nobody has heard of: callers make up as many as they like."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each series began: as many lines again, which nobody reads


class Metrics:
    """The numbers of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for about in (ProcessCollector, PlatformCollector, GCCollector):
            about(registry=self.registry)
        Info("twh_build", "The version that runs.", registry=self.registry).info({"version": __version__})
        self._requests = self._histogram(
            "twh_http_request_duration_seconds",
            "How long requests took, by route, method and class of status; their number is its count.",
            "route",
            "method",
            "status",
        )
        # Finding the series of a request by its labels takes as long as counting it: it is done once for each.
        self._series: dict[tuple[str | None, str, int], Histogram] = {}
        self._batch_commands = Histogram(
            "twh_batch_commands",
            "How many commands were committed together.",
            buckets=COMMANDS,
            registry=self.registry,
        )
        self._batch_seconds = self._histogram(
            "twh_batch_duration_seconds", "How long a batch took from its first statement to its commit."
        )
        self._queued = Gauge(
            "twh_writer_queue_commands", "How many commands wait to be written.", registry=self.registry
        )
        self._attempts = self._histogram(
            "twh_delivery_attempt_duration_seconds",
            "How long attempts to deliver took, by outcome: delivered, failed (and tried again), given_up.",
            "outcome",
        )
        self._dead_letters = Counter(
            "twh_dead_letters", "How many deliveries have run out of attempts.", registry=self.registry
        )
        self._disabled = Counter(
            "twh_endpoints_disabled",
            "How many endpoints were disabled, because they were failing for days or said that they are gone.",
            ["because"],
            registry=self.registry,
        )
        self._lag_events = self._gauge("twh_follower_lag_events", "How many events a follower has not seen.")
        self._lag_seconds = self._gauge("twh_follower_lag_seconds", "How old the oldest of them is.")

    @contextlib.contextmanager
    def served(self, host: str, port: int) -> Generator[None]:
        """Let them be read at http://HOST:PORT/metrics as long as the block runs. Raises CannotStart."""
        try:
            server, _ = start_http_server(port, host, self.registry)
        except OSError as fault:
            raise CannotStart(
                f"Metrics cannot be served on {host} port {port}: {fault.strerror}. "
                "Each process needs a port of its own: choose another TWH_METRICS_PORT."
            ) from None
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()

    def request(self, handled: Handled) -> None:
        """A request was answered."""
        kind = handled.operation, handled.method, handled.status // 100
        series = self._series.get(kind) or self._series_of(*kind)
        series.observe(handled.seconds)

    def batch(self, commands: int, seconds: float) -> None:
        """So many commands were committed together, and it took so long."""
        self._batch_commands.observe(commands)
        self._batch_seconds.observe(seconds)

    def attempt(self, result: Result) -> None:
        """An attempt to deliver was made."""
        outcome = "delivered" if result.delivered else "failed" if result.next_attempt_at else "given_up"
        self._attempts.labels(outcome).observe(result.milliseconds / 1000)
        if outcome == "given_up":
            self._dead_letters.inc()

    def disabled(self, because: DisabledBecause) -> None:
        """An endpoint was disabled, for nothing arrives there."""
        self._disabled.labels(because).inc()

    def lag(self, follower: str, lag: Lag) -> None:
        """So far is a follower behind now."""
        self._lag_events.labels(follower).set(lag.events)
        self._lag_seconds.labels(follower).set(lag.seconds)

    def read(self, writer: Writer, rates: Rates | None) -> None:
        """Look at these whenever somebody asks."""
        self._queued.set_function(lambda: writer.queued)
        if rates:
            self.registry.register(_RateLimit(rates))

    def _series_of(self, operation: str | None, method: str, hundreds: int) -> Histogram:
        route = ROUTES[operation] if operation else OTHER
        series: Histogram = self._requests.labels(route, method if method in METHODS else OTHER, f"{hundreds}xx")
        if method in METHODS:
            self._series[operation, method, hundreds] = series
        return series

    def _histogram(self, name: str, meaning: str, *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, buckets=SECONDS, registry=self.registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, ["follower"], registry=self.registry)


class _RateLimit(Collector):
    """What the rate limit counts by itself."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates

    def collect(self) -> Iterator[Metric]:
        """What Prometheus asks for."""
        rates = self._rates
        decisions = CounterMetricFamily(
            "twh_rate_limit_decisions",
            "How many requests were allowed and refused, by who decided: the shared store, or the process by itself.",
            labels=["decided_by", "decision"],
        )
        if not isinstance(rates, SharedBuckets):
            _tell(decisions, "process", rates.decisions)
            yield decisions
            return
        _tell(decisions, "store", rates.decisions)
        _tell(decisions, "process", rates.own.decisions)
        yield decisions
        failures = "How often the shared store did not answer, or not in time."
        yield CounterMetricFamily("twh_rate_limit_store_failures", failures, value=rates.failures)
        away = "1 while the process decides by itself because the shared store does not answer."
        yield GaugeMetricFamily("twh_rate_limit_store_away", away, value=rates.away)


def _tell(told: CounterMetricFamily, who: str, decisions: Decisions) -> None:
    told.add_metric([who, "allowed"], decisions.allowed)
    told.add_metric([who, "refused"], decisions.refused)
