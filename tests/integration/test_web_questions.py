"""Questions that are kept and shared, each run with the rights of whoever runs it; history; rows as files."""

from __future__ import annotations

import csv
import io
import secrets
from datetime import UTC, datetime

import openpyxl
import pytest
from tests.support.web import WebHouse

from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.identity import Access, DataRight
from pgwarden.domain.person import Role

pytestmark = pytest.mark.asyncio(loop_scope="session")

API = "/api/v1/questions"
SQL = "select id, email from customers where id <= 3 order by id"


async def grant(house: WebHouse, right: DataRight) -> None:
    """One line more, of a person that no other test knows."""
    known = await house.app.rights.current()
    await house.app.rights.replace([*known.lines, right], expected=known.number, author="test", at=datetime.now(UTC))


async def test_a_shared_question_runs_with_the_rights_of_whoever_opens_it(house: WebHouse) -> None:
    owner, mark = await house.newcomer(groups=frozenset({"sales"})), secrets.token_hex(4)
    approver = await house.newcomer(level=1, roles=frozenset({Role.APPROVER, Role.REQUESTER}))
    stranger = await house.newcomer()
    await grant(house, DataRight(f"person:{owner}", Access.READ, table="customers", column="email"))
    mine, theirs, strange = [await house.logged_in(name) for name in (owner, approver, stranger)]

    refused = await mine.post(API, json={"name": mark, "sql": "delete from orders"})
    assert (refused.status_code, refused.json()["code"]) == (409, "PGW023")
    kept = await mine.post(API, json={"name": mark, "sql": SQL, "question": "who?", "chart": {"kind": "bars"}})
    assert kept.status_code == 201, kept.text
    number, place = kept.json()["id"], f"{API}/{kept.json()['id']}"
    assert (await mine.post(API, json={"name": mark, "sql": SQL})).status_code == 409
    for client in (theirs, strange):
        assert (await client.get(place)).status_code == 404
        assert (await client.post(f"{place}/run")).status_code == 404
        assert (await client.get(API, params={"search": mark})).json() == []

    shared = await mine.patch(place, json={"revision": 1, "shared_with": "approver"})
    assert (shared.json()["shared_with"], shared.json()["revision"]) == ("approver", 2)
    assert (await mine.patch(place, json={"revision": 1, "name": "x"})).json()["code"] == "PGW074"
    assert (await strange.get(place)).status_code == 404
    (found,) = (await theirs.get(API, params={"search": mark.upper()})).json()
    assert (found["id"], found["own"], found["schedule"], found["chart"]["kind"]) == (number, False, None, "bars")
    own_rows = (await mine.post(f"{place}/run")).json()
    their_rows = (await theirs.post(f"{place}/run")).json()
    assert own_rows["rows"][0][1] == "c1@example.org"
    assert [column["masked"] for column in their_rows["columns"]] == [False, True]
    assert "c1@example.org" not in str(their_rows["rows"])
    for change in (theirs.patch(place, json={"revision": 2, "name": "mine now"}), theirs.delete(place)):
        assert (await change).status_code == 403

    await grant(house, DataRight(f"person:{approver}", Access.DENY, table="customers"))
    assert (await theirs.get(API, params={"search": mark})).json() == []
    assert (await theirs.get(place)).status_code == 403
    program = house.client(authorization=f"Bearer {await house.token(owner, 'ask', databases=('other',))}")
    assert (await program.get(API, params={"search": mark})).json() == []
    assert (await program.get(place)).status_code == 403
    unable = house.client(authorization=f"Bearer {await house.token(owner, 'execute')}")
    assert (await unable.get(API)).status_code == 403

    page = (await mine.get(f"/questions/{number}")).text
    assert "Who may open it" in page
    assert mark in (await mine.get("/questions", params={"search": mark})).text
    sent = await mine.put(f"{place}/schedule", json={"revision": 2, "cron": "0 8 * * *", "recipients": [owner]})
    assert sent.json()["code"] == "PGW207"
    assert (await mine.delete(place)).status_code == 204
    assert (await mine.get(place)).status_code == 404
    told = [r.entry.action for r in await house.app.audit.find(AuditFilter(subject=number), limit=10)]
    assert sorted(told) == ["question.changed", "question.removed", "question.saved"]


async def test_the_history_is_ones_own_and_searched(house: WebHouse) -> None:
    name, other = await house.newcomer(), await house.newcomer()
    mine, theirs = await house.logged_in(name), await house.logged_in(other)
    for question in ("how many customers are there?", "how many orders are there?"):
        assert (await mine.post("/api/v1/ask", json={"question": question, "session": "h"})).status_code == 200
    turns = (await mine.get("/api/v1/history")).json()
    assert [turn["question"] for turn in turns] == ["how many orders are there?", "how many customers are there?"]
    assert turns[0]["sql"]
    (found,) = (await mine.get("/api/v1/history", params={"search": "CUSTOMERS are"})).json()
    assert found["question"] == "how many customers are there?"
    assert (await theirs.get("/api/v1/history")).json() == []
    assert "how many orders" in (await mine.get("/questions", params={"history": "true"})).text


async def test_rows_come_as_files_masked_bounded_and_audited(house: WebHouse) -> None:
    ana = await house.logged_in("ana")
    wanted = {"sql": "select id, email, '=1+' || id as f from customers order by id", "rows": 5}
    told = await ana.post("/api/v1/reads/file", json={**wanted, "form": "csv"})
    assert 'filename="rows.csv"' in told.headers["content-disposition"]
    head, *rows = csv.reader(io.StringIO(told.text, newline=""))
    assert (head, len(rows), rows[0][2]) == (["id", "email", "f"], 5, "'=1+1")
    assert "@example.org" not in told.text
    book = await ana.post("/api/v1/reads/file", json={**wanted, "form": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["id", 1, 2, 3, 4, 5]
    assert (await ana.post("/api/v1/reads/file", json={**wanted, "form": "parquet"})).content[:4] == b"PAR1"
    assert (await ana.post("/api/v1/reads/file", json={**wanted, "form": "json"})).json()[0]["f"] == "=1+1"
    entries = await house.app.audit.find(AuditFilter(action="rows.downloaded", actor="ana"), limit=10)
    forms = [record.entry.details["form"] for record in entries[:4]]
    assert sorted(forms) == ["csv", "json", "parquet", "xlsx"]
    assert all(record.entry.details["rows"] == 5 for record in entries[:4])
    refused = await ana.post("/api/v1/reads/file", json={"sql": "delete from orders", "form": "csv"})
    assert refused.status_code == 409
