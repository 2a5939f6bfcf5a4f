"""How words become values: quantities with any minus sign, moments absolute or ago, references with or without a type."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TextIO, cast

import typer

from twh.params import PackParts, ReferenceParts
from twh_cli.problems import WronglyTyped

MINUS = "\N{MINUS SIGN}"
AGO = re.compile(r"(\d+) ?(s|m|h|d|w)(?: ago)?")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
TYPED_REFERENCE = re.compile(r"([a-z][a-z0-9_.-]*):(.+)")


def quantity(text: str) -> Decimal:
    """An exact number; a minus may also be the typographic one."""
    try:
        value = Decimal(text.replace(MINUS, "-"))
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a quantity: write 12, 2.5 or -3.") from None
    if not value.is_finite():
        raise typer.BadParameter(f"{text!r} is not a finite number.")
    return value


def moment(text: str) -> datetime:
    """2026-05-10T12:00:00Z, 2026-05-10, or 3h, 2d: so long ago. A time without a zone is this machine's."""
    ago = AGO.fullmatch(text.strip())
    try:
        if ago:
            return datetime.now(UTC) - timedelta(seconds=int(ago[1]) * SECONDS[ago[2]])
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a time: write 2026-05-10T12:00:00Z, 2026-05-10, or 3h for ago."
        ) from None


def duration(text: str) -> timedelta:
    """30s, 2h, 7d: so long."""
    found = AGO.fullmatch(text.strip())
    try:
        if found and not text.strip().endswith("ago"):
            return timedelta(seconds=int(found[1]) * SECONDS[found[2]])
    except OverflowError:
        pass
    raise typer.BadParameter(f"{text!r} is not a duration: write 30s, 15m, 2h or 7d.")


def end(text: str) -> datetime:
    """2026-12-31T12:00:00Z, 2026-12-31, or 90d: so long from now. A time without a zone is this machine's."""
    try:
        if AGO.fullmatch(text.strip()):
            return datetime.now(UTC) + duration(text)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a time: write 2026-12-31T12:00:00Z, 2026-12-31, or 90d from now."
        ) from None


def reference(text: str) -> ReferenceParts:
    """`rma:RA-19` is RA-19 of type rma; anything else is of type reference."""
    typed = TYPED_REFERENCE.fullmatch(text)
    return {"type": typed[1], "id": typed[2]} if typed else {"type": "reference", "id": text}


def attribute(pair: str) -> tuple[str, str]:
    """`colour=blue` as a filter."""
    name, has_value, value = pair.partition("=")
    if not (name and has_value):
        raise typer.BadParameter(f"{pair!r} is not NAME=VALUE.")
    return name, value


def attributes(pairs: list[str]) -> dict[str, object]:
    """`colour=blue`, `weight=12`: JSON where it is JSON, text where it is not."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, has_value, value = pair.partition("=")
        if not (name and has_value):
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE.")
        found[name] = json_or_text(value)
    return found


def packs(texts: list[str]) -> list[PackParts]:
    """`case=12`, or with its barcode `case=12:14006381333938`."""
    found: list[PackParts] = []
    for text in texts:
        name, holds, rest = text.partition("=")
        amount, labelled, barcode = rest.partition(":")
        if not (name and holds):
            raise typer.BadParameter(f"{text!r} is not NAME=QUANTITY or NAME=QUANTITY:BARCODE.")
        pack: PackParts = {"name": name, "quantity": quantity(amount)}
        if labelled:
            pack["barcode"] = barcode
        found.append(pack)
    return found


def headers(given: list[str]) -> dict[str, str]:
    """`X-Tenant: blue`, as often as there are headers."""
    found: dict[str, str] = {}
    for one in given:
        name, has_value, value = one.partition(":")
        if not (name.strip() and has_value):
            raise typer.BadParameter(f"{one!r} is not NAME:VALUE.")
        found[name.strip()] = value.strip()
    return found


def json_or_text(value: str) -> object:
    """A number keeps its digits: it stays exact only as text."""
    try:
        read: object = json.loads(value, parse_float=str)
    except ValueError:
        return value
    return read


def json_object(text: str, what: str, parse_float: Callable[[str], object] | None = None) -> dict[str, Any]:
    """The object that a text is; `what` is how the text is called when it is none."""
    try:
        thing: object = json.loads(text, parse_float=parse_float)
    except ValueError as why:
        raise WronglyTyped(f"{what} is not JSON: {why}.") from None
    if not isinstance(thing, dict):
        raise WronglyTyped(f"{what} is not a JSON object.")
    return cast("dict[str, Any]", thing)


def text_of(path: str, bytes_max: int | None = None) -> str:
    """What a file holds; `-` is stdin. Of what has more than `bytes_max`, no more is read than that takes to see."""
    try:
        if path == "-":
            return decoded(sys.stdin, bytes_max, path)
        with Path(path).open(encoding="utf-8") as file:
            return decoded(file, bytes_max, path)
    except (OSError, UnicodeDecodeError) as why:
        raise typer.BadParameter(f"{path} cannot be read: {why}") from None


def decoded(file: TextIO, bytes_max: int | None, path: str) -> str:
    if bytes_max is None:
        return file.read()
    text = file.read(bytes_max + 1)
    if len(text) > bytes_max:
        raise typer.BadParameter(f"{path} has more than the {bytes_max:,} bytes that a request may have.")
    return text


def with_minus_signs(words: list[str]) -> list[str]:
    """Negative numbers with the typographic minus, so that they are not taken for options."""
    return [MINUS + word[1:] if re.fullmatch(r"-\d[\d.]*", word) else word for word in words]
