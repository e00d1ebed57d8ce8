"""Undo by words: the change of this conversation, its recovery plan, and a request; words are never a yes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.web import PASSWORD, WebHouse, web_house

TABLES = (
    "create table customers(id int primary key, name text not null, joined date not null)",
    "create table orders(id int primary key, customer_id int not null references customers on delete cascade)",
    "insert into customers select i, 'name ' || i, date '2026-01-05' + i from generate_series(1, 60) i",
    "insert into orders select i, 1 + i % 20 from generate_series(1, 60) i",
    "analyze",
)
SAID = "delete the customer with id 3"


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    target = owned(make_database())
    run(target, *TABLES)
    return target


@pytest_asyncio.fixture
async def house(
    state_home: Path, make_database: MakeDatabase, settled_people: str, database: str
) -> AsyncIterator[WebHouse]:
    async with web_house(state_home, make_database(template=settled_people), database) as made:
        yield made


def customers(database: str) -> int:
    with psycopg.connect(database) as connection:
        found = connection.execute("select count(*) from customers").fetchone()
    assert found
    return int(found[0])


async def ask(client: httpx.AsyncClient, question: str, session: str = "s", **more: Any) -> dict[str, Any]:
    told = await client.post("/api/v1/ask", json={"question": question, "session": session, **more})
    assert told.status_code == 200, told.text
    answer: dict[str, Any] = told.json()
    return answer


async def changed(house: WebHouse, client: httpx.AsyncClient, said: str, session: str = "s") -> str:
    """A change asked for in a conversation, approved by Dora and run; the id of its ticket."""
    sql = (await ask(client, said, session))["sql"]
    ticket = (await client.post("/api/v1/tickets", json={"sql": sql, "reason": "they left"})).json()["id"]
    dora = await house.logged_in("dora")
    yes = {"decision": "approve", "proof": {"password": PASSWORD}}
    assert (await dora.post(f"/api/v1/tickets/{ticket}/decision", json=yes)).json()["status"] == "APPROVED"
    assert (await client.post(f"/api/v1/tickets/{ticket}/execution")).status_code == 200
    return str(ticket)


async def test_the_change_of_this_conversation_is_taken_back_once_it_may_be(house: WebHouse, database: str) -> None:
    ana = await house.logged_in("ana")
    await changed(house, ana, SAID)
    await changed(house, ana, "delete the customer with id 5", session="other")
    assert customers(database) == 58
    shown = await ask(ana, "undo that", run=False)
    assert shown["undo"]["ticket"] == "", "a plan opens nothing"
    answer = await ask(ana, "Oops, undo that please!")
    undo = answer["undo"]
    assert answer["status"] == "awaiting_approval"
    assert "id = 3" in undo["statement"]
    assert "1 deleted row of public.customers comes back" in undo["steps"]
    assert "no row stands in the way now" in undo["steps"]
    assert undo["ticket"] in undo["next"]
    assert customers(database) == 58, "words alone change nothing"
    ticket = (await ana.get(f"/api/v1/tickets/{undo['ticket']}")).json()
    assert ticket["status"] == undo["status"] == "APPROVED", "its change's approval covers the undo for some days"
    assert (await ana.post(f"/api/v1/tickets/{undo['ticket']}/execution")).status_code == 200
    assert customers(database) == 59
    again = await ask(ana, "undo it")
    assert again["undo"]["execution"] != undo["execution"], "the undo itself is the last change now"


async def test_rows_in_the_way_are_told_and_take_people(house: WebHouse, database: str) -> None:
    ana = await house.logged_in("ana")
    await changed(house, ana, "set the name of the customer with id 4 to 'Zoe'")
    run(database, "update customers set name = 'somebody else' where id = 4")
    undo = (await ask(ana, "revert the last change"))["undo"]
    assert undo["in_the_way"] == 1
    assert "stands in the way" in " ".join(undo["steps"])
    assert (undo["ticket"], undo["status"]) == ("", ""), "no ticket that could not be carried out"
    assert "--skip-rows leaves them as they are, --force-rows overwrites them" in undo["next"]
    refused = await ana.post(f"/api/v1/databases/shop/executions/{undo['execution']}/undo", json={"reason": "r"})
    assert (refused.status_code, refused.json()["code"]) == (409, "PGW109")


async def test_nobody_undoes_what_is_not_theirs_or_not_meant(house: WebHouse, database: str) -> None:
    ana, max_ = await house.logged_in("ana"), await house.logged_in("max")
    ticket = await changed(house, ana, SAID)
    asked = await ask(ana, "undo that", session="new")
    assert asked["status"] == "clarify"
    (option,) = asked["clarification"]["options"]
    assert (await ask(max_, "undo that"))["clarification"]["options"] == []
    assert "No change of yours" in (await ask(max_, option["question"]))["clarification"]["message"]
    program = house.client(authorization=f"Bearer {await house.token('ana', 'ask')}")
    reads_only = await ask(program, option["question"], session="p")
    assert reads_only["undo"]["ticket"] == "", "a token that may only ask opens no request"
    assert "pgwarden undo" in reads_only["undo"]["next"]
    named = await ask(ana, option["question"], session="new")
    assert named["undo"]["ticket"]
    assert (await ana.get(f"/api/v1/tickets/{ticket}")).json()["status"] == "EXECUTED"


async def test_a_conversation_is_followed_up(house: WebHouse) -> None:
    ana = await house.logged_in("ana")
    first = await ask(ana, "how many customers joined in 2026?")
    assert first["result"]["rows"] == [[60]]
    by_month = await ask(ana, first["follow_ups"][0])
    assert [count for *_, count in by_month["result"]["rows"]] == [26, 28, 6]
    three = await ask(ana, "customers by name")
    assert three["sql"]
    few = await ask(ana, "only the first three")
    assert len(few["result"]["rows"]) == 3
    assert few["intent"]["intent_type"] == "SELECT"
    assert set(few["intent"]) == {"intent_type", "entities", "operations", "conditions", "complexity", "estimated_risk"}
