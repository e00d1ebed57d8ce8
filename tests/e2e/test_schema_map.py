"""The map of the tables in a real Chromium: by mouse, by keyboard, on a phone; and what changed."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.support.browser import Site, checked, picture

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]

COLOURS = """() => { const map = document.getElementById("map"), seen = new Set();
  const { data } = map.getContext("2d").getImageData(0, 0, map.width, map.height);
  for (let at = 0; at < data.length; at += 4) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
  return seen.size; }"""


async def drawn(page: Page) -> str:
    """The picture as text, once it stands still."""
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return str(await page.evaluate("document.getElementById('map').toDataURL()"))


async def test_the_map_is_walked_by_keyboard_and_told_in_words(site: Site) -> None:
    faults: list[str] = []
    ana = await site.page("ana", faults=faults)
    await ana.goto(f"{site.url}/schema?database=shop")
    await ana.get_by_role("link", name="Map").click()
    await expect(ana.locator("#chosen")).to_contain_text("tables, ")
    await checked(ana)
    assert await ana.evaluate(COLOURS) > 3
    whole = await drawn(ana)
    await ana.get_by_label("A table").fill("customers")
    await ana.keyboard.press("Enter")
    await expect(ana.locator("#map")).to_be_focused()
    chosen = ana.locator("#chosen")
    await expect(chosen.get_by_role("heading")).to_have_text("public.customers")
    await expect(chosen).to_contain_text("refers here by customer_id")
    near = await drawn(ana)
    assert near != whole
    for key in ("ArrowLeft", "ArrowDown", "+", "-"):
        await ana.keyboard.press(key)
        moved = await drawn(ana)
        assert moved != near, key
        near = moved
    await ana.keyboard.press("0")
    await ana.get_by_label("only its neighbours").check()
    await checked(ana)
    await picture(ana, "map")
    await chosen.get_by_role("button", name="public.orders").click()
    await expect(chosen.get_by_role("heading")).to_have_text("public.orders")
    await ana.get_by_label("A table").fill("no such table")
    await ana.keyboard.press("Enter")
    await expect(chosen).to_contain_text("There is no such table.")
    before = await drawn(ana)
    place = await ana.locator("#map").bounding_box()
    assert place is not None
    await ana.mouse.move(place["x"] + 300, place["y"] + 200)
    await ana.mouse.down()
    await ana.mouse.move(place["x"] + 380, place["y"] + 260)
    await ana.mouse.up()
    assert await drawn(ana) != before
    assert faults == []


async def test_what_changed_and_the_map_on_a_phone(site: Site) -> None:
    page = await site.page("ana", phone=True)
    await page.goto(f"{site.url}/schema/shop/map")
    await expect(page.locator("#chosen")).to_contain_text("tables, ")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(page)
    await page.goto(f"{site.url}/schema/shop/changes")
    await expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(page)
