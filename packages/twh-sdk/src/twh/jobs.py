"""Jobs: what goes on at the server for a while. Whoever began one holds it, can look at it, wait for it, and end it.

job = client.webhooks.replay(which="failed", since=yesterday)
job.wait(timeout=60, each=lambda replay: print(replay.delivered, "of", replay.total))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from twh import models
from twh.call import Awaited, AwaitedRaw, Call, Described, Direct, DirectRaw, Driver, Raw, Resource
from twh.errors.tree import TimedOut
from twh.options import Options
from twh.wire import segment

P = ParamSpec("P")
DriverT = TypeVar("DriverT", bound=Driver)

POLL_SECONDS = (0.2, 5.0)
"""The first and the longest pause between two looks at a job; each is half as long again as the one before."""

Begun: TypeAlias = "models.Replay | models.ReplayPlan"
Each: TypeAlias = "Callable[[models.Replay], object]"


class Replaying(Generic[DriverT]):
    """A replay in the hands of the client that began it; of a dry run, how many deliveries it would be about."""

    def __init__(self, driver: DriverT, begun: Begun) -> None:
        self.driver = driver
        self.begun = begun

    @property
    def total(self) -> int:
        """How many deliveries it is about."""
        return self.begun.total

    @property
    def started(self) -> bool:
        """False: it was a dry run, and there is nothing to wait for."""
        return isinstance(self.begun, models.Replay)

    @property
    def replay(self) -> models.Replay:
        """How far it was when it was looked at last. Raises ValueError for a dry run."""
        if not isinstance(self.begun, models.Replay):
            raise ValueError("it was a dry run: nothing was started")  # noqa: TRY004 - the caller's type is right
        return self.begun

    @property
    def id(self) -> str:
        """The replay's id: with it, the job can be held in another process too."""
        return self.replay.id

    @property
    def state(self) -> str:
        """`running`, `cancelled` or `finished`, when it was looked at last."""
        return self.replay.state

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.begun!r})"


class ReplayJob(Replaying[Direct]):
    """A replay that `Client` began."""

    def refresh(self) -> models.Replay:
        """Look how far it is."""
        self.begun = found = self.driver.send(replay_call(self.id), named="replays.get")
        return found

    def cancel(self) -> models.Replay:
        """Queue nothing more. Raises `ReplayIsFinished`."""
        self.begun = found = self.driver.send(turn_call(self.id, "cancel"), named="replays.cancel")
        return found

    def resume(self) -> models.Replay:
        """Go on where it was cancelled. Raises `ReplayIsFinished`."""
        self.begun = found = self.driver.send(turn_call(self.id, "resume"), named="replays.resume")
        return found

    def wait(self, *, timeout: float | None = None, each: Each | None = None) -> models.Replay:
        """The replay once it is finished or cancelled; `each` is called with how far it is, at every look.

        Raises `TimedOut` after so many seconds: the replay itself goes on.
        """
        looking = looks(self.replay, timeout, each)
        try:
            pause = next(looking)
            while True:
                time.sleep(pause)
                pause = looking.send(self.refresh())
        except StopIteration as ended:
            replay: models.Replay = ended.value
            return replay


class AsyncReplayJob(Replaying[Awaited]):
    """A replay that `AsyncClient` began."""

    async def refresh(self) -> models.Replay:
        """Look how far it is."""
        self.begun = found = await self.driver.send(replay_call(self.id), named="replays.get")
        return found

    async def cancel(self) -> models.Replay:
        """Queue nothing more. Raises `ReplayIsFinished`."""
        self.begun = found = await self.driver.send(turn_call(self.id, "cancel"), named="replays.cancel")
        return found

    async def resume(self) -> models.Replay:
        """Go on where it was cancelled. Raises `ReplayIsFinished`."""
        self.begun = found = await self.driver.send(turn_call(self.id, "resume"), named="replays.resume")
        return found

    async def wait(self, *, timeout: float | None = None, each: Each | None = None) -> models.Replay:  # noqa: ASYNC109
        """The replay once it is finished or cancelled; `each` is called with how far it is, at every look.

        Raises `TimedOut` after so many seconds: the replay itself goes on.
        """
        import asyncio  # loaded by now, in a program that awaits

        looking = looks(self.replay, timeout, each)
        try:
            pause = next(looking)
            while True:
                await asyncio.sleep(pause)
                pause = looking.send(await self.refresh())
        except StopIteration as ended:
            replay: models.Replay = ended.value
            return replay


class job(Described[P], Generic[P]):  # noqa: N801 - a decorator
    """Begins what the method describes, and gives the client the job to hold; `with_raw` gets the answer."""

    inside = r"^Call\[(.*)\]$"

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[Begun]]) -> None:
        super().__init__(describe)

    @overload
    def __get__(self, resource: None, owner: Any = None) -> job[P]: ...
    @overload
    def __get__(self, resource: Resource[Direct], owner: Any = None) -> Callable[P, ReplayJob]: ...
    @overload
    def __get__(
        self, resource: Resource[Awaited], owner: Any = None
    ) -> Callable[P, Coroutine[Any, Any, AsyncReplayJob]]: ...
    @overload
    def __get__(self, resource: Resource[DirectRaw], owner: Any = None) -> Callable[P, Raw[Begun]]: ...
    @overload
    def __get__(
        self, resource: Resource[AwaitedRaw], owner: Any = None
    ) -> Callable[P, Coroutine[Any, Any, Raw[Begun]]]: ...
    def __get__(self, resource: Resource[Driver] | None, owner: Any = None) -> job[P] | Callable[..., Any]:
        return self if resource is None else self.bound(resource)

    def drive(self, driver: Driver, call: Call[Any]) -> Any:
        if isinstance(driver, Direct):
            return ReplayJob(driver, driver.send(call, named=self.named))
        if isinstance(driver, Awaited):
            return held(driver, call, self.named)
        return driver.send(call, named=self.named)

    def answers(self, kind: type[Driver]) -> str:
        if issubclass(kind, Direct):
            return "ReplayJob"
        if issubclass(kind, Awaited):
            return "Coroutine[Any, Any, AsyncReplayJob]"
        return kind.answers


async def held(driver: Awaited, call: Call[Begun], named: str) -> AsyncReplayJob:
    return AsyncReplayJob(driver, await driver.send(call, named=named))


def looks(
    replay: models.Replay, timeout: float | None, each: Each | None
) -> Generator[float, models.Replay, models.Replay]:
    """Yields how long to pause, is sent what was then seen, and returns the replay that goes on no more."""
    until = None if timeout is None else time.monotonic() + timeout
    pause, longest = POLL_SECONDS
    while True:
        if each is not None:
            each(replay)
        if replay.state != "running":
            return replay
        left = pause if until is None else until - time.monotonic()
        if left <= 0:
            raise TimedOut(
                f"{replay.id} was not finished within {timeout:g} seconds",
                code="timed_out",
                hint=f"It goes on. client.replays.job({replay.id!r}).wait() waits for it again.",
            )
        replay = yield min(pause, left)
        pause = min(pause * 1.5, longest)


def replay_call(replay: str, options: Options | None = None) -> Call[models.Replay]:
    return Call(method="GET", path=f"/v1/replays/{segment(replay)}", returns=models.Replay, options=options)


def turn_call(replay: str, verb: str, options: Options | None = None) -> Call[models.Replay]:
    path = f"/v1/replays/{segment(replay)}/{verb}"
    return Call(method="POST", path=path, returns=models.Replay, options=options)
