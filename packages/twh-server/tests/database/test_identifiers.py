"""Identifiers: the text stands for the uuid, sorts like it, says what it names, and only ever grows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twh_server.database import identifiers
from twh_server.database.identifiers import ENTRY, ITEM, LOCATION, Kind, Minter

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
KINDS = [value for value in vars(identifiers).values() if isinstance(value, Kind)]
kinds = st.sampled_from(KINDS)


@given(kinds, st.uuids())
def test_a_text_stands_for_one_uuid(kind, uuid):
    assert kind.parse(kind.text(uuid)) == uuid


@given(st.uuids(), st.uuids())
def test_texts_sort_as_their_uuids_do(one, other):
    assert (ITEM.text(one) < ITEM.text(other)) == (one < other)


@given(st.uuids())
def test_a_text_of_one_kind_is_no_identifier_of_another(uuid):
    assert [kind for kind in KINDS if kind.parse(LOCATION.text(uuid)) is not None] == [LOCATION]


def test_each_kind_has_its_own_prefix():
    prefixes = [kind.prefix for kind in KINDS]

    assert sorted(prefixes) == ["dlv", "ent", "evt", "itm", "job", "key", "loc", "mov", "req", "ten", "whe"]


def test_an_identifier_looks_like_the_typeid_that_others_compute():
    # From the TypeID specification's valid examples.
    uuid = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

    assert Kind("prefix").text(uuid) == "prefix_01h455vb4pex5vsknk084sn02q"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "itm_",
        "itm_01h455vb4pex5vsknk084sn02",  # a letter short
        "itm_01h455vb4pex5vsknk084sn02qq",  # a letter too many
        "itm_81h455vb4pex5vsknk084sn02q",  # more than 128 bits
        "itm_01H455VB4PEX5VSKNK084SN02Q",  # one spelling only
        "itm_01h455vb4pex5vsknk084sn02l",  # no such letter
        "itm-01h455vb4pex5vsknk084sn02q",
        "01h455vb4pex5vsknk084sn02q",
        " itm_01h455vb4pex5vsknk084sn02q",
        "itm_01h455vb4pex5vsknk084sn02q\n",
        "itm_٠1h455vb4pex5vsknk084sn02q",  # a digit elsewhere
    ],
)
def test_what_is_not_spelled_exactly_is_no_identifier(text):
    assert ITEM.parse(text) is None


def test_a_minted_identifier_is_a_uuid_of_version_7_and_tells_its_millisecond():
    uuid = Minter(at=NOON).mint()

    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert uuid.int >> 80 == NOON.timestamp() * 1000


@given(st.lists(st.tuples(st.integers(-5_000, 5_000), st.integers(1, 20)), min_size=1, max_size=20))
def test_identifiers_grow_from_batch_to_batch_whatever_the_clock_does(batches):
    minted = []
    for milliseconds, count in batches:
        minter = Minter(at=NOON + timedelta(milliseconds=milliseconds), after=minted[-1] if minted else None)
        minted += [minter.mint() for _ in range(count)]

    assert minted == sorted(set(minted))
    assert {(uuid.version, uuid.variant) for uuid in minted} == {(7, "specified in RFC 4122")}


def test_identifiers_grow_when_a_millisecond_has_no_numbers_left():
    minter = Minter(at=NOON)
    minter._counter = (1 << 74) - 1

    last_of_this, first_of_next = minter.mint(), minter.mint()

    assert last_of_this < first_of_next
    assert last_of_this.int >> 80 == NOON.timestamp() * 1000


def test_identifiers_grow_behind_the_very_last_one_of_a_millisecond():
    last = UUID(int=int(NOON.timestamp() * 1000) << 80 | 0x7FFF << 64 | 0b10 << 62 | (1 << 62) - 1)

    assert Minter(at=NOON, after=last).mint() > last


def test_texts_of_minted_identifiers_sort_in_the_order_of_minting():
    minter = Minter(at=NOON)
    texts = [ENTRY.text(minter.mint()) for _ in range(1_000)]

    assert texts == sorted(texts)
