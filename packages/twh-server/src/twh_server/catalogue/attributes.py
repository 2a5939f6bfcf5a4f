"""Attributes: whatever a shop wants to keep with an item, as one JSON object."""

from collections.abc import Mapping, Sequence
from typing import cast

ATTRIBUTES_BYTES_MAX = 16_384


def same(one: object, other: object) -> bool:
    """Whether two JSON values are the same. Python takes true for 1; JSON does not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        first, second = cast(Mapping[str, object], one), cast(Mapping[str, object], other)
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(one, list) and isinstance(other, list):
        left, right = cast(Sequence[object], one), cast(Sequence[object], other)
        return len(left) == len(right) and all(map(same, left, right))
    return one == other
