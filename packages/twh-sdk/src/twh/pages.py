"""Lists that are read page by page: nothing is asked before the first item is wanted, and only as much as is wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any, Concatenate, Generic, NoReturn, ParamSpec, TypeVar, overload

from twh.call import Awaited, AwaitedRaw, Call, Described, Direct, DirectRaw, Driver, Raw, Resource

P = ParamSpec("P")
T = TypeVar("T")

PAGE_ITEMS_MAX = 200


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list."""

    data: list[T]
    next_cursor: str | None = None

    def onward(self, call: Call[Page[T]]) -> Call[Page[T]] | None:
        """The call for the next page, or None after the last."""
        return replace(call, query={**call.query, "cursor": self.next_cursor}) if self.next_cursor else None


@dataclass(frozen=True)
class Feed(Page[T]):
    """One page of the feed: `next_after` is where the next one begins, `head` the newest sequence there is."""

    next_after: int = 0
    head: int = 0

    def onward(self, call: Call[Page[T]]) -> Call[Page[T]] | None:
        return (
            replace(call, query={**call.query, "after": str(self.next_after)}) if self.next_after < self.head else None
        )


@dataclass(frozen=True)
class Tail(Feed[T]):
    """A page of the feed that has no last one: after it, the next is waited for."""

    def onward(self, call: Call[Page[T]]) -> Call[Page[T]] | None:
        return replace(call, query={**call.query, "after": str(self.next_after)})


class Pager(Generic[T]):
    """Everything on the list, fetched while you iterate."""

    def __init__(self, driver: Direct, call: Call[Page[T]], named: str) -> None:
        self._driver = driver
        self._call = call
        self._named = named

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.data

    def pages(self) -> Iterator[Page[T]]:
        call: Call[Page[T]] | None = self._call
        while call:
            page = self._driver.send(call, named=self._named)
            yield page
            call = page.onward(call)

    def first(self) -> T | None:
        """The first one, or None when there is none."""
        return next(iter(Pager(self._driver, sized(self._call, 1), self._named)), None)

    def to_list(self, *, limit: int | None = None) -> list[T]:
        """All of them, or the first `limit`."""
        found: list[T] = []
        for page in Pager(self._driver, sized(self._call, limit), self._named).pages():
            found += page.data
            if limit is not None and len(found) >= limit:
                break
        return found[:limit]


class AsyncPager(Generic[T]):
    """Everything on the list, fetched while you iterate with `async for`."""

    def __init__(self, driver: Awaited, call: Call[Page[T]], named: str) -> None:
        self._driver = driver
        self._call = call
        self._named = named

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for one in page.data:
                yield one

    async def pages(self) -> AsyncIterator[Page[T]]:
        call: Call[Page[T]] | None = self._call
        while call:
            page = await self._driver.send(call, named=self._named)
            yield page
            call = page.onward(call)

    async def first(self) -> T | None:
        """The first one, or None when there is none."""
        async for one in AsyncPager(self._driver, sized(self._call, 1), self._named):
            return one
        return None

    async def to_list(self, *, limit: int | None = None) -> list[T]:
        """All of them, or the first `limit`."""
        found: list[T] = []
        async for page in AsyncPager(self._driver, sized(self._call, limit), self._named).pages():
            found += page.data
            if limit is not None and len(found) >= limit:
                break
        return found[:limit]


def refused(*_: object) -> NoReturn:
    raise TypeError(
        "this list is read asynchronously: write `async for one in …`, `await ….first()` or `await ….to_list()`"
    )


# Set from outside, so that type checkers go on to report what is refused here at run time.
for wrong in ("__iter__", "__next__", "__await__", "__len__", "__getitem__", "__contains__", "__enter__", "__aenter__"):
    setattr(AsyncPager, wrong, refused)


def sized(call: Call[T], wanted: int | None) -> Call[T]:
    """Ask for no more than is wanted, unless the caller chose a size of page."""
    if wanted is None or "limit" in call.query or wanted > PAGE_ITEMS_MAX:
        return call
    return replace(call, query={**call.query, "limit": str(max(wanted, 1))})


class listing(Described[P], Generic[P, T]):  # noqa: N801 - a decorator
    """Gives the client a pager over the pages that the method describes; `with_raw` gets the first page."""

    inside = r"^Call\[\w+\[(.*)\]\]$"

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[Page[T]]]) -> None:
        super().__init__(describe)

    @overload
    def __get__(self, resource: None, owner: Any = None) -> listing[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Direct], owner: Any = None) -> Callable[P, Pager[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaited], owner: Any = None) -> Callable[P, AsyncPager[T]]: ...
    @overload
    def __get__(self, resource: Resource[DirectRaw], owner: Any = None) -> Callable[P, Raw[Page[T]]]: ...
    @overload
    def __get__(
        self, resource: Resource[AwaitedRaw], owner: Any = None
    ) -> Callable[P, Coroutine[Any, Any, Raw[Page[T]]]]: ...
    def __get__(self, resource: Resource[Driver] | None, owner: Any = None) -> listing[P, T] | Callable[..., Any]:
        return self if resource is None else self.bound(resource)

    def drive(self, driver: Driver, call: Call[Any]) -> Any:
        if isinstance(driver, Direct):
            return Pager(driver, call, self.named)
        if isinstance(driver, Awaited):
            return AsyncPager(driver, call, self.named)
        return driver.send(call, named=self.named)

    def answers(self, kind: type[Driver]) -> str:
        if issubclass(kind, Direct):
            return r"Pager[\1]"
        if issubclass(kind, Awaited):
            return r"AsyncPager[\1]"
        return kind.answers.replace(r"\1", r"Page[\1]")
