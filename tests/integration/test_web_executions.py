"""Executions over the API and on the page: found again, their proof counted anew, and cancelling what has ended."""

from __future__ import annotations

import secrets
from typing import Any, NoReturn

import httpx
import psycopg
import pytest
import pytest_asyncio
from tests.support.change import run
from tests.support.web import WebHouse

from pgwarden.domain.identity import Identity
from pgwarden.domain.ticket_events import Decision
from pgwarden.web.pages import executions_page

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOP = "/api/v1/databases/shop/executions"


async def executed(house: WebHouse, client: httpx.AsyncClient, sql: str, approver: str = "dora") -> dict[str, Any]:
    """What ran, after somebody else said yes."""
    told = await client.post("/api/v1/tickets", json={"sql": sql, "reason": "it is wanted"})
    assert told.status_code == 201, told.text
    ticket = told.json()["id"]
    await house.app.approval.audit_approval_decision(
        ticket, Decision.APPROVE, identity=Identity(approver), comment="", via="test"
    )
    ran = await client.post(f"/api/v1/tickets/{ticket}/execution")
    assert ran.status_code == 200, ran.text
    found: dict[str, Any] = ran.json() | {"ticket": ticket}
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def shelf(house: WebHouse) -> str:
    """The name of a table of this test's own, with two that hang on each other."""
    name = f"shelf_{secrets.token_hex(4)}"
    run(
        house.database,
        f"create table {name} (id int primary key, place text);"
        f"create table {name}_book (id int primary key, shelf int references {name} on delete cascade);"
        f"insert into {name} select i, 'left' from generate_series(1, 9) i;"
        f"insert into {name}_book select i, 1 + i % 9 from generate_series(1, 18) i",
    )
    await house.app.schema.reread("shop")
    return name


