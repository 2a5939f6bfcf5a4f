"""mypy and pyright, both strict, accept what is right and report each line that is planted to be wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "typing"
BIN = Path(sys.executable).parent


def mypy(file):
    """The lines that mypy reports, with what it says."""
    command = [BIN / "mypy", "--strict", "--no-error-summary", "--config-file=", "--hide-error-context", file]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE).stdout
    return {int(line): text for line, text in re.findall(rf"^{file}:(\d+): error: (.*)$", said, re.MULTILINE)}, said


def pyright(file, tmp_path):
    command = [BIN / "pyright", "--outputjson", "--pythonpath", sys.executable, HERE / file]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout)
    assert said["summary"]["filesAnalyzed"] == 1
    found = [one for one in said["generalDiagnostics"] if one["severity"] == "error"]
    return {one["range"]["start"]["line"] + 1: one["message"] for one in found}, said


def planted():
    lines = (HERE / "planted.py").read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if "# planted:" in line}


@pytest.mark.slow
def test_mypy_accepts_what_is_right_and_reports_what_is_planted():
    right, said = mypy("good.py")
    assert right == {}, said

    found, said = mypy("planted.py")
    assert set(found) == planted(), said


@pytest.mark.slow
def test_pyright_accepts_what_is_right_and_reports_what_is_planted(tmp_path):
    right, said = pyright("good.py", tmp_path)
    assert right == {}, said

    found, said = pyright("planted.py", tmp_path)
    assert set(found) == planted(), said
