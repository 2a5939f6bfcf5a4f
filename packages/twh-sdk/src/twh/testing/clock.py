"""Time that a test moves: what the SDK takes for now, on the wall and on the stopwatch."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from unittest.mock import patch

from twh import client, transport, webhooks
from twh.options import Policy


class Clock:
    """Stands still until it is moved. While it is installed, a pause between two attempts moves it and takes no time."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = float(int((now or datetime.now(UTC)).timestamp()))
        self.pauses: list[float] = []
        """Seconds of each pause that the SDK made."""

    def __call__(self) -> float:
        """Seconds since 1970: fits wherever a clock is asked for."""
        return self._now

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def move(self, by: float | timedelta) -> None:
        """Let time pass: seconds or a timedelta; below zero goes back."""
        self._now += by.total_seconds() if isinstance(by, timedelta) else by

    @contextmanager
    def installed(self) -> Generator[Clock]:
        """Be the time for webhooks and for the clients that are made inside the block."""
        with (
            patch.object(client, "Policy", partial(Policy, clock=self)),
            patch.object(webhooks, "wall_clock", self),
            patch.object(transport, "rest", self._rest),
            patch.object(transport, "rest_async", self._rest_async),
        ):
            yield self

    def _rest(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.move(seconds)

    async def _rest_async(self, seconds: float) -> None:
        self._rest(seconds)
