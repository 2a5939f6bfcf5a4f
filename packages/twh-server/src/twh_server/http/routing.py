"""Finding the operation that a path stands for, by its parts; a part of its own comes before a variable one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from twh_server.http.operation import Operation

PREFIX = "/v1/"
"""What the paths of all operations begin with."""

_SLASHES = re.compile(r"/{2,}|/$")


@dataclass(slots=True)
class Route:
    """A path: its operations by method, and the names of its variable parts."""

    names: Sequence[str]
    methods: dict[str, Operation] = field(default_factory=dict[str, Operation])

    @property
    def allowed(self) -> str:
        """All methods that it takes, as `Allow` names them."""
        return ", ".join(sorted({*self.methods, "OPTIONS"}))


class Routes:
    """The paths of all operations. A variable part is any text but none, as it was sent: percent-encoded."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._exact: dict[str, Route] = {}
        self._below = _Node()
        for operation in operations:
            methods = self._route(operation.path).methods
            methods[operation.method] = operation
            if operation.method == "GET":
                methods["HEAD"] = operation

    def find(self, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route of a path, and what its variable parts are; None when there is none."""
        route = self._exact.get(path)
        if route:
            return route, {}
        parts = _SLASHES.sub(lambda slashes: "" if slashes.end() == len(path) else "/", path).split("/")[1:]
        found = self._below.find(parts, 0)
        if found is None:
            return None
        route, values = found
        return route, dict(zip(route.names, values, strict=True))

    def _route(self, path: str) -> Route:
        node, names = self._below, list[str]()
        for part in path.split("/")[1:]:
            if part.startswith("{"):
                names.append(part.strip("{}"))
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.parts.setdefault(part, _Node())
        node.route = node.route or Route(names)
        if not names:
            self._exact[path] = node.route
        return node.route


@dataclass(slots=True)
class _Node:
    parts: "dict[str, _Node]" = field(default_factory=dict[str, "_Node"])
    variable: "_Node | None" = None
    route: Route | None = None

    def find(self, parts: Sequence[str], place: int) -> tuple[Route, list[str]] | None:
        if place == len(parts):
            return (self.route, []) if self.route else None
        below = self.parts.get(parts[place])
        found = below.find(parts, place + 1) if below else None
        if found is None and self.variable and (found := self.variable.find(parts, place + 1)):
            found[1].insert(0, parts[place])
        return found
