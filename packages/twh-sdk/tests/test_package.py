"""The package as a whole: it loads late, knows httpx in two places, shows real signatures, and follows the contract."""

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import twh
from twh import AsyncClient, Client, errors, resources
from twh.call import Described, endpoint
from twh.errors import problems, tree

SOURCE = Path(twh.__file__).parent
ROOT = SOURCE.parents[3]
CONTRACT = json.loads((ROOT / "openapi" / "openapi.json").read_text())
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
]


@pytest.fixture
def client():
    return Client("twh_test_1", base_url="http://127.0.0.1:9")


def loaded_by(code):
    script = f"import sys; {code}; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_twh_loads_nothing():
    assert {name for name in loaded_by("import twh") if name.startswith("twh")} == {"twh", "twh.version"}


def test_importing_the_client_loads_neither_httpx_nor_pydantic():
    assert not loaded_by("from twh import Client") & {"httpx", "pydantic", "asyncio", "anyio", "ssl"}


def seconds_of(statement):
    """Of the processor, over a Python that does nothing, in the best of some runs: a busy machine changes little about it."""

    def one(code):
        program = subprocess.Popen([sys.executable, "-c", code])
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        assert program.returncode == 0
        return used.ru_utime + used.ru_stime

    return min(one(statement) for _ in range(8)) - min(one("pass") for _ in range(8))


@pytest.mark.parametrize(("statement", "most"), [("import twh", 0.005), ("from twh import Client", 0.120)])
def test_importing_takes_no_time(statement, most):
    assert seconds_of(statement) <= most


def test_httpx_does_not_bring_its_command_line():
    assert not loaded_by("from twh import Client; Client('k', base_url='http://127.0.0.1:9')") & {"rich", "click"}


def test_httpx_is_known_in_two_modules():
    knowing = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if "testing" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import) and any(alias.name == "httpx" for alias in node.names)
    }

    assert knowing == {"client.py", "transport.py"}


def test_every_lazy_name_is_there():
    for name in dir(twh):
        assert getattr(twh, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = twh.nonsense


def test_the_version_is_the_packages():
    assert twh.__version__ == tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())["project"]["version"]


def test_a_method_shows_its_own_signature(client):
    signature = inspect.signature(client.stock.get)

    assert str(signature) == (
        "(item: 'ItemArg', *, at: 'LocationArg', as_of: 'datetime | str | None' = None, clock: 'Clock | None' = None, "
        "options: 'Options | None' = None) -> 'models.Level'"
    )
    assert client.stock.get.__name__ == "get"
    assert client.stock.get.__doc__.startswith("The level of an item at a location")


async def test_each_client_shows_what_it_answers(client):
    async with AsyncClient("twh_test_1", base_url="http://127.0.0.1:9") as waiting:
        shown = [
            inspect.signature(method).return_annotation
            for method in (
                client.with_raw.tenant.get,
                client.items.list,
                client.with_raw.items.list,
                waiting.tenant.get,
                waiting.items.list,
                waiting.with_raw.items.list,
            )
        ]

    assert shown == [
        "Raw[models.Whose]",
        "Pager[models.Item]",
        "Raw[Page[models.Item]]",
        "Coroutine[Any, Any, models.Whose]",
        "AsyncPager[models.Item]",
        "Coroutine[Any, Any, Raw[Page[models.Item]]]",
    ]


def test_options_come_last_everywhere():
    for name, described in methods().items():
        assert list(inspect.signature(described.describe).parameters)[-1] == "options", name


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_has_its_method(path, method, operation):
    described = methods()[operation["operationId"]]
    taken = set(inspect.signature(described.describe).parameters)

    call = described.describe(None, *re.findall(r"{\w+}", path)[:1], **filled(described))

    assert call.method.lower() == method
    assert re.sub(r"%7B(\w+)%7D", r"{\1}", call.path) == path
    assert queried(operation) <= taken | {"cursor"}
    assert bodied(operation) <= taken | {"lines", "record_unchanged"}


def filled(described):
    """Something for each parameter that has no default, beyond the first of the path."""
    by_name = {"lines": [], "items": [], "entries": [], "kind": "issue", "at": "{location}"}
    parameters = list(inspect.signature(described.describe).parameters.values())[1:]
    return {
        one.name: by_name.get(one.name, "x")
        for one in parameters
        if (one.kind is one.KEYWORD_ONLY or one.name in by_name) and one.default is one.empty
    }


def queried(operation):
    """The query parameters of an operation, by the SDK's names. Only `events.page` and `events.stream` wait."""
    names = {one["name"] for one in operation["parameters"] if one["in"] == "query"} - {"wait"}
    return {"page_size" if name == "limit" else name for name in names}


def bodied(operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    return set(CONTRACT["components"]["schemas"].get(name, {}).get("properties", {}))


def methods():
    return {
        described.named: described
        for resource in vars(resources).values()
        if isinstance(resource, type)
        for described in vars(resource).values()
        if isinstance(described, Described)
    }


def test_every_problem_code_has_its_class():
    sentence = CONTRACT["components"]["schemas"]["Problem"]["properties"]["code"]["description"]
    by_status = {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() for name in tree.__all__} | {"request_timeout"}

    missing = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", sentence.split("One of ")[1].split(";")[0]))

    assert missing - set(problems.BY_CODE) - by_status == set()


def test_the_tree_at_the_top_of_errors_is_the_tree():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__)

    assert set(drawn) <= set(tree.__all__)
    assert {kind.__name__ for kind in errors.TwhError.__subclasses__()} <= set(drawn)


def test_endpoints_are_what_they_are_called():
    assert isinstance(vars(resources.Items)["get"], endpoint)
