"""The page on testing, followed word for word in a stranger's project: a folder outside, and the wheels as they are published.

What the page says to type is typed, and what it says to write down is written down. `nox -s build` runs this with the wheels
that it has built.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "testing-your-code.md"
EXAMPLE = ROOT / "examples" / "testing_your_code"
BLOCK = re.compile(r'^```(\w+)(?: title="(\S+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
UV = os.environ.get("UV", "uv")
# `pip` is uv's, which keeps what it has downloaded and finds our own packages among the wheels.
BEFORE = f'set -e\npip() {{ "{UV}" pip "$@" --quiet; }}\npython() {{ "{sys.executable}" "$@"; }}\n'
SECONDS_MAX = 300


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A folder with the three: what TWH_WHEELS names, or fresh ones."""
    if "TWH_WHEELS" in os.environ:
        return Path(os.environ["TWH_WHEELS"])
    folder = tmp_path_factory.mktemp("wheels")
    command = [UV, "build", "-q", "--wheel", "--all-packages", "--out-dir", folder]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


@pytest.fixture
def project():
    """An empty folder that knows nothing of the repository."""
    with tempfile.TemporaryDirectory(prefix="twh-stranger-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
        yield Path(folder)


def written_down():
    """The files that the page names, each from all its blocks."""
    files = {}
    for language, name, text in BLOCK.findall(PAGE.read_text()):
        if name and language == "python":
            files[name] = f"{files[name]}\n\n{text}" if name in files else text
    return files


def typed():
    """The commands of the page, in their order."""
    said = [(language, text) for language, _, text in BLOCK.findall(PAGE.read_text())]
    return [
        line.removeprefix("$ ")
        for language, text in said
        if language in {"sh", "console"}
        for line in text.splitlines()
        if language == "sh" or line.startswith("$ ")
    ]


def test_the_example_is_the_page_word_for_word():
    assert written_down() == {name: (EXAMPLE / name).read_text() for name in ("shop.py", "test_shop.py")}


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_page_on_testing_works_word_for_word_outside(wheels, project):
    for name, text in written_down().items():
        (project / name).write_text(text)
    theirs = "python -c 'import shop, twh; print(shop.__file__, twh.__file__)'"

    followed = subprocess.run(
        ["bash", "-c", "\n".join([BEFORE, *typed(), "unset -f python", theirs])],
        cwd=project,
        env=outside(project, wheels),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )

    assert followed.returncode == 0, followed.stdout + followed.stderr
    *told, used = followed.stdout.splitlines()
    assert re.search(r"\b11 passed\b", "\n".join(told)), followed.stdout
    assert all(Path(file).is_relative_to(project) for file in used.split())


def outside(project, wheels):
    """The variables of someone who has set nothing; uv keeps what it has downloaded before."""
    ours = re.compile("TWH_|XDG_|UV_|PIP_|PYTEST|PYTHON|VIRTUAL_ENV")
    own = {name: value for name, value in os.environ.items() if not ours.match(name)}
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    uvs = {"UV_CACHE_DIR": cache, "UV_FIND_LINKS": str(wheels)}
    return {**own, **uvs, "HOME": str(project), "PYTEST_ADDOPTS": "-W error::ResourceWarning"}
