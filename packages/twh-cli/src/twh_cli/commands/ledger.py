"""`twh ledger`: whether everything follows from what went before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from twh import Client, models
from twh_cli import output, readings
from twh_cli.app import new_app
from twh_cli.output import Column, Plain
from twh_cli.problems import LedgerBroken, LedgerEmpty, WronglyTyped
from twh_cli.session import session
from twh_cli.terminal import patience

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
DIGEST = (
    Column("tenant", "tenant"),
    Column("last event", "last_sequence"),
    Column("recorded", "recorded_at"),
    Column("hash", "hash"),
)
BLOCK = (("first_sequence", 8), ("last_sequence", 8), ("recorded_at", 20), ("hash", 0))
WAIT_SECONDS = 25


@app.command("verify")
def verify(
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="What `twh ledger digest` printed before: finds a tail that was cut off or written anew, too.",
        ),
    ] = None,
) -> None:
    """Walks blocks, events, movements and levels, and names the first thing that does not follow (then exit 5)."""
    run = session()
    kept = None if against is None else kept_in(run.client, against)
    newest = run.client.ledger.blocks(page_size=1).first()
    events = f"Verifying {newest.last_sequence if newest else 0:,} events"
    with patience(events, colour=run.colour, quiet=run.choices.quiet, logged=True):
        found = run.client.ledger.verify(against=kept, options=run.options)
    output.show(found, VERIFIED)
    if found.fault:
        fault = found.fault
        raise LedgerBroken(
            f"The ledger does not follow: {fault.what} at {fault.where}: expected {fault.expected}, found {fault.found}.",
            hint="Nothing was changed. Keep a copy of the database as it is, then look for who wrote to it.",
        )
    run.say(f"Everything follows: {found.events} events, {found.movements} movements.", "green")
    if found.events_from > 1:
        run.say(f"Events before number {found.events_from} were dropped: of those, their blocks were verified.", "dim")
    if kept:
        run.say(f"And it is the ledger whose digest was kept at event {kept.last_sequence}.", "green")


@app.command("digest")
def digest() -> None:
    """The newest block: keep it elsewhere, where whoever can write to the database cannot.

    For example: twh ledger digest > digest-$(date +%F).json
    """
    run = session()
    newest = run.client.ledger.blocks(page_size=1).first()
    if newest is None:
        raise LedgerEmpty("Nothing was recorded yet, so there is no digest.", hint="twh receive ITEM 1 --at LOCATION")
    output.show({"tenant": run.client.tenant.get().tenant.id, **output.plain(newest)}, DIGEST)


def kept_in(client: Client, path: str) -> models.Block:
    """The block that a file tells, when it is one of this tenant."""
    try:
        kept = models.Block.model_validate_json(readings.text_of(path))
    except ValueError:
        raise WronglyTyped(f"{path} is no digest.", hint="twh ledger digest > digest.json   (makes one)") from None
    whose = (kept.model_extra or {}).get("tenant")
    if whose not in (None, client.tenant.get().tenant.id):
        raise WronglyTyped(f"{path} is the digest of another tenant, {whose}.", hint="twh whoami")
    return kept


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
