"""A conversation in a real Chromium: rows as its reader likes them, a way on where there are none, and “undo that”."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.support.browser import Site, checked, picture
from tests.support.web import PASSWORD

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]


async def ask(page: Page, question: str) -> None:
    await page.get_by_label("Your question").fill(question)
    await page.keyboard.press("Enter")
    await expect(page.locator("article.turn").first.get_by_role("heading").first).to_have_text(question)


async def test_rows_look_as_liked_and_a_change_is_taken_back_by_words(site: Site) -> None:
    name, faults = await site.house.newcomer(), list[str]()
    client = await site.house.logged_in(name)
    await client.patch("/api/v1/preferences", json={"numbers": "point", "chart": "none"})
    page = await site.page(name, faults=faults)
    await page.goto(f"{site.url}/ask")
    await ask(page, "show the id and total of orders with id 199")
    turn = page.locator("article.turn").first
    await expect(turn.locator("tbody")).to_contain_text("696,5")
    await turn.locator(".how > summary").press("Enter")
    await turn.locator(".edit").fill("select 1234567.5 as amount")
    await turn.get_by_role("button", name="Run this SQL").press("Enter")
    await expect(turn.locator("tbody")).to_contain_text("1.234.567,5")
    await checked(page)

    await ask(page, "set the state of the customer with id 35 to 'ZZ'")
    change = page.locator("article.turn").first
    await change.get_by_label("Why it is wanted").fill("they moved")
    await change.get_by_role("button", name="Ask for approval").press("Enter")
    link = change.get_by_role("link", name="Ticket")
    ticket = str(await link.get_attribute("href")).rpartition("/")[2]
    yes = {"decision": "approve", "proof": {"password": PASSWORD}}
    dora = await site.house.logged_in("dora")
    assert (await dora.post(f"/api/v1/tickets/{ticket}/decision", json=yes)).json()["status"] == "APPROVED"
    assert (await client.post(f"/api/v1/tickets/{ticket}/execution")).status_code == 200

    await ask(page, "undo that")
    undo = page.locator("article.turn").first
    await expect(undo).to_contain_text("Taking it back would do this. Nothing was changed yet.")
    await expect(undo.locator(".doubt ol > li").first).to_contain_text("public.customers")
    await checked(page)
    await picture(page, "ask-undo")
    await undo.get_by_role("link", name="Ticket").press("Enter")
    await page.get_by_role("button", name="Run it, once").click()
    await page.wait_for_url("**/executions/**")
    told = await client.post("/api/v1/reads", json={"sql": "select state from customers where id = 35"})
    assert told.json()["rows"] == [["DA"]]
    assert faults == []


async def test_a_doubt_shows_its_options_as_buttons_and_one_of_them_answers(site: Site) -> None:
    faults = list[str]()
    page = await site.page("ana", faults=faults, phone=True)
    await page.goto(f"{site.url}/ask")
    await ask(page, "how many customers come from Blorp?")
    doubt = page.locator("article.turn").first.locator(".doubt")
    await expect(doubt).to_contain_text("does not seem to hold “Blorp”")
    offered = ["Yes: number of customers", "Show customers", "Show orders"]
    await expect(doubt.get_by_role("button")).to_have_text(offered)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(page)
    await picture(page, "ask-doubt-phone")
    yes = doubt.get_by_role("button", name="Yes: number of customers")
    await yes.press("Enter")
    await expect(page.locator("article.turn")).to_have_count(1)
    await expect(page.locator("article.turn tbody tr")).to_have_text(["40"])
    await expect(yes).to_have_attribute("aria-pressed", "true")
    await checked(page)
    await doubt.get_by_role("button", name="Show orders").press("Enter")
    await expect(page.locator("article.turn")).to_have_count(2)
    await expect(page.locator("article.turn").first.get_by_role("heading").first).to_have_text("Show all orders")

    await ask(page, "delete some customers")
    asked = page.locator("article.turn").first.locator(".doubt")
    await expect(asked).to_contain_text("Say “all” if every row is meant.")
    await asked.get_by_role("button", name="customers.id").press("Enter")
    await expect(page.get_by_label("Your question")).to_be_focused()
    await expect(page.get_by_label("Your question")).to_have_value("delete some customers customers.id")
    assert faults == []
