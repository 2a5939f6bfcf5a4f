"""The oracle: says what every request has to be answered, and what the feed has to tell of it.

It decides one request after the other over plain dictionaries, without batches, without a database, and without a line
of the server's. What only the server can know, new ids and the microsecond, it takes from the answer and looks at it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import catalogue_rules
import stock_rules
from asked import Conditions, Json, Request, Told
from catalogue_rules import ITEM, LOCATION, Changed
from world import Mismatch, Refused, World

UNSAID = ("type", "title", "detail", "request_id")
"""What a problem says to people."""


@dataclass(kw_only=True)
class Oracle:
    """What has to be, after everything that was answered."""

    world: World
    answered: dict[str, tuple[bytes, Told]] = field(default_factory=dict[str, tuple[bytes, Told]])
    """What each key stands for, and what it was answered."""

    def take(self, request: Request, told: Told, *, again: bool = False) -> None:
        """Hold an answer against what it has to be. Raises Mismatch.

        `again`: the first answer was lost, and this is what the same key was told when it asked again.
        """
        first = self.answered.get(request.key) if request.key else None
        if first:
            self._remembered(request, told, *first)
            return
        if again:
            if not told.replayed:
                raise Mismatch("what was committed before is told as if it was new")
            told = replace(told, replayed=False)
        expected = self._decided(request, json.loads(told.body or b"{}"))
        found = (told.status, dict(told.headers), _said(told))
        if found != expected or told.replayed:
            raise Mismatch(_difference(expected, found) or "told as remembered, and never asked before")
        if request.key:
            self.answered[request.key] = request.digest, told

    def _remembered(self, request: Request, told: Told, digest: bytes, first: Told) -> None:
        if digest == request.digest:
            if told != replace(first, replayed=True):
                raise Mismatch(_difference(first, told) or "an answer is told again as if it was new")
        elif (told.status, _said(told)) != (
            422,
            _problem(Refused(422, "idempotency_key_reused", {"key": request.key})),
        ):
            raise Mismatch("a key was taken for another request")

    def _decided(self, request: Request, given: Json) -> tuple[int, Json, Json]:
        try:
            return DECIDE[request.operation](self.world, request, given)
        except Refused as refused:
            headers = {"Content-Type": "application/problem+json"} | ({"ETag": refused.tag} if refused.tag else {})
            return refused.status, headers, _problem(refused)


Decided = tuple[int, Json, Json]


def _recorded(world: World, request: Request, given: Json) -> Decided:
    entry = stock_rules.record(world, request.body or {}, given)
    return (201, {"Location": f"/v1/entries/{entry['id']}"}, entry) if entry else (204, {}, {})


def _reversed(world: World, request: Request, given: Json) -> Decided:
    entry = stock_rules.reverse(world, request.path["entry"], request.body or {}, given)
    assert entry is not None
    return 201, {"Location": f"/v1/entries/{entry['id']}"}, entry


def _chosen(world: World, request: Request, given: Json) -> Decided:
    return _told(catalogue_rules.choose(world, request.body or {}, given, _conditions(request)), "settings")


def _conditions(request: Request) -> Conditions:
    return Conditions(if_match=request.if_match, create_only=request.create_only)


def _told(changed: Changed, resource: str) -> Decided:
    headers = {"ETag": changed.thing["etag"]}
    if changed.created:
        return 201, {"Location": f"/v1/{resource}/{changed.thing['id']}", **headers}, changed.thing
    return 200, headers, changed.thing


def _of(noun: catalogue_rules.Noun, verb: str) -> Callable[[World, Request, Json], Decided]:
    def decide(world: World, request: Request, given: Json) -> Decided:
        text, body = request.path.get(noun.name, ""), request.body or {}
        if verb == "create":
            changed = catalogue_rules.create(world, noun, body, given)
        elif verb in ("archive", "restore"):
            changed = getattr(catalogue_rules, verb)(world, noun, text, given, _conditions(request))
        else:
            changed = getattr(catalogue_rules, verb)(world, noun, text, body, given, _conditions(request))
        return _told(changed, f"{noun.name}s")

    return decide


DECIDE: dict[str, Callable[[World, Request, Json], Decided]] = {
    "movements.record": _recorded,
    "entries.reverse": _reversed,
    "settings.update": _chosen,
    **{
        f"{noun.name}s.{verb}": _of(noun, verb)
        for noun in (ITEM, LOCATION)
        for verb in ("create", "put", "update", "archive", "restore")
    },
}
"""Every operation that is simulated, and what the oracle says of it."""


def _said(told: Told) -> Json:
    """What an answer says to programs."""
    body: Json = json.loads(told.body or b"{}")
    if told.status < 400:
        return body
    said = {name: value for name, value in body.items() if name not in UNSAID}
    if "errors" in said:
        said["errors"] = [[error["pointer"], error["code"]] for error in said["errors"]]
    return said


def _problem(refused: Refused) -> Json:
    problem: Json = {"status": refused.status, "code": refused.code, **refused.facts}
    if refused.errors:
        problem["errors"] = [list(error) for error in refused.errors]
    return problem


def _difference(expected: Any, found: Any) -> str:
    return "" if expected == found else f"expected {expected}\n     found {found}"
