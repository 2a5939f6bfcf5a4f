"""What one check of `twh-server check` found, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line: `unknown` is what cannot be told from here, and fails nothing."""

    name: str
    state: State
    found: str
    to_do: str = ""


def ok(name: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(name=name, state="ok", found=found)


def fail(name: str, found: str, to_do: str) -> Finding:
    """It is not, and this is what to do."""
    return Finding(name=name, state="fail", found=found, to_do=to_do)


def unknown(name: str, found: str, to_do: str) -> Finding:
    """It cannot be told; this is where to look."""
    return Finding(name=name, state="unknown", found=found, to_do=to_do)
