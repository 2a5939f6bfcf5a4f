"""`twh config`: what is chosen once and for all."""

from __future__ import annotations

from typing import Annotated

import typer

from twh.profiles import config_file
from twh_cli import output, preferences, profiles
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.preferences import PREFERENCES
from twh_cli.problems import FileUnusable, WronglyTyped
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("setting", "name"),
    Column("value", "value"),
    Column("usual", "usual"),
    Column("meaning", "meaning", minor=True),
)


@app.command("get")
def get(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One setting; all, when left out.")] = None,
) -> None:
    """One is printed as it is; --json tells more of it."""
    profiles.readable()  # a broken file is an error here, and nowhere else where nothing is asked of it
    told = [told_of(one) for one in ([name] if name else PREFERENCES)]
    if name is None:
        output.show_list(told, COLUMNS, limit=None, what="settings")
    elif session().errors_as_json:
        output.show(told[0], COLUMNS)
    else:
        output.write(str(told[0]["value"]))


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="output, timeout, color or update_notice.")],
    value: Annotated[str | None, typer.Argument(metavar="VALUE", help="What it is to be.")] = None,
    unset: Annotated[bool, typer.Option("--unset", help="As if it had never been set.")] = False,
) -> None:
    """For example: twh config set timeout 30"""
    preference = preferences.known(name)
    if (value is None) != unset:
        raise WronglyTyped("Either a value or --unset.", hint=f"twh config set {name} {preference.usual}")
    profiles.choose(name, None if value is None else preference.check(value))
    session().say(f"{name} is {told_of(name)['value']}.", "green")


@app.command("path")
def path() -> None:
    """Profiles and settings are in one file, which need not exist yet."""
    file = config_file()
    if file is None:
        raise FileUnusable("There is no home folder to keep settings in.", hint="Set HOME.")
    if session().errors_as_json:
        output.show({"path": str(file)}, [Column("path", "path")])
    else:
        output.write(str(file))


def told_of(name: str) -> output.Plain:
    preference = preferences.known(name)
    value = preferences.chosen().get(name, preference.usual)
    return {"name": name, "value": value, "usual": preference.usual, "meaning": preference.meaning}
