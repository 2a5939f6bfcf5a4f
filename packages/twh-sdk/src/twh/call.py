"""An endpoint is described once and driven twice: a method returns a `Call`, and `@endpoint` lets the client drive it.

On `Client` the method then returns the answer, on `AsyncClient` an awaitable of it, on `with_raw` the answer with its
status and headers. Type checkers see each of these, with the method's own parameters.
"""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import update_wrapper
from types import MethodType
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, overload

from twh.options import Options, check

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Generic[T_co]):
    """What to ask of the server, and what its answer will be."""

    method: str
    path: str
    returns: type[T_co]
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Mapping[str, object] | None = None
    options: Options | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    reads: bool = False
    """A POST that changes nothing: it needs no key, and losing its answer loses nothing."""
    wait: float = 0
    """Seconds for which the server may hold its answer back."""
    deadline: float | None = None
    """Where this call needs another deadline than the client's."""
    none_on: str | None = None
    """The problem code that means None."""

    def __post_init__(self) -> None:
        if self.options:
            check(self.options)

    @property
    def changes(self) -> bool:
        return self.method != "GET" and not self.reads


class Headed:
    """What an answer's headers say of it; looked up when asked for, since in most calls nobody asks."""

    __slots__ = ()
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str | None:
        """What the server's logs call it."""
        return self.headers.get("twh-request-id")

    @property
    def replayed(self) -> bool:
        """The key had been answered before: nothing happened now, and this is the answer of then."""
        return self.headers.get("idempotent-replayed") == "true"


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw(Headed, Generic[T_co]):
    """An answer with what came along with it."""

    value: T_co
    status: int
    headers: Mapping[str, str]
    body: bytes
    idempotency_key: str | None
    attempts: int
    elapsed: float


class Driver(ABC):
    """What drives calls: one of the four below."""

    answers: ClassVar[str] = r"\1"
    """How this driver changes what a method returns, for those who inspect its signature."""

    @abstractmethod
    def send(self, call: Call[Any], *, named: str = "") -> Any: ...


class Direct(Driver):
    """Answers at once."""

    @abstractmethod
    def send(self, call: Call[T], *, named: str = "") -> T: ...


class Awaited(Driver):
    """Answers when awaited."""

    answers = r"Coroutine[Any, Any, \1]"

    @abstractmethod
    async def send(self, call: Call[T], *, named: str = "") -> T: ...


class DirectRaw(Driver):
    """Answers at once, with status and headers."""

    answers = r"Raw[\1]"

    @abstractmethod
    def send(self, call: Call[T], *, named: str = "") -> Raw[T]: ...


class AwaitedRaw(Driver):
    """Answers when awaited, with status and headers."""

    answers = r"Coroutine[Any, Any, Raw[\1]]"

    @abstractmethod
    async def send(self, call: Call[T], *, named: str = "") -> Raw[T]: ...


DriverT_co = TypeVar("DriverT_co", bound=Driver, covariant=True)


class Resource(Generic[DriverT_co]):
    """One noun of the API, in the hands of the client that drives it."""

    def __init__(self, driver: DriverT_co) -> None:
        self.driver = driver


def noun_of(resource: type) -> str:
    """`AuditLog` → `audit_log`, as the contract calls it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", resource.__name__).lower()


class Described(ABC, Generic[P]):
    """What `@endpoint` and `@listing` have in common: a method of a resource that describes, and is driven when called."""

    inside: ClassVar[str]
    """Where the type of the answer stands in the method's own annotation."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[Any]]) -> None:
        self.describe = describe
        self.named = describe.__name__
        self.faces: dict[type[Driver], Callable[..., Any]] = {}
        self.__doc__ = describe.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.named = f"{noun_of(owner)}.{name.rstrip('_')}"

    @abstractmethod
    def drive(self, driver: Driver, call: Call[Any]) -> Any: ...

    @abstractmethod
    def answers(self, kind: type[Driver]) -> str: ...

    def bound(self, resource: Resource[Driver]) -> Callable[..., Any]:
        kind = type(resource.driver)
        face = self.faces.get(kind)
        if face is None:
            face = self.faces[kind] = self.face(kind)
        return MethodType(face, resource)

    def face(self, kind: type[Driver]) -> Callable[..., Any]:
        """The function that callers meet: it has the name, the docstring and the parameters of the method."""
        describe, drive = self.describe, self.drive

        def face(resource: Resource[Driver], *args: P.args, **kwargs: P.kwargs) -> Any:
            return drive(resource.driver, describe(resource, *args, **kwargs))

        update_wrapper(face, describe)
        signature = inspect.signature(describe)
        answer = re.sub(self.inside, self.answers(kind), str(signature.return_annotation))
        face.__dict__["__signature__"] = signature.replace(return_annotation=answer)
        return face


class endpoint(Described[P], Generic[P, T]):  # noqa: N801 - a decorator
    """Lets the resource's client drive the call that the method describes."""

    inside = r"^Call\[(.*)\]$"

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        super().__init__(describe)

    @overload
    def __get__(self, resource: None, owner: Any = None) -> endpoint[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Direct], owner: Any = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: Resource[Awaited], owner: Any = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, resource: Resource[DirectRaw], owner: Any = None) -> Callable[P, Raw[T]]: ...
    @overload
    def __get__(
        self, resource: Resource[AwaitedRaw], owner: Any = None
    ) -> Callable[P, Coroutine[Any, Any, Raw[T]]]: ...
    def __get__(self, resource: Resource[Driver] | None, owner: Any = None) -> endpoint[P, T] | Callable[..., Any]:
        return self if resource is None else self.bound(resource)

    def drive(self, driver: Driver, call: Call[Any]) -> Any:
        return driver.send(call, named=self.named)

    def answers(self, kind: type[Driver]) -> str:
        return kind.answers
