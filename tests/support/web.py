"""A pgwarden with its page: people who can log in, a target that may be written, and clients of every kind."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from pgwarden.adapters.postgres.connect import target
from pgwarden.agents.front_desk import OpenedLogin
from pgwarden.bootstrap import App, build
from pgwarden.domain.admission import Admission
from pgwarden.domain.login import LoginMethod
from pgwarden.domain.person import DIRECTOR, MANAGER, Person, Role
from pgwarden.servers.serving import web_app
from pgwarden.settings import load
from pgwarden.web.app import page_app
from pgwarden.web.door import page_token

URL = "http://127.0.0.1:8765"
PASSWORD = "kites over nine oceans"
APPROVER = frozenset({Role.REQUESTER, Role.APPROVER})
PEOPLE = (
    Person("ana", full_name="Ana"),
    Person("max", full_name="Max", level=MANAGER, roles=APPROVER),
    Person("dora", full_name="Dora", level=DIRECTOR, roles=APPROVER),
    Person("audrey", full_name="Audrey", roles=frozenset({Role.AUDITOR})),
)


@dataclass
class WebHouse:
    """One pgwarden; its page is ``application``."""

    app: App
    database: str
    """The target's URL, as its owner."""
    control: str
    url: str = URL
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.application = web_app(self.app, self.url, [page_app])

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A browser that has not been here before, without a browser, on a machine of its own."""
        address = f"10.{len(self.clients) // 250}.0.{1 + len(self.clients) % 250}"
        transport = httpx.ASGITransport(app=self.application, raise_app_exceptions=False, client=(address, 4711))
        made = httpx.AsyncClient(transport=transport, base_url=self.url, headers=headers)
        self.clients.append(made)
        return made

    async def logged_in(self, name: str) -> httpx.AsyncClient:
        """Somebody's browser, with what their pages send along. No password is proved: that is slow on purpose."""
        client = self.client()
        secret = (await self.opened(name)).secret
        client.cookies.set("pgwarden-login", secret)
        client.headers["X-CSRF-Token"] = page_token(secret)
        return client

    async def opened(self, name: str) -> OpenedLogin:
        """A new login of somebody's, as if a provider had proved them."""
        return await self.app.front_desk.open(await self.app.people.get(name), LoginMethod.OIDC, "test")

    async def admitted(self, name: str) -> Admission:
        """Somebody, as the agents below the page know them."""
        return await self.app.front_desk.admit_login((await self.opened(name)).secret, "test")

    async def newcomer(self, **given: Any) -> str:
        """The name of a new account that no other test knows; it has no password."""
        person = Person(f"p-{secrets.token_hex(4)}", **given)
        await self.app.people.add(person, audit=())
        return person.name

    async def close_clients(self) -> None:
        for client in self.clients:
            await client.aclose()

    async def token(self, name: str, *scopes: str, databases: tuple[str, ...] = ("*",)) -> str:
        """A token of somebody's, made by an administrator."""
        made = await self.app.personnel.make_token(
            name,
            "test",
            scopes=frozenset(scopes),
            databases=frozenset(databases),
            lifetime=timedelta(days=1),
            by=await self.admitted("admin"),
        )
        return made.secret


def settle(home: Path, control: str) -> None:
    """Make the people in an empty control database, each with a password of their own: slow, so once for many tests."""

    async def work() -> None:
        async with build(load(home=home, control_url=control, user="ada"), door="web", admit=False) as app:
            admin = await _settle_in(app, "admin", await app.personnel.first_administrator())
            for person in PEOPLE:
                await _settle_in(app, person.name, await app.personnel.add(person, by=admin))

    asyncio.run(work())


@asynccontextmanager
async def web_house(
    home: Path, control: str, database: str, url: str = URL, **settings: Any
) -> AsyncIterator[WebHouse]:
    """A pgwarden on a settled control database; ``database`` is the target "shop" and may be written."""
    async with build(load(home=home, control_url=control, user="ada", **settings), door="web", admit=False) as app:
        app.targets.add_for_now(target("shop", database, allow_writes=True))
        house = WebHouse(app, database, control, url)
        try:
            yield house
        finally:
            await house.close_clients()


async def _settle_in(app: App, name: str, one_time: str) -> Admission:
    opened = await app.front_desk.log_in(name, one_time, source="test")
    await app.personnel.set_password(one_time, PASSWORD, by=await app.front_desk.admit_login(opened.secret, "test"))
    opened = await app.front_desk.log_in(name, PASSWORD, source="test")
    return await app.front_desk.admit_login(opened.secret, "test")


def field_of(page: str, name: str) -> str:
    """The value of a hidden field of a form."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the page has no field {name}"
    return found[1]
