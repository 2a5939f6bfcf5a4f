"""Tenants and keys are outside row security: a key is looked up before anyone knows whose it is.

So what keeps them apart is the statements themselves. Each names the tenant, or stands here with the reason why not.
"""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import twh_server
from twh_server.database.guards import GUARDED
from twh_server.journal.commands import Read, Write

OUTSIDE = sorted(table for table, guard in GUARDED.items() if not guard.by_tenant)
REACHES = re.compile(rf"\b(?:from|join|into|update|using)\s+(?:{'|'.join(OUTSIDE)})\b")
NAMES_THE_TENANT = re.compile(r"\b(?:tenant_id|t\.id|id) = %\(tenant\)s")
ADDS_FOR_THE_TENANT = re.compile(r"^\s*insert into api_keys \(tenant_id,[^)]*\)\s*(?:values \(|select )%\(tenant\)s,")

REASONS = {
    "access.keys.FIND_KEY": "finds whose a secret is, by its digest",
    "access.last_use.WRITE_LAST_USE": "names each key's tenant, as it was found with the key",
    "access.tenants.ADD_TENANT": "the tenant does not exist yet",
    "access.tenants.FIND_TENANT": "by the tenant's id",
    "access.tenants.LIST_TENANTS": "an operator's, by hand: all tenants",
    "journal.sweep.SWEEP": "the worker's, for all tenants",
    "tenancy.api_keys.TENANT_OF_KEY": "an operator's, by hand: whose a key is",
    "webhooks.disabling.FAILING": "the worker's, for all tenants: each queue's own",
    "webhooks.queues.READ_ENDPOINTS": "the worker's, for all tenants: each queue's own",
}
OPERATORS = re.compile(r"\b(?:list_tenants|revoke_key|tenant_of_key|REVOKE_KEY|LIST_TENANTS|TENANT_OF_KEY)\b")
SOURCES = Path(twh_server.__file__).parent
NOT_STATEMENTS = {"database/guards.py", "database/migrations"}


def statements():
    """Every statement of the code that reaches a table outside row security, by the name that it has there."""
    found = {}
    for module in pkgutil.walk_packages(twh_server.__path__, "twh_server."):
        if "migrations" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            sql = value.sql if isinstance(value, Read | Write) else value
            if isinstance(sql, str) and REACHES.search(sql):
                found.setdefault(sql, f"{module.name.removeprefix('twh_server.')}.{name}")
    return {name: sql for sql, name in found.items()}


STATEMENTS = statements()


def test_there_are_two_tables_outside_row_security():
    assert OUTSIDE == ["api_keys", "tenants"]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_names_the_tenant_or_has_a_reason(name):
    sql = STATEMENTS[name]

    assert bool(NAMES_THE_TENANT.search(sql) or ADDS_FOR_THE_TENANT.search(sql)) == (name not in REASONS)


def test_every_reason_is_needed():
    assert set(REASONS) <= set(STATEMENTS)


def literals(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


def test_no_statement_is_hidden_in_a_function():
    hidden = [
        f"{path.relative_to(SOURCES)}: {literal.value.strip()[:60]}"
        for path in SOURCES.rglob("*.py")
        if not path.relative_to(SOURCES).as_posix().startswith(tuple(NOT_STATEMENTS))
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for literal in literals(function)
        if REACHES.search(literal.value)
    ]

    assert hidden == []


def test_what_is_an_operators_is_not_reached_over_http():
    reached = [
        path.relative_to(SOURCES).as_posix()
        for path in (SOURCES / "http").rglob("*.py")
        if OPERATORS.search(path.read_text())
    ]

    assert reached == []
