"""Terms: words, tags and attributes, the same when an item is kept, when it is looked for and when old ones were migrated."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twh_server.catalogue import terms
from twh_server.catalogue.attributes import same
from twh_server.catalogue.terms import Range, terms_of

migrated = importlib.import_module("twh_server.database.migrations.versions.r0002_whole")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=3), inside, max_size=2),
    max_leaves=4,
)


def exact(*found):
    return [Range(low=term, high=term) for term in found]


@given(st.text(max_size=255), st.dictionaries(st.text(max_size=220), JSON, max_size=5))
def test_what_was_migrated_is_found_like_what_is_kept_now(name, attributes):
    kept = terms_of(name, [], attributes)

    assert set(migrated._terms_of(name, attributes)) == set(kept)
    assert len(set(kept)) == len(kept)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("T-shirt, Größe M", ["w:t", "w:shirt", "w:grosse", "w:m"]),
        ("Ärmel ÉCLAIR İzmir", ["w:armel", "w:eclair", "w:izmir"]),
        ("ﬁlter №5 ½", ["w:filter", "w:no5", "w:1", "w:2"]),
        ("snake_case 350ml", ["w:snake", "w:case", "w:350ml"]),
        ("日本 カメラ", ["w:日本", "w:カメラ"]),
        ("!!! — …", []),
        ("x" * 70, ["w:" + "x" * 64]),
    ],
)
def test_words_have_neither_accent_nor_case(name, words):
    assert terms_of(name, [], {}) == words


def test_tags_and_attributes_are_exact():
    attributes = {"colour": "Blue", "size": 42, "new": True, "none": None, "deep": {"x": 1}, "a:b": 1, "a=b": 1}

    assert terms_of("", ["Summer", "sale 50%"], {**attributes, "long": "x" * 200}) == [
        "t:Summer",
        "t:sale 50%",
        "a:colour=Blue",
        "a:new=true",
        "a:none=null",
        "a:size=42",
    ]


def test_an_item_is_found_by_its_first_hundred_attributes():
    assert len(terms_of("", [], {f"k{number}": number for number in range(150)})) == 100


def test_a_search_is_made_of_whole_words_and_perhaps_a_beginning():
    assert terms.named("Größe  m") == exact("w:grosse", "w:m")
    assert terms.named("red shi*") == [*exact("w:red"), terms.beginning("w:shi")]
    assert terms.named("shirt shirt* ") == [*exact("w:shirt"), terms.beginning("w:shirt")]
    assert terms.named("!?*") is None


@given(st.text("abcäß\U0010fffd", max_size=4), st.text("abcäß\U0010fffd", max_size=4))
def test_a_beginning_has_all_texts_that_begin_so_and_no_other(begun, text):
    within = terms.beginning(begun).low <= text <= terms.beginning(begun).high

    assert within == text.startswith(begun)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"a": 1}, {"a": True}, False),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": None}, {}, False),
        ([1, 2], [2, 1], False),
        ({"a": {"b": [True]}}, {"a": {"b": [True]}}, True),
    ],
)
def test_json_values_are_the_same_or_not(one, other, alike):
    assert same(one, other) is alike
