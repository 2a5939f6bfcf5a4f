"""Every error as four lines and an exit code: what (with the facts), what to do about it, where to read, which request and key."""

from __future__ import annotations

import errno
import json
import re
import shlex
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field

import typer

from twh import errors
from twh_cli import exit_codes
from twh_cli.hints import command_for
from twh_cli.terminal import harmless, painted

DETAILS_MAX = 20
KEYS = re.compile(r"(twh_(?:test|live)_)\w+")


class Explained(Exception):
    """Something that this program itself has to say no to: in one sentence, with a command that helps."""

    exit_code = exit_codes.UNEXPECTED
    code = "unexpected"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WronglyTyped(Explained):
    """The command was typed in a way that makes no sense."""

    exit_code = exit_codes.USAGE
    code = "usage"


class NotLive(Explained):
    """--live was said, and the key is not a live one."""

    exit_code = exit_codes.USAGE
    code = "not_live"


class NotConfirmed(Explained):
    """It has to be confirmed, and was not."""

    exit_code = exit_codes.CONFIRMATION
    code = "confirmation_needed"


class SandboxNotRunning(Explained):
    """There is no sandbox to talk to."""

    exit_code = exit_codes.SANDBOX
    code = "sandbox_not_running"


class FileUnusable(Explained):
    """A file or folder cannot be read or written."""

    exit_code = exit_codes.USAGE
    code = "file_unusable"


class KeyringUnusable(Explained):
    """The system's keyring cannot be asked."""

    exit_code = exit_codes.AUTH
    code = "keyring_unusable"


class SomeRefused(Explained):
    """Of many commands, some were refused."""

    exit_code = exit_codes.REFUSED
    code = "some_refused"


class SomeFailed(Explained):
    """Of many commands, the server failed at some."""

    exit_code = exit_codes.SERVER
    code = "some_failed"


class LedgerBroken(Explained):
    """Something in the ledger does not follow from what went before."""

    exit_code = exit_codes.REFUSED
    code = "ledger_broken"


class LedgerEmpty(Explained):
    """There is nothing in the ledger yet."""

    exit_code = exit_codes.NOT_FOUND
    code = "ledger_empty"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is told about an error."""

    exit_code: int
    code: str
    message: str
    details: list[dict[str, str | None]] = field(default_factory=list[dict[str, str | None]])
    facts: dict[str, object] = field(default_factory=dict[str, object])
    hint: str | None = None
    docs: str | None = None
    status: int | None = None
    request_id: str | None = None
    idempotency_key: str | None = None
    attempts: int = 0


# The first class that fits decides; the classes of a status stand above those of its codes, so few lines say it all.
EXIT_CODES: tuple[tuple[type[errors.TwhError], int], ...] = (
    (errors.OutcomeUnknown, exit_codes.UNKNOWN),
    (errors.ConnectionFailed, exit_codes.NETWORK),
    (errors.TimedOut, exit_codes.NETWORK),
    (errors.ConfigError, exit_codes.AUTH),
    (errors.UnusableName, exit_codes.USAGE),
    (errors.WebhookRejected, exit_codes.REFUSED),
    (errors.Unauthenticated, exit_codes.AUTH),
    (errors.Forbidden, exit_codes.AUTH),
    (errors.NotFound, exit_codes.NOT_FOUND),
    (errors.TooManyRequests, exit_codes.RATE_LIMITED),
    (errors.RequestTooSlow, exit_codes.NETWORK),
    (errors.Conflict, exit_codes.REFUSED),
    (errors.PreconditionFailed, exit_codes.REFUSED),
    (errors.PreconditionRequired, exit_codes.REFUSED),
    (errors.Unprocessable, exit_codes.REFUSED),
    (errors.ServerError, exit_codes.SERVER),
    (errors.UnreadableAnswer, exit_codes.SERVER),
    (errors.Redirected, exit_codes.SERVER),
    (errors.APIError, exit_codes.USAGE),  # 400, 405, 406, 413, 415: the request has not the form of one
)


def exit_code_of(error: errors.TwhError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), exit_codes.UNEXPECTED)


def understood(error: BaseException, words: list[str], docs: str | None = None) -> Problem:
    """The problem that an error is, for the command that these words were; `docs` is where a server explains its codes."""
    match error:
        case errors.TwhError():
            return from_sdk(error, words, docs)
        case Explained():
            return Problem(exit_code=error.exit_code, code=error.code, message=error.message, hint=error.hint)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            return Problem(
                exit_code=exit_codes.UNEXPECTED,
                code="no_room",
                message=f"There is no room to write on: {error.strerror}. What was sent to a server stays done.",
                hint="Make room, then look what was done: twh entries list",
            )
        case typer.TyperException():
            return from_typer(error)
        case KeyboardInterrupt() | typer.Abort():
            key = next(iter(error.args), None)
            return Problem(
                exit_code=exit_codes.INTERRUPTED,
                code="interrupted",
                message="Interrupted.",
                hint=f"twh retry {key}   (tells whether it was recorded)" if key else None,
                idempotency_key=key,
            )
        case _:
            return Problem(
                exit_code=exit_codes.UNEXPECTED,
                code="unexpected",
                message=f"Unexpected {type(error).__name__}: {error}",
                hint=f"twh {shlex.join(words)} --debug   (shows where; please report it)",
            )


def from_sdk(error: errors.TwhError, words: list[str], docs: str | None) -> Problem:
    told = isinstance(error, errors.APIError) and not isinstance(error, errors.UnreadableAnswer | errors.Redirected)
    told = told and not (error.code or "http_").startswith("http_")
    facts = dict(error.facts) if isinstance(error, errors.APIError) else {}
    return Problem(
        exit_code=exit_code_of(error),
        code=error.code or "unexpected",
        message=sentence(error.message),
        details=[{"pointer": one.pointer, "code": one.code, "message": one.message} for one in error.errors],
        facts=facts,
        hint=command_for(error, words) or error.hint,
        docs=error.docs_url or (f"{docs}#{error.code}" if docs and told else None),
        status=error.status,
        request_id=error.request_id,
        idempotency_key=error.idempotency_key,
        attempts=error.attempts,
    )


def from_typer(error: typer.TyperException) -> Problem:
    context = getattr(error, "ctx", None)
    return Problem(
        exit_code=exit_codes.USAGE,
        code="usage",
        message=sentence(error.format_message()),
        hint=f"{context.command_path} --help" if context else "twh --help",
    )


def sentence(text: str) -> str:
    """With a capital and a full stop, whoever wrote it."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def tell(problem: Problem, *, as_json: bool, colour: bool) -> None:
    """Say it on stderr; stdout stays what it was."""
    said = written(problem) if as_json else "\n".join(lines(problem, colour=colour))
    sys.stderr.write(masked(said) + "\n")
    sys.stderr.flush()


