"""The client of this program: before it changes anything it looks at --live and --dry-run, and what it does not know it keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import twh
from twh import Call, Raw, errors
from twh.environment import of_key
from twh.exchange import Exchange
from twh.idempotency import fresh_key
from twh.options import ClientOptions
from twh.profiles import Connection
from twh_cli import unsettled
from twh_cli.choices import Choices
from twh_cli.problems import NotConfirmed, harmless_words
from twh_cli.unsettled import Unsettled

T = TypeVar("T")

SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie"}
ANSWERS_OF_A_KEY = {404, 409, 412, 422}
"""Refusals that come after the key was looked up, and stay its answer."""


class Rehearsed(Exception):
    """With --dry-run: the request that would have been sent, instead of its answer."""

    def __init__(self, request: dict[str, Any]) -> None:
        super().__init__("nothing was sent")
        self.request = request


class CarefulClient(twh.Client):
    """Sends what reads as it is, and what changes something with care."""

    def __init__(self, to: Connection, choices: Choices, words: list[str], profile: str | None, **options: Any) -> None:
        super().__init__(to.api_key, base_url=to.base_url, environment=to.environment, **cast("ClientOptions", options))
        self.choices = choices
        self.words = words
        self.profile = profile
        self.interrupted: str | None = None
        """The key of a change that Ctrl-C left without an answer."""

    def exchange(self, call: Call[T], named: str = "") -> Raw[T]:
        if not call.changes:
            return super().exchange(call, named)
        key = (call.options or {}).get("idempotency_key") or fresh_key()
        call = replace(call, options={**(call.options or {}), "idempotency_key": key})
        if self.choices.dry_run:
            raise Rehearsed(self.request(call))
        allow_change(self._to.api_key, self.choices, self.words)
        try:
            answer = super().exchange(call, named)
        except (errors.OutcomeUnknown, KeyboardInterrupt) as lost:
            if unsettled.keep(self.as_sent(call, key)) and isinstance(lost, KeyboardInterrupt):
                self.interrupted = key
            raise
        except errors.APIError as refusal:
            if refusal.status in ANSWERS_OF_A_KEY:
                unsettled.settled(key)
            raise
        unsettled.settled(key)
        return answer

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """What would be sent, without the API key."""
        sent = Exchange(call, self._to, self._policy, "")
        body = sent.body()
        return {
            "method": call.method,
            "path": sent.url.removeprefix(self._to.base_url),
            "base_url": self._to.base_url,
            "headers": {name: value for name, value in sent.headers().items() if name.lower() not in SECRET_HEADERS},
            "body": None if body is None else json.loads(body),
        }

    def as_sent(self, call: Call[Any], key: str) -> Unsettled:
        told = self.request(call)
        given = (call.options or {}).get("headers", {})
        return Unsettled(
            key=key,
            method=call.method,
            path=told["path"],
            body=told["body"],
            if_match=call.if_match,
            headers={name: value for name, value in given.items() if name.lower() not in SECRET_HEADERS},
            base_url=self._to.base_url,
            profile=self.profile,
            fingerprint=unsettled.fingerprint(self._to.api_key),
            words=harmless_words(self.words),
            kept_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def is_live(api_key: str) -> bool:
    return of_key(api_key) == "live"


def allow_change(api_key: str, choices: Choices, words: list[str]) -> None:
    """A live key changes what is real, and whoever does that says so."""
    if is_live(api_key) and not choices.live:
        raise NotConfirmed(
            "This key is live, and the command changes what is real.",
            hint=f"Add --live: twh {' '.join(harmless_words(words))} --live",
        )
