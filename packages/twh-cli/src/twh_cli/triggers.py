"""Making each kind of event really happen, through the API and in a sandbox: what is told is what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twh import models
from twh_cli import acts, exit_codes, output
from twh_cli.acts import Act, Done, NoNews, Wishes
from twh_cli.event_lines import near
from twh_cli.problems import Explained, WronglyTyped
from twh_cli.session import session

TAKES_DAYS = "endpoint.disabling"
"""The one kind that nobody can make happen now."""


class NotASandbox(Explained):
    """What is triggered really happens, and so it happens in sandboxes only."""

    exit_code = exit_codes.REFUSED
    code = "not_a_sandbox"


def happen(kind: str, wishes: Wishes) -> tuple[Done, models.Event | None]:
    """Make it happen, and find what the feed tells of it; None of a tenant that is closed to its own key from then on."""
    if kind == TAKES_DAYS:
        raise WronglyTyped(
            f"{kind} takes three days in which nothing arrives: nothing was done.", hint="twh trigger endpoint.disabled"
        )
    if kind not in ACTS:
        raise WronglyTyped(
            f"There is no kind of event {kind!r}{near(kind)}", hint="twh trigger   (without a kind, it lists them)"
        )
    run = session()
    tenant = None if run.is_live() else run.client.tenant.get().tenant
    if tenant is None or tenant.kind == "live":
        raise NotASandbox(
            "This tenant is live, and what is triggered really happens: nothing was done.",
            hint="twh trigger in a sandbox: twh sandbox up, or --profile NAME",
        )
    before = run.client.events.page(page_size=1).head
    done = ACTS[kind](run.client, wishes)
    if kind == "tenant.closed":
        return done, None
    news = run.client.events.list(after=before, types=[kind])
    for event in news:
        if done.about in told_of(event):
            return done, event
    raise NoNews(f"{done.what} The feed has no {kind} about {done.about}.", hint=f"twh events tail --after {before}")


def told_of(event: models.Event) -> set[object]:
    """The ids of what an event is about."""
    told = output.plain(event)
    data: dict[str, Any] = told["data"]
    return {told.get("subject"), data.get("id"), data.get("item", {}).get("id")}


ACTS: Mapping[str, Act] = {
    "entry.recorded": acts.record_entry,
    "stock.low": acts.let_stock_run_low,
    "item.created": acts.create_item,
    "item.updated": acts.update_item,
    "item.archived": acts.archive_item,
    "item.restored": acts.restore_item,
    "location.created": acts.create_location,
    "location.updated": acts.update_location,
    "location.archived": acts.archive_location,
    "location.restored": acts.restore_location,
    "endpoint.created": acts.create_endpoint,
    "endpoint.updated": acts.update_endpoint,
    "endpoint.secret_rotated": acts.rotate_endpoint_secret,
    "endpoint.disabled": acts.disable_endpoint,
    "endpoint.deleted": acts.delete_endpoint,
    "replay.started": acts.start_replay,
    "replay.cancelled": acts.cancel_replay,
    "replay.resumed": acts.resume_replay,
    "replay.finished": acts.finish_replay,
    "key.created": acts.create_key,
    "key.updated": acts.update_key,
    "key.rotated": acts.rotate_key,
    "key.revoked": acts.revoke_key,
    "settings.updated": acts.update_settings,
    "tenant.suspended": acts.suspend,
    "tenant.resumed": acts.resume,
    "tenant.closed": acts.close,
}
