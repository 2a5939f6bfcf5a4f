"""Quantities are exact decimals: text outside, `Decimal` inside, never rounded."""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Annotated

from msgspec import Meta

INTEGER_DIGITS_MAX = 15
SCALE_MAX = 9
QUANTITY_LIMIT = Decimal(10) ** INTEGER_DIGITS_MAX
"""Every quantity and every level lies strictly between minus this and this."""

Quantity = Annotated[
    str,
    Meta(
        pattern=r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$",
        description="An exact decimal in plain notation: at most 15 digits before the point and 9 behind it.",
        examples=["12", "-2.5"],
        extra_json_schema={"format": "decimal"},
    ),
]

# Python's default context would round a long sum silently; this one raises instead.
EXACT = Context(prec=40, traps=[Inexact, InvalidOperation, Overflow])
_PRODUCT = Context(prec=2 * (INTEGER_DIGITS_MAX + SCALE_MAX), traps=[Inexact, InvalidOperation, Overflow])

_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)


def parse(text: str) -> Decimal | None:
    """The quantity that a text in plain notation stands for; None when it is none."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def plain(quantity: Decimal) -> str:
    """The shortest plain notation: `8`, `-2.5`; never an exponent, never `-0`."""
    text = format(quantity, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def times(quantity: Decimal, other: Decimal) -> Decimal:
    """The exact product of two quantities; it may be larger and finer than a quantity is."""
    return _PRODUCT.multiply(quantity, other)


def decimals(quantity: Decimal) -> int:
    """How many decimals a quantity needs."""
    digits = plain(quantity).partition(".")[2]
    return len(digits)
