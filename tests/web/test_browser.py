"""The page in a real browser, while the board changes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from detectors.profile import Profile
from service.alerts.notice import AlertState
from service.evaluation.result import Verdict
from tests.web.conftest import Client, World
from tests.web.scene import HOUR, MINUTE, START, Drift, judge, make_alert, make_window

ROW = ".findings tbody tr"


@pytest_asyncio.fixture
async def site(client: Client, page: Page) -> AsyncIterator[Page]:
    """The status page, opened; the test fails when the browser's console has anything to say."""
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(f"{request.url} {request.failure}"))
    await page.goto(str(client.make_url("/")))
    await expect(page.locator("#live")).to_have_text("live")
    yield page
    assert [line for line in said if "ERR_ABORTED" not in line] == []


async def first_row(page: Page) -> str:
    return " ".join((await page.locator(ROW).first.inner_text()).split())


async def test_the_worst_feature_and_slice_are_the_first_row(site: Page) -> None:
    row = await first_row(site)
    assert row.startswith("▲ Breach channel region=apac psi")


async def test_choosing_a_row_draws_reference_and_current(site: Page) -> None:
    await site.locator(ROW, has_text="income").filter(has_text="region=eu").click()
    await expect(site.locator("#detail-title")).to_have_text("income on region=eu")
    for drawn in ("reference", "outline"):
        box = await site.locator(f".histogram .{drawn}").bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 60
    await expect(site.locator(".legend")).to_contain_text("reference n = ")
    await expect(site.locator(".metrics")).to_contain_text("psi")
    assert "feature=income" in site.url
    await site.locator(ROW, has_text="channel").first.click()
    await expect(site.locator(".bars .drawn rect.reference").first).to_be_visible()
    await expect(site.locator(".bars .drawn rect.current").first).to_be_visible()


async def test_back_goes_to_what_was_chosen_before(site: Page) -> None:
    await site.locator(ROW, has_text="age").first.click()
    await expect(site.locator("#detail-title")).to_contain_text("age")
    await site.go_back()
    await expect(site.locator("#detail-title")).to_contain_text("channel")


async def test_an_alert_appears_and_goes_while_the_page_stays_open(site: Page, world: World) -> None:
    await expect(site.locator("#alerts")).to_have_text("No alert is open.")
    result = next(item.result for item in world.evaluated.judgements if item.verdict is Verdict.BREACH)
    notice = make_alert(result)
    world.board.notice(notice)
    await expect(site.locator("#alerts li")).to_contain_text(notice.summary)
    await expect(site).to_have_title("(1) credit · Driftline")
    world.board.notice(make_alert(result, AlertState.RESOLVED))
    await expect(site.locator("#alerts")).to_have_text("No alert is open.")
    await expect(site.locator("details")).to_contain_text("1 recently resolved")


async def test_a_new_window_changes_the_rows_and_leaves_focus_and_choice_alone(
    site: Page, world: World, profile: Profile
) -> None:
    chosen = site.locator(ROW, has_text="open_accounts").filter(has_text="all").first
    await chosen.locator("a").focus()
    await site.keyboard.press("Enter")
    await expect(site.locator("#detail-title")).to_have_text("open_accounts on everything")
    drift = Drift(income={"us": 4.0})
    window = make_window(profile, 9, end_ms=START + HOUR + 5 * MINUTE, drift=drift)
    world.board.update(judge(world.settings, window))
    await expect(site.locator(ROW).first).to_contain_text("region=us")
    await expect(site.locator("#detail-title")).to_have_text("open_accounts on everything")
    focused = await site.evaluate("document.activeElement.closest('tr')?.dataset.key")
    assert focused == "all|open_accounts"


async def test_nothing_of_the_page_is_touched_while_nothing_changes(site: Page) -> None:
    await watch(site)
    async with site.expect_response(lambda answer: answer.status in {200, 304}):
        pass
    await site.wait_for_timeout(300)
    assert await site.evaluate("window.touched") == []


async def test_a_new_watermark_touches_the_times_and_nothing_else(site: Page, world: World) -> None:
    await watch(site)
    world.board.watermark("credit", START + 2 * HOUR)
    await expect(site.locator(".card").first).to_contain_text("2026-08-22 12:00")
    assert set(await site.evaluate("window.touched")) == {"TIME", "#text"}


async def watch(site: Page) -> None:
    """Note the nodes that change from now on."""
    await site.evaluate(
        """() => {
            window.touched = [];
            const note = (seen) => window.touched.push(...seen.map((change) => change.target.nodeName));
            new MutationObserver(note).observe(
                document.body, {subtree: true, childList: true, attributes: true, characterData: true});
        }"""
    )


async def test_the_filter_narrows_the_rows_and_is_part_of_the_address(site: Page) -> None:
    await site.locator("#filter").fill("income eu")
    await expect(site.locator(ROW)).to_have_count(1)
    assert "filter=income" in site.url
    await site.reload()
    await expect(site.locator(ROW)).to_have_count(1)
    await expect(site.locator("#filter")).to_have_value("income eu")


async def test_an_alerts_fragment_link_opens_its_feature_and_slice(site: Page, client: Client) -> None:
    await site.goto(str(client.make_url("/")) + "#model=credit&slice=region%3Deu&feature=income")
    await expect(site.locator("#detail-title")).to_have_text("income on region=eu")


async def test_a_model_that_learns_shows_how_far_it_is(site: Page, world: World) -> None:
    card = site.locator(".card", has_text="churn")
    await expect(card).to_contain_text("4,210 of 10,000 events")
    world.board.learning("churn", "3", 9000, 10_000)
    await expect(card).to_contain_text("9,000 of 10,000 events")
    assert await card.locator("progress").evaluate("bar => bar.value") == 9000


async def test_a_server_that_stops_is_said_and_the_page_recovers(site: Page, client: Client) -> None:
    # The browser itself writes failed loads to its console: this second page has nobody who listens to it.
    assert site.context.browser is not None
    other = await site.context.browser.new_page()
    await other.goto(str(client.make_url("/")))
    await other.route("**/*", lambda route: route.abort())
    await expect(other.locator("#live")).to_have_text("no answer, trying again")
    await other.unroute("**/*")
    await expect(other.locator("#live")).to_have_text("live")
    await other.close()


@pytest.mark.parametrize("width", [360, 768, 1024, 1200, 1400, 1920])
async def test_nothing_is_wider_than_the_window(site: Page, width: int) -> None:
    await site.set_viewport_size({"width": width, "height": 800})
    await site.locator(ROW, has_text="age").first.click()
    await expect(site.locator("#detail-title")).to_contain_text("age")
    assert await site.evaluate("document.documentElement.scrollWidth") <= width
    for part in (".findings", ".detail"):
        spare = await site.locator(part).evaluate("part => part.clientWidth - part.scrollWidth")
        assert (part, spare) == (part, max(spare, 0))


async def test_on_a_phone_a_chosen_row_brings_its_drawing_into_view(site: Page) -> None:
    await site.set_viewport_size({"width": 390, "height": 800})
    await site.locator(ROW, has_text="state").last.click()
    await expect(site.locator("#detail-title")).to_contain_text("state")
    await expect(site.locator("#detail-title")).to_be_in_viewport()
