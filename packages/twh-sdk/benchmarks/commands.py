"""Cell `cli`: what is asked all the time over a Python that does nothing, and one question to a sandbox that runs."""

import re
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from figures import Pace, Row
from installed import plain, with_command
from processor import costs

AT_ONCE = {
    "twh --version": ["--version"],
    "twh --help": ["--help"],
    "twh completion bash": ["completion", "bash"],
    "completing `twh items get `": ["__complete", "items", "get", ""],
}


def measure(pace: Pace) -> list[Row]:
    """The command as it is installed, on a machine where nothing else of TWH is."""
    twh = str(with_command().parent / "twh")
    programs = {name: [twh, *words] for name, words in AT_ONCE.items()}
    with sandbox(twh) as told:
        asking = {"stock get": [twh, "stock", "get", "TSHIRT-M", "MAIN"]}
        cost = costs({"bare": [str(with_command()), "-c", "pass"], **programs, **asking}, pace.runs, told)
    bare = f"bare Python: {cost['bare'].processor_ms:.1f} ms"
    asked = cost["stock get"]
    return [
        *(
            Row(name=f"{name}, over bare Python", unit="ms", figure=cost[name].over_ms, most=40, beside=bare)
            for name in AT_ONCE
        ),
        Row(name="twh stock get, processor", unit="ms", figure=asked.processor_ms, most=350),
        Row(name="twh stock get, elapsed", unit="ms", figure=asked.elapsed_ms, most=350, beside="best of the run"),
    ]


@contextmanager
def sandbox(twh: str) -> Generator[Mapping[str, str]]:
    """A seeded sandbox of its own, and the environment variables that lead to it."""
    with tempfile.TemporaryDirectory(prefix="twh-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
        own = {"HOME": folder, "TWH_DATA_DIR": f"{folder}/sandboxes"}
        environment = {**plain(), **own}
        subprocess.run([twh, "sandbox", "up", "-q"], env=environment, check=True, stdout=subprocess.DEVNULL)
        try:
            said = subprocess.run([twh, "sandbox", "env"], env=environment, check=True, capture_output=True, text=True)
            yield {**own, **dict(re.findall(r"^export (\w+)=(\S+)$", said.stdout, re.MULTILINE))}
        finally:
            subprocess.run([twh, "sandbox", "down", "-q"], env=environment, check=False, stdout=subprocess.DEVNULL)
