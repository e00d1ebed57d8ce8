"""The page in a real Chromium: people in browsers of their own, a phone, a keyboard, an accessibility checker."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from tests.support.browser import Site, checked, log_in, picture
from tests.support.web import PASSWORD

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]


async def test_two_people_ask_decide_run_and_take_back(site: Site) -> None:
    url = site.url
    faults: list[str] = []
    ana = await site.page(faults=faults)
    await ana.goto(f"{url}/login")
    await checked(ana)
    await log_in(ana, url, "ana")

    await ana.get_by_label("Your question").fill("number of customers by state")
    await ana.keyboard.press("Enter")
    turn = ana.locator("article.turn").first
    await expect(turn.locator("tbody tr")).to_have_count(4)
    await expect(turn.locator(".chart .mark-rect path")).to_have_count(4, timeout=60_000)
    await turn.get_by_role("button", name="state").click()
    await expect(turn.locator("tbody tr").first).to_contain_text("AA")
    await turn.locator(".how > summary").click()
    await turn.locator(".edit").fill("delete from customers")
    await expect(turn.locator(".verdict")).to_contain_text("needs approval")
    await turn.locator(".edit").fill("select count(*) from orders")
    await turn.get_by_role("button", name="Run this SQL").click()
    await expect(turn.locator("tbody")).to_contain_text("200")
    await turn.locator(".edit").fill("select * from orders")
    await turn.get_by_role("button", name="Run this SQL").click()
    await expect(turn.get_by_text("The read is expected to be large.")).to_be_visible()
    await checked(ana)
    await picture(ana, "ask-large")
    await turn.get_by_role("button", name="Run it all the same").click()
    await expect(turn.locator("tbody tr")).to_have_count(50)
    await expect(turn.get_by_text("expected: cost")).to_be_visible()
    await turn.locator(".edit").fill("select count(*) from orders")
    await turn.get_by_role("button", name="Run this SQL").click()
    await expect(turn.locator("tbody")).to_contain_text("200")
    await expect(turn.locator(".tree .hint").first).to_have_text(re.compile(r"\), 1 row$"))
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

    dora = await site.page(phone=True)
    await log_in(dora, url, "dora")
    await dora.goto(f"{url}/tickets?whose=me")
    await expect(dora.get_by_text("waits for you").first).to_be_visible()
    await checked(dora)
    await picture(dora, "tickets-phone")
    await dora.goto(where)
    await expect(dora.get_by_text("public.customers → public.orders")).to_be_visible()
    numbers = dora.get_by_role("region", name="Rows by table")
    assert await numbers.evaluate("(region) => region.scrollWidth <= region.clientWidth"), "the numbers are in sight"
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
    await expect(ana.get_by_role("region", name="Rows of public.orders").locator("tbody")).to_have_count(5)
    await checked(ana)
    await ana.get_by_role("link", name="Take it back").click()
    await ana.get_by_label("Why").fill("it was the wrong one")
    await checked(ana)
    await ana.get_by_role("button", name="Take it back").click()
    await expect(ana.get_by_role("heading", name="The state before is back")).to_be_visible()
    await expect(ana.get_by_text("Nobody changed these rows since.")).to_be_visible()
    await checked(ana)

    audrey = await site.page()
    await log_in(audrey, url, "audrey")
    await audrey.get_by_role("link", name="Audit").click()
    await audrey.get_by_role("button", name="Verify the whole chain").click()
    await expect(audrey.locator("#found")).to_contain_text("The chain is whole")
    await checked(audrey)
    await audrey.get_by_role("button", name="Dark").click()
    await expect(audrey.locator("html")).to_have_attribute("data-theme", "dark")
    await checked(audrey)
    await picture(audrey, "audit-dark")
    assert faults == []


async def test_a_queue_is_narrowed_down_and_several_are_decided_at_once(site: Site) -> None:
    faults: list[str] = []
    for number, urgency in ((31, "normal"), (32, "emergency"), (33, "normal")):
        ana = await site.house.logged_in("ana")
        wanted = {"sql": f"delete from customers where id = {number}", "reason": f"spring {number}", "urgency": urgency}
        assert (await ana.post("/api/v1/tickets", json=wanted)).status_code == 201
    dora, max_ = await site.page("dora", faults=faults), await site.page("max", phone=True, faults=faults)
    await max_.goto(f"{site.url}/tickets?text=spring")
    await dora.goto(f"{site.url}/tickets")
    await dora.get_by_label("Words", exact=True).fill("spring")
    await dora.get_by_role("button", name="Show").click()
    assert "text=spring" in dora.url
    await dora.get_by_role("link", name="Waiting for me (3)").click()
    assert "text=spring" in dora.url
    cards = dora.locator(".cards > li")
    await expect(cards.first).to_contain_text("spring 32")
    await checked(dora)
    await picture(dora, "tickets")
    for card in (cards.nth(0), cards.nth(1)):
        await card.get_by_role("checkbox").focus()
        await dora.keyboard.press("Space")
    await dora.get_by_label("Words; a no needs some").fill("as every year")
    address = dora.url
    late = {"sql": "delete from customers where id = 34", "reason": "spring 34", "urgency": "emergency"}
    fourth = (await ana.post("/api/v1/tickets", json=late)).json()["id"]
    for page in (dora, max_):
        await expect(page.get_by_role("status").filter(has_text=f"New: {fourth}, DELETE")).to_be_visible()
        await expect(page.locator(".cards > li")).to_have_count(4)
        await expect(page.get_by_role("link", name="All (4)")).to_be_visible()
        await checked(page)
    await expect(cards.nth(1)).to_contain_text("spring 34")
    await expect(dora.locator(".cards input:checked")).to_have_count(2)
    await expect(cards.nth(1).get_by_role("checkbox")).not_to_be_checked()
    await expect(dora.get_by_label("Words; a no needs some")).to_be_focused()
    await expect(dora.get_by_label("Words; a no needs some")).to_have_value("as every year")
    assert dora.url == address
    await dora.evaluate("scrollTo(0, 0)")
    await picture(dora, "tickets-live")
    await cards.nth(1).get_by_role("link").focus()
    assert (await ana.post(f"/api/v1/tickets/{fourth}/cancellation", json={})).status_code == 200
    await expect(dora.get_by_role("status").filter(has_text=f"{fourth} is no longer among these.")).to_be_visible()
    await expect(cards.nth(1).get_by_role("link")).to_be_focused()
    await expect(dora.locator(".cards input:checked")).to_have_count(2)
    await dora.get_by_label("Your password, again").fill(PASSWORD)
    await dora.get_by_role("button", name="Approve the ticked").press("Enter")
    await expect(dora.get_by_role("heading", name="2 of 2 decided")).to_be_visible()
    await expect(dora.get_by_role("link", name="Waiting for me (1)")).to_be_visible()
    await expect(max_.locator(".cards > li")).to_have_count(1)
    await expect(max_.locator("[data-told]")).to_contain_text("is no longer among these.")
    assert await max_.evaluate("document.documentElement.scrollWidth") <= 390
    assert "text=spring" in dora.url
    await checked(dora)
    assert faults == []
