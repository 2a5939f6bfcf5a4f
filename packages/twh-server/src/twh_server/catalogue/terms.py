"""Terms: what an item can be found by, each one row of `item_terms`.

`w:shirt` is a word of the name, `t:summer` a tag, `a:colour=red` an attribute. What is looked for is made into terms by
the same rules, so finding is comparing texts, which an index can do under row security; nothing else could.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORD_LENGTH_MAX = 64
ATTRIBUTE_LENGTH_MAX = 200
ATTRIBUTES_MAX = 100
"""So many attributes an item is found by, the first by name; longer ones, and whole objects, are kept but not found."""

_WORD = re.compile(r"[^\W_]+")
_LAST = "\U0010ffff"
"""Behind every text that begins the same: no name and no word contains it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The terms from `low` to `high`: one term, or all that begin the same."""

    low: str
    high: str

    @property
    def exact(self) -> bool:
        """Whether it is one term."""
        return self.low == self.high


def terms_of(name: str, tags: Sequence[str], attributes: Mapping[str, Any]) -> list[str]:
    """The terms of an item, each once. Revision 0002 has a copy of these rules as they were then."""
    return list(dict.fromkeys([*map(_word, _words(name)), *map(_tag, tags), *_attributes(attributes)]))


def named(search: str) -> list[Range] | None:
    """What finds the items whose name has all these words, the last one a beginning when a `*` follows it.

    None when there is no word in it: nothing has all words of nothing.
    """
    found = [_word(word) for word in _words(search)]
    if not found:
        return None
    begun = found.pop() if search.rstrip().endswith("*") else None
    ranges = [Range(low=term, high=term) for term in dict.fromkeys(found)]
    return ranges if begun is None else [*ranges, beginning(begun)]


def tagged(tag: str) -> Range:
    """What finds the items with a tag."""
    return Range(low=_tag(tag), high=_tag(tag))


def with_attribute(key: str, value: str) -> Range:
    """What finds the items with an attribute of this value; a value that is no text is told as JSON."""
    term = _attribute(key, value)
    return Range(low=term, high=term)


def beginning(text: str) -> Range:
    """Everything that begins with a text, compared by code points."""
    return Range(low=text, high=text + _LAST)


def _words(text: str) -> list[str]:
    """Without accents and case: `Ärmel` is `armel`."""
    if text.isascii():
        return _WORD.findall(text.lower())
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return _WORD.findall(plain.casefold())


def _word(word: str) -> str:
    return f"w:{word[:WORD_LENGTH_MAX]}"


def _tag(tag: str) -> str:
    return f"t:{tag}"


def _attribute(key: str, value: str) -> str:
    return f"a:{key}={value}"


def _attributes(attributes: Mapping[str, Any]) -> Iterator[str]:
    for key, value in sorted(attributes.items())[:ATTRIBUTES_MAX]:
        text = value if isinstance(value, str) else json.dumps(value)
        # A key with a colon could not be asked for, and one with an equals sign would be taken for another.
        if (
            not isinstance(value, dict | list)
            and not {":", "="} & set(key)
            and len(key) + len(text) <= ATTRIBUTE_LENGTH_MAX
        ):
            yield _attribute(key, text)
