"""The values of an endpoint: what a caller may choose, everything that is wrong with it, and how it is kept."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from yarl import URL

from twh_server.catalogue import items, locations
from twh_server.catalogue.attributes import same
from twh_server.catalogue.refusals import ItemNotFound, LocationNotFound
from twh_server.database.engine import Row
from twh_server.events.kinds import KINDS, noun_of
from twh_server.journal.commands import Facts, Read
from twh_server.refusals import Problem
from twh_server.webhooks import targets
from twh_server.webhooks.endpoints import EndpointRow
from twh_server.webhooks.targets import Policy, TargetRefused

URL_LENGTH_MAX = 2_048
KINDS_MAX = 100
ITEMS_MAX = 200
LOCATIONS_MAX = 200
ATTRIBUTES_MAX = 20
ATTRIBUTES_BYTES_MAX = 4_096
RATE_PER_SECOND_MAX = 1_000
CONCURRENCY_MAX = 256

CHOSEN: Final = (
    "url",
    "kinds",
    "items",
    "locations",
    "attributes",
    "description",
    "payload",
    "form",
    "ordering",
    "rate_per_second",
    "concurrency",
)
"""What a caller chooses of a new endpoint."""

PATTERNS: Final = tuple(dict.fromkeys(f"{noun_of(kind)}.*" for kind in KINDS))
"""All the kinds of one noun, whatever is added to them."""

# RFC 3986's characters, nothing else: what is stored is what is dialled, and nobody has to guess at the rest.
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")


def asks(values: Mapping[str, Any]) -> Iterable[tuple[Read, Row]]:
    """The look-ups of the items and locations that values name."""
    yield from (items.asked(text) for text in values.get("items", ())[:ITEMS_MAX])
    yield from (locations.asked(text) for text in values.get("locations", ())[:LOCATIONS_MAX])


def problems_of(values: Mapping[str, Any], facts: Facts, policy: Policy) -> list[Problem]:
    """Everything that is wrong with some values of an endpoint."""
    return [
        *(_of_url(values["url"], policy) if "url" in values else ()),
        *_of_kinds(values.get("kinds", ())),
        *_of_items(values.get("items", ()), facts),
        *_of_locations(values.get("locations", ()), facts),
        *_of_attributes(values.get("attributes", {})),
    ]


def kept(values: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Values that were judged, as an endpoint has them: each name once, and things by their ids."""
    as_kept = dict(values)
    if "kinds" in values:
        as_kept["kinds"] = list(dict.fromkeys(values["kinds"]))
    if "items" in values:
        found = (items.find(facts, text) for text in values["items"])
        as_kept["items"] = list(dict.fromkeys(item.id for item in found if item))
    if "locations" in values:
        places = (locations.find(facts, text) for text in values["locations"])
        as_kept["locations"] = list(dict.fromkeys(location.id for location in places if location))
    return as_kept


def unchanged(one: EndpointRow, other: EndpointRow) -> bool:
    """Whether two endpoints are the same to the last value."""
    return one == other and same(one.attributes, other.attributes)


def _of_url(text: str, policy: Policy) -> Iterator[Problem]:
    if message := _url_fault(text):
        yield Problem(pointer="/url", code="invalid_url", message=message)
        return
    try:
        targets.check(URL(text, encoded=True), policy)
    except TargetRefused as refused:
        yield Problem(pointer="/url", code="target_refused", message=str(refused))


def _url_fault(text: str) -> str | None:
    if len(text) > URL_LENGTH_MAX:
        return f"A URL has at most {URL_LENGTH_MAX} characters."
    if not _URL_CHARACTERS.fullmatch(text):
        return "A URL has no spaces and no characters outside ASCII: write them percent-encoded."
    try:
        url = URL(text, encoded=True)
        _ = url.port  # judged only when it is asked for
    except ValueError as fault:
        return f"This is not a URL: {fault}."
    if url.scheme not in {"http", "https"}:
        return "A URL begins with https:// (in a sandbox, http:// will do)."
    if not url.host or "%" in url.host:
        return "A URL names a host."
    if "@" in url.raw_authority:
        return "A URL carries no user and no password: deliveries prove themselves by their signature."
    return "A URL for deliveries has no fragment (#…): it would not be sent." if "#" in text else None


def _of_kinds(kinds: Sequence[str]) -> Iterator[Problem]:
    if len(kinds) > KINDS_MAX:
        yield Problem(pointer="/kinds", code="too_many_kinds", message=f"Name at most {KINDS_MAX} kinds.")
        return
    for place, kind in enumerate(kinds):
        if kind not in KINDS and kind not in PATTERNS:
            message = f"There are no events of kind {kind!r}."
            yield Problem(pointer=f"/kinds/{place}", code="unknown_kind", message=message)


def _of_items(texts: Sequence[str], facts: Facts) -> Iterator[Problem]:
    if len(texts) > ITEMS_MAX:
        yield Problem(pointer="/items", code="too_many_items", message=f"Name at most {ITEMS_MAX} items.")
        return
    for place, text in enumerate(texts):
        if items.find(facts, text) is None:
            missing = ItemNotFound(text)
            yield Problem(pointer=f"/items/{place}", code=missing.code, message=str(missing))


def _of_locations(texts: Sequence[str], facts: Facts) -> Iterator[Problem]:
    if len(texts) > LOCATIONS_MAX:
        message = f"Name at most {LOCATIONS_MAX} locations."
        yield Problem(pointer="/locations", code="too_many_locations", message=message)
        return
    for place, text in enumerate(texts):
        if locations.find(facts, text) is None:
            missing = LocationNotFound(text)
            yield Problem(pointer=f"/locations/{place}", code=missing.code, message=str(missing))


def _of_attributes(attributes: Mapping[str, Any]) -> Iterator[Problem]:
    if len(attributes) > ATTRIBUTES_MAX:
        message = f"Name at most {ATTRIBUTES_MAX} attributes."
        yield Problem(pointer="/attributes", code="too_many_attributes", message=message)
    if len(msgspec.json.encode(attributes)) > ATTRIBUTES_BYTES_MAX:
        message = f"Attributes take at most {ATTRIBUTES_BYTES_MAX} bytes of JSON here."
        yield Problem(pointer="/attributes", code="too_large", message=message)
