"""The page in a real Chromium: people in browsers of their own, a phone, a keyboard, an accessibility checker."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.conftest import MakeDatabase
from tests.support import npm
from tests.support.change import owned, run
from tests.support.web import PASSWORD, web_house

pytestmark = pytest.mark.requires("chromium", "axe")
QUIET = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"]
PICTURES = Path(__file__).parents[2] / "docs/images/web"
TABLES = (
    "create table customers(id int primary key, name text not null, state text not null)",
    "create table orders(id int primary key, customer_id int not null, total numeric not null)",
    "alter table orders add foreign key (customer_id) references customers on delete cascade",
    "insert into customers select i, 'Customer ' || i, chr(65 + i % 4) || 'A' from generate_series(1, 40) i",
    "insert into orders select i, 1 + i % 40, i * 3.5 from generate_series(1, 200) i",
    "analyze",
)


@asynccontextmanager
async def visited(home: Path, control: str, database: str) -> AsyncIterator[tuple[str, Browser]]:
    """The address of a running pgwarden, and a browser."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with web_house(home, control, database, url) as house:
            server = uvicorn.Server(uvicorn.Config(house.application, log_level="warning", ws="none"))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                async with async_playwright() as playwright:
                    browser = await playwright.chromium.launch(executable_path=chromium(), args=QUIET)
                    yield url, browser
                    await browser.close()
            finally:
                server.should_exit = True
                await serving


def chromium() -> str:
    return os.environ.get("CHROMIUM", "/usr/bin/chromium")


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
    assert told == [], page.url
    await session.detach()


async def picture(page: Page, name: str) -> None:
    """For the documentation, where it is asked for."""
    if os.environ.get("SCREENSHOTS"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


async def test_two_people_ask_decide_run_and_take_back(
    state_home: Path, make_database: MakeDatabase, settled_people: str
) -> None:
    database = owned(make_database())
    run(database, *TABLES)
    control = make_database(template=settled_people)
    async with visited(state_home, control, database) as (url, browser):
        wide = await browser.new_context(viewport={"width": 1100, "height": 900})
        ana = await wide.new_page()
        faults: list[str] = []
        ana.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        await ana.goto(f"{url}/login")
        await checked(ana)
        await log_in(ana, url, "ana")

        await ana.get_by_label("Your question").fill("number of customers by state")
        await ana.keyboard.press("Enter")
        turn = ana.locator("article.turn").first
        await expect(turn.locator("tbody tr")).to_have_count(4)
        await expect(turn.locator(".chart rect")).to_have_count(4)
        await turn.get_by_role("button", name="state").click()
        await expect(turn.locator("tbody tr").first).to_contain_text("AA")
        await turn.locator("summary").click()
        await turn.locator(".edit").fill("delete from customers")
        await expect(turn.locator(".verdict")).to_contain_text("needs approval")
        await turn.locator(".edit").fill("select count(*) from orders")
        await turn.get_by_role("button", name="Run this SQL").click()
        await expect(turn.locator("tbody")).to_contain_text("200")
        await checked(ana)
        await picture(ana, "ask")

        await ana.get_by_label("Your question").fill("delete the customer with id 7")
        await ana.keyboard.press("Enter")
        change = ana.locator("article.turn").first
        await change.get_by_label("Why it is wanted").fill("asked to be forgotten")
        await picture(ana, "ask-change")
        await change.get_by_role("button", name="Ask for approval").click()
        await change.get_by_role("link", name="Ticket").click()
        await expect(ana.locator("h1")).to_contain_text("DELETE")
        where = ana.url
        await ana.goto(f"{url}/schema/shop/public.orders")
        await expect(ana.locator("img.diagram")).to_be_visible()
        await checked(ana)
        await picture(ana, "table")

        phone = await browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
        dora = await phone.new_page()
        await log_in(dora, url, "dora")
        await dora.goto(f"{url}/tickets?whose=me")
        await expect(dora.get_by_text("waits for you")).to_be_visible()
        await checked(dora)
        await picture(dora, "tickets-phone")
        await dora.goto(where)
        await expect(dora.get_by_text("public.customers → public.orders")).to_be_visible()
        assert await dora.evaluate("document.documentElement.scrollWidth") <= 390
        await checked(dora)
        await picture(dora, "ticket-phone")
        await dora.get_by_label("Your password, again").first.fill(PASSWORD)
        await dora.get_by_role("button", name="Approve").click()
        await expect(dora.locator("main .badge").first).to_have_text("APPROVED")

        await ana.goto(where)
        await ana.get_by_role("button", name="Run it, once").click()
        await ana.wait_for_url("**/executions/**")
        await expect(ana.get_by_role("heading", name="Proof")).to_be_visible()
        await checked(ana)
        await picture(ana, "execution")
        await ana.get_by_role("link", name="Take it back").click()
        await ana.get_by_label("Why").fill("it was the wrong one")
        await checked(ana)
        await ana.get_by_role("button", name="Take it back").click()
        await ana.wait_for_url("**/tickets/**")
        await expect(ana.locator("main .badge").first).to_have_text("EXECUTED")
        await checked(ana)

        auditors = await browser.new_context()
        audrey = await auditors.new_page()
        await log_in(audrey, url, "audrey")
        await audrey.get_by_role("link", name="Audit").click()
        await audrey.get_by_role("button", name="Verify the whole chain").click()
        await expect(audrey.get_by_text("The chain is whole")).to_be_visible()
        await checked(audrey)
        await audrey.get_by_role("button", name="Dark").click()
        await expect(audrey.locator("html")).to_have_attribute("data-theme", "dark")
        await checked(audrey)
        await picture(audrey, "audit-dark")
        assert faults == []
