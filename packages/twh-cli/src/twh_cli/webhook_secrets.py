"""The secrets that webhooks here may be signed with: said in the environment, read from a file, or those of `twh listen`."""

from __future__ import annotations

import os

from twh import webhooks
from twh_cli import readings
from twh_cli.listening import bookmark
from twh_cli.problems import WronglyTyped

VARIABLE = "TWH_WEBHOOK_SECRET"


def in_environment() -> list[str]:
    """Those of `TWH_WEBHOOK_SECRET`: one, or while it is being replaced several with spaces between."""
    return checked(os.environ.get(VARIABLE, "").split(), VARIABLE, f"unset {VARIABLE}")


def known(file: str | None) -> list[str]:
    """The file's, else the environment's, else those of every target of `twh listen`. Raises `WronglyTyped` without any."""
    if file is not None:
        found = checked(readings.text_of(file).split(), file, None)
    else:
        found = in_environment() or [secret for _, secret in bookmark.kept_secrets()]
    if not found:
        raise WronglyTyped(
            "No secret is known to verify with.",
            hint=f"export {VARIABLE}=whsec_…, or --secret-file FILE; never as an argument, which others can read",
        )
    return found


def source(file: str | None) -> str:
    """Where `known` takes them from."""
    return file or (VARIABLE if in_environment() else "what `twh listen` keeps here")


def checked(secrets: list[str], place: str, hint: str | None) -> list[str]:
    try:
        for secret in secrets:
            webhooks.key_of(secret)
    except ValueError as why:
        raise WronglyTyped(f"{place}: {why}.", hint=hint) from None
    return secrets
