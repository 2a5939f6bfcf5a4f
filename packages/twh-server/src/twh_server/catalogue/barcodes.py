"""Barcodes: a GTIN is one number, however many digits a scanner tells it with; anything else is a text of its own."""

import re

GTIN_DIGITS = 14

_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}", re.ASCII)


def gtin(barcode: str) -> str | None:
    """The 14 digits of a GTIN that was told with 8, 12, 13 or 14; None for any other text.

    The column `item_barcodes.gtin` says the same.
    """
    return barcode.zfill(GTIN_DIGITS) if _GTIN.fullmatch(barcode) else None


def identity(barcode: str) -> str:
    """What a barcode is known by: two barcodes with one identity are the same barcode."""
    return gtin(barcode) or barcode


def right_check_digit(barcode: str) -> str | None:
    """The digit that a GTIN should end in; None when it does end in it, or is no GTIN.

    Counted from the check digit, every second digit weighs three; with the check digit, the sum is a multiple of ten.
    """
    if not _GTIN.fullmatch(barcode):
        return None
    digits = [int(digit) for digit in barcode[:-1]]
    right = str(-(3 * sum(digits[::-2]) + sum(digits[-2::-2])) % 10)
    return None if barcode[-1] == right else right
