"""What is sealed opens with its key, for its owner, unchanged, and in no other way."""

import base64
import os
from uuid import uuid4

import pytest

from twh_server.access.sealing import CannotUnseal, Sealer, key_of

TENANT, ENDPOINT = uuid4(), uuid4()


def test_a_sealed_secret_opens_again():
    sealer = Sealer(os.urandom(32))

    sealed = sealer.seal_secret(b"secret", tenant=TENANT, endpoint=ENDPOINT)

    assert sealer.open_secret(sealed, tenant=TENANT, endpoint=ENDPOINT) == b"secret"
    assert sealed != sealer.seal_secret(b"secret", tenant=TENANT, endpoint=ENDPOINT)


def test_a_sealed_secret_opens_for_no_other_endpoint_and_no_other_tenant():
    sealer = Sealer(os.urandom(32))
    sealed = sealer.seal_secret(b"secret", tenant=TENANT, endpoint=ENDPOINT)

    with pytest.raises(CannotUnseal):
        sealer.open_secret(sealed, tenant=TENANT, endpoint=uuid4())
    with pytest.raises(CannotUnseal):
        sealer.open_secret(sealed, tenant=uuid4(), endpoint=ENDPOINT)


def test_a_changed_byte_anywhere_is_noticed():
    sealer = Sealer(os.urandom(32))
    sealed = sealer.seal_secret(b"secret", tenant=TENANT, endpoint=ENDPOINT)

    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(CannotUnseal):
            sealer.open_secret(changed, tenant=TENANT, endpoint=ENDPOINT)
    with pytest.raises(CannotUnseal):
        sealer.open_secret(b"", tenant=TENANT, endpoint=ENDPOINT)


def test_a_new_key_seals_while_older_ones_still_open():
    old, new = os.urandom(32), os.urandom(32)
    sealed = Sealer(old).seal_secret(b"secret", tenant=TENANT, endpoint=ENDPOINT)

    changed = Sealer(new, older=[old])

    assert changed.open_secret(sealed, tenant=TENANT, endpoint=ENDPOINT) == b"secret"
    sealed = changed.seal_secret(b"secret", tenant=TENANT, endpoint=ENDPOINT)
    assert Sealer(new).open_secret(sealed, tenant=TENANT, endpoint=ENDPOINT) == b"secret"


def test_an_answer_is_kept_sealed_for_its_tenant_and_a_refusal_as_it_is():
    sealer = Sealer(os.urandom(32))
    kept = sealer.keep(b'{"secret":"whsec_x"}', tenant=TENANT)

    assert "whsec" not in kept
    assert sealer.reopen(kept, tenant=TENANT) == b'{"secret":"whsec_x"}'
    assert sealer.reopen('{"code":"invalid_endpoint"}', tenant=TENANT) == b'{"code":"invalid_endpoint"}'
    with pytest.raises(CannotUnseal):
        sealer.reopen(kept, tenant=uuid4())


def test_a_key_is_thirty_two_bytes_in_base64():
    key = os.urandom(32)

    assert key_of(base64.b64encode(key).decode()) == key
    for text in ("", "short", base64.b64encode(bytes(31)).decode(), "é" * 44, base64.b64encode(key).decode() + "\n"):
        with pytest.raises(ValueError, match="32 bytes"):
            key_of(text)