def written(problem: Problem) -> str:
    error = {
        "exit_code": problem.exit_code,
        "code": problem.code,
        "message": problem.message,
        "status": problem.status,
        "hint": problem.hint,
        "docs_url": problem.docs,
        "request_id": problem.request_id,
        "idempotency_key": problem.idempotency_key,
        "attempts": problem.attempts,
        "errors": problem.details,
        **{name: value for name, value in problem.facts.items() if name not in {"exit_code", "hint", "message"}},
    }
    return json.dumps({"error": error}, ensure_ascii=False)


def lines(problem: Problem, *, colour: bool) -> Iterator[str]:
    if problem.exit_code == exit_codes.INTERRUPTED:
        yield painted("interrupted", "yellow", colour=colour) + (f"  {problem.hint}" if problem.hint else "")
        return
    yield f"{painted('error', 'bold red', colour=colour)}  {harmless(problem.message)}{told_facts(problem)}"
    yield from detail_lines(problem)
    if problem.hint:
        yield f"{painted('hint', 'cyan', colour=colour)}   {harmless(problem.hint)}"
    if problem.docs:
        yield f"{painted('docs', 'dim', colour=colour)}   {harmless(problem.docs)}"
    reference = ", ".join(
        f"{name} {value}"
        for name, value in (("request", problem.request_id), ("key", problem.idempotency_key))
        if value
    )
    if reference:
        yield f"{painted('ref', 'dim', colour=colour)}    {harmless(reference)}"


def detail_lines(problem: Problem) -> Iterator[str]:
    """What is wrong, one thing a line; a single thing is often all that the sentence says."""
    new = new_details(problem)
    for one in new[:DETAILS_MAX]:
        yield f"       {one['pointer'] or ''} {harmless(str(one['message']))}".rstrip()
    if len(new) > DETAILS_MAX:
        yield f"       … and {len(new) - DETAILS_MAX} more: --json shows all"


def new_details(problem: Problem) -> list[dict[str, str | None]]:
    return [one for one in problem.details if sentence(str(one["message"])) != problem.message]


def told_facts(problem: Problem) -> str:
    """The facts that the sentence leaves out, in parentheses."""
    told = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in problem.facts.items()
        if isinstance(value, str | int) and str(value) not in problem.message
    ]
    return f" ({harmless(', '.join(told))})" if told else ""


def trace(error: BaseException) -> None:
    """Where it came from, for --debug."""
    sys.stderr.write(masked("".join(traceback.format_exception(error))))


def masked(text: str) -> str:
    """Without API keys: someone typed one where none belongs, and what is on a screen is soon in a log."""
    return KEYS.sub(r"\1…", text)


def harmless_words(words: list[str]) -> list[str]:
    """The words of a command as they may be shown and kept."""
    return [masked(word) for word in words]
