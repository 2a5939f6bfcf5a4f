"""`twh login` and `twh logout`: a key is read from a prompt or from stdin, tried, and kept where nobody else reads it."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Annotated

import typer

import twh
from twh.environment import of_key
from twh.profiles import Connection, checked_address, checked_key
from twh_cli import careful, output, profiles
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.problems import NotConfirmed, WronglyTyped
from twh_cli.session import session
from twh_cli.terminal import is_terminal, someone_is_there

app = new_app()

USUAL_PROFILE = "default"
KEY_LENGTH_MAX = 1_000
LOGGED_IN = (
    Column("profile", "profile"),
    Column("tenant", "tenant.name"),
    Column("id", "tenant.id"),
    Column("kind", "tenant.kind"),
    Column("may", "key.scopes"),
    Column("key kept in", "key_source"),
    Column("address", "address"),
)

BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="The server's address; asked for where it is not known.")
]
InFile = Annotated[bool, typer.Option("--in-file", help="Keep the key in the file, without asking the keyring.")]


@app.command("login")
def login(base_url: BaseUrl = None, in_file: InFile = False) -> None:
    """The key is asked for, or read from stdin; never give it as an argument, which shells and process lists remember.

    For example: twh login --profile shop --base-url https://inventory.example.com
    """
    run = session()
    name = named(run.choices.profile or USUAL_PROFILE)
    key = read_key()
    to = Connection(base_url=address(name, base_url), api_key=key, environment=of_key(key))  # said by bringing both
    run.knock(to)
    with twh.Client(key, base_url=to.base_url, environment=to.environment, **run.client_options) as client:
        whose = output.plain(client.tenant.get())
    kept = profiles.log_in(name, base_url=to.base_url, api_key=to.api_key, in_file=in_file)
    if kept.why_not_keyring:
        run.say(
            f"The keyring cannot have the key: {kept.why_not_keyring}. It is in a file that only you can read.",
            "yellow",
        )
    run.say(f"Logged in to {whose['tenant']['name']}; {name} is the active profile.", "green")
    if careful.is_live(to.api_key):
        run.say("This key is live: commands that change something want --live.", "yellow")
    tell_of_environment()
    output.show({**whose, "profile": name, "key_source": kept.place, "address": to.base_url}, LOGGED_IN)


@app.command("logout")
def logout() -> None:
    """Forgets the key of the active profile, or of --profile; its address stays. The key itself stays valid."""
    run = session()
    name = run.choices.profile or profiles.active()
    if name is None:
        raise WronglyTyped("There is no active profile to log out from.", hint="twh profile list")
    had_key = profiles.log_out(name)
    run.say(f"Logged out from {name}." if had_key else f"{name} had no key.", "green" if had_key else "dim")
    tell_of_environment()


def named(name: str) -> str:
    if not name.isprintable() or name != name.strip() or not 1 <= len(name) <= 64:
        raise WronglyTyped("A profile's name is 1 to 64 printable characters without space around them.")
    return name


def address(name: str, given: str | None) -> str:
    """The address that was given, else the one that the profile has, else the environment's, else what is typed."""
    known = given or profiles.address_of(name) or os.environ.get("TWH_BASE_URL")
    if known is None and someone_is_there() and not session().choices.no_input:
        sys.stderr.write("Address of the server: ")
        sys.stderr.flush()
        known = sys.stdin.readline().strip()
    if not known:
        raise WronglyTyped("Where is the server?", hint="twh login --base-url https://inventory.example.com")
    return checked_address(known)


def read_key() -> str:
    """From a prompt that shows nothing, or from stdin."""
    if not is_terminal(sys.stdin):
        key = sys.stdin.read(KEY_LENGTH_MAX).strip()
    elif session().choices.no_input:
        key = ""
    else:
        key = getpass.getpass("API key (nothing is shown): ", stream=sys.stderr).strip()
    if not key:
        raise NotConfirmed("There is no key to log in with.", hint="Put it on stdin: twh login < key.txt")
    return checked_key(key)


def tell_of_environment() -> None:
    overruling = [name for name in ("TWH_API_KEY", "TWH_BASE_URL") if os.environ.get(name)]
    if overruling:
        session().say(f"{' and '.join(overruling)} in your environment go before every profile.", "yellow")
