"""No operation is left out: each is in every table that it belongs in, and what it belongs in is said here once more.

What pytest collects is asked, not the tables: an operation that a table's own condition forgets is missed here.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from twh_server.http.operations import OPERATIONS

HTTP = Path(__file__).parent
ROOT = HTTP.parents[3]

EVERY = {operation.id for operation in OPERATIONS}
WITHOUT_A_SCOPE = {"tenant.get"}  # whoever has a key may ask whose it is
# One changes nothing, one cannot lose what nobody was told, in one each row has a key, and a place is what it was set to.
WITHOUT_A_KEY = {"ledger.verify", "sandboxes.create", "movements.batch", "checkpoints.set", "checkpoints.delete"}
NAMING_A_THING = {operation.id for operation in OPERATIONS if "{" in operation.path}
# A consumer is called as its tenant likes, and types of events are the same for everybody.
NO_TENANTS_OWN = {"checkpoints.set", "event_types.get"}
CREATING_WHAT_IS_NAMED = {operation.id for operation in OPERATIONS if operation.method == "PUT"}
WITH_A_BODY = {
    operation.id for operation in OPERATIONS if operation.method in ("POST", "PUT", "PATCH") and operation.body
}
WITH_A_QUERY = {operation.id for operation in OPERATIONS if operation.query}
CHANGING = {operation.id for operation in OPERATIONS if operation.method != "GET"}

TABLES = {
    "test_who.py::test_without_a_key_nothing_is_answered": EVERY,
    "test_who.py::test_a_key_without_the_scope_is_told_which": EVERY - WITHOUT_A_SCOPE,
    "test_who.py::test_a_key_with_nothing_but_the_scope_will_do": EVERY,
    "test_tenancy.py::test_another_tenants_thing_is_not_found_as_if_it_never_was": NAMING_A_THING - NO_TENANTS_OWN,
    "test_tenancy.py::test_what_is_no_name_of_a_thing_is_not_found": NAMING_A_THING - CREATING_WHAT_IS_NAMED,
    "test_bad_input.py::test_an_unknown_parameter_is_named": EVERY,
    "test_bad_input.py::test_who_takes_no_json_gets_none": EVERY,
    "test_bad_input.py::test_a_body_that_cannot_be_read_is_malformed": WITH_A_BODY,
    "test_bad_input.py::test_an_unknown_field_is_named": WITH_A_BODY,
    "test_bad_input.py::test_a_body_that_does_not_say_it_is_json_is_refused": WITH_A_BODY,
    "test_bad_input.py::test_a_body_with_a_byte_too_many_is_too_large": WITH_A_BODY,
    "test_bad_input.py::test_a_path_that_is_no_text_is_malformed": NAMING_A_THING,
    "test_bad_values.py::test_a_value_that_a_field_cannot_have_is_malformed_and_says_where": WITH_A_BODY,
    "test_bad_values.py::test_a_value_that_a_parameter_cannot_have_is_named": WITH_A_QUERY,
    "test_replays.py::test_a_retry_gets_the_same_bytes": CHANGING - WITHOUT_A_KEY,
    "test_replays.py::test_retries_at_once_happen_once": CHANGING - WITHOUT_A_KEY,
    "test_contract.py::test_what_succeeds_is_as_described": EVERY,
    "test_contract.py::test_what_is_refused_is_as_described": EVERY,
}


@pytest.fixture(scope="module")
def collected():
    """The cases of every test in this folder, whichever were chosen to run now: test → the text of its cases."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
    told = subprocess.run(
        [*command, "--import-mode=importlib", str(HTTP)],
        cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": ""},
    ).stdout  # fmt: skip
    cases = {}
    for test, case in re.findall(r"([\w.]+::\w+)\[(.*)\]$", told, re.MULTILINE):
        cases.setdefault(test, set()).update(re.findall(r"[a-z_]+\.[a-z_]+", case.split("/")[0]))
    return cases


@pytest.mark.parametrize("table", TABLES)
def test_no_operation_is_missing(collected, table):
    missing = sorted(TABLES[table] - collected.get(table, set()))

    assert not missing, f"{table} does not run for {', '.join(missing)}"


def test_what_needs_no_scope_or_no_key_is_known_by_name():
    assert {operation.id for operation in OPERATIONS if not operation.scope} == WITHOUT_A_SCOPE
    assert {one.id for one in OPERATIONS if one.method != "GET" and one.key == "none"} == WITHOUT_A_KEY


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.body], ids=lambda one: one.id)
def test_a_body_has_an_example(operation):
    assert operation.example, f"Give {operation.id} an example that can be sent as it is"


async def test_every_operation_has_its_place_in_the_reference(http):
    page = (await http.get("/docs")).text

    assert [one.id for one in OPERATIONS if f'<article id="{one.id}">' not in page] == []
