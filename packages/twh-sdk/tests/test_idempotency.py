"""Fresh keys: nobody else has them, and those of one time lie together."""

import time
import uuid

from twh.idempotency import fresh_key


def test_a_fresh_key_is_a_uuid_of_version_7():
    key = uuid.UUID(fresh_key())

    assert (key.version, key.variant) == (7, uuid.RFC_4122)


def test_a_fresh_key_begins_with_the_time():
    before = time.time_ns() // 1_000_000
    begins = uuid.UUID(fresh_key()).int >> 80
    after = time.time_ns() // 1_000_000

    assert before <= begins <= after


def test_no_two_keys_are_the_same():
    assert len({fresh_key() for _ in range(10_000)}) == 10_000
