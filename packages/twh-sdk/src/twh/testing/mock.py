"""A stand-in for a server: it answers what a test lays down, and nothing else.

    def test_the_shop_says_sold_out(twh_mock):
        twh_mock.on("movements.issue").refuses("insufficient_stock", available="0", requested="1")

        assert sell("TSHIRT-M") == "sold out"

It keeps the server's word about idempotency keys: a key that was answered is given the same answer again, marked as
replayed; for another request it is refused.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self, Unpack, overload
from urllib.parse import unquote

import httpx
import respx

from twh import resources
from twh.call import Described
from twh.client import AsyncClient, Client
from twh.options import ClientOptions
from twh.testing.clock import Clock
from twh.testing.route import Answer, Asked, Route, written
from twh.transport import CALL_NAME

REMEMBERED_STATUSES = {404, 409, 412, 422}
STREAM = "events.stream"


class UnexpectedCall(AssertionError):
    """The program asked for something that no route was laid down for."""


class MockServer:
    """Where requests to `base_url` go while it is installed. Requests to other hosts go where they always went."""

    base_url = "http://twh.test"
    api_key = "twh_test_mock"

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        """The time of the clients that ask; `.clock.pauses` has the pauses that they made."""
        self.asked: list[Asked] = []
        """All requests, in their order."""
        self.unexpected: list[UnexpectedCall] = []
        self._routes: list[Route] = []
        self._answered: dict[str, tuple[tuple[str, str, bytes], Answer]] = {}

    @overload
    def on(self, call: str, /) -> Route: ...
    @overload
    def on(self, method: str, path: str, /) -> Route: ...
    def on(self, name: str, path: str | None = None, /) -> Route:
        """Lay down what happens on a call, by the client's method or by method and path.

        `on("items.get")`, `on("GET", "/v1/items/{item}")`. Of two routes that fit, the one that was laid down last is taken.
        """
        if path is None:
            check_call(name)
            route = Route(name, call=name)
        else:
            route = Route(f"{name.upper()} {path}", method=name, path=path)
        self._routes.insert(0, route)
        return route

    def client(self, **options: Unpack[ClientOptions]) -> Client:
        """A client that asks this server. `Client()` finds it too, while the fixture is in use."""
        return Client(self.api_key, base_url=self.base_url, **options)

    def async_client(self, **options: Unpack[ClientOptions]) -> AsyncClient:
        """The same, awaited."""
        return AsyncClient(self.api_key, base_url=self.base_url, **options)

    @contextmanager
    def installed(self) -> Generator[Self]:
        """Answer for `base_url` inside the block."""
        with self.clock.installed(), respx.MockRouter(using="httpx", assert_all_called=False) as router:
            router.route(host=httpx.URL(self.base_url).host).mock(side_effect=self._respond)
            router.route().pass_through()
            yield self

    def _respond(self, request: httpx.Request) -> httpx.Response:
        asked = read(request)
        self.asked.append(asked)
        same = (asked.method, str(request.url), request.content)
        if asked.idempotency_key in self._answered:
            first, given = self._answered[asked.idempotency_key]
            return respond(given, asked, replayed=True) if first == same else respond(KEY_REUSED, asked)
        route = self._route_for(asked)
        route.asked.append(asked)
        answer, heard = route.next_answer(asked)
        if answer and asked.idempotency_key and (answer.status < 400 or answer.status in REMEMBERED_STATUSES):
            self._answered[asked.idempotency_key] = same, answer
        if answer is None or not heard:
            raise httpx.ReadError("the answer was lost", request=request)
        response = respond(answer, asked)
        if asked.call == STREAM and not json.loads(response.content or b"{}").get("data", True):
            raise self._refused(f"{STREAM} has been read to the end of what was laid down: break, or lay down more")
        return response

    def _route_for(self, asked: Asked) -> Route:
        found = next((route for route in self._routes if route.takes(asked)), None)
        if found is None:
            raise self._refused(unmatched(asked, [route.name for route in self._routes]))
        return found

    def _refused(self, words: str) -> UnexpectedCall:
        """Kept as well as raised: the program under test may swallow it, and the test must not."""
        error = UnexpectedCall(words)
        self.unexpected.append(error)
        return error


KEY_REUSED = Answer(
    status=422,
    body={
        "code": "idempotency_key_reused",
        "status": 422,
        "title": "T",
        "detail": "The key stands for another request.",
    },
)


def calls() -> set[str]:
    """Everything that a client can be asked, by its name."""
    return {
        described.named
        for noun in vars(resources).values()
        if isinstance(noun, type)
        for described in vars(noun).values()
        if isinstance(described, Described)
    }


def check_call(name: str) -> None:
    known = calls()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
        raise ValueError(f"a client has no {name!r}: did you mean {nearest!r}? For a path write on(method, path)")


def unmatched(asked: Asked, routes: list[str]) -> str:
    if not routes:
        return f"{asked} was called, and no route is laid down: twh_mock.on({asked.call!r}).answers(…)"
    spelt = [asked.call, f"{asked.method} {asked.path}"]
    nearest = max(routes, key=lambda one: max(difflib.SequenceMatcher(None, one, way).ratio() for way in spelt))
    return f"{asked} was called, and no route fits; the nearest is {nearest!r} (of {', '.join(sorted(routes))})"


def read(request: httpx.Request) -> Asked:
    return Asked(
        call=str(request.extensions.get(CALL_NAME, "")),
        method=request.method,
        path=unquote(request.url.path),
        query=dict(request.url.params),
        body=json.loads(request.content) if request.content else None,
        idempotency_key=request.headers.get("idempotency-key"),
        if_match=request.headers.get("if-match"),
    )


def respond(answer: Answer, asked: Asked, *, replayed: bool = False) -> httpx.Response:
    headers: dict[str, Any] = {
        "Content-Type": "application/json" if answer.status < 400 else "application/problem+json",
        "Twh-Request-Id": "req_mock",
        **answer.headers,
        **({"Idempotent-Replayed": "true"} if replayed else {}),
    }
    return httpx.Response(answer.status, headers=headers, content=written(answer.body, asked))
