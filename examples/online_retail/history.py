"""What the ledger tells about a location, from its first movement to its last."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from progress import shown
from twh import Client
from twh.models import MovementRow

PAGE_SIZE = 200
OURS = {"opening stock", "invoice"}


@dataclass
class History:
    """Sums and levels of all movements, as far as they were read."""

    units: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By kind and SKU, negative for what was taken."""
    movements: Counter[str] = field(default_factory=Counter[str])
    entries: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    levels: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict[str, list[tuple[datetime, int]]])
    """What each movement of an item left on hand."""
    strange: list[str] = field(default_factory=list[str])
    """Movements that no file like ours has brought."""

    def add(self, movement: MovementRow) -> None:
        kind, sku = movement.kind, movement.item.sku
        self.units[kind, sku] += int(movement.quantity)
        self.movements[kind] += 1
        self.entries.setdefault(kind, set()).add(movement.entry)
        self.levels.setdefault(sku, []).append((movement.occurred_at, int(movement.on_hand_after)))
        if movement.reference is None or movement.reference.type not in OURS:
            self.strange.append(f"{movement.entry}: {kind} of {sku}")

    def lowest(self) -> dict[str, int]:
        """How far each item ever fell."""
        return {sku: min(on_hand for _, on_hand in levels) for sku, levels in self.levels.items()}

    def busiest(self, count: int) -> list[str]:
        """The items with the most movements."""
        return sorted(self.levels, key=lambda sku: (-len(self.levels[sku]), sku))[:count]


def read_history(client: Client, location: str, *, expected: int) -> History:
    history = History()
    movements = client.movements.list(location=location, order="asc", page_size=PAGE_SIZE)
    for movement in shown(movements, "reading back", expected):
        history.add(movement)
    return history


def read_levels(client: Client, location: str) -> dict[str, int]:
    """What is on hand now, by SKU."""
    levels = client.stock.list(location=location, page_size=PAGE_SIZE)
    return {level.item.sku: int(level.on_hand) for level in levels}
