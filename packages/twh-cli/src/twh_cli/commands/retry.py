"""`twh retry`: a change whose answer was lost is sent again exactly as it was, and so answered once."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from twh import Call
from twh_cli import output, unsettled
from twh_cli.app import new_app
from twh_cli.exit_codes import UNKNOWN
from twh_cli.output import Column
from twh_cli.problems import Explained, WronglyTyped
from twh_cli.session import session
from twh_cli.unsettled import Unsettled

app = new_app()

RECORD = (
    Column("key", "key"),
    Column("status", "status"),
    Column("entry", "entry"),
    Column("recorded", "recorded_at"),
)


class StillUnknown(Explained):
    """Nobody knows yet what became of it."""

    exit_code = UNKNOWN
    code = "outcome_unknown"


@app.command("retry")
def retry(key: Annotated[str, typer.Argument(metavar="KEY", help="The key that the error named.")]) -> None:
    """What was recorded is answered, and what was not is recorded now; never twice.

    Requests are kept on the machine that sent them. Elsewhere it tells what the server knows of the key.
    """
    run = session()
    kept = unsettled.find(key)
    if kept is None:
        tell_of_key(key)
        return
    if run.choices.profile is None and kept.profile is not None:
        run.choices = replace(run.choices, profile=kept.profile)
    fits(kept)
    answer = run.client.exchange(again(kept), f"{kept.method} {kept.path}")
    replayed = answer.headers.get("idempotent-replayed") == "true"
    run.say(
        "It had been recorded: this is its answer." if replayed else "It had not been recorded, and is done now.",
        "green",
    )
    value: Any = answer.value
    if isinstance(value, dict):
        output.show(value, [Column(name, name) for name in value])  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    else:
        output.show_nothing()


def fits(kept: Unsettled) -> None:
    """Refuse to send it anywhere else than it was sent, and ask before someone else sends it."""
    run = session()
    if run.to.base_url != kept.base_url:
        raise WronglyTyped(
            f"It was sent to {kept.base_url}, and this would ask {run.to.base_url}.",
            hint=f"twh retry {kept.key} --profile {kept.profile or 'NAME'}",
        )
    if unsettled.fingerprint(run.to.api_key) != kept.fingerprint:
        run.ask(
            f"It was sent with another API key, on {kept.kept_at}: `twh {' '.join(kept.words)}`. Send it with this one?"
        )


def again(kept: Unsettled) -> Call[object]:
    return Call(
        method=kept.method,
        path=kept.path,
        returns=object,
        body=kept.body,
        if_match=kept.if_match,
        options={"idempotency_key": kept.key, "headers": kept.headers},
    )


def tell_of_key(key: str) -> None:
    run = session()
    known = run.client.idempotency.get(key)
    if known is None:
        raise StillUnknown(
            "No request with this key is kept on this machine, and the server has no answer under it so far.",
            hint="Give the same command again with --idempotency-key; it settles the matter, and records nothing twice.",
        )
    run.say("The server has answered this key:", "green")
    output.show(known, RECORD)
