"""Run the examples as a reader would, against a fresh sandbox, and compare what they say with what is committed.

    python examples/run.py                      the README's Python, the pages of docs/, every transcript
    python examples/run.py examples/first_sale  those in one folder
    python examples/run.py --accept             write down what they say now

A folder with examples has a `transcript.txt`: lines that begin with `$ ` are commands, typed in the folder; what follows is
what they print. What differs from run to run (ids, times, durations, ports, signatures) is masked on both sides.
"""

import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = [ROOT / "quickstart", ROOT / "examples"]
COMMAND_SECONDS_MAX = 120
SANDBOX = "default"
# Pages whose blocks are for readers to run; the others show what is somewhere else.
RUN = ("tutorial", "how-to", "explanation")
# What differs from run to run, and what stands for it in a transcript.
MASKS = [
    (r"\b(ten|key|itm|loc|ent|mov|evt|whe|dlv|req)_[0-9a-hjkmnp-tv-z]{26}\b", r"\1_…"),
    (r"\btwh_(live|test)_\w+", r"twh_\1_…"),
    (r"\bwhsec_[A-Za-z0-9+/=]+", "whsec_…"),
    (r"\bv1,[A-Za-z0-9+/=]{40,}", "v1,…"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\b\d+(\.\d+)? (ms|s)\b", "<duration>"),
    (r"\b127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
    (r"\b[0-9a-f]{64}\b", "<digest>"),
]


def main() -> int:
    """Run the chosen transcripts; the exit status is the number of those that differ."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="*", type=Path, help="only the transcripts in these folders")
    options.add_argument("--accept", action="store_true", help="write down what the examples say now")
    chosen = options.parse_args()
    transcripts = sorted(
        found for folder in chosen.folders or PLACES for found in folder.resolve().rglob("transcript.txt")
    )
    if not transcripts:
        sys.exit("There is no transcript.txt there: write one that has a line `$ python …`, then run with --accept.")
    with sandbox() as environment:
        differing = 0 if chosen.folders else sum(not runs(code, environment) for code in readme_blocks())
        differing += 0 if chosen.folders else sum(not page_runs(page, environment) for page in pages())
        return differing + sum(not told_as_committed(path, environment, accept=chosen.accept) for path in transcripts)


@contextmanager
def sandbox() -> Generator[dict[str, str]]:
    """A sandbox of its own, apart from the developer's, and the environment that leads to it."""
    with tempfile.TemporaryDirectory(prefix="twh-examples-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
        own = {name: value for name, value in os.environ.items() if not name.startswith(("TWH_", "XDG_"))}
        environment = own | {
            "HOME": folder,
            "TWH_DATA_DIR": f"{folder}/sandboxes",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_COLOR": "1",
        }
        place = ["--name", SANDBOX]
        subprocess.run(["twh", "sandbox", "up", *place], env=environment, check=True, stdout=subprocess.DEVNULL)
        try:
            yield environment | exports(["twh", "sandbox", "env", *place], environment)
        finally:
            subprocess.run(["twh", "sandbox", "down", *place], env=environment, check=False, stdout=subprocess.DEVNULL)


def exports(command: list[str], environment: dict[str, str]) -> dict[str, str]:
    """The variables that a command's `export NAME=value` lines set."""
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    words = (word for line in said.splitlines() for word in shlex.split(line.removeprefix("export ")))
    return {name: value for name, is_set, value in (word.partition("=") for word in words) if is_set}


def told_as_committed(path: Path, environment: dict[str, str], *, accept: bool) -> bool:
    name = path.relative_to(ROOT)
    committed = path.read_text()
    told = "".join(performed(command, path.parent, environment) for command in commands(committed))
    if accept:
        path.write_text(told)
    difference = list(difflib.unified_diff(committed.splitlines(), told.splitlines(), str(name), "told now", "", "", 2))
    print(f"{'accepted' if accept else 'differs' if difference else 'as committed'}: {name}")
    if difference and not accept:
        print("\n".join(difference), "\nIf this is meant: uv run nox -s examples -- --accept", sep="")
    return accept or not difference


def readme_blocks() -> list[str]:
    """The README's Python, in its order: a reader tries that first."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def runs(code: str, environment: dict[str, str]) -> bool:
    done = subprocess.run([sys.executable, "-c", code], env=environment, timeout=COMMAND_SECONDS_MAX, check=False)
    if done.returncode:
        print(f"fails: this block of README.md\n{code}")
    return not done.returncode


def pages() -> list[Path]:
    """The pages of the documentation that are run."""
    return sorted(page for folder in RUN for page in (ROOT / "docs" / folder).rglob("*.md"))


def page_runs(page: Path, environment: dict[str, str]) -> bool:
    """Whether a page's blocks run, against a tenant that nobody has used."""
    place = ["--name", SANDBOX]
    reset = ["twh", "sandbox", "reset", "--yes", *place]
    subprocess.run(reset, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    fresh = environment | exports(["twh", "sandbox", "env", *place], environment)
    command = [sys.executable, str(ROOT / "examples" / "pages.py"), str(page)]
    done = subprocess.run(command, env=fresh, timeout=COMMAND_SECONDS_MAX, check=False)
    print(f"{'fails' if done.returncode else 'runs'}: {page.relative_to(ROOT)}")
    return not done.returncode


def commands(transcript: str) -> list[str]:
    return [line.removeprefix("$ ") for line in transcript.splitlines() if line.startswith("$ ")]


def performed(command: str, folder: Path, environment: dict[str, str]) -> str:
    """One command, typed in its folder, as a transcript tells it."""
    done = subprocess.run(
        ["bash", "-ec", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
    exit_line = f"[exit {done.returncode}]\n" if done.returncode else ""
    return f"$ {command}\n{masked(done.stdout)}{exit_line}"


def masked(text: str) -> str:
    for pattern, stand_in in MASKS:
        text = re.sub(pattern, stand_in, text)
    return text


if __name__ == "__main__":
    sys.exit(main())
