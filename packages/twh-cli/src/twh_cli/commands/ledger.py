"""`twh ledger`: whether everything follows from what went before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from twh import Client, models
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.output import Column, Plain
from twh_cli.problems import LedgerBroken
from twh_cli.session import session

app = new_app()

VERIFIED = (
    Column("ok", "ok"),
    Column("blocks", "blocks"),
    Column("events", "events"),
    Column("entries", "entries"),
    Column("movements", "movements"),
    Column("levels", "levels"),
    Column("last number", "last_sequence"),
    Column("digest", "digest"),
)
BLOCK = (("first_sequence", 8), ("last_sequence", 8), ("recorded_at", 20), ("hash", 0))
WAIT_SECONDS = 25


@app.command("verify")
def verify() -> None:
    """Walks blocks, events, movements and levels, and names the first thing that does not follow (then exit 5)."""
    found = session().client.ledger.verify(options=session().options)
    output.show(found, VERIFIED)
    if found.fault:
        fault = found.fault
        raise LedgerBroken(
            f"The ledger does not follow: {fault.what} at {fault.where}: expected {fault.expected}, found {fault.found}.",
            hint="Nothing was changed. Keep a copy of the database as it is, then look for who wrote to it.",
        )
    session().say(f"Everything follows: {found.events} events, {found.movements} movements.", "green")


@app.command("tail")
def tail(
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="How many of the newest to begin with.")] = 10,
    count: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many.")] = None,
) -> None:
    """First and last number of each block, when it was sealed, and its hash, which contains the hash before."""
    if count is None:
        session().say("Waiting for blocks; Ctrl-C ends it.", "dim")
    output.show_stream(islice(blocks(session().client, last), count), BLOCK)


def blocks(client: Client, last: int) -> Iterator[Plain]:
    """The newest blocks, oldest first, and then each new one: the feed wakes us when something was recorded."""
    newest = client.ledger.blocks(page_size=max(last, 1)).to_list(limit=max(last, 1))
    seen = newest[0].last_sequence if newest else 0
    yield from map(output.plain, reversed(newest[:last]))
    while True:
        client.events.page(after=seen, wait=WAIT_SECONDS, page_size=1)
        for block in reversed(newer(client, seen)):
            seen = block.last_sequence
            yield output.plain(block)


def newer(client: Client, seen: int) -> list[models.Block]:
    """The blocks after the last one that was seen, the newest first."""
    found: list[models.Block] = []
    for block in client.ledger.blocks():
        if block.last_sequence <= seen:
            break
        found.append(block)
    return found
