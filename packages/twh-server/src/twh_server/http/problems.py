"""From refusal to answer: the one table of status codes, and the one form of a problem (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twh_server.access import refusals as access
from twh_server.catalogue import refusals as catalogue
from twh_server.events import feed
from twh_server.http import refusals as http
from twh_server.journal import refusals as journal
from twh_server.journal import versions
from twh_server.journal.commands import Answer
from twh_server.ledger import refusals as ledger
from twh_server.refusals import Refusal, code_of, remedy_of, title_of
from twh_server.tenancy import checkpoints
from twh_server.tenancy import refusals as tenancy
from twh_server.webhooks import refusals as webhooks

CONTENT_TYPE = "application/problem+json"

_CHALLENGE = 'Bearer realm="twh"'

STATUS: Final[Mapping[type[Refusal], int]] = {
    http.MalformedRequest: 400,
    http.InvalidParameter: 400,
    http.IdempotencyKeyMissing: 400,
    http.IdempotencyKeyMalformed: 400,
    http.Unauthenticated: 401,
    access.ApiKeyMistyped: 401,
    access.ApiKeyUnknown: 401,
    access.ApiKeyRevoked: 401,
    access.ApiKeyExpired: 401,
    http.ScopeMissing: 403,
    access.TenantSuspended: 403,
    access.TenantClosed: 403,
    http.NotFound: 404,
    http.IdempotencyKeyNotFound: 404,
    catalogue.ItemNotFound: 404,
    catalogue.LocationNotFound: 404,
    ledger.EntryNotFound: 404,
    ledger.MovementNotFound: 404,
    feed.EventNotFound: 404,
    feed.EventTypeNotFound: 404,
    checkpoints.CheckpointNotFound: 404,
    tenancy.ApiKeyNotFound: 404,
    webhooks.EndpointNotFound: 404,
    webhooks.DeliveryNotFound: 404,
    webhooks.ReplayNotFound: 404,
    http.MethodNotAllowed: 405,
    http.NotAcceptable: 406,
    http.RequestTimeout: 408,
    catalogue.SkuTaken: 409,
    catalogue.CodeTaken: 409,
    catalogue.BarcodeTaken: 409,
    catalogue.ItemArchived: 409,
    catalogue.LocationArchived: 409,
    catalogue.ItemHasStock: 409,
    catalogue.LocationHasStock: 409,
    catalogue.LocationHasParts: 409,
    ledger.InsufficientStock: 409,
    ledger.StaleQuantity: 409,
    ledger.EntryPredatesCount: 409,
    ledger.CountIsBackdated: 409,
    ledger.EntryAlreadyReversed: 409,
    checkpoints.CheckpointPassed: 409,
    checkpoints.CheckpointAhead: 409,
    checkpoints.TooManyCheckpoints: 409,
    webhooks.TooManyEndpoints: 409,
    webhooks.TooManyReplays: 409,
    webhooks.ReplayIsFinished: 409,
    tenancy.TooManyApiKeys: 409,
    tenancy.ApiKeyEnded: 409,
    tenancy.ApiKeyAlreadyRotated: 409,
    feed.EventsGone: 410,
    versions.StaleVersion: 412,
    versions.AlreadyExists: 412,
    http.BodyTooLarge: 413,
    http.TargetTooLong: 414,
    http.NotJson: 415,
    http.BodyEncoded: 415,
    catalogue.InvalidItem: 422,
    catalogue.InvalidLocation: 422,
    ledger.InvalidEntry: 422,
    checkpoints.InvalidCheckpoint: 422,
    webhooks.InvalidEndpoint: 422,
    webhooks.InvalidReplay: 422,
    tenancy.InvalidApiKey: 422,
    journal.IdempotencyKeyReused: 422,
    http.RateLimited: 429,
    access.TooManyAttempts: 429,
    http.HeadersTooLarge: 431,
    http.Internal: 500,
    journal.Overloaded: 503,
    journal.Unavailable: 503,
}
"""Every refusal and its status."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """One code of the public catalogue."""

    code: str
    statuses: Sequence[int]
    """With which it is answered: an unknown item is 404 as a path's object and 422 within a line."""
    title: str
    remedy: str


def codes() -> dict[str, Coded]:
    """The public catalogue of problems, by code. An entry's sorts of problems are codes of their own."""
    found = {
        code_of(kind): Coded(code=code_of(kind), statuses=(status,), title=title_of(kind), remedy=remedy_of(kind))
        for kind, status in STATUS.items()
    }
    for code, sort in ledger.ENTRY_PROBLEMS.items():
        before = found[code].statuses if code in found else ()
        statuses = (*before, STATUS[ledger.InvalidEntry])
        found[code] = Coded(code=code, statuses=statuses, title=sort.title, remedy=sort.remedy)
    return found


def codes_of(kind: type[Refusal]) -> Sequence[str]:
    """The codes that a refusal can have: one, but for an entry's sorts of problems."""
    return (code_of(kind), *ledger.ENTRY_PROBLEMS) if kind is ledger.InvalidEntry else (code_of(kind),)


class ProblemDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with a request, at a JSON pointer into its body (or at the name of a parameter)."""

    pointer: str
    code: str
    message: str


def answer(refusal: Refusal, request_id: str) -> Answer:
    """The answer that tells a refusal."""
    status = STATUS[type(refusal)]
    problem: dict[str, Any] = {
        "type": f"/docs/problems#{refusal.code}",
        "title": refusal.title,
        "status": status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
        **refusal.facts,
    }
    if refusal.errors:
        problem["errors"] = [ProblemDetail(error.pointer, error.code, error.message) for error in refusal.errors]
    headers = {"Content-Type": CONTENT_TYPE, **headers_of(refusal, status)}
    return Answer(status=status, headers=headers, body=msgspec.json.encode(problem))


def headers_of(refusal: Refusal, status: int) -> dict[str, str]:
    """What a refusal's headers tell beside its body."""
    if isinstance(refusal, http.Unauthenticated):
        return {"WWW-Authenticate": _CHALLENGE}
    if status == 401:
        return {"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'}
    if status == 429:
        return {"Retry-After": str(refusal.facts["retry_after_seconds"])}
    if isinstance(refusal, http.MethodNotAllowed):
        return {"Allow": str(refusal.facts["allowed"])}
    if isinstance(refusal, versions.StaleVersion | versions.AlreadyExists):
        return {"ETag": str(refusal.facts["etag"])}
    if isinstance(refusal, http.BodyEncoded):
        return {"Accept-Encoding": "identity"}
    if status == 503:
        return {"Retry-After": str(journal.RETRY_AFTER_SECONDS)}
    return {}
