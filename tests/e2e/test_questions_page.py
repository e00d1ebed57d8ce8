"""Questions that are kept, shared and found again, in a real Chromium; a query that is stopped; rows as files."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path

import psycopg
import pytest
from playwright.async_api import expect
from tests.support.browser import Site, checked, picture

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]


async def test_a_question_is_kept_shared_and_run_by_somebody_else(site: Site) -> None:
    faults: list[str] = []
    ana = await site.page("ana", faults=faults)
    await ana.goto(f"{site.url}/ask")
    await ana.get_by_label("Your question").fill("number of customers by state")
    await ana.keyboard.press("Enter")
    turn = ana.locator("article.turn").first
    await expect(turn.locator("tbody tr")).to_have_count(4)
    await expect(turn.locator(".chart .mark-rect path")).to_have_count(4, timeout=60_000)
    await turn.locator(".chart summary").press("Enter")
    await turn.locator(".chart").get_by_label("Chart").select_option("line")
    await expect(turn.locator(".chart .mark-line path")).to_have_count(1)
    keep = turn.locator(".keep")
    await keep.locator("summary").press("Enter")
    await keep.get_by_label("Name").fill("Customers by state")
    await keep.get_by_label("Shared with").select_option("everybody")
    await checked(ana)
    await keep.get_by_role("button", name="Keep it").press("Enter")
    await keep.get_by_role("link", name="Kept as “Customers by state”.").press("Enter")
    await expect(ana.get_by_role("heading", name="Who may open it")).to_be_visible()
    await checked(ana)
    await picture(ana, "question")
    await ana.get_by_label("When").fill("every day")
    await ana.get_by_role("button", name="Send it").click()
    await expect(ana.get_by_role("alert")).to_contain_text("says no times")
    await checked(ana)

    max_ = await site.page("max", faults=faults, phone=True)
    await max_.goto(f"{site.url}/questions")
    await max_.get_by_label("Words").fill("by STATE")
    await max_.keyboard.press("Enter")
    await expect(max_.locator(".cards > li")).to_have_count(1)
    assert await max_.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(max_)
    await picture(max_, "questions-phone")
    await max_.get_by_role("link", name="Run Customers by state").click()
    theirs = max_.locator("article.turn").first
    await expect(theirs.locator("tbody tr")).to_have_count(4)
    await expect(theirs.locator(".reading")).to_contain_text("Saved by ana; run with your rights.")
    await expect(theirs.locator(".chart .mark-line path")).to_have_count(1, timeout=60_000)
    told = "A line of customers_count by state: 4 values, each 10."
    await expect(theirs.get_by_role("img", name=told)).to_be_visible()
    assert await max_.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(max_)

    await ana.goto(f"{site.url}/questions?history=true")
    await expect(ana.locator(".cards > li").first).to_contain_text("number of customers by state")
    await checked(ana)
    await picture(ana, "history", ana.locator("main"))
    await ana.goto(f"{site.url}/questions")
    await ana.get_by_role("link", name="Share, send … Customers by state").click()
    await ana.get_by_role("button", name="Forget this question").click()
    await expect(ana.get_by_role("link", name="Run Customers by state")).to_have_count(0)
    await expect(ana.get_by_role("heading", name="Questions")).to_be_visible()
    assert [each for each in faults if "422" not in each] == []


async def test_a_query_is_stopped_on_the_server_and_rows_are_saved(site: Site) -> None:
    ana = await site.page("ana")
    await ana.goto(f"{site.url}/ask?q=how many customers are there?")
    turn = ana.locator("article.turn").first
    await expect(turn.locator("tbody tr")).to_have_count(1)
    await turn.locator(".how > summary").press("Enter")
    slow = "select count(*) from orders a, orders b, orders c, orders d, orders e"
    await turn.locator(".edit").fill(slow)
    await turn.get_by_role("button", name="Run this SQL").press("Enter")
    with psycopg.connect(site.house.database, autocommit=True) as watching:

        def running() -> int:
            found = watching.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and state = 'active'"
                " and backend_type = 'client backend' and pid <> pg_backend_pid()"
            ).fetchone()
            return int(found[0]) if found else 0

        async def until(count: int) -> None:
            for _ in range(200):
                if running() == count:
                    return
                await ana.wait_for_timeout(50)
            raise AssertionError(f"{running()} run, not {count}")

        await until(1)
        await ana.keyboard.press("Escape")
        await expect(turn.locator(".problem")).to_contain_text("the query was cancelled on the server")
        await until(0)

    await turn.locator(".edit").fill("select '=1+' || id as formula from customers order by id limit 2")
    await turn.get_by_role("button", name="Run this SQL").click()
    await expect(turn.locator("tbody tr")).to_have_count(2)
    for title, ending in (("CSV", "csv"), ("Excel", "xlsx"), ("Parquet", "parquet"), ("JSON", "json")):
        async with ana.expect_download() as started:
            await turn.get_by_role("button", name=title, exact=True).click()
        file = await started.value
        assert file.suggested_filename == f"rows.{ending}"
        if ending == "csv":
            content = await asyncio.to_thread(Path(await file.path()).read_text)
            assert list(csv.reader(io.StringIO(content, newline=""))) == [["formula"], ["'=1+1"], ["'=1+2"]]


async def test_a_chart_is_changed_and_the_plan_is_read_in_the_dark(site: Site) -> None:
    faults: list[str] = []
    ana = await site.page("ana", faults=faults)
    outside: list[str] = []
    ana.on("request", lambda request: outside.append(request.url) if not request.url.startswith(site.url) else None)
    await ana.goto(f"{site.url}/ask?q=how many customers are there?")
    await ana.get_by_role("button", name="Dark").click()
    await ana.goto(f"{site.url}/ask?q=how many customers are there?")
    turn = ana.locator("article.turn").first
    await expect(turn.locator("tbody tr")).to_have_count(1)
    await expect(turn.locator(".chart .picture")).to_have_count(0)
    await turn.locator(".how > summary").press("Enter")
    edit = turn.get_by_role("textbox", name="The SQL")
    await edit.fill(
        "select date '2026-01-01' + o.id % 30 as day, c.state, sum(o.total) as total -- by day\n"
        "from orders o join customers c on c.id = o.customer_id group by 1, 2 order by 1"
    )
    assert await ana.evaluate("['kw', 'com', 'num'].every((kind) => CSS.highlights.get(kind).size > 0)")
    await expect(turn.locator(".verdict")).to_contain_text("allow")
    tree = turn.locator(".tree")
    await expect(tree).to_contain_text("Hash Cond")
    await expect(tree.locator("li").first).to_contain_text("100 %")
    await turn.get_by_role("button", name="Run this SQL").press("Enter")
    await turn.get_by_role("button", name="Run it all the same").press("Enter")
    await expect(turn.locator(".chart .mark-line path")).to_have_count(4, timeout=60_000)
    await expect(turn.get_by_role("img", name="A line of total by day, coloured by state")).to_be_visible()
    choices = turn.locator(".chart")
    await picture(ana, "chart-dark", choices)
    await choices.locator("summary").press("Enter")
    for kind, mark in (("bars", "rect"), ("area", "area"), ("points", "symbol")):
        await choices.get_by_label("Chart").select_option(kind)
        await expect(turn.locator(f".chart .mark-{mark}.role-mark path").first).to_be_attached()
    await choices.locator("select").last.select_option("")
    await choices.get_by_label("Chart").select_option("bars")
    await expect(turn.locator(".chart .role-legend")).to_have_count(0)
    await expect(turn.locator("th.num")).to_have_text("total")
    await expect(turn.locator("td.num").first).to_have_text("1260.0")
    await checked(ana)
    await ana.evaluate("document.documentElement.dataset.theme = 'light'")
    await choices.get_by_label("Chart").select_option("bars")
    await picture(ana, "chart", choices)
    await choices.get_by_label("Chart").select_option("none")
    await expect(turn.locator(".chart .picture")).to_be_hidden()
    assert faults == outside == []
