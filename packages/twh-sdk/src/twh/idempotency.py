"""Idempotency keys: a fresh one for each change."""

import os
import time
import uuid

_RANDOM_BITS = 62
_VERSION_7 = 0x7 << 76 | 0b10 << _RANDOM_BITS


def fresh_key() -> str:
    """A key that nobody else has, as a UUIDv7.

    It begins with the time: a server keeps every key, and finds room for a new one beside those of the last minutes
    instead of anywhere among millions.
    """
    chance = int.from_bytes(os.urandom(10), "big")
    low = chance & ((1 << _RANDOM_BITS) - 1)
    high = (chance >> _RANDOM_BITS & 0xFFF) << 64
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | _VERSION_7 | high | low))
