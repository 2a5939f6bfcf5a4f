"""The form of a key: what it opens, 32 random letters and digits, and 6 that are a checksum over all before them.

So a typo is told without asking the database, and who scans a text for leaked keys can tell one from a look-alike. The
keys of revision 0001 have no checksum: whoever holds one goes on using it.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Mapping
from typing import Final

from twh_server.access.refusals import ApiKeyMistyped
from twh_server.access.tenants import TenantKind

RANDOM_LENGTH: Final = 32
CHECKSUM_LENGTH: Final = 6
"""A CRC32 has 32 bits, and 62 to the power of 6 is more than 2 to the power of 32."""

STARTS: Final[Mapping[TenantKind, str]] = {"live": "twh_live_", "sandbox": "twh_test_"}

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY_LENGTH = RANDOM_LENGTH + CHECKSUM_LENGTH
_BODY = re.compile(r"[0-9A-Za-z]*", re.ASCII)


def new_secret(kind: TenantKind) -> str:
    """A secret that nobody can guess; its beginning says whether it works on live data."""
    unsigned = STARTS[kind] + "".join(secrets.choice(_DIGITS) for _ in range(RANDOM_LENGTH))
    return unsigned + checksum(unsigned)


def digest_of(secret: str) -> bytes:
    """What is stored of a secret. It has 190 random bits, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def check_form(secret: str) -> None:
    """Raise ApiKeyMistyped, which says what is wrong as far as it can be known, unless a secret has the form of a key."""
    start = next((start for start in STARTS.values() if secret.startswith(start)), None)
    if start is None:
        raise ApiKeyMistyped(f"A key begins with {' or '.join(STARTS.values())}.")
    body = secret.removeprefix(start)
    if not _BODY.fullmatch(body) or len(body) not in {_BODY_LENGTH, RANDOM_LENGTH}:
        raise ApiKeyMistyped(f"Behind {start} a key has {_BODY_LENGTH} letters and digits, and nothing else.")
    if len(body) == RANDOM_LENGTH or _fits(start, body):
        return
    for other in STARTS.values():
        if _fits(other, body):
            raise ApiKeyMistyped(f"It begins with {start}, but it was made as a {other} key.")
    raise ApiKeyMistyped("Its checksum does not fit: a character is missing, was changed or was swapped.")


def checksum(unsigned: str) -> str:
    """The last six characters of a key: the CRC32 of what stands before them, in base 62."""
    rest, digits = zlib.crc32(unsigned.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


def _fits(start: str, body: str) -> bool:
    return checksum(start + body[:RANDOM_LENGTH]) == body[RANDOM_LENGTH:]
