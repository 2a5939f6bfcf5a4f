"""Whose connections a client uses: opened when first needed, by each process and each event loop for itself.

A forked child that spoke on its parent's connections would read the parent's answers, and a connection that one event loop
opened is dead in another. So neither is ever tried.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary, ref

from twh.profiles import Connection


class Closed(Protocol):
    """What can be closed at once."""

    def close(self) -> None: ...


class ClosedLater(Protocol):
    """What can be closed by waiting for it."""

    async def aclose(self) -> None: ...


H = TypeVar("H", bound=Closed)
A = TypeVar("A", bound=ClosedLater)


class Connections(Generic[H]):
    """A client's, shared with those that `with_options` made of it."""

    def __init__(self, to: Connection, open_client: Callable[[Connection], H], given: H | None) -> None:
        self._to = to
        self._open = open_client
        self._given = given
        self._by_process: dict[int, H] = {}
        self._closed = False

    def here(self) -> H:
        """Those of this process. The parent's stay in the table, so that nothing in the child closes them."""
        if self._given is not None:
            return self._given
        refuse_closed(closed=self._closed)
        process = os.getpid()
        found = self._by_process.get(process)
        return found or self._by_process.setdefault(process, self._open(self._to))

    def close(self) -> None:
        self._closed = True
        opened = self._by_process.get(os.getpid())
        if opened is not None:
            opened.close()


class AsyncConnections(Generic[A]):
    """An asynchronous client's: those of each event loop."""

    def __init__(self, to: Connection, open_client: Callable[[Connection], A], given: A | None) -> None:
        self._to = to
        self._open = open_client
        self._given = given
        self._loop_of_given: ref[Any] | None = None
        self._by_loop: WeakKeyDictionary[Any, A] = WeakKeyDictionary()
        self._closed = False

    def here(self) -> A:
        """Those of the event loop that runs."""
        import asyncio  # loaded by now, in a program that awaits

        loop = asyncio.get_running_loop()
        if self._given is not None:
            return self._given_in(loop)
        refuse_closed(closed=self._closed)
        found = self._by_loop.get(loop)
        if found is None:
            self._forget_ended()
            found = self._by_loop[loop] = self._open(self._to)
        return found

    async def close(self) -> None:
        """Close those of this loop; what another loop opened ends with it."""
        import asyncio

        self._closed = True
        opened = self._by_loop.pop(asyncio.get_running_loop(), None)
        if opened is not None:
            await opened.aclose()

    def _given_in(self, loop: Any) -> A:
        assert self._given is not None
        if self._loop_of_given is None:
            self._loop_of_given = ref(loop)
        if self._loop_of_given() is not loop:
            raise TypeError(
                "this AsyncClient has an http_client of yours, whose connections belong to another event loop: "
                "leave out http_client, or make both inside the loop that uses them"
            )
        return self._given

    def _forget_ended(self) -> None:
        """A loop that has ended keeps its connections alive, and they it."""
        for loop in [loop for loop in self._by_loop if loop.is_closed()]:
            del self._by_loop[loop]


def refuse_closed(*, closed: bool) -> None:
    if closed:
        raise RuntimeError("this client is closed: make another, or leave its `with` block later")