async def test_executions_are_found_by_state_people_and_day_page_by_page(
    house: WebHouse, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await house.newcomer()
    client, ana = await house.logged_in(name), await house.logged_in("ana")
    ids = [(await executed(house, client, f"update {shelf} set place = 'r' where id = {n}"))["id"] for n in (1, 2, 3)]
    back = await client.post(f"{SHOP}/{ids[1]}/undo", json={})
    assert back.json()["status"] == "EXECUTED", back.text
    undo = back.json()["execution_id"]
    newest_first = [undo, *reversed(ids)]

    async def found(**filters: str) -> list[str]:
        told = await ana.get(SHOP, params={"who": name, **filters})
        assert told.status_code == 200, told.text
        return [each["id"] for each in told.json()]

    assert await found() == newest_first
    assert await found(state="undone") == [ids[1]]
    assert await found(state="undo") == [undo]
    assert await found(state="in force") == [undo, ids[2], ids[0]]
    assert await found(rows="2") == newest_first[:2]
    assert await found(older=newest_first[1], rows="2") == newest_first[2:]
    assert ids[0] in await found(who="dora", rows="1000")
    assert await found(who="dor") == await found(since="2999-01-01") == []
    assert await found(since="2026-01-01") == newest_first
    assert (await ana.get(SHOP, params={"since": "2026-02-31"})).status_code == 422
    assert (await ana.get(SHOP, params={"older": "none"})).status_code == 409

    monkeypatch.setattr(executions_page, "PAGE", 3)
    page = (await ana.get("/executions", params={"who": name})).text
    assert [each in page for each in newest_first] == [True, True, True, False]
    assert f"/executions?who={name}&amp;database=shop&amp;older={ids[1]}" in page
    last = (await ana.get("/executions", params={"who": name, "older": ids[1], "database": "shop"})).text
    assert [each in last for each in newest_first] == [False, False, False, True]
    assert "Earlier ones" not in last
    assert "No such executions" in (await ana.get("/executions", params={"who": name, "state": "running"})).text


async def test_the_proof_is_laid_out_and_counted_anew(house: WebHouse, shelf: str) -> None:
    ana = await house.logged_in("ana")
    ran = await executed(house, ana, f"delete from {shelf} where id < 3")
    proof = (await ana.get(f"{SHOP}/{ran['id']}/proof")).json()
    lines = {each["table"]: each for each in proof["lines"]}
    assert proof["agrees"]
    assert (proof["mirrored"], proof["changed_since"]) == (None, None)
    for table, rows in ((f"public.{shelf}", 2), (f"public.{shelf}_book", 4)):
        counts = {"inserted": 0, "updated": 0, "deleted": rows}
        assert lines[table]["predicted"]["deleted"] == {"rows": rows, "basis": "exact", "low": None, "high": None}
        assert lines[table]["approved"] == lines[table]["counted"] == lines[table]["captured"] == counts
        assert lines[table]["words"][0] == f"{rows} deleted, exactly as was approved."
    page = (await ana.get(f"/executions/shop/{ran['id']}")).text
    assert "Everything agrees" in page
    assert "Each of them is kept: 4 row images." in page

    undo = (await ana.post(f"{SHOP}/{ran['id']}/undo", json={})).json()["execution_id"]
    verified = (await ana.get(f"{SHOP}/{undo}/proof")).json()
    assert (verified["mirrored"], verified["left"], verified["changed_since"]) == (True, 0, 0)
    assert "The state before is back</h3>" in (await ana.get(f"/executions/shop/{undo}")).text
    run(house.database, f"update {shelf} set place = 'elsewhere' where id = 1")
    assert (await ana.get(f"{SHOP}/{undo}/proof")).json()["changed_since"] == 1
    assert "others changed 1 of these rows" in (await ana.get(f"/executions/shop/{undo}")).text

    (images,) = [each["images"] for each in ran["tables"] if each["name"] == f"{shelf}_book"]
    run(house.database, f"delete from pgwarden.{images} where id = 1")
    proof = (await ana.get(f"{SHOP}/{ran['id']}/proof")).json()
    assert not proof["agrees"]
    assert [each["agrees"] for each in proof["lines"] if each["table"].endswith("_book")] == [False]
    page = (await ana.get(f"/executions/shop/{ran['id']}")).text
    assert "Something does not agree" in page
    assert "Kept are only images of 0 inserted, 3 deleted" in page
    (undone,) = [
        each["images"]
        for each in (await ana.get(f"{SHOP}/{undo}")).json()["execution"]["tables"]
        if each["name"] == shelf
    ]
    run(house.database, f"delete from pgwarden.{undone} where id = 2")
    assert (await ana.get(f"{SHOP}/{undo}/proof")).json()["mirrored"] is False
    assert "The state before is not back" in (await ana.get(f"/executions/shop/{undo}")).text
    run(house.database, f"drop table pgwarden.{images}")
    page = (await ana.get(f"/executions/shop/{ran['id']}")).text
    assert "were complete when it was committed, and are gone now" in page


async def test_rows_in_the_way_are_chosen_over_the_api_by_their_ids(house: WebHouse, shelf: str) -> None:
    """The approver sees each with its choice, masked by their own rights; a row that changed has none any more."""
    run(house.database, f"alter table {shelf} add email text default 'c@example.org'")
    ana, dora = await house.logged_in("ana"), await house.logged_in("dora")
    ran = await executed(house, ana, f"update {shelf} set place = 'right' where id < 4")
    for number, place in ((1, "high"), (2, "low")):
        run(house.database, f"update {shelf} set place = '{place}' where id = {number}")
    plan = (await ana.get(f"{SHOP}/{ran['id']}/undo-plan")).json()
    rows = {each["conflicts"][0]["now"][1]: each for each in plan["rows"]}
    assert set(rows) == {"high", "low"}
    assert "c@example.org" not in str(plan)
    path, choices = f"{SHOP}/{ran['id']}/undo", {rows["high"]["id"]: "skip"}
    missing = await ana.post(path, json={"rows": choices})
    assert (missing.status_code, missing.json()["what"]) == (422, "1 row in the way has no choice.")
    assert (await ana.post(path, json={"rows": {"0" * 64: "skip"}})).status_code == 409
    assert (await ana.post(path, json={"rows": {rows["low"]["id"]: "burn"}})).status_code == 422
    asked = await ana.post(path, json={"rows": choices, "on_conflict": "overwrite"})
    assert asked.json()["request"]["undo"]["on_conflict"] == "each"
    page = (await dora.get(f"/tickets/{asked.json()['id']}")).text
    assert "stays as it is now" in page
    assert "becomes as it was before" in page
    assert "c@example.org" not in page
    run(house.database, f"update {shelf} set place = 'lower' where id = 2")
    assert "nothing will be taken back" in (await dora.get(f"/tickets/{asked.json()['id']}")).text


async def test_only_what_runs_is_cancelled_and_only_by_who_may_run_it(house: WebHouse, shelf: str) -> None:
    ana, stranger = await house.logged_in("ana"), await house.logged_in(await house.newcomer())
    ran = await executed(house, ana, f"delete from {shelf} where id = 9")
    path = f"/api/v1/tickets/{ran['ticket']}/execution/cancellation"
    refused = await stranger.post(path)
    assert refused.status_code == 403
    late = await ana.post(path)
    assert (late.status_code, late.json()["code"]) == (409, "PGW158")
    assert "is not being run" in (await ana.post(f"/tickets/{ran['ticket']}/execution/cancellation")).text
    stream = await ana.get(f"/api/v1/tickets/{ran['ticket']}/execution/stream")
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.text.startswith("event: ended\n")
    assert f'"execution":"{ran["id"]}"' in stream.text
    program = house.client(authorization=f"Bearer {await house.token('ana', 'ask', databases=('other',))}")
    assert (await program.get("/api/v1/executions/running")).json() == []
    assert (await program.get(f"/api/v1/tickets/{ran['ticket']}/execution/stream")).status_code == 403


async def test_what_ran_is_looked_up_without_logging_in_anew(house: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = await house.logged_in("ana")
    assert (await ana.get("/executions?database=shop")).status_code == 200

    async def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", refuse)
    assert (await ana.get("/executions?database=shop")).status_code == 200
    assert (await ana.get(SHOP)).status_code == 200
