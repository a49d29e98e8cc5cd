"""The documents of the repository: their links, headings, code blocks and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A block of code and the page that it stands in."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A document in Markdown."""

    path: Path

    @property
    def name(self) -> str:
        """Its path in the repository."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """All but the blocks of code."""
        return FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        """Blocks of code, in their order; plain ones have the language ``""``."""
        return [Block(self.name, language, text) for language, text in FENCE.findall(self.text)]

    @property
    def links(self) -> list[str]:
        """Targets of the links and pictures that stay in the repository."""
        return [link for link in LINK.findall(self.prose) if not re.match(r"[a-z]+:", link)]

    @property
    def anchors(self) -> set[str]:
        """What the headings are called in links."""
        titles = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        plain = (re.sub(r"\]\([^)]*\)|[^\w -]", "", title) for title in titles)
        return {title.strip().lower().replace(" ", "-") for title in plain}

    def table(self, header: str) -> list[list[str]]:
        """The rows of the one table whose header begins so; cells as they are written."""
        parts = self.text.split(f"\n| {header}")
        assert len(parts) == 2, f"{self.name}: one table that begins with {header!r}"
        lines = parts[1].split("\n\n")[0].splitlines()[2:]
        return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def page(name: str) -> Page:
    """A document by its path in the repository."""
    return Page(ROOT / name)


def pages() -> list[Page]:
    """README, changelog, everything in docs/ and the documents of the examples."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    return [Page(path) for path in sorted(found)]


def blocks(*languages: str) -> list[Block]:
    """The blocks of all documents that are in one of these languages."""
    return [block for one in pages() for block in one.blocks if block.language in languages]


def names(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
