"""The documents keep their word: links lead somewhere, Python compiles, and CI types the README's own command."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCED = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2`*[ ]*$", re.DOTALL | re.MULTILINE)
TOPS = ("packages", "docs", "examples", "quickstart", "deploy", "openapi")
SHELL = {"sh", "bash", "shell", "console"}


def pages() -> list[Path]:
    hidden = re.compile(r"(^|/)(\.[^/]+|node_modules|build|dist)/")
    found = (path for place in (ROOT.glob("*.md"), *(ROOT.glob(f"{top}/**/*.md") for top in TOPS)) for path in place)
    return sorted(path for path in found if not hidden.search(path.relative_to(ROOT).as_posix()))


PAGES = {path.relative_to(ROOT).as_posix(): path for path in pages()}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    broken = [link for link in relative_links(PAGES[page]) if not leads_somewhere(PAGES[page], link)]

    assert not broken, f"{page} links to what is not there: {broken}"


@pytest.mark.parametrize("page", PAGES)
def test_every_python_block_compiles(page):
    for line, language, code in blocks(PAGES[page]):
        if language == "python":
            compile("\n" * line + code, page, "exec")  # the newlines make a SyntaxError name the page's line


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_every_page_is_reachable_from_the_index(page):
    reached, waiting = set(), [ROOT / "docs" / "README.md"]
    while waiting:
        here = waiting.pop()
        if here not in reached and here.suffix == ".md":
            reached.add(here)
            waiting += [target(here, link) for link in relative_links(here)]

    assert PAGES[page] in reached, f"Link {page} from docs/README.md or from a page that is linked there."


def test_ci_types_what_the_readme_says():
    _, _, tests = [block for block in blocks(ROOT / "README.md") if block[1] in SHELL][1]

    assert (ROOT / ".ci" / "run").read_text().rstrip().splitlines()[-1] == tests.strip()


def blocks(page: Path) -> Iterator[tuple[int, str, str]]:
    """The fenced blocks of a page: the line they begin after, language, text."""
    text = page.read_text()
    for found in FENCED.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[3].strip().partition(" ")[0], found[4]


def relative_links(page: Path) -> list[str]:
    prose = re.sub(r"`[^`\n]*`", "", FENCED.sub("", page.read_text()))
    return [link for link in LINK.findall(prose) if not re.match(r"[a-z][a-z0-9+.-]*:", link)]


def target(page: Path, link: str) -> Path:
    path = unquote(link.partition("#")[0])
    return (page.parent / path).resolve() if path else page.resolve()


def leads_somewhere(page: Path, link: str) -> bool:
    there, anchor = target(page, link), link.partition("#")[2]
    if not there.exists() or not there.is_relative_to(ROOT):
        return False
    return not anchor or there.suffix != ".md" or anchor in anchors(there)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", FENCED.sub("", page.read_text()), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return {*plain, *re.findall(r"<a (?:id|name)=\"([^\"]+)\"", page.read_text())}
