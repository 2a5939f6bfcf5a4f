"""Forwarding: a target's own walk along the feed, at its own pace.

The bookmark moves on when the target has answered an event with 2xx. A target that is not there (nobody listens, 429, 502, 503,
504) is waited for without end, so that it may be restarted at any time. One that is there and fails is tried some times; then the
event is passed over and remembered, so that one bad event does not hold up all that follow, and `--again` sends it once more.

The events of replays are forwarded again, some between two looks at the feed, so that what happens now does not wait for them.
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
from twh_cli.listening.replayed import KINDS, Replayed, Told

PAGE_EVENTS = 100
WAIT_SECONDS = 25
WAIT_FOR_REPLAYS_SECONDS = 1
"""How long news are waited for while a replay is not at its end."""
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
    replay: str | None = None
    """The replay that it is forwarded again for."""

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

    @property
    def asked_for(self) -> Sequence[str] | None:
        """The types that are asked of the feed: also those that tell of replays."""
        return None if self.types is None else [*self.types, *KINDS]

    def takes(self, event: models.Event) -> bool:
        """What the feed does not sort out itself is sorted out here."""
        if self.types is not None and event.type not in ",".join(self.types).split(","):
            return False
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
            for event, body, replay in self.events(again=again):
                if self.wanted.takes(event):
                    self.forward(event, body, replay)
                    done += 1
                if replay is not None:
                    self.bookmark.come(replay, event.sequence)
                elif event.sequence > (self.bookmark.after or 0):
                    self.replayed.notice(event)
                    self.bookmark.move(event.sequence)
                if done == count:
                    return
        finally:
            self.bookmark.save()

    @property
    def replayed(self) -> Replayed:
        """What is forwarded again."""
        return Replayed(client=self.client, bookmark=self.bookmark)

    def events(self, *, again: bool) -> Iterator[Told]:
        if again:
            for event_id in list(self.bookmark.passed_over):
                one = self.client.with_raw.events.get(event_id)
                yield one.value, one.body, None
        while True:
            page = self.client.with_raw.events.page(
                after=self.bookmark.after or 0,
                types=self.wanted.asked_for,
                wait=WAIT_FOR_REPLAYS_SECONDS if self.bookmark.replays else WAIT_SECONDS,
                page_size=PAGE_EVENTS,
                options={"deadline": math.inf},
            )
            for event, body in zip(page.value.data, feed.exact(page.body), strict=True):
                yield event, body, None
            self.bookmark.move(page.value.next_after)  # past what the feed left out, too
            yield from self.replayed.some()

    def forward(self, event: models.Event, body: bytes, replay: str | None = None) -> None:
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
                        replay=replay,
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
