"""Executions in a real Chromium: watched while they run, cancelled, found again, proven and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import psycopg
import pytest
from playwright.async_api import expect
from tests.support.browser import Site, checked, picture
from tests.support.change import run

from pgwarden.adapters.postgres import execution
from pgwarden.domain.execution import ExecutionLimits
from pgwarden.domain.identity import Identity
from pgwarden.domain.ticket_events import Decision

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]

ROWS = 20_000
HALF = ROWS // 2
GROVE = f"""
create table grove (id int primary key, height int not null);
insert into grove select i, 1 from generate_series(1, {ROWS}) i;
create table brake (on_it int);
insert into brake values (1);
create function slowly() returns trigger language plpgsql as $$
begin
    while exists (select from brake) loop perform pg_sleep(0.02); end loop;
    return new;
end $$;
create trigger zz_slowly before update on grove for each row when (new.id = {HALF}) execute function slowly();
analyze grove
"""
"""A change of the whole table stops at half of it until the brake is released."""


async def approved(site: Site, sql: str, reason: str) -> str:
    """A ticket of ana's that dora said yes to, whatever tables were made just before."""
    await site.house.app.schema.reread("shop")
    ana = await site.house.logged_in("ana")
    told = await ana.post("/api/v1/tickets", json={"sql": sql, "reason": reason})
    assert told.status_code == 201, told.text
    ticket = str(told.json()["id"])
    await site.house.app.approval.audit_approval_decision(
        ticket, Decision.APPROVE, identity=Identity("dora"), comment="", via="test"
    )
    return ticket


