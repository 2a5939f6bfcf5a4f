"""What PostgreSQL did for every statement of the application, the checks of foreign keys included: read from its own log."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twh_server.database.guards import APP, GUARDED

SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": 0,
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "autovacuum": "off",
}
"""A server that writes down the plan of every statement as it was carried out, and analyzes no table by itself."""

_ENTRY = re.compile(
    rf"^\d{{4}}-\d\d-\d\d [\d:.]+ UTC \[\d+\] {APP} LOG:  duration: [\d.]+ ms  plan:\n((?:\t.*\n)+)".encode(),
    re.MULTILINE,
)
_NEEDS_ALL = {"Sort", "Aggregate", "Hash", "Materialize", "Bitmap Heap Scan", "Incremental Sort", "Unique", "SetOp"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A statement and the nodes of its plan, each with those above it."""

    statement: str
    nodes: list[tuple[dict[str, Any], list[dict[str, Any]]]]

    @property
    def scanned(self) -> set[str]:
        """The guarded tables that it read from beginning to end."""
        read = {node["Relation Name"] for node, _ in self.nodes if node["Node Type"] == "Seq Scan"}
        return read & GUARDED.keys()

    @property
    def through_a_tenant(self) -> set[str]:
        """The indexes in which it went through all that the tenant has, other than until a page was full."""
        return {
            node["Index Name"]
            for node, above in self.nodes
            if "Index Name" in node and not _names_more(node.get("Index Cond", "")) and not _stops(above)
        }

    @property
    def touched(self) -> int:
        """How many rows, and entries of indexes, it read."""
        return round(sum(_touched(node) for node, _ in self.nodes))


def plans(log: Path, *, since: int = 0) -> list[Plan]:
    """Every plan in a log, or in what was added since it had so many bytes."""
    with log.open("rb") as file:
        file.seek(since)
        entries = [json.loads(entry[1]) for entry in _ENTRY.finditer(file.read())]
    return [Plan(statement=entry["Query Text"], nodes=list(_nodes(entry["Plan"], []))) for entry in entries]


def _nodes(node: dict[str, Any], above: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    yield node, above
    for below in node.get("Plans", ()):
        yield from _nodes(below, [*above, node])


def _names_more(condition: str) -> bool:
    """Whether an index is entered by more than the tenant (and the lot, which is the same everywhere)."""
    named = re.findall(r"\(?\(*(\w+)\)?(?:::text)?(?: COLLATE \"C\")?(?:, \w+\))? (?:[<>=]+|IS) ", condition)
    return bool(set(named) - {"tenant_id", "lot"})


def _stops(above: list[dict[str, Any]]) -> bool:
    """Whether what is above a node asks it for no more than a page, or for nothing: a name is no id, an id no name."""
    if any(node.get("One-Time Filter") == "false" for node in above):
        return True
    for node in reversed(above):
        if node["Node Type"] == "Limit":
            return True
        if node["Node Type"] in _NEEDS_ALL:
            return False
    return False


def _touched(node: dict[str, Any]) -> float:
    if not {"Relation Name", "Index Name"} & node.keys() or "Actual Loops" not in node:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])
