"""mypy and pyright, both strict, accept what is right and report each line that is planted to be wrong, on old and new Pythons."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "typing"
BIN = Path(sys.executable).parent
FILES = ("good.py", "planted.py")
# The oldest that we support, the newest, and the one that runs: the checkers know a Python without its being here.
PYTHONS = sorted({"3.11", "3.14", f"{sys.version_info.major}.{sys.version_info.minor}"})


def mypy(python, tmp_path):
    """The lines that mypy reports in each file, and all that it says."""
    command = [BIN / "mypy", "--strict", "--no-error-summary", "--config-file=", "--hide-error-context"]
    command += [f"--python-version={python}", f"--cache-dir={tmp_path}", *FILES]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE).stdout
    found = re.findall(r"^(\w+\.py):(\d+): error: ", said, re.MULTILINE)
    return {file: {int(line) for name, line in found if name == file} for file in FILES}, said


def pyright(python, tmp_path):
    """The same of pyright; strict is what the files themselves ask for."""
    command = [BIN / "pyright", "--outputjson", "--pythonpath", sys.executable, "--pythonversion", python]
    command += [HERE / file for file in FILES]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout)
    assert said["summary"]["filesAnalyzed"] == len(FILES)
    found = [(Path(one["file"]).name, one) for one in said["generalDiagnostics"] if one["severity"] == "error"]
    return {file: {one["range"]["start"]["line"] + 1 for name, one in found if name == file} for file in FILES}, said


def planted():
    lines = (HERE / "planted.py").read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if "# planted:" in line}


@pytest.mark.slow
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_what_is_right_is_accepted_and_what_is_planted_is_reported(checker, python, tmp_path):
    found, said = checker(python, tmp_path)

    assert found == {"good.py": set(), "planted.py": planted()}, said
