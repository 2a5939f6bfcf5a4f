"""`--jq EXPR`: what is shown goes through an expression of jq's language first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from twh_cli.problems import WronglyTyped

INSTALL = 'pip install "twh-cli[jq]"'


def check(expression: str) -> None:
    """Refuse what is no expression, before anything is asked or changed."""
    program(expression)


def results(expression: str, document: object) -> Iterator[object]:
    """What the expression makes of the document: nothing, one thing, or many."""
    try:
        yield from program(expression).input_value(document)
    except ValueError as why:
        raise WronglyTyped(f"The answer came, and --jq cannot make sense of it: {why}.") from None


@cache
def program(expression: str) -> Any:
    try:
        jq = import_module("jq")
    except ModuleNotFoundError:
        raise WronglyTyped("--jq needs the library jq, which is not installed.", hint=INSTALL) from None
    try:
        return jq.compile(expression)
    except ValueError as why:
        told = str(why).strip().partition("\n")[0].removeprefix("jq: error: ")
        raise WronglyTyped(f"--jq {expression!r} is no expression: {told}.") from None
