"""Every page that there is, under the accessibility checker, as whoever opens its address finds it."""

from __future__ import annotations

import pytest
from tests.support.browser import Site, checked

from pgwarden.domain.identity import Identity
from pgwarden.domain.ticket_events import Decision
from pgwarden.web.app import PAGES

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]

NO_PAGES = {
    "/": "leads to /ask",
    "/admin": "leads to the first page of administration",
    "/login/provider": "leads to the identity provider",
    "/login/provider/back": "leads to /ask",
    "/tickets/decisions": "leads to /tickets",
    "/tickets/{ticket}/running": "server-sent events",
    "/schema/{database}/{table}/diagram.svg": "a drawing, which a page shows",
}
FOR_ADMINISTRATORS = ("/admin/", "/audit")
ANONYMOUS = ("/login", "/api/v1/docs")


def addresses() -> list[str]:
    """The address of every page, with the names of what it is about."""
    found = {route.path for page in PAGES for route in page.router.routes if "GET" in route.methods}
    assert NO_PAGES.keys() <= found
    return sorted(found - NO_PAGES.keys())


async def things(site: Site) -> dict[str, str]:
    """Something of each kind that a page can be about, by its name in an address."""
    ana = await site.house.logged_in("ana")
    change = {"sql": "update orders set total = 2 where id = 77", "reason": "for every page", "database": "shop"}
    ticket = (await ana.post("/api/v1/tickets", json=change)).json()["id"]
    await site.house.app.approval.audit_approval_decision(
        ticket, Decision.APPROVE, identity=Identity("dora"), comment="", via="test"
    )
    execution = (await ana.post(f"/api/v1/tickets/{ticket}/execution")).json()["id"]
    question = {"name": "Every page", "sql": "select count(*) from orders", "database": "shop"}
    kept = (await ana.post("/api/v1/questions", json=question)).json()["id"]
    rule = (await ana.get("/api/v1/help/rules")).json()[0]["rule"]
    return {
        "ticket": ticket,
        "execution": execution,
        "question": kept,
        "rule": rule,
        "database": "shop",
        "table": "public.orders",
    }


async def test_every_page_is_under_the_checker(site: Site) -> None:
    """One that is added is visited at once; one about something of a new kind fails by its missing name."""
    named = await things(site)
    anybody, ana, admin = [await site.page(name) for name in ("", "ana", "admin")]
    for address in addresses():
        page = anybody if address in ANONYMOUS else admin if address.startswith(FOR_ADMINISTRATORS) else ana
        named["name"] = "shop" if "/databases/" in address else "ana"
        answer = await page.goto(site.url + address.format(**named))
        assert answer is not None
        assert (address, answer.status) == (address, 200)
        await checked(page)
