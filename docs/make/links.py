"""The written pages, moved to where the site has them, with links that still lead where they led."""

import os
import re
from pathlib import Path
from urllib.parse import unquote

# Pages of the project that readers of the site want too, and where the site has them.
PROJECT = {
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
}
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
FENCED = re.compile(r"^( *)(`{3,}).*?^\1\2`*[ ]*$", re.DOTALL | re.MULTILINE)


class Pages:
    """The pages under docs/ and of the project, by their path in the repository and in the site."""

    def __init__(self, root: Path) -> None:
        self.root = root
        docs = {path.relative_to(root).as_posix() for path in (root / "docs").rglob("*.md")}
        self.places = {path: path.removeprefix("docs/").replace("README.md", "index.md") for path in sorted(docs)}
        self.places |= PROJECT

    def written(self) -> dict[str, str]:
        """Each page's place in the site, and its text there."""
        return {place: self.moved(path, place) for path, place in self.places.items()}

    def moved(self, path: str, place: str) -> str:
        """The text of a page, with its links as they have to be at its place. Code is left alone."""
        text = (self.root / path).read_text(encoding="utf-8")
        done, at = "", 0
        for code in FENCED.finditer(text):
            done += LINK.sub(lambda link: self.link(link, path, place), text[at : code.start()]) + code[0]
            at = code.end()
        return done + LINK.sub(lambda link: self.link(link, path, place), text[at:])

    def link(self, found: re.Match[str], path: str, place: str) -> str:
        """A link at its new place; of one to a file that the site does not have, only the words are left."""
        words, target = found[1], found[2]
        address, _, anchor = target.partition("#")
        if re.match(r"[a-z][a-z0-9+.-]*:", target) or not address:
            return found[0]
        there = (self.root / path).parent.joinpath(unquote(address)).resolve().relative_to(self.root).as_posix()
        known = self.places.get(there) or self.places.get(f"{there}/README.md")
        if known is None:
            return found[0] if there.startswith("docs/images/") else words
        moved = os.path.relpath(known, Path(place).parent)
        return f"[{words}]({moved}{f'#{anchor}' if anchor else ''})"
