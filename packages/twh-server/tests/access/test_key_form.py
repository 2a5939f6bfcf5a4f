"""The form of a key: what was mistyped is told from what is unknown, without asking anyone."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twh_server.access.key_form import STARTS, check_form, checksum, new_secret
from twh_server.access.refusals import ApiKeyMistyped

KINDS = sorted(STARTS)


@pytest.mark.parametrize(("kind", "start"), [("live", "twh_live_"), ("sandbox", "twh_test_")])
def test_a_key_says_what_it_opens_and_ends_with_its_checksum(kind, start):
    secret = new_secret(kind)

    assert re.fullmatch(start + r"[0-9A-Za-z]{38}", secret)
    assert secret.endswith(checksum(secret[:-6]))
    check_form(secret)


def test_the_checksum_is_the_crc32_in_base_62_and_never_changes():
    assert checksum("twh_test_" + "0" * 32) == KNOWN_CHECKSUM
    assert all(len(checksum(text)) == 6 for text in ("", "a", "x" * 1_000))


KNOWN_CHECKSUM = "4UIO6f"


def test_no_two_keys_are_alike():
    assert len({new_secret("live") for _ in range(1_000)}) == 1_000


@given(st.sampled_from(KINDS), st.integers(9, 46), st.sampled_from(string.ascii_letters + string.digits))
def test_one_changed_character_is_a_typo(kind, place, letter):
    secret = new_secret(kind)
    mistyped = secret[:place] + letter + secret[place + 1 :]
    if mistyped == secret:
        return

    with pytest.raises(ApiKeyMistyped):
        check_form(mistyped)


@given(st.sampled_from(KINDS), st.integers(9, 45))
def test_two_swapped_characters_are_a_typo(kind, place):
    secret = new_secret(kind)
    swapped = secret[:place] + secret[place + 1] + secret[place] + secret[place + 2 :]
    if swapped == secret:
        return

    with pytest.raises(ApiKeyMistyped):
        check_form(swapped)


@pytest.mark.parametrize(("made_as", "typed_as"), [("live", "sandbox"), ("sandbox", "live")])
def test_a_test_key_that_is_passed_off_as_a_live_one_is_told_so(made_as, typed_as):
    secret = new_secret(made_as).replace(STARTS[made_as], STARTS[typed_as])

    with pytest.raises(ApiKeyMistyped, match=f"begins with {STARTS[typed_as]}, but it was made as a {STARTS[made_as]}"):
        check_form(secret)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("", "A key begins with"),
        ("sk_test_" + "a" * 38, "A key begins with"),
        ("TWH_TEST_" + "a" * 38, "A key begins with"),
        ("twh_test_", "38 letters and digits"),
        ("twh_test_" + "a" * 37, "38 letters and digits"),
        ("twh_live_" + "a" * 39, "38 letters and digits"),
        ("twh_test_" + "é" * 38, "38 letters and digits"),
        ("twh_test_" + "٣" * 38, "38 letters and digits"),
        ("twh_test_" + "a" * 38, "checksum does not fit"),
    ],
)
def test_what_is_no_key_is_told_why(secret, reason):
    with pytest.raises(ApiKeyMistyped, match=reason):
        check_form(secret)


def test_a_key_from_before_there_were_checksums_has_the_form_of_a_key():
    check_form("twh_test_" + "a" * 32)


def test_what_is_told_of_a_typo_does_not_repeat_the_secret():
    secret = new_secret("live")

    with pytest.raises(ApiKeyMistyped) as refusal:
        check_form(secret[:-1])
    assert secret[9:20] not in refusal.value.detail
