"""A real browser without a window."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.parts.catalog import CHROMIUM

ARGS = (
    "--no-sandbox",  # the sandbox does not start for root, as which CI runs
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@asynccontextmanager
async def chromium_browser() -> AsyncIterator[Browser]:
    """The machine's Chromium, driven by playwright on the running loop."""
    path = CHROMIUM.path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGS))
        try:
            yield browser
        finally:
            await browser.close()
