"""Blocks: each batch seals its events with a hash that also covers every block before it."""

import hashlib
from collections.abc import Iterable


def seal(previous: bytes, bodies: Iterable[bytes]) -> bytes:
    """SHA-256 over the previous hash and each event's stored bytes behind their length (8 bytes, big-endian)."""
    digest = hashlib.sha256(previous)
    for body in bodies:
        digest.update(len(body).to_bytes(8, "big"))
        digest.update(body)
    return digest.digest()
