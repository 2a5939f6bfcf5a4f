"""What each operation refuses, as the OpenAPI document tells it: by status, every code with an example of its body."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec

from twh_server.access import refusals as access
from twh_server.http import problems
from twh_server.http import refusals as http
from twh_server.http.fields import FIELDS
from twh_server.http.limiting import COUNTED
from twh_server.http.operation import Operation
from twh_server.http.problems import STATUS, Coded
from twh_server.http.schemas import REF, Schema
from twh_server.journal.refusals import IdempotencyKeyReused, Overloaded, Unavailable
from twh_server.ledger.refusals import InsufficientStock, StaleQuantity
from twh_server.refusals import Fact, Problem, Refusal

REQUEST_ID = "req_01kaqgn4e3f0dvm63vkxhkqk8d"


def refusals_of(operation: Operation) -> Sequence[type[Refusal]]:
    """Every refusal that an operation can answer with."""
    always: list[type[Refusal]] = [http.Unauthenticated, http.NotAcceptable, http.Internal, Unavailable]
    always += [http.TargetTooLong, http.HeadersTooLarge]
    always += [access.ApiKeyMistyped, access.ApiKeyUnknown, access.ApiKeyRevoked, access.ApiKeyExpired]
    always += [
        access.TenantClosed,
        access.TooManyAttempts,
        http.RateLimited,
        http.InvalidParameter,
        http.MalformedRequest,
    ]
    if not operation.reads:
        always.append(access.TenantSuspended)
    if operation.scope:
        always.append(http.ScopeMissing)
    if operation.body:
        always += [http.NotJson, http.BodyEncoded, http.BodyTooLarge, http.RequestTimeout]
    if operation.places or not operation.reads:
        always.append(Overloaded)
    if operation.key != "none":
        always += [http.IdempotencyKeyMalformed, IdempotencyKeyReused]
    if operation.key == "required":
        always.append(http.IdempotencyKeyMissing)
    return list(dict.fromkeys([*operation.refusals, *always]))


def answers_of(operation: Operation) -> dict[tuple[int, str], type[Refusal]]:
    """The (status, code) of every problem that an operation can answer with, and the refusal that it is."""
    return {
        (STATUS[refusal], code): refusal for refusal in refusals_of(operation) for code in problems.codes_of(refusal)
    }


def described(operation: Operation) -> dict[str, Schema]:
    """The refused answers of an operation, by status."""
    by_status: dict[int, dict[str, type[Refusal]]] = {}
    for (status, code), refusal in answers_of(operation).items():
        by_status.setdefault(status, {})[code] = refusal
    return {str(status): _refused(status, by_status[status]) for status in sorted(by_status)}


def catalogue() -> list[Schema]:
    """Every code, for `x-problems`."""
    return [
        {"code": one.code, "statuses": list(one.statuses), "title": one.title, "what_to_do": one.remedy}
        for one in _sorted(problems.codes())
    ]


def _sorted(codes: Mapping[str, Coded]) -> list[Coded]:
    return [codes[code] for code in sorted(codes)]


def examples() -> dict[str, Schema]:
    """An example of the body of every problem, by the name that `_refused` gives it."""
    return {
        _named(code, STATUS[kind]): {"summary": f"{problems.codes()[code].title}.", "value": body(kind, code)}
        for kind in STATUS
        for code in problems.codes_of(kind)
    }


def _named(code: str, status: int) -> str:
    return code if problems.codes()[code].statuses[0] == status else f"{code}_{status}"


def _refused(status: int, kinds: Mapping[str, type[Refusal]]) -> Schema:
    known = problems.codes()
    refusals = [example(kind, code) for code, kind in kinds.items()]
    names = dict.fromkeys(name for refusal in refusals for name in problems.headers_of(refusal, status))
    counted = COUNTED if http.RateLimited in kinds.values() else ()
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in ["Twh-Request-Id", *counted, *names]}
    return {
        "description": "\n".join(f"- `{code}`: {known[code].title}." for code in kinds),
        "headers": headers,
        "content": {
            problems.CONTENT_TYPE: {
                "schema": {"$ref": REF.format("Problem")},
                "examples": {code: {"$ref": f"#/components/examples/{_named(code, status)}"} for code in kinds},
            }
        },
    }


def body(kind: type[Refusal], code: str) -> Any:
    """An example of the body with a code."""
    return msgspec.json.decode(problems.answer(example(kind, code), REQUEST_ID).body)


def example(kind: type[Refusal], code: str) -> Refusal:
    """A refusal as it might be: made of what its parameters are called, or of their types."""
    make = cast("Callable[..., Refusal]", kind)
    if kind in _FACTS:
        return make([_problem(code)], **_FACTS[kind])
    parameters = inspect.signature(kind).parameters.values()
    return make(**{one.name: _value(one.name, one.annotation, code) for one in parameters})


_FACTS: Mapping[type[Refusal], Mapping[str, Fact]] = {
    InsufficientStock: {"line": 0, "available": "1", "requested": "3"},
    StaleQuantity: {"line": 0, "on_hand": "8", "version": 42},
}


def _value(name: str, kind: Any, code: str) -> Any:
    for known in (f"{code}.{name}", name):
        if known in _NAMED:
            return _NAMED[known]
    if name in FIELDS and isinstance(FIELDS[name].example, kind if isinstance(kind, type) else ()):
        return FIELDS[name].example
    values: dict[Any, Any] = {
        int: 100,
        float: 30.0,
        bool: True,
        datetime: datetime(2026, 5, 10, 12, tzinfo=UTC),
        timedelta: timedelta(days=7),
        str: "…",
        str | None: None,
    }
    return values.get(kind, [_problem(code)])


_NAMED: Final[Mapping[str, Any]] = {
    "scope": "stock:write",
    "successor": "key_01kaqgn4dwe3cspqs98yp6vtkh",
    "allowed": "GET, HEAD, OPTIONS",
    "method": "PUT",
    "path": "/v1/nothing",
    "tag": '"it4"',
    "version": 4,
    "key": "8fc6a5b0-9fe8-4b46-b46b-2ef95793abbe",
    "detail": "It cannot be read.",
    "api_key_mistyped.detail": "A key has 43 characters, and this one has 42.",
    "api_key_revoked.key": "key_01kaqgn4e3f0dvm63vkxhkqk8d",
    "api_key_expired.key": "key_01kaqgn4e3f0dvm63vkxhkqk8d",
    "bytes_max": 1 << 20,
    "requests": 60_000,
    "window_seconds": 60,
    "retry_after_seconds": 1,
    "barcode": "4006381333931",
    "reversed_by": "ent_01kaqgn4eaf1vs8x4x4nyxbkrg",
    "movement": "mov_01kaqgn4ed1z4bw7cq1wmhpsvy",
    "checkpoint": "shipping",
    "head": 129,
    "after": 40,
    "first_sequence": 129,
    "sequence": 129,
    "event_type": "stock.lo",
    "event": "evt_01kaqgn4e3f0dvm63vkxhkqk8d",
    "endpoint": "whe_01kaqgn4e3f0dvm63vkxhkqk8d",
    "delivery": "dlv_01kaqgn4e3f0dvm63vkxhkqk8d",
}
"""Parameters of refusals, by name or by "code.name"."""


def _problem(code: str) -> Problem:
    known = problems.codes().get(code)
    pointer = _POINTERS.get(code, "/name")
    return Problem(pointer=pointer, code=code, message=f"{known.title}." if known else "It cannot be used.")


_POINTERS: Final[Mapping[str, str]] = {
    "invalid_parameter": "limit",
    "insufficient_stock": "/lines/0/quantity",
    "stale_quantity": "/lines/0/expected",
    "entry_predates_count": "/lines/0",
    "count_is_backdated": "/lines/0",
    "item_not_found": "/lines/0/item",
    "location_not_found": "/lines/0/location",
    "unknown_kind": "/kind",
    "reason_required": "/reason",
    "invalid_entry": "/lines/0",
    "invalid_quantity": "/lines/0/quantity",
    "too_many_decimals": "/lines/0/quantity",
    "quantity_out_of_range": "/lines/0/quantity",
    "same_location": "/lines/0/target",
    "too_many_lines": "/lines",
    "field_missing": "/lines/0/location",
    "field_not_allowed": "/lines/0/source",
    "occurred_at_out_of_range": "/occurred_at",
    "invalid_endpoint": "/url",
    "invalid_checkpoint": "checkpoint",
}
