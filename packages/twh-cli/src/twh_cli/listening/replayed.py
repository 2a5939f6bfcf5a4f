"""Replays as a listener sees them: the feed tells of one, and its events are forwarded again, with the same ids.

What is left of a replay lies in the bookmark beside the place in the feed, and is written with it: whatever is killed, each of its
events is forwarded again at least once. A replay of everything in a part of the feed is read from the feed, at once; of any other
one, the server says which deliveries it has made once more so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import twh
from twh import errors, models
from twh_cli import feed
from twh_cli.listening.bookmark import Bookmark, Left
from twh_cli.session import session

PAGE_EVENTS = 100
KINDS = ("replay.started", "replay.resumed")

Told = tuple[models.Event, bytes, str | None]
"""An event, its exact bytes, and the replay that it is forwarded again for."""


@dataclass(kw_only=True)
class Replayed:
    """The replays that one target has not seen the end of."""

    client: twh.Client
    bookmark: Bookmark

    def notice(self, event: models.Event) -> None:
        """Remember a replay that the feed tells of, before the bookmark moves past its event."""
        match event:
            case models.ReplayStarted(data=replay):
                self.bookmark.begin(Left(id=replay.id, after=replay.first_sequence - 1))
            case models.ReplayResumed(data=replay) if not from_the_feed(replay):
                self.bookmark.begin(Left(id=replay.id, after=replay.position - 1))
            case _:
                return

    def some(self) -> Iterator[Told]:
        """The next events of each replay; whoever has forwarded one moves the bookmark."""
        for left in list(self.bookmark.replays):
            try:
                yield from self.of(left)
            except (errors.Forbidden, errors.NotFound) as why:
                session().say(f"The replay {left['id']} is not forwarded: {why.message}", "yellow")
                self.bookmark.end(left["id"])

    def of(self, left: Left) -> Iterator[Told]:
        replay = self.client.replays.get(left["id"])
        reached = left["after"]
        found = self.in_the_feed(left, replay) if from_the_feed(replay) else self.made_so_far(left, replay)
        for sequence, told in found:
            reached = sequence
            if told is None:
                self.bookmark.come(replay.id, sequence)
            else:
                yield (*told, replay.id)
        if reached >= replay.last_sequence or (replay.state != "running" and reached == left["after"]):
            self.bookmark.end(replay.id)

    def in_the_feed(self, left: Left, replay: models.Replay) -> Iterator[tuple[int, tuple[models.Event, bytes] | None]]:
        page = self.client.with_raw.events.page(after=left["after"], types=replay.types or None, page_size=PAGE_EVENTS)
        for event, body in zip(page.value.data, feed.exact(page.body), strict=True):
            if event.sequence <= replay.last_sequence:
                yield event.sequence, (event, body)
        yield min(page.value.next_after, replay.last_sequence), None

    def made_so_far(self, left: Left, replay: models.Replay) -> Iterator[tuple[int, tuple[models.Event, bytes] | None]]:
        """Up to where the replay has come, all that it has made once more can be found, the newest first."""
        made = self.client.webhooks.deliveries(replay=replay.id, page_size=200)
        behind = takewhile(lambda one: one.sequence > left["after"], made)
        new = {one.sequence: one.event for one in behind if one.sequence <= replay.position}
        for sequence in sorted(new):
            raw = self.client.with_raw.events.get(new[sequence])
            yield sequence, (raw.value, raw.body)
        if replay.position > left["after"]:
            yield replay.position, None


def from_the_feed(replay: models.Replay) -> bool:
    """Whether everything in its part of the feed is meant."""
    return replay.which == "all" and replay.deliveries is None
