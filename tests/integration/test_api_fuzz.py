"""The whole API with input that nobody thought of, over real HTTP: it does what its description says, or says no.

``PGWARDEN_SOAK_API`` is how many inputs, good and bad, each operation gets; with it every border of every schema is
tried, too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import MakeDatabase
from tests.support.api_campaign import campaign
from tests.support.change import owned, run
from tests.support.web import APPROVER, WebHouse, web_house
from tests.support.web_server import served

from pgwarden.domain.identity import Identity
from pgwarden.domain.person import MANAGER, Person
from pgwarden.domain.ticket_events import Decision
from pgwarden.web.door import page_token

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# Taken away, because pgwarden's settings refuse a variable of its own that they do not know.
SOAK = os.environ.pop("PGWARDEN_SOAK_API", "")
EXAMPLES = int(SOAK or 2)
TABLES = (
    "create table customers(id int primary key, name text not null, email text)",
    "insert into customers select i, 'name ' || i, 'c' || i || '@example.org' from generate_series(1, 20) i",
    "analyze",
)
STATEMENTS = ("select * from customers", "update customers set name = 'x' where id = 3", "select 1/0", "drop table x")
MOMENTS = ("2026-01-01", "2026-12-31T23:59+02:00", "0001-01-01", "9999-12-31T23:59:59-12:00", "")
SPARE = "spare"
"""An account that calls may do with as they like."""


class Strangers:
    """Each request comes from an address of its own: what is counted by address is not what is tried here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._numbers = app, count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        number = next(self._numbers)
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        await self._app({**scope, "client": (address, 4711)}, receive, send)


@pytest.fixture
async def house(make_database: MakeDatabase, settled_people: str, tmp_path: Path) -> AsyncIterator[WebHouse]:
    """One whose limits are off, with a database of its own."""
    database = owned(make_database())
    run(database, *TABLES)
    limits: dict[str, Any] = dict.fromkeys(
        ("web_address_per_minute", "web_account_per_minute", "web_questions_per_minute"), 0
    )
    async with web_house(tmp_path, make_database(template=settled_people), database, **limits) as made:
        yield made


async def known(house: WebHouse) -> dict[str, list[str]]:
    """What paths and bodies may name, by the place of the name."""
    ana, max_ = await house.logged_in("ana"), await house.logged_in("max")
    tickets = []
    for number in (1, 2, 3):
        change = {"sql": f"update customers set name = 'y' where id = {number}", "reason": "to be tried"}
        tickets.append((await ana.post("/api/v1/tickets", json=change)).json()["id"])
    for ticket in tickets[:2]:
        await house.app.approval.audit_approval_decision(
            ticket, Decision.APPROVE, identity=Identity("dora"), comment="", via="test"
        )
    execution = (await ana.post(f"/api/v1/tickets/{tickets[0]}/execution")).json()["id"]
    question = {"name": "customers", "sql": STATEMENTS[0], "shared_with": "everybody"}
    kept = [(await asker.post("/api/v1/questions", json=question)).json()["id"] for asker in (ana, max_)]
    in_a_month = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    await house.app.people.add(Person(SPARE, roles=APPROVER, level=MANAGER), audit=())
    moments = {place: [*MOMENTS, in_a_month] for place in ("query.since", "query.until", "body.start", "body.end")}
    return {
        **moments,
        "path.ticket": tickets,
        "path.database": ["shop"],
        "path.execution": [execution],
        "path.question": kept,
        "path.giver": ["max"],
        "path.deputy": ["dora"],
        "path.table": ["customers", "public.customers"],
        "path.name": [SPARE],
        "path.rule": ["cascades"],
        "body.sql": list(STATEMENTS),
        "body.question": ["how many customers are there?", "delete customer 3", "customers"],
        "body.database": ["shop"],
        "body.deputy": ["dora"],
        "body.to": ["dora"],
        "body.seal": [""],
        "body.revision": ["1", "2"],
        "body.cron": ["0 8 * * mon-fri"],
    }


async def headers_of(house: WebHouse, who: str) -> dict[str, str]:
    """What proves somebody: a token that may all that a token may, or the login of a browser's."""
    if who == "token":
        secret = await house.token("admin", "ask", "request", "execute", "audit", "metrics", "admin")
        return {"Authorization": f"Bearer {secret}"}
    secret = (await house.opened("max")).secret
    return {"Cookie": f"pgwarden-login={secret}", "X-CSRF-Token": page_token(secret)}


LEFT = {
    "token": [("DELETE", "/api/v1/tokens/{token}")],
    "login": [("DELETE", "/api/v1/session"), ("DELETE", "/api/v1/sessions/{login}")],
}
"""What would end the very thing that proves the caller, after which nothing else is tried: the other one calls it."""


@pytest.mark.parametrize("who", ["token", "login"])
async def test_every_operation_keeps_to_its_description(house: WebHouse, who: str) -> None:
    things, headers = await known(house), await headers_of(house, who)
    async with served(Strangers(house.application)) as url:
        tally = await asyncio.to_thread(
            campaign, url, headers, things, examples=EXAMPLES, deep=bool(SOAK), leave=LEFT[who]
        )
    assert not tally.found, tally.report()
    assert len(tally.done) > len(tally.operations) / 3, tally.report()
