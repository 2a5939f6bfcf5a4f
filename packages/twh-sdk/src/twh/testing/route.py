"""What a stand-in for a server does when it is asked: the deeds of one route, in the order in which they were laid down."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, cast

from twh.errors.problems import BY_CODE
from twh.errors.tree import BY_STATUS
from twh.model import Model
from twh.pages import Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request, as the server would see it."""

    call: str
    """The method that was called, like `items.create`."""
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    """What the JSON says; None without a body."""
    idempotency_key: str | None
    if_match: str | None

    def __str__(self) -> str:
        return f"{self.call} ({self.method} {self.path})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Lose:
    """Do what comes next, and let nobody hear of it."""


Told: TypeAlias = Model | Mapping[str, Any] | Sequence[Model | Mapping[str, Any]] | Page[Any] | None
Deed: TypeAlias = Answer | Callable[[Asked], Told] | Lose


class Route:
    """What is done for one call. Each deed is done once, the last again and again."""

    def __init__(self, name: str, *, call: str | None = None, method: str = "", path: str = "") -> None:
        self.name = name
        self._call = call
        self._method = method.upper()
        self._path = re.compile("".join(pattern(part) for part in re.split(r"(\{\w+\})", path)))
        self._deeds: list[Deed] = []
        self.asked: list[Asked] = []
        """The requests that came here."""

    def answers(self, told: Told | Callable[[Asked], Told] = None, *, status: int | None = None) -> Self:
        """Answer with a model, a mapping, a list of them (a page of a list), nothing (204), or what a function says."""
        if callable(told) and not isinstance(told, Model):
            self._deeds.append(told)
        else:
            self._deeds.append(answer_of(told, status))
        return self

    def refuses(self, code: str, *, status: int | None = None, detail: str = "", **facts: Any) -> Self:
        """Answer with a problem: `refuses("insufficient_stock", available="1")`. The status is the code's own."""
        kind = BY_CODE.get(code)
        found = status or next((number for number, of in BY_STATUS.items() if kind and issubclass(kind, of)), None)
        if found is None:
            raise ValueError(f"{code!r} is no code that the SDK knows: give its status=…")
        title = ((kind.__doc__ if kind else None) or code).splitlines()[0].rstrip(".")
        problem = {
            "type": f"/docs/problems#{code}",
            "title": title,
            "status": found,
            "detail": detail or f"{title}.",
            "code": code,
            "request_id": "req_mock",
            **facts,
        }
        self._deeds.append(Answer(status=found, body=problem))
        return self

    def is_busy(self, status: int = 503, *, retry_after: float | None = 1) -> Self:
        """Answer 503 or 429 once, with Retry-After, and then go on with what is laid down next."""
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        code = "too_many_requests" if status == 429 else "overloaded"
        problem = {"type": "about:blank", "title": "Later", "status": status, "detail": "Later.", "code": code}
        self._deeds.append(Answer(status=status, body=problem, headers=headers))
        return self

    def loses_the_answer(self) -> Self:
        """Do what is laid down next, and break the connection: it happened, and the caller cannot know."""
        self._deeds.append(Lose())
        return self

    def takes(self, asked: Asked) -> bool:
        """Whether a request is this route's."""
        if self._call is not None:
            return asked.call == self._call
        return asked.method == self._method and self._path.fullmatch(asked.path) is not None

    def next_answer(self, asked: Asked) -> tuple[Answer | None, bool]:
        """What to answer, if it ever comes to an answer, and whether the caller is to hear it."""
        heard = True
        while isinstance(deed := self._take(), Lose):
            heard = False
            if self._deeds == [deed]:  # nothing is laid down after it: all answers are lost
                return None, False
        return (deed if isinstance(deed, Answer) else answer_of(deed(asked), None)), heard

    def _take(self) -> Deed:
        if not self._deeds:
            return Answer(status=204)
        return self._deeds.pop(0) if len(self._deeds) > 1 else self._deeds[0]


def answer_of(told: Told, status: int | None) -> Answer:
    return Answer(status=status or (204 if told is None else 200), body=told)


def pattern(part: str) -> str:
    return r"[^/]+" if part.startswith("{") else re.escape(part)


def written(told: Any, asked: Asked) -> bytes:
    """An answer's body, in the form of the call that asked."""
    if isinstance(told, Page):
        told = dataclasses.asdict(cast("Any", told))
    elif isinstance(told, Sequence) and not isinstance(told, str | bytes):
        items: list[Any] = list(told)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        told = listed([plain(one) for one in items], asked)
    return b"" if told is None else json.dumps(told, default=plain).encode()


def listed(items: list[Any], asked: Asked) -> dict[str, Any]:
    """A page of a list; of the feed, what comes after the sequence that was asked for."""
    if not asked.call.startswith("events."):
        return {"data": items, "next_cursor": None}
    after = int(asked.query.get("after", 0))
    head = max((one["sequence"] for one in items), default=after)
    return {"data": [one for one in items if one["sequence"] > after], "next_after": head, "head": head}


def plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Model) else value
