"""`twh profile`: addresses and keys under names."""

from __future__ import annotations

from typing import Annotated

import typer

from twh_cli import output, profiles
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("profile", "name"),
    Column("active", "active"),
    Column("address", "base_url"),
    Column("key in", "key_in"),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A profile's name.")]


@app.command("list")
def list_profiles() -> None:
    """Where each has its key: the keyring, the file, or nowhere."""
    output.show_list(profiles.listed(), COLUMNS, limit=None, what="profiles: `twh login` makes one")


@app.command("use")
def use(name: Name) -> None:
    profiles.use(name)
    session().say(f"{name} is the active profile.", "green")


@app.command("remove")
def remove(name: Name) -> None:
    """Its key is forgotten here; it stays valid until it is revoked."""
    profiles.profile_of(profiles.readable(), name)
    session().ask(f"Remove the profile {name} and its key from this machine?")
    profiles.remove(name)
    session().say(f"Removed {name}.", "green")
