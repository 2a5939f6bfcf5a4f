"""Completing words: from tables and from what was seen, at once, in three shells."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from twh_cli import profiles, registry
from twh_cli.completing import names, remembering, scripts, words

GENERATOR = Path(__file__).parents[1] / "generate_options.py"


def offered(*typed: str) -> list[str]:
    return [line.partition("\t")[0] for line in words.answer(list(typed)).splitlines()]


@pytest.fixture
def seen():
    profiles.keep("sandbox", base_url="http://127.0.0.1:8750", api_key="twh_test_1")
    profiles.keep("shop", base_url="http://127.0.0.1:8751", api_key="twh_test_2")
    remembering.remember("sandbox", {"items": ["TSHIRT-M", "TSHIRT-L", "MUG"], "locations": ["MAIN"]}, {})
    remembering.remember("shop", {"items": ["HAT"]}, {})


def test_the_table_of_options_is_what_the_commands_say():
    checked = subprocess.run([sys.executable, GENERATOR, "--check"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_commands_are_offered_with_what_they_do():
    assert "receive\tGoods came in" in words.answer(["rec"]).splitlines()
    assert offered("stock", "") == ["list", "get", "totals"]
    assert offered("nonsense", "") == []


def test_every_command_is_offered():
    for command in registry.COMMANDS:
        assert command.words[-1] in offered(*command.words), command.path


def test_options_are_those_of_the_command_and_those_for_all():
    assert offered("receive", "--ref") == ["--reference"]
    assert {"--sku-prefix", "--json", "--profile"} <= set(offered("items", "list", "--"))
    assert "--sku-prefix" not in offered("stock", "list", "--")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("items", "get", "TS"), ["TSHIRT-L", "TSHIRT-M"]),
        (("receive", ""), ["MUG", "TSHIRT-L", "TSHIRT-M"]),
        (("receive", "MUG", "5", "--at", ""), ["MAIN"]),
        (("--json", "stock", "get", "MUG", ""), ["MAIN"]),
        (("stock", "get", "MUG", "MAIN", ""), []),
        (("stock", "list", "--item=T"), ["--item=TSHIRT-L", "--item=TSHIRT-M"]),
        (("stock", "list", "--item", "=", "T"), ["TSHIRT-L", "TSHIRT-M"]),
        (("transfer", "MUG", "1", "--from", "M"), ["MAIN"]),
        (("--profile", "shop", "items", "get", ""), ["HAT"]),
        (("--profile=shop", "items", "get", ""), ["HAT"]),
        (("items", "get", "--profile", ""), ["sandbox", "shop"]),
        (("profile", "use", "s"), ["sandbox", "shop"]),
        (("stock", "list", "-o", "j"), ["json", "jsonl"]),
        (("webhooks", "deliveries", "--state", "f"), ["failed"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("help", "exit"), ["exit-codes"]),
        (("movements", "record", ""), [":files"]),
        (("items", "get", "--", ""), []),
        (("items", "create", ""), []),
    ],
    ids=" ".join,
)
def test_what_fits_is_offered(seen, typed, expected):
    assert offered(*typed) == expected


def test_the_environments_key_has_names_of_its_own(seen, monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_3")

    assert offered("items", "get", "") == []


def test_names_that_a_list_has_shown_are_offered_and_archived_ones_no_more(twh, elsewhere):
    item = {"id": "itm_1", "sku": "APPLE", "name": "x", "barcodes": [], "unit": "each", "scale": 0, "version": 1}
    item |= {"packs": [], "tags": []}
    item |= {"reorder_point": None, "attributes": {}, "archived_at": None, "etag": "x"}
    item |= {"created_at": "2026-05-10T12:00:00Z", "updated_at": "2026-05-10T12:00:00Z"}
    elsewhere.get("/items").respond(json={"data": [item], "next_cursor": None})
    twh("items", "list")
    assert offered("items", "get", "") == ["APPLE"]

    elsewhere.get("/items/APPLE").respond(json=item | {"archived_at": "2026-05-11T12:00:00Z"})
    twh("items", "get", "APPLE")
    assert offered("items", "get", "") == []


def test_names_are_their_owners_and_grow_old(seen):
    file = names.file_of("sandbox")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    kept = json.loads(file.read_text())
    kept["items"]["MUG"] = time.time() - names.AGE_SECONDS_MAX - 1
    file.write_text(json.dumps(kept))
    assert offered("items", "get", "") == ["TSHIRT-L", "TSHIRT-M"]


def test_a_profile_that_is_removed_takes_its_names_along(seen, twh):
    twh("profile", "remove", "shop", "--yes")

    assert not names.file_of("shop").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"items": 5}', '{"items": {"A": "x"}}'])
def test_a_broken_memory_is_none(seen, text):
    names.file_of("sandbox").write_text(text)

    assert offered("items", "get", "") == []


def test_a_broken_file_of_profiles_is_no_error(twh, seen):
    Path(os.environ["XDG_CONFIG_HOME"], "twh", "config.toml").write_text("active =")

    ran = twh("__complete", "items", "get", "")

    assert (ran.exit_code, ran.err) == (0, "")


@pytest.fixture
def on_path(monkeypatch, seen):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def shell(name: str, *words: str, program: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name} here")
    return subprocess.run([name, *words, program], capture_output=True, text=True, check=True, timeout=30).stdout


BASH = """
eval "$(twh completion bash)"
COMP_WORDS=(twh items get TS); COMP_CWORD=3
_twh_complete
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "twh completion fish | source; complete -C 'twh items get TS'"
ZSH = """
autoload -U compinit; compinit -u -D
eval "$(twh completion zsh)"
_describe() { print -l -- "${(@P)${@[-1]}}" }
words=(twh items get TS); CURRENT=4
_twh
"""


def test_bash_completes(on_path):
    assert shell("bash", "-c", program=BASH).split() == ["TSHIRT-L", "TSHIRT-M"]


def test_fish_completes(on_path):
    assert shell("fish", "-c", program=FISH).split() == ["TSHIRT-L", "TSHIRT-M"]


def test_zsh_completes(on_path):
    assert shell("zsh", "-f", "-c", program=ZSH).split() == ["TSHIRT-L:", "TSHIRT-M:"]


@pytest.mark.parametrize("name", scripts.SHELLS)
def test_a_script_is_printed_for_each_shell(twh, name):
    ran = twh("completion", name)

    assert (ran.exit_code, "twh __complete" in ran.out) == (0, True)
    assert twh("completion", "tcsh").exit_code == 2
