"""Two people on one ticket in browsers of their own: what one does, the other sees without loading anything again."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from tests.support.browser import Site, checked, picture
from tests.support.change import run
from tests.support.web import PASSWORD

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]

INN = """
create table inn (id int primary key, name text not null);
create table room (id int primary key, inn int not null references inn on delete cascade);
create table bed (id int primary key, room int not null references room on delete cascade);
create table sign (id int primary key, inn int not null references inn on delete cascade);
insert into inn select i, 'Inn ' || i from generate_series(1, 3) i;
insert into room select i, 1 + i % 3 from generate_series(1, 9) i;
insert into bed select i, 1 + i % 9 from generate_series(1, 18) i;
insert into sign select i, i from generate_series(1, 3) i
"""
OTHERS = {"inn": "hotel", "room": "suite", "bed": "cot", "sign": "flag"}
HOTEL = re.sub(r"\b(inn|room|bed|sign)\b", lambda name: OTHERS[name[0]], INN)


async def test_what_one_person_does_the_other_sees_at_once(site: Site) -> None:
    run(site.house.database, INN)
    await site.house.app.schema.reread("shop")
    client = await site.house.logged_in("ana")
    body = {"sql": "delete from inn where id = 1", "reason": "it closed", "database": "shop"}
    told = await client.post("/api/v1/tickets", json=body)
    assert told.status_code == 201, told.text
    where = f"{site.url}/tickets/{told.json()['id']}"
    faults: list[str] = []
    dora, max_, ana = (
        await site.page("dora", phone=True, faults=faults),
        await site.page("max", faults=faults),
        await site.page("ana", faults=faults),
    )
    for page in (dora, max_, ana):
        await page.goto(where)

    await dora.get_by_text("Say something, escalate").click()
    await dora.get_by_label("Decides in your place").fill("max")
    await dora.get_by_role("button", name="Hand over").press("Enter")
    await expect(max_.locator("#news")).to_contain_text("dora delegated (level 3, to max)")
    await expect(max_.get_by_role("button", name="Approve")).to_have_count(0)
    await max_.get_by_role("link", name="Show it as it is now").press("Enter")
    await expect(max_.get_by_role("button", name="Approve")).to_be_visible()

    await dora.get_by_text("Say something, escalate").click()
    await dora.get_by_label("Comment").fill("who takes the guests?")
    await dora.get_by_role("button", name="Say it").press("Enter")
    for page in (max_, ana):
        news = page.get_by_role("status").filter(has_text="changed since you opened it")
        await expect(news).to_contain_text("dora said: who takes the guests?")
        await checked(page)
    await picture(max_, "ticket-changed")
    await expect(dora.locator("#news")).to_be_empty()

    await max_.get_by_label("Your password, again").first.fill(PASSWORD)
    await expect(max_.get_by_text("A decision on it as it was is refused.")).to_be_visible()
    await max_.get_by_role("button", name="Approve").press("Enter")
    await expect(max_.get_by_role("alert")).to_contain_text("Since then dora said something.")
    await expect(max_.locator("#news")).to_be_empty()
    await checked(max_)

    await dora.get_by_label("Your password, again").first.focus()
    await dora.keyboard.type(PASSWORD)
    await dora.keyboard.press("Enter")
    for page in (dora, max_, ana):
        await expect(page.locator("[data-status]")).to_have_text("APPROVED")
    await expect(ana.locator("#news li")).to_have_count(3)
    await ana.get_by_role("link", name="Show it as it is now").press("Enter")
    await expect(ana.locator("#news")).to_be_empty()
    await ana.get_by_role("button", name="Run it, once").press("Enter")
    await ana.wait_for_url("**/executions/shop/**")
    for page in (dora, max_):
        await expect(page.locator("[data-status]")).to_have_text("EXECUTED")
        await expect(page.locator("#news")).to_contain_text("ana ran it")
        await checked(page)
    assert await dora.evaluate("document.documentElement.scrollWidth") <= 390
    assert [fault for fault in faults if "409" not in fault] == []


async def test_cascades_are_a_tree_by_keyboard_and_findings_lead_to_their_rules(site: Site) -> None:
    run(site.house.database, HOTEL)
    await site.house.app.schema.reread("shop")
    client = await site.house.logged_in("ana")
    body = {"sql": "delete from hotel where id = 1", "reason": "it closed", "database": "shop"}
    ticket = (await client.post("/api/v1/tickets", json=body)).json()["id"]
    faults: list[str] = []
    dora = await site.page("dora", faults=faults)
    await dora.goto(f"{site.url}/tickets/{ticket}")
    tree = dora.get_by_role("tree", name="Cascades")
    items = tree.get_by_role("treeitem")
    await expect(items).to_have_count(3)
    suites, cots = tree.locator("[aria-expanded]"), tree.locator("[aria-level='2']")
    await expect(suites).to_contain_text("CASCADE: 3 rows, 6 below it")
    await expect(cots).to_contain_text("public.suite → public.cot CASCADE: 6 rows")
    first = items.first
    await first.focus()
    await dora.keyboard.press("End")
    await dora.keyboard.press("Home")
    await expect(first).to_be_focused()
    await suites.focus()
    await dora.keyboard.press("ArrowRight")
    await expect(cots).to_be_focused()
    await dora.keyboard.press("ArrowLeft")
    await expect(suites).to_be_focused()
    await dora.keyboard.press("ArrowLeft")
    await expect(suites).to_have_attribute("aria-expanded", "false")
    await expect(cots).to_be_hidden()
    await checked(dora)
    await dora.keyboard.press("ArrowRight")
    await expect(cots).to_be_visible()
    await picture(dora, "ticket-tree", tree)
    await dora.get_by_role("link", name="What Cascades means").press("Enter")
    await expect(dora.get_by_role("heading", name="Cascades")).to_be_visible()
    await expect(dora.get_by_text("Foreign keys carry the change into tables")).to_be_visible()
    await checked(dora)
    await dora.get_by_role("link", name="Risk rules").click()
    await checked(dora)
    assert faults == []
