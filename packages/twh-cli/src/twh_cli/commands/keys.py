"""`twh keys`: who may act for the tenant. A secret is shown once, and is never an argument."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from twh_cli import options as o
from twh_cli import output, readings
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.problems import WronglyTyped
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("key", "id"),
    Column("name", "name"),
    Column("role", "role"),
    Column("last used", "last_used_at"),
    Column("expires", "expires_at"),
    Column("revoked", "revoked_at"),
    Column("may", "scopes", minor=True),
)
CARD = (
    *COLUMNS,
    Column("successor", "successor"),
    Column("created", "created_at"),
    Column("version", "version"),
    Column("etag", "etag"),
)
ONCE = (*CARD, Column("secret", "secret"))

Key = Annotated[str, typer.Argument(metavar="KEY", help="Id: key_…")]


@app.command("list")
def list_keys(limit: o.Limit = o.LIMIT, everything: o.All = False) -> None:
    """The oldest first, the ended ones too."""
    most = o.limited(limit, everything)
    keys = session().client.api_keys.list(page_size=output.page_size(most))
    output.show_list(keys, COLUMNS, limit=most, what="keys")


@app.command("get")
def get(key: Key) -> None:
    output.show(session().client.api_keys.get(key), CARD)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What or whom it is for.")],
    role: Annotated[str | None, typer.Option("--role", help="owner, admin, developer or viewer.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Instead of a role: this scope; may be given again.")
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option("--expires", metavar="TIME", parser=readings.end, help="When it ends: a time, or 90d from now."),
    ] = None,
) -> None:
    """It may do no more than the key that makes it. Its secret is shown this once.

    For example: twh keys create "till 3" --scope stock:read --scope stock:write --expires 90d
    """
    if (role is None) == (not scope):
        raise WronglyTyped("Either --role or --scope.")
    key = session().client.api_keys.create(
        name=name,
        role=o.told(role),
        scopes=o.told(scope or None),
        expires_at=o.told(expires),
        options=session().options,
    )
    session().say("Created. Keep the secret: it is shown this once.", "green")
    output.show(key, ONCE)


@app.command("rotate")
def rotate(key: Key, overlap: o.Overlap = None) -> None:
    """The old one goes on working for an hour, or for --overlap. The new secret is shown this once."""
    new = session().client.api_keys.rotate(key, overlap_seconds=o.told(overlap), options=session().options)
    session().say(f"Rotated: {new.id} takes its place. Keep the secret: it is shown this once.", "green")
    output.show(new, ONCE)


@app.command("revoke")
def revoke(key: Key) -> None:
    """Every server stops to believe it within two seconds."""
    session().confirm(f"Revoke {key}? Whatever uses it stops to work.")
    revoked = session().client.api_keys.revoke(key, options=session().options)
    session().say(f"Revoked {key}.", "green")
    output.show(revoked, CARD)
