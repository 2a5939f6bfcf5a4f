"""The three packages are released together: one version, and each needs exactly the others of it."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("twh-sdk", "twh-cli", "twh-server")


def project(package: str) -> dict:
    return tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text())["project"]


VERSION = project("twh-sdk")["version"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_the_one_version(package):
    assert project(package)["version"] == VERSION


@pytest.mark.parametrize("package", PACKAGES)
def test_the_code_says_the_same(package):
    sources = (ROOT / "packages" / package / "src").rglob("*.py")
    said = {found for path in sources for found in re.findall(r'^__version__ = "(.*)"', path.read_text(), re.MULTILINE)}

    assert said == {VERSION}


@pytest.mark.parametrize("package", PACKAGES)
def test_of_each_other_they_need_exactly_this_version(package):
    told = project(package)
    needed = [
        *told["dependencies"],
        *(one for extra in told.get("optional-dependencies", {}).values() for one in extra),
    ]
    ours = [one for one in needed if re.split(r"[\[=<>~! ]", one)[0] in PACKAGES]

    assert all(re.search(rf"=={re.escape(VERSION)}(;|$)", one.replace(" ", "")) for one in ours), ours
