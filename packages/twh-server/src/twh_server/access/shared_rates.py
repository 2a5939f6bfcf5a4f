"""One bucket a key for all server processes, in a store that they share. Without the store, each process decides for itself.

A limit protects the server, so it must not be what stops it: nobody waits for the store longer than a moment. The first
answer that does not come in time, or is none, shuts the way there: from then on the buckets of this process decide at
once, until the store is seen to answer again. They know what it said last, so a key that has used up its bucket does not
get another one.

Requests that arrive while the store is being asked go together in the next question: under load, they share its cost.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

from twh_server.access.rates import Buckets, Decisions, Rate, Taken
from twh_server.database.engine import ended

WAIT_SECONDS = 0.05
FIRST_ANSWER_SECONDS = 1.0
"""How long the store may take when nobody waits for it: it has to be found and connected to first."""
LOOK_SECONDS = 1.0
"""How often a store that is gone is looked for."""

# A bucket that is nobody's: whether the store can do what it will be asked to is tried on it.
_NOBODY = UUID(int=0)

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Store(Protocol):
    """Where the buckets are. Whatever its methods raise means that it cannot be used now."""

    async def take(self, rate: Rate, keys: Sequence[UUID]) -> Sequence[float]:
        """Take one request from the bucket of each key, one after the other; how many it held before each.

        Less than one: nothing was taken from it.
        """
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...


class SharedBuckets:
    """The buckets of all processes over one store, and those of this process for when it is gone."""

    def __init__(self, rate: Rate, store: Store, *, wait_seconds: float = WAIT_SECONDS) -> None:
        """A request waits for the store no longer than `wait_seconds`."""
        self.rate = rate
        self.own = Buckets(rate)
        self.decisions = Decisions()
        """Those of the store; `own` counts its own."""
        self.away = True
        """Whether the buckets of this process decide, because the store does not answer."""
        self.failures = 0
        """How often the store did not answer, or not in time."""
        self._store = store
        # A request waits for the question that is under way, and then for its own.
        self._question_seconds = wait_seconds / 2
        self._waiting: list[tuple[UUID, asyncio.Future[Taken]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def in_touch(self) -> AsyncGenerator[None]:
        """Ask the store as long as the block runs. It need not be there, at the beginning or later."""
        try:
            await self._find()
        except Exception as fault:  # noqa: BLE001  # whatever it is: a limit is not what stops the server
            self._lose(fault)
        try:
            yield
        finally:
            if self._looking:
                await ended(self._looking)
            await self._store.close()

    async def try_out(self) -> None:
        """Ask the store once, and let go of it. Raises what hinders it, TimeoutError when it does not answer."""
        try:
            await self._find()
        finally:
            await self._store.close()

    def take(self, key: UUID) -> Taken | asyncio.Future[Taken]:
        """Take one request of a key: at once when the store is gone, or else when it has answered."""
        if self.away:
            return self.own.take(key)
        taken: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, taken))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return taken

    async def _ask(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            keys = [key for key, _ in waiting]
            decided = await self._answers(keys) or map(self.own.take, keys)
            for (_, taken), one in zip(waiting, decided, strict=True):
                if not taken.done():  # its caller went away
                    taken.set_result(one)
        self._asking = None

    async def _answers(self, keys: Sequence[UUID]) -> Sequence[Taken]:
        """What the store decides for each key; nothing when it is gone."""
        if self.away:
            return []
        try:
            held = await _within(self._question_seconds, self._store.take(self.rate, keys))
            return [self._decided(key, tokens) for key, tokens in zip(keys, held, strict=True)]
        except Exception as fault:  # noqa: BLE001  # the same
            self._lose(fault)
            return []

    def _decided(self, key: UUID, tokens: float) -> Taken:
        allowed = tokens >= 1
        self.own.learn(key, tokens - allowed)
        self.decisions.count(allowed=allowed)
        return self.rate.taken(allowed=allowed, tokens=tokens - allowed)

    def _lose(self, fault: Exception) -> None:
        self.away = True
        self.failures += 1
        _log.warning(
            "the store of the rate limit is gone, and each process counts for itself until it answers: %s", fault
        )
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Look for the store until it answers."""
        while self.away:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._find()
            except Exception:  # noqa: BLE001  # the same
                self.failures += 1
        _log.info("the store of the rate limit answers, and all processes share its buckets")

    async def _find(self) -> None:
        """Use the store from now on. Raises what hinders it."""
        await _within(FIRST_ANSWER_SECONDS, self._store.take(self.rate, [_NOBODY]))
        self.away = False


Rates: TypeAlias = Buckets | SharedBuckets


async def _within(seconds: float, question: Coroutine[Any, Any, T]) -> T:
    """The answer to a question, or TimeoutError. It is the store that must be quick; this process may be busy."""
    clock = asyncio.get_running_loop().time
    asking, begun = asyncio.create_task(question), clock()
    try:
        await asyncio.wait([asking], timeout=seconds)
        if clock() - begun > 2 * seconds:
            # We were busy for longer than that with something else: it may not even have been asked yet.
            await asyncio.wait([asking], timeout=seconds)
        if not asking.done():
            raise TimeoutError(f"no answer within {seconds * 1000:g} ms")
        return asking.result()
    finally:
        asking.cancel()
