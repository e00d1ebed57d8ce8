"""Where the audit stands, its walk, its export and its report; and limits on how often one may ask."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from tests.support.web import WebHouse

from pgwarden.domain.audit_export import verify_lines
from pgwarden.web.rate_limit import RateLimits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_report_and_the_chain_are_for_auditors(house: WebHouse) -> None:
    ana = await house.logged_in("ana")
    for path in ("audit/status", "audit/export", "reports/compliance", "reports/compliance/file"):
        assert (await ana.get(f"/api/v1/{path}")).status_code == 403, path
    assert (await ana.post("/api/v1/audit/verification/stream")).status_code == 403
    assert (await ana.post("/api/v1/audit/verification")).status_code == 403
    assert (await ana.get("/audit/report", headers={"accept": "text/html"})).status_code == 403


async def test_the_walk_tells_how_far_it_is_and_the_export_is_whole(house: WebHouse) -> None:
    audrey = await house.logged_in("audrey")
    status = (await audrey.get("/api/v1/audit/status")).json()
    assert status["entries"] > 0
    streamed = (await audrey.post("/api/v1/audit/verification/stream")).text
    told = [(name, json.loads(data)) for name, data in re.findall(r"event: (.*)\ndata: (.*)\n", streamed)]
    assert told[0][0] == "progress"
    assert told[0][1]["of"] >= status["entries"]
    name, answer = told[-1]
    assert (name, answer["intact"]) == ("answer", True)
    assert answer["entries"] >= status["entries"]
    exported = await audrey.get("/api/v1/audit/export")
    assert "attachment" in exported.headers["content-disposition"]
    found = verify_lines(iter(exported.text.splitlines(keepends=True)), ())
    assert (found.intact, found.entries > answer["entries"]) == (True, True)
    bare = (await audrey.get("/api/v1/audit/export", params={"personal": False})).text
    assert len(bare) < len(exported.text)
    page = (await audrey.get("/audit")).text
    assert "Last checkpoint" in page


async def test_the_report_has_charts_with_tables_and_comes_as_a_file(house: WebHouse) -> None:
    ana, dora, audrey = [await house.logged_in(name) for name in ("ana", "dora", "audrey")]
    body = {"sql": "update orders set note = 'x' where id = 11", "reason": "for the report"}
    ticket = (await ana.post("/api/v1/tickets", json=body)).json()["id"]
    said = await dora.post(f"/api/v1/tickets/{ticket}/decision", json={"decision": "deny", "comment": "not now"})
    assert said.json()["status"] == "DENIED"
    made = (await audrey.get("/api/v1/reports/compliance")).json()
    line = next(each for each in made["report"]["tickets"] if each["id"] == ticket)
    assert line["status"] == "denied"
    times = next(figure for figure in made["figures"] if figure["title"] == "How long decisions take")
    assert dict(map(tuple, times["rows"]))["under 5 min"][0] >= 1
    page = (await audrey.get("/audit/report")).text
    assert page.count("<svg") >= 2
    assert page.count("As a table") == page.count("<svg")
    assert ticket in page
    file = await audrey.get("/api/v1/reports/compliance/file", params={"form": "csv"})
    assert ticket in file.text
    assert "attachment" in file.headers["content-disposition"]
    printed = await audrey.get("/api/v1/reports/compliance/file")
    assert "sandbox" in printed.headers["content-security-policy"]
    none = (await audrey.get("/api/v1/reports/compliance", params={"until": "2020-01-01"})).json()
    assert none["report"]["tickets"] == []
    turned = {"since": "2026-02-01", "until": "2026-01-01"}
    assert (await audrey.get("/api/v1/reports/compliance", params=turned)).status_code == 422


@pytest_asyncio.fixture(loop_scope="session")
async def strict(house: WebHouse) -> AsyncIterator[WebHouse]:
    """The same house behind a door of its own that lets few requests through."""
    limits = {"web_address_per_minute": 12, "web_account_per_minute": 5, "web_questions_per_minute": 2}
    settings = house.app.settings.model_copy(update=limits)
    made = WebHouse(replace(house.app, settings=settings), house.database, house.control)
    yield made
    await made.close_clients()


async def test_questions_accounts_and_addresses_have_their_shares(strict: WebHouse) -> None:
    name = await strict.newcomer()
    here, there = await strict.logged_in(name), await strict.logged_in(name)
    body = {"sql": "select 1"}
    assert [(await here.post("/api/v1/reads", json=body)).status_code for _ in range(2)] == [200, 200]
    refused = await there.post("/api/v1/reads", json=body)  # another login of the same person
    assert (refused.status_code, refused.json()["code"]) == (429, "PGW241")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert "questions" in refused.json()["what"]
    assert [(await here.get("/api/v1/databases")).status_code for _ in range(3)] == [200, 200, 429]
    page = await here.get("/tickets", headers={"accept": "text/html"})
    assert (page.status_code, "too many requests of this account" in page.text) == (429, True)
    program = strict.client(authorization=f"Bearer {await strict.token('ana', 'ask')}")
    assert (await program.get("/api/v1/databases")).status_code == 200
    stranger = strict.client()
    assert [(await stranger.get("/login")).status_code for _ in range(13)] == [200] * 12 + [429]
    assert (await program.get("/api/v1/databases")).status_code == 200


async def test_the_shares_are_those_of_the_settings(house: WebHouse) -> None:
    settings = house.app.settings
    limits = (settings.web_address_per_minute, settings.web_account_per_minute, settings.web_questions_per_minute)
    assert limits == (3000, 1200, 60)
    assert RateLimits.of(addresses=1, accounts=1, questions=1)
