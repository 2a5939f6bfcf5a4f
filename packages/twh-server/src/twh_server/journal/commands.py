"""What the journal carries: commands that decide over facts, and the effects that they have when accepted.

The journal knows no item and no level. Whoever brings a command brings the plural look-ups (`Read`) that find what it
needs, the indexes (`Index`) in which the found is kept, and the plural statements (`Write`) that its effects become.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from twh_server.database.engine import Row
from twh_server.database.identifiers import KeyId, Minter, TenantId
from twh_server.events.kinds import News
from twh_server.refusals import Refusal

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


def _nobody(_: int) -> None:
    """Nobody wants to know."""


class Index(Generic[K, V]):
    """The name of one mapping in the facts: what is known, by what it is asked for."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Facts:
    """What a batch knows: first what the database said, then also what its accepted commands have done."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Index[Any, Any], dict[Any, Any]] = {}

    def of(self, index: Index[K, V]) -> dict[K, V]:
        """Everything known under an index."""
        known = self._known.get(index)
        if known is None:
            known = self._known[index] = {}
        return known

    def draft(self) -> "Facts":
        """The same facts again, for a command that must see what its own parts have done."""
        draft = Facts()
        draft._known = {index: dict(known) for index, known in self._known.items()}
        return draft


@dataclass(frozen=True, eq=False, kw_only=True)
class Read:
    """A plural look-up.

    `sql` is given `%(tenant)s`, and all that is asked as `%(wanted)s`: a JSON text, read by `json_to_recordset(…) as
    wanted (…)`. A key has its parts in the order of that record's columns. `enter` puts the rows that are found into the
    facts. One statement serves a whole batch.
    """

    sql: str
    enter: Callable[[Facts, Sequence[Row]], None]


@dataclass(frozen=True, eq=False, kw_only=True)
class Write:
    """A plural statement: `sql` is given `%(tenant)s`, `%(recorded_at)s`, and its rows as `%(rows)s`: a JSON text.

    It says itself, in `json_to_recordset(…) as stored (…)`, which of a row's fields it takes, and as what. Statements run
    in the order of `rank`. Where the fields of a `key` are named, only the last row of each key is written.
    """

    sql: str
    rank: int
    key: Sequence[str] | None = None


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When and where in the ledger a command is decided: known only once the head is held."""

    tenant: TenantId
    recorded_at: datetime
    sequence: int
    """The number that the command's first event will have."""
    minter: Minter

    def mint(self) -> UUID:
        """A new identifier, greater than any that the tenant has."""
        return self.minter.mint()


class Effects(msgspec.Struct, Generic[T], kw_only=True):
    """What an accepted command does."""

    result: T
    rows: list[tuple[Write, msgspec.Struct]] = msgspec.field(default_factory=list[tuple[Write, msgspec.Struct]])
    news: list[News] = msgspec.field(default_factory=list[News])
    known: list[tuple[Index[Any, Any], Any, Any]] = msgspec.field(
        default_factory=list[tuple[Index[Any, Any], Any, Any]]
    )
    """What the commands after it must know: (index, key, value)."""


class Command(Protocol[T]):
    """Something that a tenant asks to be done. Deciding is pure: it reads facts and answers effects, or refuses."""

    @property
    def weight(self) -> int:
        """How many lines it has, for the size of a batch."""
        ...

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The look-ups it needs, with their keys."""
        ...

    def decide(self, facts: Facts, moment: Moment) -> Effects[T]:
        """The effects, or a `Refusal`."""
        ...


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: an API key, by its id and its name."""

    key: KeyId
    name: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller is told, byte for byte.

    A body that is the data of the command's first event (`told_by_event`) is not made and not stored again: the journal
    takes it from there. A body that must not lie in the database as it is has another form in which it is `kept`.
    """

    status: int
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes = b""
    told_by_event: bool = False
    kept: str | None = None
    replayed: bool = False


class Submission(msgspec.Struct, Generic[T], frozen=True, kw_only=True, eq=False):
    """A command on its way, with all that is needed to answer it."""

    tenant: TenantId
    command: Command[T]
    answer: Callable[[T], Answer]
    refuse: Callable[[Refusal], Answer]
    key: str | None = None
    digest: bytes = b""
    """What the key stands for: SHA-256 over the request. The same key with another digest is refused."""
    actor: Actor | None = None
    """Who asks; every event of the command says so. None for what nobody asked for."""
    shares: Callable[[int], None] = _nobody
    """Told how many commands shared the transaction with this one, itself included."""
    reopen: Callable[[str], bytes] = str.encode
    """From the form in which an answer's body was kept to the body."""
