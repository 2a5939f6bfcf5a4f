"""The words that check the project: `uv run nox` runs what CI runs, and nothing else is run there.

Plain `nox` runs lint, types, docs, contract, examples and tests, in this order: what answers soonest comes first, and
pytest's closing line comes last. `nox -s format` and `nox -s openapi` change files; `nox -s bench`, `nox -s simulate`,
`nox -s crash` and `nox -s all` take long and are run by hand. What stands after `--` is handed on: `nox -s tests -- -k transfer`.

All sessions run in the environment that `uv run` has just made from uv.lock: it is complete and locked, so an environment
a session would add minutes and the chance of a difference. Only `all` makes others, one for each Python.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nox

nox.needs_version = ">=2026.1"
nox.options.sessions = ["lint", "types", "docs", "contract", "examples", "tests"]
nox.options.default_venv_backend = "none"
nox.options.error_on_external_run = False

ROOT = Path(__file__).parent
DOCUMENTS = ROOT / "openapi"
MODELS_GENERATOR = "packages/twh-sdk/generate_models.py"
REFERENCE_GENERATOR = "packages/twh-server/generate_reference.py"
POSTMAN_GENERATOR = "packages/twh-server/generate_postman.py"
CONTRACT_DIFF = "packages/twh-server/contract_diff.py"
EVERY_OPERATION = "packages/twh-server/tests/contract/every_operation.py"
TYPED = ["packages/twh-sdk/src", "packages/twh-cli/src", "packages/twh-server/src"]
TYPED_SCRIPTS = [
    "noxfile.py",
    MODELS_GENERATOR,
    REFERENCE_GENERATOR,
    POSTMAN_GENERATOR,
    CONTRACT_DIFF,
    "quickstart",
    "examples",
    "docs/make",
]
# Each has a __main__, and mypy knows one of that name at a time.
TYPED_PROGRAMS = ["packages/twh-server/simulation"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
POSTGRESQLS = ["15", "16", "17"]  # besides the packaged 18, on which everything else runs
EVERYWHERE = [f"Python {version}" for version in PYTHONS] + [f"PostgreSQL {version}" for version in POSTGRESQLS]
# Debian, Red Hat, Homebrew.
SYSTEM = [
    "usr/lib/postgresql/{version}/bin",
    "usr/pgsql-{version}/bin",
    "opt/homebrew/opt/postgresql@{version}/bin",
]
SANDBOX = "twh-cli[sandbox]"
ALONE = "import twh, importlib.util as u; assert twh.Client and not u.find_spec('twh_cli') and not u.find_spec('twh_server')"
PAGE_ON_TESTING = "packages/twh-sdk/tests/test_page_on_testing.py"
WHEELS = {"twh-sdk": ["python", "-c", ALONE], SANDBOX: ["twh", "quickstart"]}
# Two files at a time: with their servers and databases, they have more than two cores to do. A file stays whole, for its
# tests share what is dear to set up; conftest.py lets those that take long begin.
BESIDE_EACH_OTHER = ["-n", "logical", "--maxprocesses", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
NO_TESTS_CHOSEN = 5  # pytest's exit status when PYTEST_ADDOPTS chooses none of a session's few tests


@nox.session
def lint(session: nox.Session) -> None:
    """Form: ruff, the import order, and the rules of tests/test_tidy.py."""
    session.run(tool("ruff"), "check", ".")
    session.run(tool("ruff"), "format", "--check", ".")
    session.run(tool("lint-imports"), "--no-logo")
    few_tests(session, "tests/test_tidy.py")


@nox.session
def types(session: nox.Session) -> None:
    """Types: mypy and pyright, both strict, over packages, examples and scripts."""
    scripts = [path for path in TYPED_SCRIPTS if any(python_files(ROOT / path))]
    session.run(tool("mypy"), *TYPED, *scripts)
    for program in TYPED_PROGRAMS:
        session.run(tool("mypy"), program)
    session.run(tool("pyright"), "--pythonpath", sys.executable, env={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})


@nox.session
def docs(session: nox.Session) -> None:
    """Links lead somewhere, code blocks compile, all that a user can meet is in the reference, and the site builds."""
    few_tests(session, "tests/test_docs.py", "tests/test_documented.py")
    session.run(sys.executable, "docs/make", silent=True)


@nox.session
def contract(session: nox.Session) -> None:
    """Both documents and what is made of them are what the code says, break nothing, and a server keeps what is promised."""
    with tempfile.TemporaryDirectory() as folder:
        for fresh in write_documents(session, Path(folder)):
            kept, name = DOCUMENTS / fresh.name, f"openapi/{fresh.name}"
            difference = list(difflib.unified_diff(lines(kept), lines(fresh), name, "the server", "", "", 1))
            if difference:
                print("\n".join(difference[:60]))
                session.error(f"{name} is not what the server does: run `uv run nox -s openapi`, commit what changes.")
    session.run(sys.executable, MODELS_GENERATOR, "--check")
    session.run(sys.executable, REFERENCE_GENERATOR, "--check")
    session.run(sys.executable, POSTMAN_GENERATOR, "--check")
    session.run(sys.executable, CONTRACT_DIFF)
    few_tests(session, EVERY_OPERATION)


@nox.session
def examples(session: nox.Session) -> None:
    """Run quickstart/ and examples/ against a fresh sandbox and compare with the output that is committed."""
    session.run(sys.executable, "examples/run.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Every test, on a real PostgreSQL, two files at a time; `-- -n 0` runs one. PYTEST_ADDOPTS is obeyed."""
    session.run(sys.executable, "-m", "pytest", *BESIDE_EACH_OTHER, *session.posargs)


