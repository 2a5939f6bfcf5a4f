"""`twh webhooks verify` and `receive`: whether what arrived was sent by who has the secret, and by nobody else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from twh import models, webhooks
from twh.errors import WebhookRejected
from twh_cli import captured, output, readings, webhook_secrets
from twh_cli.app import new_app
from twh_cli.captured import Captured
from twh_cli.commands.events import COLUMNS, with_summary
from twh_cli.event_lines import summary, when
from twh_cli.problems import FileUnusable, WronglyTyped
from twh_cli.receiver import Arrived, Receiver
from twh_cli.session import session
from twh_cli.terminal import fitted, harmless, painted, takes_colour

app = new_app()

PORT = 4242
ANY_AGE = float("inf")

SecretFile = Annotated[
    str | None, typer.Option("--secret-file", metavar="FILE", help="Where the secret is; - is stdin.")
]


@app.command("verify")
def verify(
    request: Annotated[str, typer.Argument(metavar="FILE", help="The request as it was captured; - is stdin.")] = "-",
    header: Annotated[
        list[str] | None, typer.Option("-H", "--header", metavar="NAME:VALUE", help="Then FILE is the body alone.")
    ] = None,
    secret_file: SecretFile = None,
    any_age: Annotated[bool, typer.Option("--any-age", help="However long ago it was signed.")] = False,
) -> None:
    """FILE has headers, an empty line and the body, byte for byte, or what `twh webhooks receive --json` wrote.

    The secret is TWH_WEBHOOK_SECRET, --secret-file, or one of those that `twh listen` made here.
    """
    raw = bytes_of(request)
    one = Captured(readings.headers(header), raw) if header else captured.read(raw)
    secrets = webhook_secrets.known(secret_file)
    tolerance = ANY_AGE if any_age else webhooks.TOLERANCE_SECONDS
    try:
        event = webhooks.verify(one.body, one.headers, secret=secrets, tolerance=tolerance)
    except WebhookRejected as rejected:
        rejected.hint = hint_for(rejected, webhook_secrets.source(secret_file))
        event = without_last_newline(one, secrets, tolerance, rejected)
    session().say("Verified: headers, time, signature and body are as they should be.", "green")
    output.show(with_summary(event), COLUMNS)


def without_last_newline(
    one: Captured, secrets: list[str], tolerance: float, rejected: WebhookRejected
) -> models.Event:
    """Editors and shells end a file with a newline that was never sent; raises `rejected` where that is not the reason."""
    if rejected.check != "no_match" or not one.body.endswith(b"\n"):
        raise rejected
    try:
        event = webhooks.verify(one.body.rstrip(b"\r\n"), one.headers, secret=secrets, tolerance=tolerance)
    except WebhookRejected:
        raise rejected from None
    session().say("The newline at the end of the file was not part of the body, and is left out.", "yellow")
    return event


HINTS = {
    "missing_header": "Capture webhook-id, webhook-timestamp and webhook-signature, too.",
    "malformed_timestamp": "It is in seconds since 1970, without a fraction.",
    "too_old": "--any-age leaves the time alone: a captured request is soon an old one.",
    "too_new": "Set this machine's clock, or leave the time alone: --any-age.",
    "unknown_version": "Each signature is a version, a comma and base64: v1,…; several have spaces between them.",
    "not_json": "The signature is right: it is signed, and no event of TWH.",
    "not_an_event": "The signature is right: it is signed, and no event of TWH.",
}


def hint_for(rejected: WebhookRejected, source: str) -> str:
    """What to do about a check that failed here, where a request was captured and the secret is of some place."""
    return HINTS.get(rejected.check) or f"{rejected.hint} The secret comes from {source}."


@app.command("receive")
def receive(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where to listen, on 127.0.0.1; 0 finds one.")
    ] = PORT,
    answer: Annotated[
        int | None, typer.Option("--answer", min=200, max=599, help="The status to answer with, whatever arrives.")
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=0, help="Stop after so many.")] = None,
    secret_file: SecretFile = None,
) -> None:
    """Answers 204 to what is verified and 400 to what is not. Ctrl-C ends it.

    The secret is TWH_WEBHOOK_SECRET, --secret-file, or one of those that `twh listen` made here.
    """

    def verdict(arrived: Arrived) -> int:
        return answer or (204 if judged(arrived, secret_file)[1] is None else 400)

    number = 0
    with receiver(port, verdict) as here:
        session().say(f"Receiving at {here.url}; Ctrl-C ends it.", "dim")
        while number != count:
            if arrived := here.next(0.5):
                show(arrived, *judged(arrived, secret_file))
                number += 1


def receiver(port: int, verdict: Callable[[Arrived], int]) -> Receiver:
    try:
        return Receiver(port, verdict)
    except OSError as why:
        raise FileUnusable(
            f"Nobody can listen at port {port}: {why.strerror or why}.", hint=f"twh webhooks receive --port {port + 1}"
        ) from None


def judged(arrived: Arrived, secret_file: str | None) -> tuple[models.Event | None, WebhookRejected | None]:
    """The event, if it is one, and why it is not verified, if it is not. Secrets are looked up each time: `listen` makes them."""
    try:
        return webhooks.verify(arrived.body, arrived.headers, secret=webhook_secrets.known(secret_file)), None
    except WebhookRejected as rejected:
        return event_in(arrived), rejected
    except WronglyTyped as unknown:
        return event_in(arrived), WebhookRejected(unknown.message.rstrip("."), check="no_secret")


def event_in(arrived: Arrived) -> models.Event | None:
    try:
        return webhooks.parse(arrived.body)
    except WebhookRejected:
        return None


def show(arrived: Arrived, event: models.Event | None, rejected: WebhookRejected | None) -> None:
    now = datetime.now(UTC)
    if output.chosen_format() != "table":
        output.write_json(output.picked(told(arrived, event, rejected, now)))
        return
    colour = takes_colour(sys.stdout, no_color=session().choices.no_color)
    mark = "not verified" if rejected else "verified"
    what = f"{event.type:<17}  {summary(event)}" if event else f"{len(arrived.body)} bytes that are no event"
    line = fitted(harmless(f"{when(now)}  {mark:<12}  {what}"))
    output.write(line.replace(mark, painted(mark, "red" if rejected else "green", colour=colour), 1))
    if rejected:
        session().say(f"           {rejected.check}: {harmless(rejected.message)}", "red")
        if rejected.hint:
            session().say(f"           {rejected.hint}", "dim")


def told(
    arrived: Arrived, event: models.Event | None, rejected: WebhookRejected | None, now: datetime
) -> dict[str, Any]:
    return {
        "time": now.isoformat(timespec="milliseconds"),
        "verified": rejected is None,
        "check": rejected.check if rejected else None,
        "problem": rejected.message if rejected else None,
        "event": event.id if event else None,
        "type": event.type if event else None,
        "headers": dict(arrived.headers),
        "body": arrived.body.decode(errors="replace"),
    }


def bytes_of(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as why:
        raise typer.BadParameter(f"{path} cannot be read: {why.strerror or why}") from None
