"""Who counts what a process does, if anybody does: nothing is loaded for it, and nothing listens, unless a port is set.

Each process has its numbers at a port of its own. They are for whoever runs the server, so they are not served where its
callers come in: whoever may reach the one need not reach the other.
"""

import contextlib
from collections.abc import Generator
from typing import Protocol

from twh_server.access.shared_rates import Rates
from twh_server.events.follow import Lag
from twh_server.journal.writer import Writer
from twh_server.settings import Settings
from twh_server.telemetry import Handled
from twh_server.webhooks.claims import Result
from twh_server.webhooks.endpoints import DisabledBecause


class Meter(Protocol):
    """Counts and times what it is told of."""

    def request(self, handled: Handled) -> None:
        """A request was answered."""
        ...

    def batch(self, commands: int, seconds: float) -> None:
        """So many commands were committed together, and it took so long."""
        ...

    def attempt(self, result: Result) -> None:
        """An attempt to deliver was made."""
        ...

    def disabled(self, because: DisabledBecause) -> None:
        """An endpoint was disabled, for nothing arrives there."""
        ...

    def lag(self, follower: str, lag: Lag) -> None:
        """So far is a follower behind now."""
        ...

    def read(self, writer: Writer, rates: Rates | None) -> None:
        """Look at these whenever somebody asks."""
        ...


@contextlib.contextmanager
def metered(settings: Settings, *, place: int = 0) -> Generator[Meter | None]:
    """Whoever counts for this process as long as the block runs; None when nobody does. Raises CannotStart.

    `place` tells the processes apart that serve together: each has the port after that of the one before.
    """
    if settings.metrics_port is None:
        yield None
        return
    from twh_server.processes.metrics import Metrics

    metrics = Metrics()
    with metrics.served(settings.metrics_host, settings.metrics_port + place):
        yield metrics
