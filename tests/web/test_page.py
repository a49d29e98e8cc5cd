"""The page as the server writes it; how it behaves is tested in a browser."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import pytest

from detectors.layout import COUNTERS
from service.evaluation.result import Evaluated, Verdict
from service.web.page import ROWS
from tests.web.conftest import Client, World
from tests.web.scene import START, judge, make_alert

VOID = {"meta", "link", "input"}


class Reader(HTMLParser):
    """Collects what tests ask for, and notes tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


async def read(client: Client, path: str = "/") -> tuple[str, Reader]:
    answer = await client.get(path)
    assert answer.status == 200
    text = await answer.text()
    reader = Reader()
    reader.feed(text)
    return text, reader


@pytest.mark.parametrize(
    "path", ["/", "/?model=churn", "/?model=credit&slice=all&feature=age", "/?model=none&version=9&window=x",
             "/?filter=income", "/?filter=nothing+at+all", "/?slice=mars&feature=age", "/?feature="]
)  # fmt: skip
async def test_every_address_gives_a_well_formed_page_without_inline_code(client: Client, path: str) -> None:
    _, page = await read(client, path)
    assert (page.wrong, page.open) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    assert not [attrs for _, attrs in page.tags if "style" in attrs or any(n.startswith("on") for n in attrs)]
    assert all("src" in attrs for tag, attrs in page.tags if tag == "script")


async def test_the_worst_finding_is_chosen_until_the_reader_chooses(client: Client) -> None:
    text, _ = await read(client)
    assert '<h3 id="detail-title">channel <span class="on">on region=apac' in text
    text, _ = await read(client, "/?model=credit&version=7&window=1h%2F5m&slice=region%3Deu&feature=income")
    assert '<h3 id="detail-title">income <span class="on">on region=eu' in text


async def test_a_breach_says_why_and_what_does_not_breach_does_not(client: Client) -> None:
    text, _ = await read(client, "/?model=credit&version=7&window=1h%2F5m&slice=region%3Deu&feature=income")
    assert "breaches</h4>" in text
    assert "<li>It went from mean " in text
    assert "<li>On all traffic it is " in text
    text, _ = await read(client, "/?model=credit&version=7&window=1h%2F5m&slice=region%3Dus&feature=income")
    assert "breaches</h4>" not in text


async def test_a_version_without_a_name_can_be_chosen(client: Client, world: World) -> None:
    window = replace(world.evaluated.window, version="")
    world.board.update(Evaluated(window, world.evaluated.results, world.evaluated.judgements))
    _, page = await read(client)
    links = [attrs.get("href") or "" for tag, attrs in page.tags if tag == "a"]
    address = next(
        link for link in links if link.startswith("?model=credit&version=&") and "slice" not in link
    )
    text, _ = await read(client, f"/{address}")
    assert 'aria-current="true">no version · 1h/5m' in text


async def test_a_window_of_labels_is_called_so_and_counts_them(client: Client, world: World) -> None:
    totals = world.profile.layout.zeros(1)
    totals[0, COUNTERS.index("actuals")] = 1234
    window = replace(world.evaluated.window, version="", slices=("all",), totals=totals)
    world.board.update(judge(world.settings, window))
    text, _ = await read(client, "/?model=credit&version=&window=1h%2F5m")
    assert 'aria-current="true">labels · 1h/5m' in text
    assert "<dt>Labels</dt><dd>1,234</dd>" in text


async def test_names_from_events_and_alerts_cannot_become_markup(client: Client, world: World) -> None:
    nasty = '"><script>alert(1)</script>'
    window = replace(
        world.evaluated.window, version=nasty, slices=(*world.evaluated.window.slices[:-1], f"region={nasty}")
    )
    world.board.update(Evaluated(window, world.evaluated.results, world.evaluated.judgements))
    breach = next(item.result for item in world.evaluated.judgements if item.verdict is Verdict.BREACH)
    world.board.notice(
        msgspec.structs.replace(make_alert(breach), summary=nasty, alertname=nasty, feature=nasty)
    )
    world.banner = nasty
    text, page = await read(client, "/?filter=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in text
    assert (page.wrong, page.open) == ([], [])


async def test_a_long_table_is_cut_and_says_so(client: Client, world: World) -> None:
    one = world.evaluated.judgements[0]
    many = tuple(
        msgspec.structs.replace(one, result=msgspec.structs.replace(one.result, feature=f"f{i:03d}"))
        for i in range(ROWS + 50)
    )
    world.board.update(Evaluated(world.evaluated.window, (), many))
    text, page = await read(client)
    assert f"the worst {ROWS} are shown" in text
    assert sum("data-href" in attrs for tag, attrs in page.tags if tag == "tr") == ROWS
    text, _ = await read(client, "/?filter=f149")
    assert "1 match" in text


async def test_an_incomplete_window_and_missing_readiness_are_said(client: Client, world: World) -> None:
    window = replace(world.evaluated.window, incomplete=True, lower_bounds=True, end_ms=START + 7_200_000)
    world.board.update(Evaluated(window, world.evaluated.results, world.evaluated.judgements))
    world.missing.append("the broker does not answer")
    text, _ = await read(client)
    assert "records are missing" in text
    assert "Not ready: the broker does not answer." in text
