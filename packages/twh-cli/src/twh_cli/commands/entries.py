"""`twh entries`: what happened, entry by entry."""

from __future__ import annotations

from twh.models import Entry
from twh_cli import options as o
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.commands.verbs import MOVED
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("number", "sequence", right=True),
    Column("entry", "id"),
    Column("kind", "kind"),
    Column("reference", "reference.id"),
    Column("occurred", "occurred_at", minor=True),
    Column("reason", "reason", minor=True),
    Column("recorded", "recorded_at", minor=True),
    Column("reversed by", "reversed_by", minor=True),
)


@app.command("list")
def list_entries(
    kind: o.Kind = None,
    reason: o.OfReason = None,
    reference: o.OfReference = None,
    since: o.Since = None,
    until: o.Until = None,
    occurred_from: o.OccurredFrom = None,
    occurred_until: o.OccurredUntil = None,
    oldest_first: o.OldestFirst = False,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    most = o.limited(limit, everything)
    entries = session().client.entries.list(
        kind=kind,
        reason=reason,
        reference=reference,
        recorded_from=since,
        recorded_until=until,
        occurred_from=occurred_from,
        occurred_until=occurred_until,
        order="asc" if oldest_first else None,
        page_size=output.page_size(most),
    )
    output.show_list(entries, COLUMNS, limit=most, what="entries like this")


@app.command("get")
def get(entry: o.Entry) -> None:
    found = session().client.entries.get(entry)
    session().say(headline(found), "bold")
    output.show(found, MOVED, rows=found.movements)


def headline(entry: Entry) -> str:
    """Who did what, and what came of it, in one line."""
    parts = [f"{entry.kind} {entry.id}, number {entry.sequence}", output.moment(entry.occurred_at.isoformat())]
    parts += [f"for {entry.reference.type} {entry.reference.id}"] if entry.reference else []
    parts += [f"because {entry.reason}"] if entry.reason else []
    parts += [f"by {entry.actor.name}"]
    parts += [f"reverses {entry.reverses}"] if entry.reverses else []
    parts += [f"reversed by {entry.reversed_by}"] if entry.reversed_by else []
    return ", ".join(parts)
