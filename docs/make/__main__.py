"""The documentation as a site: the pages under docs/, the project's own pages, and a reference made from the code.

    python docs/make [--to build/site]

Everything is put together under build/pages first. A link that leads nowhere, or a page that nobody links, fails the build.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import commands
import http_api
import sdk
from links import Pages

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build"


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
    configuration.write_text((ROOT / "docs" / "make" / "zensical.toml").read_text(encoding="utf-8"), encoding="utf-8")
    program = Path(sys.executable).parent / "zensical"
    built = subprocess.run([program, "build", "--clean", "--strict", "-f", configuration], cwd=BUILD, check=False)
    if built.returncode:
        return built.returncode
    if chosen.to != BUILD / "site":
        shutil.copytree(BUILD / "site", chosen.to, dirs_exist_ok=True)
    print(f"{len(list((BUILD / 'site').rglob('*.html')))} pages in {chosen.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
