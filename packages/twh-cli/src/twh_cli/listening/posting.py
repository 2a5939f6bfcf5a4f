"""One attempt: an event's exact bytes, signed as a delivery of the server's is, posted to a target; and what came back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import httpx

from twh import webhooks
from twh_cli import __version__

DEADLINE_SECONDS = 15.0
"""As much as the server gives an endpoint."""
CONNECT_SECONDS = 5.0
ANSWER_BYTES_READ = 64 * 1024
NOT_NOW = frozenset({429, 502, 503, 504})
"""Answers of what is starting, or stands before what is starting: they say nothing about the event."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What came of an attempt: a status, or the reason why there is none."""

    milliseconds: int
    status: int | None = None
    error: str | None = None
    sent: bool = True
    """Whether somebody was there to take it."""

    @property
    def taken(self) -> bool:
        """Whether the target has the event: any 2xx, as for a delivery."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def not_now(self) -> bool:
        """Whether the target is not there at the moment: that is waited for, however long it takes."""
        return not self.sent or self.status in NOT_NOW


class Poster:
    """Posts to one target over a connection that stays open; a context manager. No redirect is followed, no proxy used."""

    def __init__(self, target: str, secret: str, *, headers: Mapping[str, str], verify_certificate: bool) -> None:
        self.target = target
        self.secret = secret
        self.headers = {
            **headers,
            "content-type": "application/json",
            "user-agent": f"TWH/{__version__} (twh listen)",
            "accept": "*/*",
        }
        self.client = httpx.Client(
            trust_env=False,
            verify=verify_certificate,
            follow_redirects=False,
            timeout=httpx.Timeout(DEADLINE_SECONDS, connect=CONNECT_SECONDS),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def post(self, event_id: str, body: bytes) -> Posted:
        """Send it once, signed with this moment's time, under the id that a delivery of the event has."""
        signed = webhooks.sign(body, secret=self.secret, message_id=event_id, timestamp=int(time.time()))
        began = time.perf_counter()
        status: int | None = None
        error: str | None = None
        sent = True
        try:
            with self.client.stream("POST", self.target, content=body, headers={**self.headers, **signed}) as answer:
                status = answer.status_code
                read_on(answer, until=began + DEADLINE_SECONDS)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as fault:
            error, sent = why_unreached(fault), False
        except httpx.TimeoutException:
            error = f"There was no answer within {DEADLINE_SECONDS:.0f} seconds."
        except httpx.HTTPError as fault:
            error = f"The connection broke off: {str(fault) or type(fault).__name__}."
        milliseconds = round((time.perf_counter() - began) * 1000)
        return Posted(milliseconds=milliseconds, status=status, error=None if status else error, sent=sent)


def read_on(answer: httpx.Response, *, until: float) -> None:
    """Read a short body, so that the connection can be used again; a long or slow one is left, and the connection with it."""
    read = 0
    for chunk in answer.iter_raw():
        read += len(chunk)
        if read > ANSWER_BYTES_READ or time.perf_counter() > until:
            return


def why_unreached(fault: httpx.HTTPError) -> str:
    said = str(fault)
    if "CERTIFICATE" in said.upper():
        return "The certificate was not accepted (--skip-verify accepts any)."
    if isinstance(fault, httpx.ConnectError):
        return "Nobody listens there."
    return f"There was no connection within {CONNECT_SECONDS:.0f} seconds."
