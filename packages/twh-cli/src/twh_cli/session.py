"""One run of the program: what was chosen, which address and key it speaks with, and the client that does."""

from __future__ import annotations

import logging
import os
import socket
import sys
from functools import cached_property
from urllib.parse import urlsplit

import twh
from twh.options import ClientOptions, Options
from twh.profiles import Connection, connection, profile_in_file
from twh_cli.choices import Choices
from twh_cli.problems import NotConfirmed, SandboxNotRunning, WronglyTyped
from twh_cli.terminal import is_terminal, painted, someone_is_there, takes_colour

KNOCK_SECONDS = 2.0


class Session:
    """What a command has at hand."""

    def __init__(self, choices: Choices, words: list[str]) -> None:
        self.choices = choices
        self.words = words

    @cached_property
    def to(self) -> Connection:
        """Where to, and who asks: a named profile, else the environment, else the active profile."""
        return connection(None, None, self.choices.profile)

    @cached_property
    def client(self) -> twh.Client:
        self.knock()
        to = self.to
        return twh.Client(to.api_key, base_url=to.base_url, environment=to.environment, **self.client_options)

    @property
    def client_options(self) -> ClientOptions:
        """--timeout is about the whole command: no single attempt may take longer."""
        seconds = self.choices.timeout
        return {} if seconds is None else {"deadline": seconds, "timeout": min(seconds, 20.0)}

    @property
    def options(self) -> Options | None:
        """For a call that changes something."""
        key = self.choices.idempotency_key
        return {"idempotency_key": key} if key else None

    @property
    def key_source(self) -> str:
        if self.choices.profile is None and os.environ.get("TWH_API_KEY"):
            return "TWH_API_KEY"
        profile = profile_in_file(self.choices.profile)
        return f"profile {profile.name}" if profile else "nowhere"

    def close(self) -> None:
        """Give back the connections, if there were any."""
        if "client" in self.__dict__:
            self.client.close()

    def knock(self) -> None:
        """A sandbox that is down is said to be down at once, instead of being asked for a minute."""
        parts = urlsplit(self.to.base_url)
        if not (self.to.is_loopback and self.to.api_key.startswith("twh_test_")):
            return
        try:
            where = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
            socket.create_connection(where, timeout=KNOCK_SECONDS).close()
        except OSError:
            raise SandboxNotRunning(
                f"The sandbox is not running: nothing listens at {self.to.base_url}.", hint="twh sandbox up"
            ) from None

    # --- talk: on stderr, for people ---

    @property
    def colour(self) -> bool:
        return takes_colour(sys.stderr, no_color=self.choices.no_color)

    @property
    def errors_as_json(self) -> bool:
        return self.choices.json or self.choices.output in {"json", "jsonl"}

    def say(self, text: str, style: str | None = None) -> None:
        if not self.choices.quiet:
            sys.stderr.write((painted(text, style, colour=self.colour) if style else text) + "\n")

    def confirm(self, question: str) -> None:
        """Ask, and take anything but a yes for a no. Where nobody can be asked, only --yes is one."""
        if self.choices.yes:
            return
        if self.choices.no_input or not someone_is_there():
            raise NotConfirmed(
                f"{question} This has to be confirmed.", hint=f"Add --yes: twh {' '.join(self.words)} --yes"
            )
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise NotConfirmed("Nothing was done.")


class Held:
    """Where the session of this run is kept."""

    session: Session | None = None


def open_session(choices: Choices, words: list[str]) -> Session:
    Held.session = Session(choices, words)
    if not choices.quiet:
        tell_of_retries(Held.session)
    return Held.session


def session() -> Session:
    """The session of the command that is being run."""
    if Held.session is None:
        raise WronglyTyped("A command is run by twh_cli.app.run, which opens a session.")
    return Held.session


def tell_of_retries(session: Session) -> None:
    """What the SDK says while it tries again, and with --debug of every request, goes to stderr."""
    log = logging.getLogger("twh")
    log.handlers[:] = [OnStderr(session)]
    log.setLevel(logging.DEBUG if session.choices.debug else logging.INFO)
    log.propagate = False


class OnStderr(logging.Handler):
    """Writes the line, dim on a terminal."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def emit(self, record: logging.LogRecord) -> None:
        if is_terminal(sys.stderr) or self.session.choices.debug:
            self.session.say(record.getMessage(), "dim")
