"""The feed as server-sent events: an event's number is its id, its type the name, its exact bytes the data.

Every second the listener's key is looked at again, so that a key that was revoked hears no more within seconds.
"""

import time
from collections.abc import Awaitable, Callable, Sequence

from twh_server.events.bell import Bell
from twh_server.events.feed import Stretch
from twh_server.events.kinds import decode
from twh_server.http.streaming import STREAM_SECONDS_MAX, Listener, Parts

HEARTBEAT_SECONDS = 15.0
RETRY = b"retry: 1000\n\n"
"""After so many milliseconds a browser comes back by itself."""

Wait = Callable[[int], Awaitable[Stretch]]
"""What stands behind a number; when there is nothing yet, whatever comes within a second."""


async def told(stretch: Stretch, wait: Wait, bell: Bell, listener: Listener) -> Parts:
    """A stretch and what comes behind it. Raises what refuses the listener by now, and EventsGone."""
    spoke = time.monotonic()
    until = spoke + STREAM_SECONDS_MAX
    yield RETRY
    while True:
        if stretch.bodies:
            yield _events(stretch.bodies)
            spoke = time.monotonic()
        elif time.monotonic() - spoke >= HEARTBEAT_SECONDS:
            yield _heartbeat(stretch.next_after)
            spoke = time.monotonic()
        if bell.hushed or time.monotonic() >= until:
            return
        await listener.let_in()
        stretch = await wait(stretch.next_after)


def _events(bodies: Sequence[bytes]) -> bytes:
    return b"".join(map(_event, bodies))


def _event(body: bytes) -> bytes:
    # The bytes are one line: JSON says a line's end as \n.
    event = decode(body)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.sequence, event.type.encode(), body)


def _heartbeat(after: int) -> bytes:
    """A comment, which keeps the line open, and a place: what was passed over is not looked at again after a break."""
    return b": nothing new\nid: %d\n\n" % after
