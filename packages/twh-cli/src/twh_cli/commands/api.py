"""`twh api`: any address of the API, for what no other command does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, cast
from urllib.parse import quote, urlencode

import typer

from twh import Call, Raw
from twh.options import Options
from twh_cli import output, readings
from twh_cli.app import new_app
from twh_cli.problems import WronglyTyped
from twh_cli.session import session

app = new_app()

BODY_BYTES_MAX = 1 << 26
"""What is larger is sent in parts: it is not read, so that a wrong file fills no memory."""
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


@app.command("api")
def api(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, PATCH or DELETE.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="/v1/items, or items for short.")],
    field: Annotated[list[str] | None, typer.Option("-f", "--raw-field", metavar="NAME=TEXT", help="A text.")] = None,
    typed: Annotated[
        list[str] | None,
        typer.Option(
            "-F", "--field", metavar="NAME=VALUE", help="JSON if it is JSON (true, 5, null, […]); @FILE reads one."
        ),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("-H", "--header", metavar="NAME:VALUE", help="Sent besides.")
    ] = None,
    body: Annotated[str | None, typer.Option("--input", metavar="FILE", help="The body; - is stdin.")] = None,
    paginate: Annotated[bool, typer.Option("--paginate", help="All pages, their data in one list.")] = False,
    include: Annotated[bool, typer.Option("-i", "--include", help="Show the status and the headers.")] = False,
) -> None:
    """Fields go into the query of a GET and into the body of anything else. A change gets an idempotency key.

    For example: twh api GET /v1/stock -f item=TSHIRT-M
    """
    call = described(method.upper(), path, fields(field or [], typed or []), body, readings.headers(header or []))
    if paginate:
        if call.method != "GET":
            raise WronglyTyped("--paginate goes with GET.")
        output.show_list(all_pages(call), (), limit=None, what="data")
        return
    answer = session().client.exchange(call, f"{call.method} {call.path}")
    if include:
        output.write(f"HTTP {answer.status}")
        for name, value in answer.headers.items():
            output.write(f"{name}: {value}")
        output.write("")
    if answer.body:
        show(answer)


def described(
    method: str, path: str, given: dict[str, object], body: str | None, headers: dict[str, str]
) -> Call[object]:
    if method not in METHODS:
        raise WronglyTyped(f"{method} is no method: {', '.join(METHODS)}.")
    if body is not None and given and method != "GET":
        raise WronglyTyped("Either --input or fields make the body.")
    address = path if path.startswith("/") else f"/v1/{path}"
    if method == "GET" and given:
        query = urlencode({name: query_text(value) for name, value in given.items()}, quote_via=quote)
        address += ("&" if "?" in address else "?") + query
        given = {}
    options: Options = {**(session().options or {}), "headers": headers}
    sent = read_body(body) if body is not None else given or None
    return Call(method=method, path=address, returns=object, body=sent, options=options)


def fields(raw: list[str], typed: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for pair in [*raw, *typed]:
        name, has_value, value = pair.partition("=")
        if not (name and has_value):
            raise WronglyTyped(f"{pair!r} is not NAME=VALUE.")
        found[name] = value
    for pair in typed:
        name, _, value = pair.partition("=")
        found[name] = readings.text_of(value[1:]) if value.startswith("@") else readings.json_or_text(value)
    return found


def query_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def read_body(path: str) -> dict[str, object]:
    text = readings.text_of(path, BODY_BYTES_MAX)
    return readings.json_object(text, path, parse_float=str)


def all_pages(call: Call[object]) -> Iterator[dict[str, Any]]:
    """The data of every page, whether it goes on by a cursor or, as the feed does, by a sequence."""
    first = call.path
    while True:
        page = session().client.send(call, named=f"GET {first}")
        if not isinstance(page, dict) or "data" not in page:
            raise WronglyTyped(f"{first} is no list: leave out --paginate.")
        found = cast("dict[str, Any]", page)
        yield from found["data"]
        if found.get("next_cursor"):
            following = f"cursor={quote(found['next_cursor'], safe='')}"
        elif "next_after" in found and found["next_after"] < found["head"]:
            following = f"after={found['next_after']}"
        else:
            return
        call = replace(call, path=with_parameter(first, following))


def with_parameter(path: str, parameter: str) -> str:
    """The address with this parameter, in the place of one of the same name."""
    address, _, query = path.partition("?")
    name = parameter.partition("=")[0]
    kept = [one for one in query.split("&") if one and one.partition("=")[0] != name]
    return f"{address}?{'&'.join([*kept, parameter])}"


def show(answer: Raw[object]) -> None:
    """The body as it came; in lines for a person."""
    if session().choices.fields and isinstance(answer.value, dict):
        output.show(cast("dict[str, Any]", answer.value), ())  # pyright: ignore[reportUnknownMemberType]
    elif session().choices.jq or output.chosen_format() in {"table", "json"}:
        output.write_json(json.loads(answer.body, parse_float=str), indent=2)
    else:
        output.write(answer.body.decode())
