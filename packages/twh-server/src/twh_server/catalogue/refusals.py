"""What the catalogue refuses."""

from collections.abc import Sequence

from twh_server.refusals import Problem, Refusal


class ItemNotFound(Refusal):
    """There is no such item.

    Check the id or SKU; SKUs are compared exactly.
    """

    def __init__(self, item: str) -> None:
        super().__init__(f"No item has the id or SKU {item!r}.", item=item)


class LocationNotFound(Refusal):
    """There is no such location.

    Check the id or code; codes are compared exactly.
    """

    def __init__(self, location: str) -> None:
        super().__init__(f"No location has the id or code {location!r}.", location=location)


class SkuTaken(Refusal):
    """This SKU is taken.

    Choose another SKU. A SKU is taken for ever once it was used.
    """

    def __init__(self, sku: str) -> None:
        super().__init__(f"The SKU {sku!r} belongs to another item. A SKU is taken for ever once it was used.", sku=sku)


class CodeTaken(Refusal):
    """This location code is taken.

    Choose another code. A code is taken for ever once it was used.
    """

    def __init__(self, code: str) -> None:
        super().__init__(
            f"The code {code!r} belongs to another location. A code is taken for ever once it was used.", location=code
        )


class BarcodeTaken(Refusal):
    """This barcode belongs to another item.

    A barcode leads to one item, or to one of its packs, and a GTIN is one barcode in all its forms. Take it away from the
    other first; `barcode` in the list of items finds who has it.
    """

    def __init__(self, barcode: str) -> None:
        super().__init__(f"The barcode {barcode!r} belongs to another item.", barcode=barcode)


class ItemArchived(Refusal):
    """The item is archived.

    An archived item takes no movements and no changes. Restore it first.
    """

    def __init__(self, sku: str) -> None:
        super().__init__(f"The item {sku!r} is archived: its history stays, but it takes no changes.", item=sku)


class LocationArchived(Refusal):
    """The location is archived.

    An archived location takes no movements, no changes and no parts. Restore it first.
    """

    def __init__(self, code: str) -> None:
        super().__init__(
            f"The location {code!r} is archived: its history stays, but it takes no changes.", location=code
        )


class ItemHasStock(Refusal):
    """The item still has stock.

    Issue, transfer or write off its stock before you archive it.
    """

    def __init__(self, sku: str) -> None:
        super().__init__(
            f"The item {sku!r} has stock on hand or reserved. Issue, transfer or write it off first.", item=sku
        )


class LocationHasStock(Refusal):
    """The location still has stock.

    Move or write off its stock before you archive it.
    """

    def __init__(self, code: str) -> None:
        super().__init__(
            f"The location {code!r} has stock on hand or reserved. Move it or write it off first.", location=code
        )


class LocationHasParts(Refusal):
    """Locations in use are part of this one.

    Archive the locations that are part of it, or move them elsewhere; `parts` says how many there are.
    """

    def __init__(self, location: str, parts: int) -> None:
        super().__init__(
            f"{parts} locations in use are part of {location!r}. Archive them or move them elsewhere first.",
            location=location,
            parts=parts,
        )


class InvalidItem(Refusal):
    """The item does not make sense.

    Each value that cannot be used is in `errors`; a wrong check digit comes with the right one.
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("Some values of the item cannot be used; each is named in errors.", errors=errors)


class InvalidLocation(Refusal):
    """The location does not make sense.

    Each value that cannot be used is in `errors`. A location lies at most eight deep, and never within itself.
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("Some values of the location cannot be used; each is named in errors.", errors=errors)
