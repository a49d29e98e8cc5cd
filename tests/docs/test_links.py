"""Links lead somewhere, and every page is found from the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page, page, pages

PAGES = pages()


def broken(one: Page) -> list[str]:
    """Links of a page that lead nowhere: no such file, or no such heading in it."""
    wrong = []
    for link in one.links:
        file, _, anchor = link.partition("#")
        target = (one.path.parent / file) if file else one.path
        known = target.exists() and target.resolve().is_relative_to(ROOT)
        if not known or (anchor and anchor not in Page(target).anchors):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_every_link_within_the_repository_leads_somewhere(one: Page) -> None:
    assert broken(one) == []


def test_the_search_for_broken_links_finds_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("pages")
    path = folder / "a.md"
    path.write_text("# One `two`: three\n[a](#one-two-three) [b](#four) [c](b.md) [d](https://x.example)\n")
    assert broken(Page(path)) == [
        "#one-two-three",
        "#four",
        "b.md",
    ]  # nothing outside of the repository counts
    assert Page(path).anchors == {"one-two-three"}


def test_every_page_of_the_documentation_is_found_from_the_index() -> None:
    found, waiting = set[Path](), [page("docs/README.md").path]
    while waiting:
        path = waiting.pop()
        if path not in found and path.suffix == ".md" and path.is_relative_to(ROOT / "docs"):
            found.add(path)
            waiting += [(path.parent / link.split("#")[0]).resolve() for link in Page(path).links]

    assert [one.name for one in PAGES if one.name.startswith("docs/") and one.path not in found] == []


def test_the_readme_leads_to_the_index_the_changelog_and_the_license() -> None:
    linked = {link.split("#")[0] for link in page("README.md").links}

    assert linked >= {"docs/README.md", "CHANGELOG.md", "LICENSE"}


def test_the_picture_of_the_page_is_a_picture() -> None:
    shown = [link for link in page("README.md").links if link.endswith(".png")]

    assert shown
    for link in shown:
        assert (ROOT / link).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
