"""An answer that is no success, read as an error: the problem's own words where it is one, plain words where it is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urljoin

from twh.errors.hints import hint_for
from twh.errors.problems import BY_CODE
from twh.errors.tree import APIError, ErrorDetail, of_status

PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "request_id", "errors"}


def read_error(status: int, headers: Mapping[str, str], body: bytes, base_url: str) -> APIError:
    """The error that the answer tells."""
    return error_of(problem_in(body), status, headers, base_url)


def error_of(problem: dict[str, Any], status: int, headers: Mapping[str, str], base_url: str) -> APIError:
    """The error that a problem is; an unknown code falls back to the class of its status."""
    code = problem.get("code") or plain_code(status)
    known = BY_CODE.get(code)
    kind = known or of_status(status)
    error = kind(
        problem.get("detail") or problem.get("title") or plain_words(status, headers),
        code=code,
        status=status,
        request_id=problem.get("request_id") or headers.get("twh-request-id"),
        hint=hint_for(code, status, known.__doc__ if known else None),
        docs_url=docs_url(problem.get("type"), base_url),
        errors=details(problem.get("errors")),
    )
    error.facts = {name: value for name, value in problem.items() if name not in PROBLEM_FIELDS}
    error.retry_after = retry_after(headers)
    return error


def problem_in(body: bytes) -> dict[str, Any]:
    """The problem document, or an empty one: a proxy in between answers with what it likes."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    if isinstance(found, dict) and isinstance(cast("dict[str, Any]", found).get("code"), str):
        return cast("dict[str, Any]", found)
    return {}


def docs_url(reference: object, base_url: str) -> str | None:
    """Where the problem is explained: the server may give an address of its own, or one relative to itself."""
    if not isinstance(reference, str) or reference == "about:blank":
        return None
    return urljoin(base_url + "/", reference)


def details(errors: Any) -> list[ErrorDetail]:
    return [
        ErrorDetail(pointer=one.get("pointer"), code=str(one.get("code", "")), message=str(one.get("message", "")))
        for one in (errors if hasattr(errors, "__iter__") else ())
        if hasattr(one, "get")
    ]


def plain_code(status: int) -> str:
    if status == 304:
        return "not_modified"
    return "redirected" if 300 <= status < 400 else f"http_{status}"


def plain_words(status: int, headers: Mapping[str, str]) -> str:
    if status == 304:
        return "The version that you have is the current one"
    if 300 <= status < 400:
        return f"The server points to {headers.get('location', 'another address')} and was not followed"
    kind = headers.get("content-type", "").split(";")[0] or "nothing"
    return f"Status {status} with {kind} instead of a problem document: something between answered for the server"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: the header has seconds or a date."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when - datetime.now(UTC)).total_seconds()) if when.tzinfo else None
