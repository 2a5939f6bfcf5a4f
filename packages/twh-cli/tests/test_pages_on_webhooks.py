"""The pages on webhooks, on the feed and on dead letters: every command on them is one, with every option that it has there."""

import re
import shlex
from pathlib import Path

import pytest

from twh_cli.choices import FLAGS, VALUES
from twh_cli.completing.options import OPTIONS
from twh_cli.registry import COMMANDS

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("how-to/webhooks.md", "how-to/follow-the-feed.md", "runbooks/WEBHOOK_DLQ.md")
TYPED = re.compile(r"(?:^|[`$]) ?(twh [^\n`]+)", re.MULTILINE)


def typed():
    """Every command of the pages, once: (page, words)."""
    found = {(page, one.split("   ")[0]) for page in PAGES for one in TYPED.findall((DOCS / page).read_text())}
    return sorted(found)


@pytest.mark.parametrize(("page", "command"), typed())
def test_a_command_on_the_pages_is_one_and_takes_what_it_is_given(page, command):
    words = shlex.split(command)[1:]
    path = max((one.path for one in COMMANDS if words[: len(one.words)] == one.words), key=len, default=None)

    assert path, f"{page} types `{command}`, which is no command"
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known(path), f"{page}: `twh {path}` takes no {', '.join(sorted(given - known(path)))}"


def known(path):
    """The options of a command, and those of every command."""
    return {name for group in OPTIONS.get(path, ()) for name in group[0]} | FLAGS.keys() | VALUES.keys() | {"--json"}
