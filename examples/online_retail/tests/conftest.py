"""The example's modules, files made of a few rows, and a sandbox of its own for the tests that load one."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from twh import Client

EXAMPLE = Path(__file__).parent.parent
sys.path.insert(0, str(EXAMPLE))  # as when load.py is run: its modules find each other by its folder

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


@pytest.fixture
def row() -> Callable[..., str]:
    """`row("100001", "10024", 3)` is a line of a file: three tin trays are sold."""

    def line(invoice="100001", code="10024", quantity: object = 1, name="TIN TRAY", at="3/1/2021 9:05", **more) -> str:
        price, customer = more.get("price", "1.65"), more.get("customer", "90001")
        return f"{invoice},{code},{name},{quantity},{at},{price},{customer},France"

    return line


@pytest.fixture
def correction(row) -> Callable[..., str]:
    """A line without customer and price: stock was found or written off."""
    return lambda *args, **more: row(*args, **{"name": "", "price": "0", "customer": ""} | more)


@pytest.fixture
def file_of(tmp_path) -> Callable[..., Path]:
    """`file_of(row(), row())` is a file with these lines."""

    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "orders.csv"
        path.write_text("\n".join([header, *lines, ""]))
        return path

    return write


@dataclass(frozen=True)
class Ran:
    """What a run of load.py came to."""

    exit_code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shop:
    """A fresh tenant in a running sandbox, and a folder to run the example in."""

    environment: dict[str, str]
    folder: Path

    def client(self) -> Client:
        return Client(self.environment["TWH_API_KEY"], base_url=self.environment["TWH_BASE_URL"])

    def head(self) -> int:
        """How many facts the ledger has."""
        with self.client() as client:
            return client.ledger.verify().last_sequence

    def load(self, file: Path, *options: str, **environment: str) -> Ran:
        return run_load(file, *options, folder=self.folder, environment=self.environment | environment)


def run_load(file: Path, *options: str, folder: Path, environment: dict[str, str]) -> Ran:
    command = [sys.executable, str(EXAMPLE / "load.py"), str(file), *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def sandbox_environment():
    """A running sandbox, as the environment in which `twh` finds it."""
    with tempfile.TemporaryDirectory(prefix="twh-online-retail-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
        own = {name: value for name, value in os.environ.items() if not name.startswith(("TWH_", "XDG_"))}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = own | {"HOME": folder, "TWH_DATA_DIR": f"{folder}/sandboxes", "PATH": path, "NO_COLOR": "1"}
        twh(environment, "sandbox", "up")
        try:
            yield environment
        finally:
            twh(environment, "sandbox", "down")


@pytest.fixture
def shop(sandbox_environment, tmp_path) -> Shop:
    """A shop of its own for each test: SKUs are taken for ever."""
    twh(sandbox_environment, "sandbox", "reset", "--yes")
    exports = twh(sandbox_environment, "sandbox", "env").splitlines()
    words = [shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in exports]
    return Shop(sandbox_environment | dict(words), tmp_path)


@pytest.fixture
def nowhere(tmp_path) -> Shop:
    """A key and an address at which nobody listens, for what is refused before anybody is asked."""
    return Shop(os.environ | {"TWH_API_KEY": "twh_test_nowhere", "TWH_BASE_URL": "http://127.0.0.1:9"}, tmp_path)


def twh(environment: dict[str, str], *words: str) -> str:
    return subprocess.run(["twh", *words], env=environment, check=True, capture_output=True, text=True).stdout
