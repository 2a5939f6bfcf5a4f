"""Models with something believable in every field that you leave out.

`sample(models.Item, sku="TSHIRT-M")`, `sample(models.EntryRecorded, data=sample(models.Entry, kind="issue"))`
"""

from __future__ import annotations

import itertools
import re
import types
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from twh.model import Model

M = TypeVar("M", bound=Model)

PREFIXES = {
    "Item": "itm",
    "ItemRef": "itm",
    "Location": "loc",
    "LocationRef": "loc",
    "Entry": "ent",
    "Movement": "mov",
    "MovementRow": "mov",
    "Endpoint": "whe",
    "NewEndpoint": "whe",
    "Delivery": "dlv",
    "Tenant": "ten",
    "KeyRef": "key",
    "NewKey": "key",
}
EVENT_PREFIX = "evt"
TEXTS = {
    "code": "MAIN",
    "etag": '"v1"',
    "sku": "TSHIRT-M",
    "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "unit": "each",
    "url": "https://example.com/webhooks",
}
A_MOMENT = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
counted = itertools.count(1)


def sample(kind: type[M], /, **values: Any) -> M:
    """A model of this kind: your values, and something that fits wherever one is needed and you gave none."""
    unknown = values.keys() - kind.model_fields.keys()
    if unknown:
        raise TypeError(f"{kind.__name__} has no field {min(unknown)!r}: it has {', '.join(kind.model_fields)}")
    kind.model_rebuild()
    made = {
        name: made_for(kind, name, field.annotation)
        for name, field in kind.model_fields.items()
        if field.is_required() and name not in values
    }
    return kind.model_validate({**made, **values})


def made_for(kind: type[Model], name: str, annotation: Any) -> Any:
    origin, choices = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return made_for(kind, name, choices[0])
    if origin in {Union, types.UnionType}:
        return None if type(None) in choices else made_for(kind, name, choices[0])
    if origin is Literal:
        return choices[0]
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return sample(annotation)
    return text_for(kind, name) if annotation is str else plain(origin or annotation)


def plain(kind: Any) -> Any:
    if kind is datetime:
        return A_MOMENT
    if kind is Decimal:
        return Decimal(0)
    if kind is bool:
        return False
    if kind in {int, float}:
        return 1
    if kind in {list, tuple, set}:
        return []
    return {} if kind in {dict, Mapping} else None


def text_for(kind: type[Model], name: str) -> str:
    if name == "id":
        told = re.match(r"[a-z]+", kind.__name__.lower())
        prefix = PREFIXES.get(kind.__name__) or (EVENT_PREFIX if "timestamp" in kind.model_fields else told and told[0])
        return f"{prefix}_{next(counted):026d}"
    return TEXTS.get(name, name)
