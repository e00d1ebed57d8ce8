"""People at a real Chromium: logging in by keyboard, pictures for the documentation, and an accessibility checker."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from tests.support import npm
from tests.support.web import PASSWORD, WebHouse

PICTURES = Path(__file__).parents[2] / "docs/images/web"


@dataclass
class Site:
    """A pgwarden that is served, and a browser to visit it with."""

    house: WebHouse
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.house.url

    async def page(self, name: str = "", *, phone: bool = False, faults: list[str] | None = None) -> Page:
        """A page of a new browser, somebody logged in where a name is given; ``faults`` gets the console's errors."""
        size = {"width": 390, "height": 800} if phone else {"width": 1100, "height": 900}
        context = await self.browser.new_context(viewport=size, has_touch=phone, is_mobile=phone)  # type: ignore[arg-type]
        self.contexts.append(context)
        if name:
            secret = (await self.house.opened(name)).secret
            await context.add_cookies([{"name": "pgwarden-login", "value": secret, "url": self.url}])
        made = await context.new_page()
        if faults is not None:
            made.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        return made


async def log_in(page: Page, url: str, name: str) -> None:
    """By keyboard alone."""
    await page.goto(f"{url}/login")
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/ask")


async def checked(page: Page) -> None:
    """The checker runs in a world of its own, so that the page's policy holds while it looks."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Page.getFrameTree")
    world = await session.send("Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"]})
    context = {"contextId": world["executionContextId"]}
    await session.send("Runtime.evaluate", {**context, "expression": npm.axe().read_text()})
    run_it = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(JSON.stringify)"
    found = await session.send("Runtime.evaluate", {**context, "expression": run_it, "awaitPromise": True})
    violations = json.loads(found["result"]["value"])["violations"]
    told = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in violations]
    assert not told, f"{page.url}: {told}"
    await session.detach()


async def picture(page: Page, name: str, part: Locator | None = None) -> None:
    """For the documentation, where it is asked for: of the whole page, or of a part of it."""
    if os.environ.get("SCREENSHOTS"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        await (part.screenshot(path=path) if part else page.screenshot(path=path, full_page=True))
