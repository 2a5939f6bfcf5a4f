"""The documentation as a site: the pages under docs/, the project's own pages, and a reference made from the code.

    python docs/make [--to build/site]

Everything is put together under build/pages first. A link that leads nowhere, or a page that nobody links, fails the build.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import http_api
import sdk
from links import Pages

import commands

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build"

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"


def main() -> int:
    """Put the pages together, add what is made from the code, and build the site."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--to", type=Path, default=BUILD / "site")
    chosen = options.parse_args()
    pages = Pages(ROOT)
    made = {**http_api.pages(ROOT / "openapi" / "openapi.json"), **sdk.pages(), **commands.pages()}
    source = BUILD / "pages"
    shutil.rmtree(source, ignore_errors=True)
    for path, text in {**pages.written(), **made}.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, encoding="utf-8")
    if (ROOT / "docs" / "images").exists():
        shutil.copytree(ROOT / "docs" / "images", source / "images", dirs_exist_ok=True)
    configuration = BUILD / "zensical.toml"
    order = f"\n[project]\nnav = {navigation(source)}\n"
    text = (ROOT / "docs" / "make" / "zensical.toml").read_text(encoding="utf-8")
    configuration.write_text(text.replace("\n[project]\n", order, 1), encoding="utf-8")
    program = Path(sys.executable).parent / "zensical"
    built = subprocess.run([program, "build", "--clean", "--strict", "-f", configuration], cwd=BUILD, check=False)
    if built.returncode:
        return built.returncode
    if chosen.to != BUILD / "site":
        shutil.copytree(BUILD / "site", chosen.to, dirs_exist_ok=True)
    print(f"{len(list((BUILD / 'site').rglob('*.html')))} pages in {chosen.to}")
    return 0


# What a reader looks at first stands first; within a folder, its index, then its pages by name.
SECTIONS = {
    "tutorial": "Tutorial",
    "how-to": "How to",
    "reference": "Reference",
    "reference/events": "Events",
    "reference/sdk": "Python SDK",
    "reference/commands": "Commands",
    "reference/http": "HTTP API",
    "explanation": "Explanation",
    "runbooks": "Runbooks",
    "decisions": "Decisions",
    "project": "The project",
}


def navigation(source: Path) -> str:
    """The order of the pages, as the configuration has it. A folder without a name there is an error."""
    return told(["index.md", *(section(source, folder) for folder in SECTIONS if "/" not in folder)])


def section(source: Path, folder: str) -> Tree:
    """A folder: its index, its pages, the folders in it."""
    inside = sorted((source / folder).iterdir(), key=lambda path: (path.name != "index.md", path.is_dir(), path.name))
    named = [path.relative_to(source).as_posix() for path in inside]
    return {SECTIONS[folder]: [path if path.endswith(".md") else section(source, path) for path in named]}


def told(value: Tree) -> str:
    """A value as TOML: lists and inline tables look like JSON with `=`."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)} = {told(one)}' for name, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(told(one) for one in value)}]"
    return json.dumps(value)


if __name__ == "__main__":
    sys.exit(main())
