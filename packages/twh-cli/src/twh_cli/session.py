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
from twh.profiles import Connection, Profile, config_file, connection, profile_in_file
from twh_cli import private
from twh_cli.careful import CarefulClient, allow_change, is_live
from twh_cli.choices import Choices
from twh_cli.problems import NotConfirmed, NotLive, SandboxNotRunning, WronglyTyped, harmless_words
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
        found = connection(None, None, self.choices.profile, look_up=lambda _: self.profile)
        if self.key_source == "file":
            self.keep_to_ourselves()
        if self.choices.live and not is_live(found.api_key):
            raise NotLive(
                "--live was said, and this key is no live one: nothing was sent.",
                hint="twh whoami   (shows which key it is), or leave out --live",
            )
        return found

    @cached_property
    def profile(self) -> Profile | None:
        """The profile that was named, else the active one, whether or not the environment goes before it."""
        return profile_in_file(self.choices.profile)

    @property
    def key_source(self) -> str | None:
        """Where the key is: `environment`, `keyring` or `file`; None when there is none."""
        if self.choices.profile is None and os.environ.get("TWH_API_KEY"):
            return "environment"
        if self.profile is None or (self.profile.api_key is None and self.profile.api_key_in is None):
            return None
        return "file" if self.profile.api_key else self.profile.api_key_in

    @property
    def profile_used(self) -> str | None:
        """The profile whose key is used."""
        return self.profile.name if self.key_source in {"file", "keyring"} and self.profile else None

    @cached_property
    def client(self) -> twh.Client:
        if not self.choices.dry_run:
            self.knock(self.to)
        if self.choices.verbose:
            self.say(f"{self.to.base_url}, key from {self.key_source}, profile {self.profile_used}", "dim")
        return CarefulClient(self.to, self.choices, self.words, self.profile_used, **self.client_options)

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

    def keep_to_ourselves(self) -> None:
        """A file with a key that others can read is closed to them, and said to have been open."""
        path = config_file()
        if path and private.open_to_others(path):
            mended = private.close_to_others(path)
            self.say(
                f"Others could read or write {path}, which has keys in it. "
                + ("Only you can, from now on." if mended else f"Close it to them: chmod 600 {path}"),
                "yellow",
            )

    def close(self) -> None:
        """Give back the connections, if there were any."""
        if "client" in self.__dict__:
            self.client.close()

    def knock(self, to: Connection) -> None:
        """A sandbox that is down is said to be down at once, instead of being asked for a minute."""
        parts = urlsplit(to.base_url)
        if not to.is_sandbox:
            return
        try:
            where = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
            socket.create_connection(where, timeout=KNOCK_SECONDS).close()
        except OSError:
            raise SandboxNotRunning(
                f"The sandbox is not running: nothing listens at {to.base_url}.", hint="twh sandbox up"
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
        """Before something that the server cannot take back. A live key has to be meant, and its tenant named."""
        if self.choices.dry_run:
            return
        if not self.is_live():
            self.ask(question)
            return
        allow_change(self.to.api_key, self.choices, self.words)
        if self.choices.yes:
            return
        tenant = self.client.tenant.get().tenant.name
        typed = self.answer(question, f"{question} This is live. Type the tenant's name, {tenant}, to go on: ")
        if typed.strip() != tenant:
            raise NotConfirmed("Nothing was done.")

    def ask(self, question: str) -> None:
        """Ask, and take anything but a yes for a no."""
        if not self.choices.yes and self.answer(question, f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
            raise NotConfirmed("Nothing was done.")

    def answer(self, question: str, asked: str) -> str:
        """What is typed; where nobody can be asked, only --yes says yes."""
        if self.choices.no_input or not someone_is_there():
            words = " ".join(harmless_words(self.words))
            raise NotConfirmed(f"{question} This has to be confirmed.", hint=f"Add --yes: twh {words} --yes")
        sys.stderr.write(asked)
        sys.stderr.flush()
        return sys.stdin.readline()

    def is_live(self) -> bool:
        """Whether a live key would be used; where there is no key, the command will say so itself."""
        try:
            return is_live(self.to.api_key)
        except twh.ConfigError:
            return False


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
    log.setLevel(logging.DEBUG if session.choices.verbose else logging.INFO)
    log.propagate = False


class OnStderr(logging.Handler):
    """Writes the line, dim on a terminal."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def emit(self, record: logging.LogRecord) -> None:
        if is_terminal(sys.stderr) or self.session.choices.verbose:
            self.session.say(record.getMessage(), "dim")