@nox.session(default=False)
def format(session: nox.Session) -> None:  # noqa: A001 - the word that a developer types
    """Put imports and lines in order, and mend what ruff can mend."""
    session.run(tool("ruff"), "check", "--fix-only", "--quiet", ".")
    session.run(tool("ruff"), "format", ".")


@nox.session(default=False)
def openapi(session: nox.Session) -> None:
    """Write openapi.json, asyncapi.json and the reference of problems and events from the server, and the SDK's models."""
    DOCUMENTS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # so that a server that does not start leaves the committed files alone
        for fresh in write_documents(session, Path(folder)):
            (DOCUMENTS / fresh.name).write_bytes(fresh.read_bytes())
    session.run(sys.executable, MODELS_GENERATOR)
    session.run(sys.executable, REFERENCE_GENERATOR)


@nox.session(default=False)
def site(session: nox.Session) -> None:
    """Build the documentation as a site, into build/site."""
    session.run(sys.executable, "docs/make", *session.posargs)


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build the wheels and sdists into dist/, and use them from folders outside, in environments that have nothing else."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run(uv(), "build", "-q", "--all-packages", "--out-dir", "dist")
    use_wheels(session, sys.executable)
    session.run(sys.executable, "-m", "pytest", "-q", PAGE_ON_TESTING, env={"TWH_WHEELS": str(ROOT / "dist")})


@nox.session(default=False)
def postman(session: nox.Session) -> None:
    """Write the Postman collection from openapi.json. The one session that needs Node."""
    session.run(sys.executable, POSTMAN_GENERATOR)


@nox.session(default=False)
def schemathesis(session: nox.Session) -> None:
    """Try 20,000 requests on a real server: no 500, no undocumented status, no breach of a schema, and the ledger verifies."""
    depth = {"SCHEMATHESIS_EXAMPLES": "450", "SCHEMATHESIS_CASES_MIN": "20000"}
    session.run(sys.executable, "-m", "pytest", "-q", EVERY_OPERATION, *session.posargs, env=depth)


