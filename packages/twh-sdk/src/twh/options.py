"""What a caller may decide about one call or about all calls of a client: time, attempts, headers, who watches, the key."""

from __future__ import annotations

import importlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from twh.errors.tree import ConfigError
from twh.hooks import Hooks

TIMEOUT_SECONDS = 20.0
DEADLINE_SECONDS = 60.0
KEY_LENGTH_MAX = 255
BACKOFF_FIRST_SECONDS = 0.5
BACKOFF_MOST_SECONDS = 8.0
SANDBOX_PATIENCE_SECONDS = 3.0
NO_HOOKS = Hooks()


class ClientOptions(TypedDict, total=False):
    """What `Client(…)` and `with_options(…)` take."""

    timeout: float
    """Seconds that one attempt may take."""
    deadline: float
    """Seconds that all attempts and the pauses between them may take."""
    attempts_max: int
    """1 means: never again. The deadline ends the attempts in any case."""
    headers: Mapping[str, str]
    """Sent besides the SDK's own."""
    hooks: Hooks
    """Called for every request, response and retry; see `twh.hooks`."""
    tracing: bool
    """Whether each call is an OpenTelemetry span; needs `pip install "twh-sdk[tracing]"`."""


class Options(ClientOptions, total=False):
    """What `options=` takes: the same for one call, and its key."""

    idempotency_key: str
    """Without it every change gets a fresh one; give your own so that a later run of your program settles the same change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How long and how often to try, with the clock and the dice that decide it."""

    timeout: float = TIMEOUT_SECONDS
    deadline: float = DEADLINE_SECONDS
    attempts_max: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hooks: Hooks = NO_HOOKS
    span: Callable[[str, str, str], Any] | None = None
    """Begins the span of a call: its name, HTTP's method, the address."""
    clock: Callable[[], float] = time.monotonic
    dice: Callable[[], float] = random.random

    def with_options(self, options: ClientOptions) -> Policy:
        if not options:
            return self
        check(options)
        return replace(
            self,
            timeout=options.get("timeout", self.timeout),
            deadline=options.get("deadline", self.deadline),
            attempts_max=options.get("attempts_max", self.attempts_max),
            headers={**self.headers, **options.get("headers", {})},
            hooks=options.get("hooks", self.hooks),
            span=(call_span() if options["tracing"] else None) if "tracing" in options else self.span,
        )

    def backoff(self, attempt: int) -> float:
        """Half a second, doubling to eight, less up to half of it: callers that failed together do not return together."""
        return min(BACKOFF_MOST_SECONDS, BACKOFF_FIRST_SECONDS * 2.0 ** min(attempt - 1, 8)) * (1 - self.dice() / 2)

    def obeyed(self, retry_after: float) -> float:
        """Never earlier than asked, and up to a quarter later: not everyone who was told the same should come at once."""
        return retry_after * (1 + self.dice() / 4)


def call_span() -> Callable[[str, str, str], Any]:
    """What begins spans; OpenTelemetry is loaded here, by those who asked for it."""
    try:
        begins: Callable[[str, str, str], Any] = importlib.import_module("twh.tracing").CallSpan
    except ModuleNotFoundError as missing:
        raise ConfigError(
            "tracing=True needs OpenTelemetry, which is not installed",
            code="no_opentelemetry",
            hint='pip install "twh-sdk[tracing]"',
        ) from missing
    return begins


def check(options: Options | ClientOptions) -> None:
    """Refuse, where the call is written, what could not work later."""
    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        raise TypeError(f"unknown option {min(unknown)!r}: there are {', '.join(Options.__annotations__)}")
    if options.get("timeout", 1) <= 0 or options.get("deadline", 1) <= 0:
        raise ValueError("timeout and deadline are seconds above zero")
    if options.get("attempts_max", 1) < 1:
        raise ValueError("attempts_max is 1 or more")
    if not isinstance(options.get("hooks", NO_HOOKS), Hooks):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError("hooks=Hooks(request=…, response=…, retry=…) takes a twh.Hooks")
    key = options.get("idempotency_key", "fresh")
    if not (isinstance(key, str) and 1 <= len(key) <= KEY_LENGTH_MAX and all("!" <= letter <= "~" for letter in key)):
        raise ValueError(f"an idempotency key is 1 to {KEY_LENGTH_MAX} visible ASCII characters, and no space")
