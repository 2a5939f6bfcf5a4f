"""What every command may be told, before it and after it."""

import pytest

from twh_cli.choices import Choices, taken_out
from twh_cli.problems import WronglyTyped


def chosen(*words: str) -> tuple[Choices, list[str]]:
    return taken_out(list(words), Choices())


@pytest.mark.parametrize(
    "words", [["--json", "stock", "list"], ["stock", "--json", "list"], ["stock", "list", "--json"]]
)
def test_an_option_for_all_stands_anywhere(words):
    choices, rest = chosen(*words)

    assert choices.json
    assert rest == ["stock", "list"]


def test_json_takes_the_fields_that_are_wanted():
    choices, _ = chosen("stock", "list", "--json=item.sku,on_hand")

    assert choices.fields == ("item.sku", "on_hand")


def test_json_takes_no_word_after_it():
    assert chosen("--json", "stock")[1] == ["stock"]


@pytest.mark.parametrize("words", [["--output", "csv"], ["--output=csv"], ["-o", "csv"]])
def test_a_value_follows_or_is_joined(words):
    assert chosen(*words)[0].output == "csv"


def test_after_two_dashes_all_belongs_to_the_command():
    assert chosen("receive", "--", "--json") == (Choices(), ["receive", "--", "--json"])


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
def test_a_key_that_no_header_can_carry_is_refused(key):
    with pytest.raises(WronglyTyped):
        chosen("--idempotency-key", key)
