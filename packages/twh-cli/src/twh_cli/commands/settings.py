"""`twh settings`: what the tenant has chosen for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from twh_cli import options as o
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

CARD = (
    Column("occurred_at_back_days", "occurred_at_back_days"),
    Column("occurred_at_ahead_minutes", "occurred_at_ahead_minutes"),
    Column("oversell", "oversell"),
    Column("adjustment_reasons", "adjustment_reasons"),
    Column("reason_required", "reason_required"),
    Column("idempotency_key_days", "idempotency_key_days"),
    Column("event_days", "event_days"),
    Column("updated", "updated_at"),
    Column("version", "version"),
    Column("etag", "etag"),
)
DEFAULT = "default"
ANY = "any"
TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@app.command("get")
def get() -> None:
    """An empty occurred_at_back_days is any past time, an empty adjustment_reasons any reason."""
    output.show(session().client.settings.get(), CARD)


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `twh settings get` names them.")],
    values: Annotated[list[str], typer.Argument(metavar="VALUE…", help="Or the word default.")],
    if_match: o.IfMatch = None,
) -> None:
    """What is recorded from now on obeys it.

    For example: twh settings set adjustment_reasons damaged,found,"lost in transit"
    or: twh settings set occurred_at_back_days any
    """
    if name not in READ:
        raise typer.BadParameter(f"There is no setting {name!r}. There are: {', '.join(READ)}.")
    chosen: dict[str, Any] = {name: value_of(name, values)}
    changed = session().client.settings.update(if_match=if_match, options=session().options, **chosen)
    session().say(f"{name} is set.", "green")
    output.show(changed, CARD)


def value_of(name: str, values: Sequence[str]) -> object:
    if list(values) != [DEFAULT]:
        return READ[name](values)
    if name == "occurred_at_back_days":
        raise typer.BadParameter("Say which: its default is 7, and in a sandbox any.")
    return None


def only(values: Sequence[str]) -> str:
    if len(values) != 1:
        raise typer.BadParameter("This setting has one value.")
    return values[0]


def number(values: Sequence[str]) -> int:
    text = only(values)
    if not text.isdecimal():
        raise typer.BadParameter(f"{text!r} is not a whole number.")
    return int(text)


def days_or_any(values: Sequence[str]) -> int | None:
    return None if list(values) == [ANY] else number(values)


def truth(values: Sequence[str]) -> bool:
    text = only(values)
    if text.lower() not in TRUTHS:
        raise typer.BadParameter(f"{text!r} is neither true nor false.")
    return TRUTHS[text.lower()]


def several(values: Sequence[str]) -> list[str]:
    """`damaged found` and `damaged,found` are two; what has a comma in it goes through `twh api PATCH settings`."""
    return [one.strip() for value in values for one in value.split(",") if one.strip()]


READ: dict[str, Callable[[Sequence[str]], Any]] = {
    "occurred_at_back_days": days_or_any,
    "occurred_at_ahead_minutes": number,
    "oversell": truth,
    "adjustment_reasons": several,
    "reason_required": several,
    "idempotency_key_days": number,
    "event_days": number,
}
