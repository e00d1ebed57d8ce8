"""The way in through an identity provider, as a browser walks it: only the browser that began comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from tests.conftest import MakeDatabase
from tests.support.oidc_provider import CLIENT, Provider, running_provider
from tests.support.web import WebHouse, field_of, web_house

from pgwarden.domain.person import Person


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    async with running_provider() as made:
        yield made


@pytest_asyncio.fixture
async def house(
    state_home: Path, make_database: MakeDatabase, settled_people: str, provider: Provider
) -> AsyncIterator[WebHouse]:
    control = make_database(template=settled_people)
    given = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT}
    async with web_house(state_home, control, control, **given) as made:
        known = Person("olga", full_name="Olga", email="ana@example.org")
        await made.app.people.add(known, audit=())
        yield made


async def way_back(browser: httpx.AsyncClient) -> str:
    """Begin at the page, log in at the provider, and stop before its answer is brought back."""
    begun = await browser.get("/login/provider")
    async with httpx.AsyncClient() as outside:
        return (await outside.get(begun.headers["location"])).headers["location"]


async def test_the_browser_that_began_comes_in(house: WebHouse) -> None:
    browser = house.client()
    back = await way_back(browser)
    assert (await browser.get(back)).headers["location"] == "/ask"
    assert (await browser.get("/api/v1/session")).json()["name"] == "olga"
    assert (await browser.get(back)).status_code == 401  # each answer is taken once


async def test_nobody_is_logged_in_by_a_link_that_somebody_else_began(house: WebHouse) -> None:
    back = await way_back(house.client())
    victim = house.client()
    for _ in range(2):  # the second time with a login of its own under way
        refused = await victim.get(back)
        assert refused.status_code == 401
        assert "began no such login" in refused.text
        assert (await victim.get("/api/v1/session")).status_code == 401
        await victim.get("/login/provider")


async def test_one_address_cannot_fill_the_logins_under_way(house: WebHouse) -> None:
    stranger = house.client()
    told = [(await stranger.get("/login/provider")).status_code for _ in range(21)]
    assert told == [303] * 20 + [429]


async def test_headers_and_fields_that_are_nonsense_are_refused_in_words(house: WebHouse) -> None:
    browser = house.client()
    for headers in ({"host": "["}, {"host": "a]b"}):
        refused = await browser.get("/login", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "PGW240")
        assert "content-security-policy" in refused.headers
    form = {"name": "olga", "password": "x", "csrf": "töken"}
    assert "too old" in (await browser.post("/login", data=form)).text
    form["csrf"] = field_of((await browser.get("/login")).text, "csrf")
    assert (await browser.post("/login", data=form, headers={"origin": "http://["})).status_code == 403
