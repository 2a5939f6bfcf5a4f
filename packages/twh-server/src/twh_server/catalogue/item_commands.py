"""What can be done to an item: create, put, update, archive, restore."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twh_server.catalogue import items, names
from twh_server.catalogue.item_values import ItemValues, kept, labels_in, problems_of, unchanged
from twh_server.catalogue.item_writes import stored
from twh_server.catalogue.items import STOCKED_ITEM, ItemRow
from twh_server.catalogue.putting import Put, put
from twh_server.catalogue.refusals import InvalidItem, ItemArchived, ItemHasStock, ItemNotFound, SkuTaken
from twh_server.database.engine import Row
from twh_server.database.identifiers import ITEM, ItemId
from twh_server.journal.commands import Effects, Facts, Moment, Read
from twh_server.journal.versions import require
from twh_server.refusals import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateItem(ItemValues):
    """Create an item under a SKU that nobody ever used."""

    sku: str
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The SKU's and the barcodes' owners."""
        yield items.ITEMS, (None, self.sku)
        yield from map(items.asked_owner, self.labels)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ItemRow]:
        """The new item. Raises SkuTaken, BarcodeTaken or InvalidItem."""
        return _created(self.sku, self, facts, moment)


@dataclass(frozen=True, kw_only=True, slots=True)
class PutItem(ItemValues):
    """Have an item be so: create it, or replace all its values but its scale."""

    item: str
    """Its SKU; the id will do for one that exists."""
    if_match: Sequence[str] | None = None
    create_only: bool = False
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The item, and the owners of its barcodes."""
        yield items.asked(self.item)
        yield from map(items.asked_owner, self.labels)

    def decide(self, facts: Facts, moment: Moment) -> Effects[Put[ItemRow]]:
        """The item. Raises ItemNotFound, AlreadyExists, StaleVersion, ItemArchived, InvalidItem or BarcodeTaken.

        An id names no new item, and a condition on a version is none of what is not there.
        """
        item = items.find(facts, self.item)
        if item is None:
            if self.if_match is not None or ITEM.looks_like(self.item):
                raise ItemNotFound(self.item)
            return put(_created(self.item, self, facts, moment), created=True)
        require(self.if_match, tag=item.etag, version=item.version, create_only=self.create_only)
        problems: list[Problem] = []
        if self.scale not in (None, item.scale):
            message = f"The scale of an item is part of its history: it stays {item.scale}."
            problems.append(Problem(pointer="/scale", code="scale_is_fixed", message=message))
        return put(_changed(item, self.values(), problems, facts, moment), created=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateItem:
    """Change some values of an item; what is not named stays."""

    item: str
    changes: Mapping[str, Any]
    """Any of name, barcodes, packs, tags, unit, reorder_point (text or None) and attributes."""
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The item, and the owners of its new barcodes."""
        yield items.asked(self.item)
        yield from map(items.asked_owner, labels_in(self.changes))

    def decide(self, facts: Facts, moment: Moment) -> Effects[ItemRow]:
        """The changed item. Raises ItemNotFound, StaleVersion, ItemArchived, InvalidItem or BarcodeTaken."""
        item = _current(facts, self.item, self.if_match)
        return _changed(item, self.changes, [], facts, moment)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveItem:
    """Retire an item that has no stock left. Its history, its SKU and its barcodes stay."""

    item: str
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The item, and whether it has stock."""
        yield items.asked(self.item)
        yield items.STOCKED_ITEMS, names.reference(self.item, ITEM)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ItemRow]:
        """The archived item; archiving it again changes nothing. Raises ItemNotFound, StaleVersion or ItemHasStock."""
        item = _current(facts, self.item, self.if_match)
        if item.archived_at:
            return Effects(result=item)
        if facts.of(STOCKED_ITEM).get(item.id):
            raise ItemHasStock(item.sku)
        archived = _next(item, moment, archived_at=moment.recorded_at)
        return stored(archived, "item.archived", before=item, facts=facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreItem:
    """Take an archived item back into use."""

    item: str
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The item."""
        yield items.asked(self.item)

    def decide(self, facts: Facts, moment: Moment) -> Effects[ItemRow]:
        """The item; restoring what is in use changes nothing. Raises ItemNotFound or StaleVersion."""
        item = _current(facts, self.item, self.if_match)
        if item.archived_at is None:
            return Effects(result=item)
        return stored(_next(item, moment, archived_at=None), "item.restored", before=item, facts=facts)


def _current(facts: Facts, text: str, if_match: Sequence[str] | None) -> ItemRow:
    item = items.find(facts, text)
    if item is None:
        raise ItemNotFound(text)
    require(if_match, tag=item.etag, version=item.version)
    return item


def _created(sku: str, values: ItemValues, facts: Facts, moment: Moment) -> Effects[ItemRow]:
    scale = values.scale or 0
    problems = problems_of(values.values(), scale)
    if fault := names.fault_of(sku, ITEM):
        problems.append(Problem(pointer="/sku", code="invalid_name", message=f"A SKU {fault}."))
    if problems:
        raise InvalidItem(problems)
    if sku in facts.of(items.ITEM_BY_SKU):
        raise SkuTaken(sku)
    item = ItemRow(
        id=ItemId(moment.mint()),
        sku=sku,
        scale=scale,
        archived_at=None,
        version=1,
        created_at=moment.recorded_at,
        updated_at=moment.recorded_at,
        **kept(values.values()),
    )
    return stored(item, "item.created", before=None, facts=facts)


def _changed(
    item: ItemRow, changes: Mapping[str, Any], problems: list[Problem], facts: Facts, moment: Moment
) -> Effects[ItemRow]:
    if item.archived_at:
        raise ItemArchived(item.sku)
    # The barcodes of the item and of its packs are judged together, also when only some of them change.
    together = {"barcodes": item.barcodes, "packs": item.packs, **changes} if _labels_change(changes) else changes
    problems = [*problems_of(together, item.scale, item), *problems]
    if problems:
        raise InvalidItem(problems)
    changed = msgspec.structs.replace(item, **kept(changes))
    if unchanged(changed, item):
        return Effects(result=item)
    changed = _next(changed, moment)
    return stored(changed, "item.updated", before=item, facts=facts)


def _labels_change(changes: Mapping[str, Any]) -> bool:
    return "barcodes" in changes or "packs" in changes


def _next(item: ItemRow, moment: Moment, **changes: Any) -> ItemRow:
    return msgspec.structs.replace(item, version=item.version + 1, updated_at=moment.recorded_at, **changes)
