"""Every operation as a developer uses it, through the SDK: a function for each, which asserts what came of it.

A function is given a `Desk` and may make whatever it needs first. It stands in the file of its noun; a new noun's file is
imported in test_every_operation.py.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from twh import AsyncClient


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a function works with: a fresh tenant's client, whose key has every scope, and a way to be a client with another key."""

    client: AsyncClient
    with_key: Callable[[str], AsyncClient]

    async def shelf(self, sku: str = "APPLES", on_hand: str = "5"):
        """An item at MAIN; answers the entry that put it there."""
        with contextlib.suppress(Exception):
            await self.client.locations.create(code="MAIN", name="Main")
        await self.client.items.create(sku=sku, name=sku)
        return await self.client.movements.receive(item=sku, location="MAIN", quantity=on_hand)


Use = Callable[[Desk], Awaitable[None]]

USES: dict[str, Use] = {}


def uses(operation: str) -> Callable[[Use], Use]:
    """Enter a function as the use of an operation."""

    def enter(use: Use) -> Use:
        assert operation not in USES, f"{operation} has a use already"
        USES[operation] = use
        return use

    return enter


def reaches(template: str, url: str) -> bool:
    """Whether an address is one of those that a path with {variable} parts stands for."""
    wanted, asked = template.split("/"), urlsplit(url).path.split("/")
    return len(wanted) == len(asked) and all(
        part.startswith("{") or part == found for part, found in zip(wanted, asked, strict=True)
    )
