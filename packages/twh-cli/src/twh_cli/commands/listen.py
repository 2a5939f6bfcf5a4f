"""`twh listen`: events forwarded to a web server on this machine, each as a signed webhook."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import typer

from twh_cli import feed, output, readings, webhook_secrets
from twh_cli import options as o
from twh_cli.app import new_app
from twh_cli.listening import bookmark, showing
from twh_cli.listening.bookmark import Bookmark
from twh_cli.listening.forwarding import Forward, Forwarder, Wanted
from twh_cli.listening.posting import Poster
from twh_cli.problems import WronglyTyped
from twh_cli.session import session

app = new_app()

ATTEMPTS = 5
LOOK_SECONDS = 0.5
SECRET = (output.Column("target", "target"), output.Column("secret", "secret"))

ForwardTo = Annotated[
    list[str],
    typer.Option("--forward-to", "-f", metavar="URL", help="Where to; may be given again. localhost:4242/hook"),
]
Begin = Annotated[
    str | None, typer.Option("--from", metavar="PLACE", help="start, now or a NUMBER, instead of where it was.")
]
OfEndpoint = Annotated[
    str | None, typer.Option("--endpoint", metavar="ENDPOINT", help="What this endpoint is sent: whe_…")
]
Header = Annotated[list[str] | None, typer.Option("-H", "--header", metavar="NAME:VALUE", help="Sent besides.")]
Attempts = Annotated[int, typer.Option("--attempts", min=1, help="How often, before a failing event is passed over.")]
Again = Annotated[bool, typer.Option("--again", help="First, what was passed over before.")]
Count = Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many events.")]
SkipVerify = Annotated[bool, typer.Option("--skip-verify", help="Accept any certificate of the target.")]
PrintSecret = Annotated[bool, typer.Option("--print-secret", help="Print the secret that signs, and end.")]


@app.command("listen")
def listen(
    forward_to: ForwardTo,
    types: o.Types = None,
    item: o.OfItem = None,
    location: o.AtLocation = None,
    endpoint: OfEndpoint = None,
    begin: Begin = None,
    since: o.FeedSince = None,
    again: Again = False,
    attempts: Attempts = ATTEMPTS,
    count: Count = None,
    header: Header = None,
    skip_verify: SkipVerify = False,
    print_secret: PrintSecret = False,
) -> None:
    """The first start begins with what happens from now on, the next ones where the last one was: nothing is missed in between.

    A target that is not there is waited for. After a kill some events come twice, with the same webhook-id. What a replay makes
    once more is forwarded again.

    For example: twh listen --forward-to localhost:4242/webhooks
    """
    sent = readings.headers(header or [])
    run = session()
    tenant = run.client.tenant.get().tenant
    marks = [bookmark.of(tenant.id, address(one)) for one in dict.fromkeys(forward_to)]
    if print_secret:
        for mark in marks:
            mark.save()
            show_secret(mark)
        return
    kinds = o.noticed(types) or (run.client.webhooks.get(endpoint).kinds or None if endpoint else None)
    wanted = Wanted(types=kinds, item=item, location=location)
    told: queue.Queue[Forward | BaseException | None] = queue.Queue()
    with ExitStack() as held:
        forwarders: list[Forwarder] = []
        for mark in marks:
            held.enter_context(bookmark.held(mark))
            fresh = mark.after is None
            mark.after = place(mark, begin, since)
            mark.save()
            run.say(f"Events of {tenant.name} after number {mark.after} go to {mark.target}", "green")
            tell_secret(mark, fresh=fresh)
            poster = Poster(mark.target, secret_of(mark), headers=sent, verify_certificate=not skip_verify)
            forwarders.append(
                Forwarder(
                    client=run.client,
                    poster=held.enter_context(poster),
                    bookmark=mark,
                    wanted=wanted,
                    attempts_max=attempts,
                    tell=told.put,
                )
            )
        watch(forwarders, told, again=again, count=count)


def watch(
    forwarders: list[Forwarder], told: queue.Queue[Forward | BaseException | None], *, again: bool, count: int | None
) -> None:
    """Let each go its own way, and show what they tell until they end, one of them fails, or Ctrl-C."""
    run = session()
    if count is None:
        run.say("Ctrl-C ends it; the same command goes on from there.", "dim")
    for one in forwarders:
        threading.Thread(target=walk, args=(one, told, again, count), daemon=True).start()
    going = len(forwarders)
    try:
        while going:
            match next_told(told):
                case Forward() as forward:
                    showing.show(forward, several=len(forwarders) > 1)
                case BaseException() as fault:
                    raise fault
                case _:
                    going -= 1
    except KeyboardInterrupt:
        run.say("")  # the terminal has written ^C
        raise
    finally:
        for one in forwarders:
            one.bookmark.save()
            tell_place(one.bookmark)


def tell_place(mark: Bookmark) -> None:
    """How far it is, and what to type to go on."""
    say, again = session().say, f"twh listen --forward-to {mark.target.removeprefix('http://')}"
    say(f"{mark.target} is at number {mark.after}. To go on: {again}", "dim")
    if mark.passed_over:
        say(f"{len(mark.passed_over)} passed over so far. To send them once more: {again} --again", "yellow")


def walk(
    forwarder: Forwarder,
    told: queue.Queue[Forward | BaseException | None],
    again: bool,  # noqa: FBT001 - a thread's arguments go by position
    count: int | None,
) -> None:
    try:
        forwarder.run(again=again, count=count)
    except BaseException as fault:  # noqa: BLE001 - it is raised where it can be told
        told.put(fault)
    else:
        told.put(None)


def next_told(told: queue.Queue[Forward | BaseException | None]) -> Forward | BaseException | None:
    """What comes next; it looks up now and then, since Windows hears no Ctrl-C while it waits for a lock."""
    while True:
        try:
            return told.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            continue


def address(typed: str) -> str:
    """Where to post: `4242` and `localhost:4242/hook` are meant as people mean them."""
    whole = f"localhost:{typed}" if typed.isdecimal() else typed
    whole = whole if "://" in whole else f"http://{whole}"
    parts = urlsplit(whole)
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise WronglyTyped(f"{typed!r} is no address to forward to: http://127.0.0.1:4242/webhooks is one.")
    return whole


def place(mark: Bookmark, begin: str | None, since: datetime | None) -> int:
    """After which number to begin: what was asked for, else where it was, else what happens from now on."""
    client = session().client
    if begin is not None and since is not None:
        raise WronglyTyped("Either --from or --since.")
    if since is not None:
        return feed.before(client, since)
    page = client.events.page(page_size=1)
    head = page.head
    match begin:
        case "start":
            return feed.begins(page)
        case "now":
            return head
        case None:
            known = head if mark.after is None else mark.after
        case text if text.isdecimal():
            known = int(text)
        case text:
            raise WronglyTyped(f"--from takes start, now or a number, not {text!r}.")
    if known > head:
        raise WronglyTyped(
            f"The feed has come to number {head}, not yet to {known}.", hint="--from now, or --from start"
        )
    return known


def secret_of(mark: Bookmark) -> str:
    """The one that programs here know, else the target's own."""
    return next(iter(webhook_secrets.in_environment()), mark.secret)


def show_secret(mark: Bookmark) -> None:
    if session().errors_as_json:
        output.show({"target": mark.target, "secret": secret_of(mark)}, SECRET)
    else:
        output.write(secret_of(mark))


def tell_secret(mark: Bookmark, *, fresh: bool) -> None:
    """Shown when it is new; from then on, how to see it."""
    say = session().say
    if webhook_secrets.in_environment():
        say(f"  signed with {webhook_secrets.VARIABLE}")
    elif fresh:
        say(f"  signed with {mark.secret}")
    else:
        say(f"  signed as before: twh listen --forward-to {mark.target.removeprefix('http://')} --print-secret", "dim")
