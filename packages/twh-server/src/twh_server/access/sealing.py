"""Secrets at rest: sealed with AES-256-GCM, bound to the endpoint whose they are, under a key that has a name.

A sealed form is: version (1 byte), the key's name (4 bytes), nonce (12 bytes), ciphertext with its tag. The name lets
the key be changed: the newest key seals, older ones still open.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32

_VERSION = b"\x01"
_NAME_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + _NAME_BYTES + _NONCE_BYTES

# No JSON text begins like this, so a kept answer that was never sealed (a refusal) is told apart.
_KEPT = "sealed:"


class CannotUnseal(Exception):
    """What was sealed cannot be opened: its key is not known here, or it was changed, or it is somebody else's."""


def key_of(text: str) -> bytes:
    """The key that a setting spells in base64. Raises ValueError unless it is 32 bytes."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"The key of the secrets is {KEY_BYTES} bytes in base64: `openssl rand -base64 {KEY_BYTES}`.")
    return key


class Sealer:
    """Seals with one key, opens with that and with older ones. Each key is 32 bytes; `name` is that of the newest."""

    def __init__(self, key: bytes, *, older: Sequence[bytes] = ()) -> None:
        self.name = name_of(key)
        self._keys = {name_of(known): AESGCM(known) for known in (key, *older)}

    @property
    def names(self) -> list[bytes]:
        """The names of the keys that open, that of the newest first."""
        return list(self._keys)

    def seal_secret(self, secret: bytes, *, tenant: UUID, endpoint: UUID) -> bytes:
        """The form in which an endpoint's secret lies in the database."""
        return self._seal(secret, b"endpoint" + tenant.bytes + endpoint.bytes)

    def open_secret(self, sealed: bytes, *, tenant: UUID, endpoint: UUID) -> bytes:
        """An endpoint's secret. Raises CannotUnseal."""
        return self._open(sealed, b"endpoint" + tenant.bytes + endpoint.bytes)

    def keep(self, body: bytes, *, tenant: UUID) -> str:
        """The form in which an answer that tells a secret is remembered for its idempotency key."""
        return _KEPT + base64.b64encode(self._seal(body, b"answer" + tenant.bytes)).decode()

    def reopen(self, kept: str, *, tenant: UUID) -> bytes:
        """The body of a remembered answer, sealed or not. Raises CannotUnseal."""
        if not kept.startswith(_KEPT):
            return kept.encode()
        return self._open(base64.b64decode(kept.removeprefix(_KEPT)), b"answer" + tenant.bytes)

    def _seal(self, plain: bytes, whose: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        head = _VERSION + self.name
        return head + nonce + self._keys[self.name].encrypt(nonce, plain, head + whose)

    def _open(self, sealed: bytes, whose: bytes) -> bytes:
        head, nonce = sealed[: len(_VERSION) + _NAME_BYTES], sealed[len(_VERSION) + _NAME_BYTES : _HEAD_BYTES]
        key = self._keys.get(head[len(_VERSION) :])
        if key is None or not head.startswith(_VERSION):
            raise CannotUnseal("It was sealed with a key that this server does not have.")
        try:
            return key.decrypt(nonce, sealed[_HEAD_BYTES:], head + whose)
        except InvalidTag as fault:
            raise CannotUnseal("It was changed after it was sealed, or it belongs to something else.") from fault


def name_of(key: bytes) -> bytes:
    """The name that sealed things give their key: four bytes, from which nobody finds the key."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"A key has {KEY_BYTES} bytes, this one has {len(key)}.")
    return hashlib.sha256(b"twh secrets key" + key).digest()[:_NAME_BYTES]