@nox.session(default=False)
def simulate(session: nox.Session) -> None:
    """Ask a million things beside an oracle, with cut wires; `--seed N` tells one life again, `--mutants` plants bugs."""
    session.run(sys.executable, "packages/twh-server/simulation", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure, with ratios to what the same machine does in the same run."""
    session.run(sys.executable, "packages/twh-server/benchmarks", *session.posargs)


@nox.session(default=False)
def crash(session: nox.Session) -> None:
    """Kill, stop, cut and starve server, worker and PostgreSQL under load: nothing is lost, nothing doubled. 52 rounds."""
    session.run(sys.executable, "packages/twh-server/tests/crash", *session.posargs)


@nox.session(name="all", default=False)
@nox.parametrize("place", EVERYWHERE, ids=EVERYWHERE)
def everywhere(session: nox.Session, place: str) -> None:
    """Run the tests on every Python that is present, and the server's on every PostgreSQL."""
    what, version = place.split()
    if what == "Python":
        on_python(session, version)
    else:
        on_postgresql(session, version)


def on_python(session: nox.Session, version: str) -> None:
    """All tests, in a locked environment of that Python under .nox/."""
    python = present(version)
    if python is None:
        session.skip(f"Python {version} is not on this machine")
    elsewhere = {"UV_PROJECT_ENVIRONMENT": str(ROOT / ".nox" / f"python-{version}"), "VIRTUAL_ENV": ""}
    session.run(uv(), "run", "-q", "--python", python, "pytest", *session.posargs, env=elsewhere)


def on_postgresql(session: nox.Session, version: str) -> None:
    """The server's tests, on the programs of a PostgreSQL that the system has."""
    found = [folder for pattern in SYSTEM for folder in Path("/").glob(pattern.format(version=version))]
    if not found:
        session.skip(f"PostgreSQL {version} is not on this machine")
    environment = {"TWH_POSTGRES_BINARIES": str(found[0])}
    session.run(sys.executable, "-m", "pytest", "packages/twh-server/tests", *session.posargs, env=environment)


def use_wheels(session: nox.Session, python: str) -> None:
    """Install the wheels as strangers do: the SDK alone, and the command with a sandbox, which tells its quickstart."""
    with tempfile.TemporaryDirectory(prefix="twh-wheels-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
        own = {name: value for name, value in os.environ.items() if not name.startswith(("TWH_", "XDG_", "UV_"))}
        outside = {**own, "HOME": folder, "TWH_DATA_DIR": f"{folder}/sandboxes", "VIRTUAL_ENV": ""}
        for wanted, words in WHEELS.items():
            environment = Path(folder) / re.sub(r"\W", "-", wanted)
            session.run(uv(), "venv", "-q", "--python", python, str(environment))
            installing = ["pip", "install", "-q", "--python", str(environment), "--find-links", str(ROOT / "dist")]
            session.run(uv(), *installing, wanted)
            with session.chdir(folder):
                session.run(str(environment / "bin" / words[0]), *words[1:], env=outside, include_outer_env=False)
                if wanted == SANDBOX:
                    down = [str(environment / "bin" / "twh"), "sandbox", "down", "-q"]
                    session.run(*down, env=outside, include_outer_env=False)


def uv() -> str:
    """uv: `uv run` says where it is."""
    return os.environ.get("UV", "uv")


def tool(name: str) -> str:
    """A program of the running environment, also when it is not on PATH."""
    return str(Path(sys.executable).parent / name)


def present(version: str) -> str | None:
    """A Python of this version that really starts: pyenv puts names on PATH that do not."""
    installed = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")
    for python in filter(None, [*map(str, installed), shutil.which(f"python{version}")]):
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            return python
    return None


def few_tests(session: nox.Session, *paths: str) -> None:
    """Run some tests quietly, so that the last word on tests is the session `tests`."""
    session.run(sys.executable, "-m", "pytest", "-qq", *paths, success_codes=[0, NO_TESTS_CHOSEN])


def write_documents(session: nox.Session, folder: Path) -> list[Path]:
    """OpenAPI and AsyncAPI, as the server prints them."""
    written = [folder / "openapi.json", folder / "asyncapi.json"]
    for path in written:
        with path.open("w") as file:
            session.run(sys.executable, "-m", "twh_server", path.stem, stdout=file)
    return written


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def python_files(path: Path) -> Iterator[Path]:
    return path.rglob("*.py") if path.is_dir() else iter([path] if path.exists() else [])
