"""`twh webhooks replay`, `twh webhooks retry`, `twh replays`: deliveries that are made once more, and how far that is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from twh import ReplayJob, models
from twh_cli import options as o
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.problems import WronglyTyped
from twh_cli.progress import Progress
from twh_cli.session import session

app = new_app()

ASK_ABOVE = 1_000
"""More deliveries than these are sent after a question only."""

COLUMNS = (
    Column("replay", "id"),
    Column("state", "state"),
    Column("which", "which"),
    Column("total", "total", right=True),
    Column("delivered", "delivered", right=True),
    Column("failed", "failed", right=True),
    Column("created", "created_at", minor=True),
    Column("endpoint", "endpoint", minor=True),
)
CARD = (
    *COLUMNS,
    Column("queued", "queued", right=True),
    Column("types", "types"),
    Column("first event", "first_sequence", right=True),
    Column("last event", "last_sequence", right=True),
    Column("queued up to", "position", right=True),
    Column("rate a second", "rate_per_second", right=True),
    Column("finished", "finished_at"),
)
PLAN = (
    Column("deliveries", "total", right=True),
    Column("first event", "first_sequence", right=True),
    Column("last event", "last_sequence", right=True),
)

Replay = Annotated[str, typer.Argument(metavar="REPLAY", help="Id: job_…")]
Wait = Annotated[bool, typer.Option("--wait", help="Until each is delivered or given up, and show how far it is.")]


@app.command("replay")
def replay(
    delivery: Annotated[list[str] | None, typer.Argument(metavar="[DELIVERY]...", help="These: dlv_…")] = None,
    since: o.EventsSince = None,
    until: o.EventsUntil = None,
    first: Annotated[int | None, typer.Option("--first", min=1, help="Events from this number on.")] = None,
    last: Annotated[int | None, typer.Option("--last", min=1, help="Events up to this number.")] = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Only to this endpoint.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only dead letters: what was given up.")] = False,
    unacknowledged: Annotated[
        bool, typer.Option("--unacknowledged", help="Only dead letters, and what was never sent.")
    ] = False,
    types: o.Types = None,
    rate: Annotated[int | None, typer.Option("--rate", min=1, help="So many in a second at most.")] = None,
    wait: Wait = False,
) -> None:
    """All that the endpoints want of a part of the feed, delivered before or not; or less. Each keeps its webhook-id.

    For example: twh webhooks replay --since 2h --failed --dry-run
    """
    if failed and unacknowledged:
        raise WronglyTyped("Either --failed or --unacknowledged.")
    named: dict[str, Any] = {"deliveries": delivery} if delivery else {"which": which(failed, unacknowledged)}
    wanted: dict[str, Any] = {
        **named,
        "endpoint": o.told(endpoint),
        "types": o.told(o.noticed(types)),
        "since": o.told(since),
        "until": o.told(until),
        "first_sequence": o.told(first),
        "last_sequence": o.told(last),
    }
    webhooks = session().client.webhooks
    plan = webhooks.replay(**wanted, dry_run=True)
    if session().choices.dry_run:
        session().say("Nothing was started; this is how many there would be.", "dim")
        output.show(plan.begun, PLAN)
        return
    if plan.total > ASK_ABOVE:
        session().confirm(f"Make {plan.total:,} deliveries once more?")
    job = webhooks.replay(**wanted, rate_per_second=o.told(rate), options=session().options)
    begun(job, wait=wait)


@app.command("retry")
def retry(delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Id: dlv_…")], wait: Wait = False) -> None:
    """Whatever came of it: with its webhook-id, and its attempts anew; those that were made are kept."""
    begun(session().client.webhooks.retry(delivery, options=session().options), wait=wait)


@app.command("list")
def list_replays(
    state: Annotated[
        Literal["running", "cancelled", "finished"] | None, typer.Option("--state", help="Only in this state.")
    ] = None,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    """The newest first."""
    most = o.limited(limit, everything)
    found = session().client.replays.list(state=state, page_size=output.page_size(most))
    output.show_list(found, COLUMNS, limit=most, what="replays")


@app.command("get")
def get(replay: Replay) -> None:
    output.show(session().client.replays.get(replay), CARD)


@app.command("cancel")
def cancel(replay: Replay) -> None:
    """What is queued already is delivered. To go on later: twh replays resume REPLAY"""
    ended = session().client.replays.cancel(replay, options=session().options)
    session().say(f"Cancelled: {ended.queued:,} of {ended.total:,} were queued.", "green")
    output.show(ended, CARD)


@app.command("resume")
def resume(replay: Replay, wait: Wait = False) -> None:
    session().client.replays.resume(replay, options=session().options)
    begun(session().client.replays.job(replay), wait=wait)


@app.command("wait")
def wait_for(replay: Replay) -> None:
    """A bar on a terminal, a line every ten seconds in a log. Ctrl-C ends the waiting, and the replay goes on."""
    begun(session().client.replays.job(replay), wait=True)


def which(failed: bool, unacknowledged: bool) -> str:  # noqa: FBT001 - the two options as they were typed
    return "failed" if failed else "unacknowledged" if unacknowledged else "all"


def begun(job: ReplayJob, *, wait: bool) -> None:
    """Say what was begun, wait for it if that is wanted, and show it."""
    say = session().say
    if not wait:
        count = f"{job.total:,} {'delivery' if job.total == 1 else 'deliveries'}"
        say(f"Begun: {count}. To watch: twh replays wait {job.id}", "green")
        output.show(job.replay, CARD)
        return
    try:
        with Progress("delivered") as progress:
            ended = job.wait(timeout=session().choices.timeout, each=lambda now: shown(progress, now))
    except KeyboardInterrupt:
        say(f"It goes on. To wait again: twh replays wait {job.id}   To end it: twh replays cancel {job.id}")
        raise
    if ended.failed:
        say(f"{ended.failed:,} were given up: twh webhooks deliveries --replay {job.id} --state failed", "yellow")
    output.show(ended, CARD)


def shown(progress: Progress, replay: models.Replay) -> None:
    given_up = f", {replay.failed:,} given up" if replay.failed else ""
    progress.show(replay.delivered + replay.failed, replay.total, more=given_up)
