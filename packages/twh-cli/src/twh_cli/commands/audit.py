"""`twh audit`: who changed what."""

from __future__ import annotations

from typing import Annotated

import typer

from twh import models
from twh_cli import options as o
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.event_lines import summary
from twh_cli.output import SUMMARY, Column, Plain
from twh_cli.session import session

app = new_app()

WHO, CHANGED = "who", "changed"
NOBODY = "(the operator)"
COLUMNS = (
    Column("time", "timestamp"),
    Column("who", WHO),
    Column("what", "type"),
    Column("of", SUMMARY),
    Column("changed", CHANGED),
    Column("number", "sequence", right=True, minor=True),
    Column("subject", "subject", minor=True),
)


@app.command("list")
def list_changes(
    actor: Annotated[str | None, typer.Option("--actor", metavar="KEY", help="Only by this API key: key_…")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind of event: item.updated …")] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="ID", help="Only of this: itm_…, whe_… …")] = None,
    since: o.Since = None,
    until: o.Until = None,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    """Time, who, what, and which values were changed; what they were before: --json"""
    most = o.limited(limit, everything)
    changes = session().client.audit_log.list(
        actor=actor, kind=kind, subject=subject, since=since, until=until, page_size=output.page_size(most)
    )
    output.show_list(map(for_people, changes), COLUMNS, limit=most, what="changes like this")


def for_people(change: models.Event) -> Plain:
    """With what a line says; programs get the event as it is."""
    told = output.plain(change)
    if output.chosen_format() not in {"table", "csv"}:
        return told
    who = change.actor.name if change.actor else NOBODY
    return {**told, WHO: who, SUMMARY: summary(change), CHANGED: list(change.previous or ())}
