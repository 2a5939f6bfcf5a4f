"""Reading the feed: events as the very bytes that the server keeps, the place of a moment, and what an event is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

import twh
from twh import models
from twh.pages import Feed

PAGE_BEGINS = re.compile(r'\s*\{\s*"data"\s*:\s*\[\s*')
BETWEEN = " ,\t\r\n"
DECODER = json.JSONDecoder()


def exact(page: bytes) -> list[bytes]:
    """The events of a page of the feed, each as it was sealed: a signature is over bytes, not over what they mean."""
    text = page.decode()
    begins = PAGE_BEGINS.match(text)
    if begins is None:
        raise ValueError("this is no page of the feed")
    place = begins.end()
    found: list[bytes] = []
    while text[place] != "]":
        _, end = DECODER.raw_decode(text, place)
        found.append(text[place:end].encode())
        place = end
        while text[place] in BETWEEN:
            place += 1
    return found


def begins(page: Feed[models.Event]) -> int:
    """The number behind which the feed begins: 0, or where the events that were dropped end. `page` is its first one."""
    return page.data[0].sequence - 1 if page.data else page.next_after


def before(client: twh.Client, moment: datetime) -> int:
    """The sequence after which everything was recorded at this moment or later; found by halving, in a few requests."""
    page = client.events.page(page_size=1)
    low, high = begins(page), page.head
    while low < high:
        middle = (low + high) // 2
        following = client.events.page(after=middle, page_size=1).data
        if following and following[0].timestamp < moment:
            low = following[0].sequence
        else:
            high = middle
    return low


def is_about(event: models.Event, *, item: str | None, location: str | None) -> bool:
    """Whether the event names this item and this location, each by its name or its id; None is any."""
    return all(
        wanted is None or wanted in names(event, noun, name)
        for wanted, noun, name in ((item, "item", "sku"), (location, "location", "code"))
    )


def names(event: models.Event, noun: str, name: str) -> set[str]:
    """Every id and name of a noun in an event: the thing itself, or what an entry or a level refers to."""
    told = event.model_dump(mode="json")["data"]
    things = [told] if event.type.startswith(f"{noun}.") else [*references(told, noun)]
    return {str(thing[field]) for thing in things for field in ("id", name) if field in thing}


def references(value: object, noun: str) -> Iterator[dict[str, object]]:
    match value:
        case dict():
            for key, inside in value.items():  # pyright: ignore[reportUnknownVariableType]
                if key == noun and isinstance(inside, dict):
                    yield inside
                else:
                    yield from references(inside, noun)  # pyright: ignore[reportUnknownArgumentType]
        case list():
            for one in value:  # pyright: ignore[reportUnknownVariableType]
                yield from references(one, noun)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return
