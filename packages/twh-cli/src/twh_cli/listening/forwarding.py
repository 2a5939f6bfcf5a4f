"""Forwarding: a target's own walk along the feed, at its own pace.

The bookmark moves on when the target has answered an event with 2xx. A target that is not there (nobody listens, 429, 502, 503,
504) is waited for without end, so that it may be restarted at any time. One that is there and fails is tried some times; then the
event is passed over and remembered, so that one bad event does not hold up all that follow, and `--again` sends it once more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import twh
from twh import models
from twh_cli import feed
from twh_cli.listening.bookmark import Bookmark
from twh_cli.listening.posting import Posted, Poster

PAGE_EVENTS = 100
WAIT_SECONDS = 25
PAUSE_SECONDS = 0.5
"""After the first attempt that failed; doubling."""
ABSENT_SECONDS = (0.2, 5.0)
"""The first and the longest pause while nobody is there; doubling."""

Outcome = Literal["taken", "waiting", "again", "passed over"]


@dataclass(frozen=True, kw_only=True)
class Forward:
    """What is told of an attempt."""

    at: datetime
    target: str
    event: models.Event
    posted: Posted
    attempt: int
    outcome: Outcome

    @property
    def ended(self) -> bool:
        """Whether the event is done with."""
        return self.outcome in {"taken", "passed over"}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events are forwarded."""

    types: Sequence[str] | None = None
    item: str | None = None
    location: str | None = None

    def takes(self, event: models.Event) -> bool:
        """What the feed does not sort out itself is sorted out here."""
        return feed.is_about(event, item=self.item, location=self.location)


@dataclass(kw_only=True)
class Forwarder:
    """Sends a tenant's events to one target."""

    client: twh.Client
    poster: Poster
    bookmark: Bookmark
    wanted: Wanted
    attempts_max: int
    tell: Callable[[Forward], None]

    def run(self, *, again: bool, count: int | None) -> None:
        """Forward without end, or so many events; first, `again`, what was passed over before."""
        done = 0
        try:
            for event, body in self.events(again=again):
                if self.wanted.takes(event):
                    self.forward(event, body)
                    done += 1
                if event.sequence > (self.bookmark.after or 0):
                    self.bookmark.move(event.sequence)
                if done == count:
                    return
        finally:
            self.bookmark.save()

    def events(self, *, again: bool) -> Iterator[tuple[models.Event, bytes]]:
        if again:
            for event_id in list(self.bookmark.passed_over):
                one = self.client.with_raw.events.get(event_id)
                yield one.value, one.body
        while True:
            page = self.client.with_raw.events.page(
                after=self.bookmark.after or 0,
                types=self.wanted.types,
                wait=WAIT_SECONDS,
                page_size=PAGE_EVENTS,
                options={"deadline": math.inf},
            )
            yield from zip(page.value.data, feed.exact(page.body), strict=True)
            self.bookmark.move(page.value.next_after)  # past what the feed left out, too

    def forward(self, event: models.Event, body: bytes) -> None:
        """Until the target has taken it, or has failed too often."""
        attempt, pause, absent, said = 0, PAUSE_SECONDS, ABSENT_SECONDS[0], ""
        while True:
            posted = self.poster.post(event.id, body)
            attempt += not posted.not_now
            outcome = self.outcome(posted, attempt)
            why = posted.error or str(posted.status)
            if outcome != "waiting" or why != said:  # while nobody is there, it is said once
                self.tell(
                    Forward(
                        at=datetime.now(UTC),
                        target=self.bookmark.target,
                        event=event,
                        posted=posted,
                        attempt=max(attempt, 1),
                        outcome=outcome,
                    )
                )
            said = why
            match outcome:
                case "waiting":
                    self.pause(absent)
                    absent = min(absent * 2, ABSENT_SECONDS[1])
                case "again":
                    self.pause(pause)
                    pause *= 2
                case _:
                    self.note(event, outcome)
                    return

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def outcome(self, posted: Posted, attempt: int) -> Outcome:
        if posted.taken:
            return "taken"
        if posted.not_now:
            return "waiting"
        return "again" if attempt < self.attempts_max else "passed over"

    def note(self, event: models.Event, outcome: Outcome) -> None:
        known = event.id in self.bookmark.passed_over
        if outcome == "taken" and known:
            self.bookmark.settle(event.id)
        elif outcome == "passed over" and not known:
            self.bookmark.pass_over(event.id)