@asynccontextmanager
async def another(site: Site, *statements: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Another session in the database, in a transaction that has run these statements."""
    async with await psycopg.AsyncConnection.connect(site.house.database, application_name="till 4") as connection:
        for statement in statements:
            await connection.execute(statement.encode())
        try:
            yield connection
        finally:
            connection.cancel()


@pytest.fixture
def grove(shared_site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A table with a brake, which is released in the end whatever happens: the server waits for what it runs.

    Its rows report as those of large changes do, and whoever holds a lock is waited for as long as the test takes.
    """
    monkeypatch.setattr(execution, "ExecutionLimits", partial(ExecutionLimits, progress_rows=1000, attempts=100))
    run(shared_site.house.database, GROVE)
    yield
    run(shared_site.house.database, "delete from brake")


@pytest.mark.usefixtures("grove")
async def test_an_execution_is_watched_cancelled_and_run_again(site: Site) -> None:
    ticket = await approved(site, "update grove set height = 2", "they grew")
    faults: list[str] = []
    ana = await site.page("ana", faults=faults)
    async with another(site, "lock table grove in share mode"):
        await ana.goto(f"{site.url}/tickets/{ticket}")
        await ana.get_by_role("button", name="Run it, once").press("Enter")
        panel = ana.locator(".running")
        await expect(panel.locator(".now")).to_have_text("It waits for 1 other session to let go of a lock.")
        await expect(panel.locator("dd", has_text="till 4")).to_be_visible()
        await expect(panel.get_by_role("status")).to_contain_text("waits for 1 other session")

    dora = await site.page("dora", phone=True, faults=faults)
    await dora.goto(f"{site.url}/executions?state=running")
    panel = dora.locator(".running")
    await expect(panel.locator(".now")).to_contain_text(f"of {ROWS:,} rows")
    await expect(panel.locator("progress")).to_have_attribute("max", str(ROWS))
    await expect(panel.get_by_text("public.grove (")).to_be_visible()
    async with another(site) as till:
        waiting = asyncio.create_task(till.execute("update grove set height = 0 where id = 1"))
        await expect(panel.locator(".now")).to_contain_text("1 session waits for it")
        await expect(panel.locator("dd", has_text="till 4")).to_be_visible()
        assert await dora.evaluate("document.documentElement.scrollWidth") <= 390
        await checked(dora)
        await picture(dora, "execution-running-phone")
        await checked(ana)
        await picture(ana, "execution-running")
        await panel.get_by_role("button", name=f"Cancel {ticket}").press("Enter")
        await dora.wait_for_url(f"**/tickets/{ticket}")
        await expect(dora.locator("main .badge").first).to_have_text("APPROVED")
        await expect(dora.locator(".timeline li").last).to_contain_text("could not run it; nothing was changed")
        await asyncio.wait_for(waiting, 30)
        await till.rollback()
    await expect(ana.locator("#trouble")).to_contain_text("stopped on the server")
    run(site.house.database, "delete from brake")

    await ana.goto(f"{site.url}/tickets/{ticket}")
    await ana.get_by_role("button", name="Run it, once").click()
    await ana.wait_for_url("**/executions/shop/**")
    await expect(ana.get_by_role("heading", name="Proof")).to_be_visible()
    assert [fault for fault in faults if "499" not in fault] == []


async def test_rows_that_others_changed_are_settled_one_by_one(site: Site) -> None:
    """Chosen by keyboard, approved by another person who sees the choices, and proven afterwards."""
    run(site.house.database, "create table seat (id int primary key, guest text)")
    run(site.house.database, "insert into seat select i, 'guest ' || i from generate_series(1, 5) i")
    ticket = await approved(site, "update seat set guest = 'free'", "the evening is over")
    client = await site.house.logged_in("ana")
    execution = (await client.post(f"/api/v1/tickets/{ticket}/execution")).json()["id"]
    run(
        site.house.database,
        "update seat set guest = 'lea' where id = 1; update seat set guest = 'tom' where id = 2",
        "delete from seat where id = 3",
    )
    faults: list[str] = []
    ana = await site.page("ana", faults=faults)
    await ana.goto(f"{site.url}/executions/shop/{execution}")
    await expect(ana.get_by_text("5 updated, exactly as was approved.")).to_be_visible()
    await checked(ana)
    await picture(ana, "execution-proof")
    await ana.get_by_role("link", name="Take it back").click()
    await expect(ana.locator(".way")).to_have_count(3)
    await ana.get_by_label("Why").fill("one table goes on")
    first = ana.get_by_role("group", name="What becomes of public.seat id 1")
    await first.get_by_label("stays as it is now").focus()
    await ana.keyboard.press("Space")
    await ana.get_by_role("button", name="Take it back").press("Enter")
    await expect(ana.get_by_role("alert")).to_contain_text("2 rows in the way have no choice")
    await expect(first.get_by_label("stays as it is now")).to_be_checked()
    await ana.get_by_label("become as they were before").check()
    await checked(ana)
    await picture(ana, "undo-rows")
    await ana.get_by_role("button", name="Take it back").press("Enter")
    await ana.wait_for_url("**/tickets/**")

    dora = await site.page("dora", phone=True, faults=faults)
    await dora.goto(ana.url)
    await expect(dora.locator(".way", has_text="lea")).to_contain_text("stays as it is now")
    await expect(dora.locator(".way", has_text="tom")).to_contain_text("becomes as it was before")
    assert await dora.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(dora)
    await picture(dora, "ticket-undo-phone")
    await site.house.app.approval.audit_approval_decision(
        ana.url.rpartition("/")[2], Decision.APPROVE, identity=Identity("dora"), comment="", via="test"
    )
    await ana.reload()
    await ana.get_by_role("button", name="Run it, once").click()
    await ana.wait_for_url("**/executions/shop/**")
    await expect(ana.get_by_role("heading", name="The state before is back")).to_contain_text(
        "but for 1 row left alone"
    )
    await checked(ana)
    await picture(ana, "undo-verified")
    with psycopg.connect(site.house.database) as connection:
        rows = connection.execute("select id, guest from seat order by id").fetchall()
    assert rows == [(1, "lea"), *((i, f"guest {i}") for i in range(2, 6))]
    assert [fault for fault in faults if "400" not in fault and "422" not in fault] == []
