"""A refusal is a fact: what was asked cannot be, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

Fact = str | int | bool | datetime | None

# What every problem says of itself; a fact of the same name would hide it from whoever is told.
_OWN_MEMBERS = frozenset({"type", "title", "status", "code", "request_id"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with a request, at a JSON pointer into its body."""

    pointer: str
    code: str
    message: str


class Refusal(Exception):
    """The request cannot be carried out.

    A subclass is one named reason. The first line of its docstring is the title that people read, the rest is what they
    can do about it; its name in snake_case is the code that programs match on, and `facts` is what a client can act on.
    """

    def __init__(self, detail: str, *, errors: Sequence[Problem] = (), **facts: Fact) -> None:
        if hidden := _OWN_MEMBERS & facts.keys():
            raise TypeError(f"a fact may not be called {', '.join(sorted(hidden))}: every problem has that already")
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.facts = facts

    @property
    def code(self) -> str:
        """The stable code of this refusal."""
        return code_of(type(self))

    @property
    def title(self) -> str:
        """The sentence that names this refusal."""
        return title_of(type(self))


def code_of(kind: type[Refusal]) -> str:
    """`InsufficientStock` → `insufficient_stock`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def title_of(kind: type[Refusal]) -> str:
    """The first line of the docstring, without its full stop."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0].rstrip(".")


def remedy_of(kind: type[Refusal]) -> str:
    """What to do: the docstring without its first line, on one line."""
    return " ".join(" ".join(line.split()) for line in (kind.__doc__ or "").strip().splitlines()[1:]).strip()
