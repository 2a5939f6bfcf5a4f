"""The shop that a sandbox begins with: what it sells, and where it keeps it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.items import Pack
from twh_server.catalogue.location_commands import CreateLocation

MAIN, SHOP, BACK, RETURNS = "MAIN", "SHOP", "BACK", "RETURNS"

LOCATIONS: Final = (
    CreateLocation(code=MAIN, name="Main warehouse", kind="warehouse"),
    CreateLocation(code=SHOP, name="Shop, Mill Lane 4", kind="store"),
    CreateLocation(code=BACK, name="Back room, shelf 2", kind="bin", parent=SHOP),
    CreateLocation(code=RETURNS, name="Returns to be checked", kind="quarantine"),
)


@dataclass(frozen=True, slots=True)
class Ware:
    """Something the shop sells: `pace` is how much of it one customer takes at most, `order` how much is bought at once.

    `case` is how many of it come in one case, where it comes in cases.
    """

    sku: str
    name: str
    pace: str
    order: str
    reorder_point: str | None = None
    unit: str = "each"
    scale: int = 0
    case: str | None = None
    tags: tuple[str, ...] = ()

    def taken(self, share: float) -> Decimal:
        """An amount between one step of the scale and `pace`, as a customer takes it."""
        step = Decimal(1).scaleb(-min(self.scale, 2))
        steps = int(Decimal(self.pace) / step)
        return step * (1 + int(share * steps)) if steps > 1 else step


WARES: Final = (
    Ware("TSHIRT-S", "T-shirt, organic cotton, S", "2", "30", "8", tags=("clothes",)),
    Ware("TSHIRT-M", "T-shirt, organic cotton, M", "2", "48", "12", tags=("clothes",)),
    Ware("TSHIRT-L", "T-shirt, organic cotton, L", "2", "40", "10", tags=("clothes",)),
    Ware("HOODIE-M", "Hoodie, grey melange, M", "1", "18", "4", tags=("clothes",)),
    Ware("HOODIE-L", "Hoodie, grey melange, L", "1", "18", "4", tags=("clothes",)),
    Ware("CAP-NAVY", "Cap, navy", "1", "24", "6", tags=("clothes",)),
    Ware("TOTE-NATURAL", "Tote bag, natural", "3", "36", "16", tags=("gifts",)),
    Ware("MUG-BLUE", "Mug, stoneware, blue", "3", "48", "12", case="12", tags=("kitchen",)),
    Ware("MUG-WHITE", "Mug, stoneware, white", "3", "48", "12", case="12", tags=("kitchen",)),
    Ware("MUG-TRAVEL", "Travel mug, steel, 350 ml", "1", "20", "5", tags=("kitchen",)),
    Ware("KETTLE-GOOSE", "Gooseneck kettle, 0.9 l", "1", "8", "2", tags=("kitchen",)),
    Ware("GRINDER-HAND", "Hand grinder, steel burrs", "1", "10", "3", tags=("kitchen",)),
    Ware("SCALE-POCKET", "Pocket scale, 0.1 g", "1", "12", "3", tags=("kitchen",)),
    Ware("FILTER-02", "Paper filters, size 02", "4", "80", "20", unit="pack", case="10", tags=("coffee",)),
    Ware("BEANS-HOUSE", "Coffee beans, house blend", "1", "60", "12", unit="kg", scale=3, tags=("coffee",)),
    Ware("BEANS-ETHIOPIA", "Coffee beans, Ethiopia Guji", "1", "40", "8", unit="kg", scale=3, tags=("coffee",)),
    Ware("BEANS-DECAF", "Coffee beans, decaffeinated", "0.5", "15", "3", unit="kg", scale=3, tags=("coffee",)),
    Ware("TEA-GREEN", "Green tea, 20 bags", "2", "40", "10", unit="box", case="20", tags=("tea",)),
    Ware("TEA-EARLGREY", "Earl Grey, 20 bags", "2", "40", "10", unit="box", case="20", tags=("tea",)),
    Ware("NOTEBOOK-A5", "Notebook, A5, dotted", "2", "50", "12", tags=("paper",)),
    Ware("PEN-GEL", "Gel pen, black", "5", "120", "30", case="24", tags=("paper",)),
    Ware("POSTER-A2", "Poster, brewing guide, A2", "1", "25", tags=("paper",)),
    Ware("CANDLE-CEDAR", "Candle, cedar, 180 g", "2", "30", "6", tags=("gifts",)),
    Ware("RIBBON-RED", "Gift ribbon, red", "3", "100", "20", unit="m", scale=2, tags=("gifts",)),
)

# GS1 leaves numbers that begin with 2 to each shop: these are nobody's, and never will be.
_OWN_NUMBERS = 2_000_001_000_00
_CASES = 500


def items() -> list[CreateItem]:
    """The shop's items, each with a barcode, and those that come in cases with one on the case."""
    return [
        CreateItem(
            sku=ware.sku,
            name=ware.name,
            barcodes=[ean13(str(_OWN_NUMBERS + number))],
            packs=[_case(ware.case, number)] if ware.case else [],
            tags=ware.tags,
            unit=ware.unit,
            scale=ware.scale,
            reorder_point=ware.reorder_point,
        )
        for number, ware in enumerate(WARES, start=1)
    ]


def _case(holds: str, number: int) -> Pack:
    return Pack(name="case", quantity=holds, barcode=ean13(str(_OWN_NUMBERS + _CASES + number)))


def ean13(twelve: str) -> str:
    """Twelve digits with their check digit, which makes the weighted sum (1, 3, 1, 3 …) a multiple of ten."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return f"{twelve}{-total % 10}"
