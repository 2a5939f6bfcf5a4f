"""The feed, followed without end: what was handled is known by what is asked for next.

Like an exchange, a follow is a generator without I/O: it yields calls, and is sent their answers, and events for the
consumer, and is told by the next step that the event was handled. Two thin shells drive it, with and without await.

With a checkpoint, the server keeps the place: from time to time, before there is something to wait for, and in the end.
An event that was handed out and not handled is handed out again next time, and so are those handled since the place was
kept last: at least once, and never not at all.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeAlias, overload

from twh import models
from twh.call import Awaited, AwaitedRaw, Call, Described, Direct, DirectRaw, Driver, Raw, Resource
from twh.errors.tree import TwhError
from twh.options import Options
from twh.pages import AsyncPager, Page, Pager, Tail
from twh.resources.checkpoints import Checkpoints

P = ParamSpec("P")

KEPT_EVENTS = 100
KEPT_SECONDS = 1.0
"""The place is kept after so many events, or so long after it was kept last."""
LAST_SECONDS = 5.0
"""So long a stream that ends tries to keep its place."""
KEEP = "checkpoints.set"

_log = logging.getLogger("twh")


@dataclass(frozen=True, kw_only=True, slots=True)
class Following(Call[Page["models.Event"]]):
    """A page of the feed, and how it is to be followed."""

    checkpoint: str | None = None
    idle: float | None = None
    """Seconds without anything new after which it ends."""
    timeout: float | None = None
    """Seconds after which it ends."""


Step: TypeAlias = "Call[Any] | models.Event"


class Follow:
    """A stream under way."""

    def __init__(self, call: Following, clock: Callable[[], float] = time.monotonic) -> None:
        self.call = call
        self.clock = clock
        self.at_hand: int | None = None
        """The event that was handed out last, until it is known to be handled."""
        self.handled = self.kept = -1
        self.kept_at = self.news_at = clock()
        self.until = math.inf if call.timeout is None else clock() + call.timeout

    def run(self) -> Generator[Step, Any, None]:
        """Ask, hand out, keep the place; until nobody asks for more, or the time is up."""
        call: Call[Any] = self.call
        if self.call.checkpoint is not None:
            kept = yield self.asked_for()
            if kept is not None:
                self.handled = self.kept = kept.sequence
                call = replace(call, query={**call.query, "after": str(kept.sequence)})
        while (wait := self.patience()) is not None:
            page: Tail[models.Event] = yield self.waiting(call, wait)
            for event in page.data:
                self.at_hand = event.sequence
                yield event
                self.done()
                if self.is_due:
                    yield self.keeping()
            self.handled = max(self.handled, page.next_after)
            call = page.onward(call) or call
            if self.is_due:
                yield self.keeping()

    def patience(self) -> int | None:
        """For how many whole seconds to wait for news now; None when the time is up. What is not kept is kept soon."""
        now, asked = self.clock(), int(self.call.wait)
        ends = min(self.until, math.inf if self.call.idle is None else self.news_at + self.call.idle)
        if ends <= now:
            return None
        most = min(asked, KEPT_SECONDS) if self.is_unkept else asked
        return math.ceil(min(most, ends - now))

    def waiting(self, call: Call[Any], wait: int) -> Call[Any]:
        query = {**call.query, "wait": str(wait)}
        return replace(call, query=query, wait=wait, deadline=max(self.until - self.clock(), 1.0))

    def done(self) -> None:
        """The event at hand was handled."""
        if self.at_hand is not None:
            self.handled, self.at_hand = self.at_hand, None
            self.news_at = self.clock()

    @property
    def is_unkept(self) -> bool:
        return self.call.checkpoint is not None and self.handled > self.kept

    @property
    def is_due(self) -> bool:
        many = self.handled - self.kept >= KEPT_EVENTS
        return self.is_unkept and (many or self.clock() - self.kept_at >= KEPT_SECONDS)

    def asked_for(self) -> Call[models.Checkpoint | None]:
        call = Checkpoints.get.describe(None, self.call.checkpoint or "", options=self.call.options)
        return replace(call, none_on="checkpoint_not_found", deadline=math.inf)

    def keeping(self, options: Options | None = None) -> Call[models.Checkpoint]:
        """Keep the place. Where it is further on already, another consumer of this name has been there."""
        self.kept, self.kept_at = self.handled, self.clock()
        name, options = self.call.checkpoint or "", options or self.call.options
        call = Checkpoints.set.describe(None, name, sequence=self.handled, options=options)
        return replace(call, none_on="checkpoint_passed", deadline=math.inf)

    def leaving(self) -> Call[models.Checkpoint] | None:
        """What is left to do when nobody asks for more."""
        return self.keeping({**(self.call.options or {}), "deadline": LAST_SECONDS}) if self.is_unkept else None


def unkept(why: Exception) -> None:
    _log.warning("the place in the feed could not be kept, and some events will come again: %s", why)


class Stream(Pager["models.Event"]):
    """Events as they happen, while you iterate. In a `with` block it is closed, and its place kept, at the end of it."""

    def __init__(self, driver: Direct, call: Following, named: str) -> None:
        super().__init__(driver, call, named)
        self._following = call
        self._follow = Follow(call)
        self._going: Generator[models.Event] | None = None

    def __iter__(self) -> Iterator[models.Event]:
        self._follow = Follow(self._following)
        self._going = self._events(self._follow)
        return self._going

    def _events(self, follow: Follow) -> Generator[models.Event]:
        flow = follow.run()
        try:
            step = next(flow)
            while True:
                if isinstance(step, Call):
                    step = flow.send(self._driver.send(step, named=self._named))
                else:
                    yield step
                    step = next(flow)
        except StopIteration:
            return
        finally:
            self._leave(follow)

    def _leave(self, follow: Follow) -> None:
        last = follow.leaving()
        try:
            if last:
                self._driver.send(last, named=KEEP)
        except (TwhError, RuntimeError) as why:  # the client may have been closed first
            unkept(why)

    def save(self) -> None:
        """Keep the place behind the event at hand now, without asking for another."""
        self._follow.done()
        if self._follow.is_unkept:
            self._driver.send(self._follow.keeping(), named=KEEP)

    def close(self) -> None:
        """Keep the place behind what was handled, and end."""
        if self._going:
            self._going.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncStream(AsyncPager["models.Event"]):
    """Events as they happen, while you iterate with `async for`. In an `async with` block it is closed at the end of it."""

    def __init__(self, driver: Awaited, call: Following, named: str) -> None:
        super().__init__(driver, call, named)
        self._following = call
        self._follow = Follow(call)
        self._going: AsyncGenerator[models.Event] | None = None

    def __aiter__(self) -> AsyncIterator[models.Event]:
        self._follow = Follow(self._following)
        self._going = self._events(self._follow)
        return self._going

    async def _events(self, follow: Follow) -> AsyncGenerator[models.Event]:
        flow = follow.run()
        try:
            step = next(flow)
            while True:
                if isinstance(step, Call):
                    step = flow.send(await self._driver.send(step, named=self._named))
                else:
                    yield step
                    step = next(flow)
        except StopIteration:
            return
        finally:
            await self._leave(follow)

    async def _leave(self, follow: Follow) -> None:
        last = follow.leaving()
        try:
            if last:
                await self._driver.send(last, named=KEEP)
        except (TwhError, RuntimeError) as why:  # the client may have been closed first
            unkept(why)

    async def save(self) -> None:
        """Keep the place behind the event at hand now, without asking for another."""
        self._follow.done()
        if self._follow.is_unkept:
            await self._driver.send(self._follow.keeping(), named=KEEP)

    async def aclose(self) -> None:
        """Keep the place behind what was handled, and end."""
        if self._going:
            await self._going.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class streaming(Described[P], Generic[P]):  # noqa: N801 - a decorator
    """Gives the client a stream of what the method describes; `with_raw` gets the first page."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Following]) -> None:
        super().__init__(describe)

    inside = r"^Following$"

    @overload
    def __get__(self, resource: None, owner: Any = None) -> streaming[P]: ...
    @overload
    def __get__(self, resource: Resource[Direct], owner: Any = None) -> Callable[P, Stream]: ...
    @overload
    def __get__(self, resource: Resource[Awaited], owner: Any = None) -> Callable[P, AsyncStream]: ...
    @overload
    def __get__(self, resource: Resource[DirectRaw], owner: Any = None) -> Callable[P, Raw[Page[models.Event]]]: ...
    @overload
    def __get__(
        self, resource: Resource[AwaitedRaw], owner: Any = None
    ) -> Callable[P, Coroutine[Any, Any, Raw[Page[models.Event]]]]: ...
    def __get__(self, resource: Resource[Driver] | None, owner: Any = None) -> streaming[P] | Callable[..., Any]:
        return self if resource is None else self.bound(resource)

    def drive(self, driver: Driver, call: Any) -> Any:
        if isinstance(driver, Direct):
            return Stream(driver, call, self.named)
        if isinstance(driver, Awaited):
            return AsyncStream(driver, call, self.named)
        return driver.send(call, named=self.named)

    def answers(self, kind: type[Driver]) -> str:
        if issubclass(kind, Direct):
            return "Stream"
        if issubclass(kind, Awaited):
            return "AsyncStream"
        return kind.answers.replace(r"\1", "Page[models.Event]")
