"""`twh quickstart`: stock moves in a sandbox, and a signed webhook proves it. What is shown is what is run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from twh_cli import output
from twh_cli.app import new_app
from twh_cli.receiver import Receiver
from twh_cli.sandbox import life, place
from twh_cli.sandbox.place import Place, State
from twh_cli.session import session
from twh_cli.story import Names, Story, steps
from twh_cli.telling import Teller, duration
from twh_cli.terminal import is_terminal, someone_is_there

app = new_app()


@app.command("quickstart")
def quickstart(
    name: Annotated[str, typer.Option("--name", help="In which sandbox.")] = place.DEFAULT_NAME,
    root: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="FOLDER", envvar="TWH_DATA_DIR", help="Where sandboxes are kept."),
    ] = None,
) -> None:
    """Starts a sandbox, or uses the one that runs. One that it started stays up on a terminal, and is stopped in a pipe."""
    where = place.place(name, root)
    teller = Teller(silent=session().errors_as_json)
    began = time.monotonic()
    teller.title("TWH quickstart", "stock moves, and a signed webhook proves it")
    with sandbox(where, teller) as (state, stays), Receiver() as receiver:
        with environment(state):
            story = told(teller, receiver)
        teller.end(f"Done in {duration(time.monotonic() - began)}.", next_steps(where, stays=stays))
    if session().errors_as_json:
        output.write_json({"seconds": round(time.monotonic() - began, 3), "steps": story.done})


def told(teller: Teller, receiver: Receiver) -> Story:
    """Each step: its code shown, run, and what came of it."""
    story = Story(names=Names(receiver=receiver))
    for step in steps(receiver.url):
        teller.step(step.title, step.code)
        seconds = story.run(step)
        teller.outcome(step.outcome(story.names), seconds)
    return story


@contextmanager
def sandbox(where: Place, teller: Teller) -> Generator[tuple[State, bool]]:
    """The sandbox, up inside the block, and whether it stays: stray processes are for people only, and they are told."""
    teller.step("A sandbox: server, database, and a shop's stock to play with", "")
    began = time.monotonic()
    state, started = life.up(where)
    teller.outcome(
        f"{'started' if started else 'it was running'} at {state.address}, tenant {state.tenant_name}",
        time.monotonic() - began,
    )
    stays = not started or (someone_is_there() and is_terminal(sys.stdout))
    try:
        yield state, stays
    finally:
        if stays:
            life.remember(where, state)
            teller.line(f"The sandbox stays up at {state.address}. To stop it: twh sandbox down{where.option}")
        else:
            life.down(where)
            teller.line("The sandbox is stopped again, since this is no terminal; its data stay.")


@contextmanager
def environment(state: State) -> Generator[None]:
    """The variables that `Client()` looks for first, so that the code that is shown is the code that runs."""
    before = dict(os.environ)
    os.environ |= {"TWH_API_KEY": state.api_key, "TWH_BASE_URL": state.address}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def next_steps(where: Place, *, stays: bool) -> list[tuple[str, str]]:
    profile = "" if where.profile == "sandbox" else f" --profile {where.profile}"
    again = [] if stays else [(f"twh sandbox up{where.option}", "start it again")]
    return [
        *again,
        (f"twh stock list{profile}", "what the shop has"),
        (f"twh receive TSHIRT-M 12 --at MAIN{profile}", "move some of it yourself"),
        (f"twh events tail{profile}", "what happens, as it happens"),
        ("twh --help", "everything else"),
    ]
