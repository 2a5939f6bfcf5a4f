"""What each package may know of the world: what import-linter's contracts (pyproject.toml) cannot say."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = Path(__file__).parent.parent / "packages"
SDK = PACKAGES / "twh-sdk" / "src" / "twh"
SERVER = PACKAGES / "twh-server" / "src" / "twh_server"
HTTPX_MODULES_MAX = 2


def test_the_sdk_knows_httpx_in_two_modules():
    # What twh.testing answers in place of a server, it answers to httpx: that is what respx is for.
    without_testing = [path for path in modules(SDK) if "testing" not in path.parts]
    knowing = [path.relative_to(SDK).as_posix() for path in without_testing if "httpx" in imported(path)]

    assert len(knowing) <= HTTPX_MODULES_MAX, (
        f"httpx must stay replaceable: import it in two modules, not in {knowing}."
    )


def test_the_sdk_needs_httpx_and_pydantic_and_nothing_else():
    # anyio is what httpx's asynchronous half runs on: it comes with httpx, and pauses where httpx pauses.
    allowed = {"twh", "httpx", "anyio", "pydantic", *sys.stdlib_module_names}
    extras = {SDK / "tracing.py", *modules(SDK / "testing")}  # each is loaded by those who installed its extra
    strangers = {name for path in modules(SDK) if path not in extras for name in imported(path)} - allowed

    assert not strangers, f"A user of the SDK installs httpx and pydantic, not {sorted(strangers)}."


def test_only_http_knows_the_web_framework():
    frameworks = {"litestar", "granian"}
    above = {"http", "app.py", "processes"}
    knowing = [path.relative_to(SERVER) for path in modules(SERVER) if imported(path) & frameworks]
    too_low = [str(path) for path in knowing if path.parts[0] not in above]

    assert not too_low, f"Status codes, requests and routes belong to http/; these know litestar or granian: {too_low}."


def modules(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in the file."""
    return {name.partition(".")[0] for name in imported_modules(ast.parse(path.read_text()))}


def imported_modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
