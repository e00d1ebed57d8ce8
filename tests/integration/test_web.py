"""The page and its API, as a browser without a screen and as a program with a token: who comes in, and what they do."""

from __future__ import annotations

import json
import re

import psycopg
import pytest
from tests.support.web import PASSWORD, WebHouse, field_of

from pgwarden.domain.identity import Identity, IdentityKind
from pgwarden.domain.ticket_events import Decision

DELETE = "delete from customers where id = 3"


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def database(house: WebHouse) -> str:
    return house.database


def customers(database: str) -> int:
    with psycopg.connect(database) as connection:
        found = connection.execute("select count(*) from customers").fetchone()
    assert found
    return int(found[0])


async def test_nobody_comes_in_without_a_login(house: WebHouse) -> None:
    client = house.client()
    for path in ("/ask", "/schema", "/tickets", "/executions", "/audit", "/account"):
        told = await client.get(path, headers={"accept": "text/html"})
        assert (told.status_code, told.headers["location"]) == (303, f"/login?next={path}")
    for path in ("session", "databases", "tickets", "audit", "databases/shop/tables", "databases/shop/executions"):
        told = await client.get(f"/api/v1/{path}")
        assert told.status_code == 401, path
        assert told.headers["content-type"] == "application/problem+json"
        assert told.json()["next_step"]
    assert (await client.get("/login")).status_code == 200
    assert (await client.get("/health")).json()["status"] == "ok"


async def test_every_answer_is_fenced_in(house: WebHouse) -> None:
    for path in ("/login", "/nowhere", "/api/v1/session"):
        headers = (await house.client().get(path)).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
    stranger = await house.client(host="evil.example").get("/login")
    assert stranger.json()["code"] == "PGW240"
    assert (await house.client().post("/api/v1/reads", content=b"x" * 5_000_000)).status_code in (403, 413)


async def test_the_form_lets_in_once_the_password_is_right(house: WebHouse) -> None:
    client = house.client()
    page = await client.get("/login", params={"next": "//evil.example/"})
    token = field_of(page.text, "csrf")
    assert field_of(page.text, "next") == "/ask"
    wrong = await client.post("/login", data={"csrf": token, "name": "ana", "password": "wrong"})
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    stale = await client.post("/login", data={"csrf": "other", "name": "ana", "password": PASSWORD})
    assert "too old" in stale.text
    right = await client.post("/login", data={"csrf": token, "name": "ana", "password": PASSWORD, "next": "/schema"})
    assert (right.status_code, right.headers["location"]) == (303, "/schema")
    cookie = next(value for value in right.headers.get_list("set-cookie") if "pgwarden-login" in value)
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    inside = await client.get("/schema")
    assert "public.customers" in inside.text or "customers" in inside.text
    out = await client.post("/logout", data={"csrf": field_of(inside.text, "csrf")})
    assert out.headers["location"] == "/login"
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_change_comes_from_a_page_of_this_session(house: WebHouse) -> None:
    client = await house.logged_in(await house.newcomer())
    body = {"sql": DELETE, "reason": "they left"}
    forged = await client.post("/api/v1/tickets", json=body, headers={"X-CSRF-Token": "0" * 64})
    assert forged.json()["code"] == "PGW240"
    foreign = await client.post("/api/v1/tickets", json=body, headers={"origin": "http://evil.example"})
    assert foreign.json()["code"] == "PGW240"
    assert "they left" not in (await client.get("/api/v1/tickets", params={"mine": True})).text


async def test_questions_are_answered_with_their_steps(house: WebHouse) -> None:
    client = await house.logged_in("ana")
    told = await client.post("/api/v1/ask", json={"question": "how many customers are there?"})
    answer = told.json()
    assert answer["status"] == "answered"
    assert answer["result"]["rows"] == [[20]]
    streamed = (await client.post("/api/v1/ask/stream", json={"question": "how many orders are there?"})).text
    events = re.findall(r"event: (.*)\ndata: (.*)\n", streamed)
    assert [name for name, _ in events if name != "step"] == ["answer"]
    assert {json.loads(data)["state"] for name, data in events if name == "step"} >= {"started", "finished"}
    assert json.loads(events[-1][1])["result"]["rows"] == [[60]]
    assert (await client.post(f"/api/v1/turns/{answer['turn']}/feedback", json={"right": True})).status_code == 204
    refused = await client.post("/api/v1/reads", json={"sql": "select pg_sleep(1)"})
    assert refused.status_code == 403
    verdict = (await client.post("/api/v1/verdicts", json={"sql": DELETE})).json()
    assert verdict["decision"] == "needs_approval"
    needless = {"sql": "select o.id from orders o join customers c on c.id = o.customer_id"}
    advice = (await client.post("/api/v1/advice", json=needless)).json()
    assert advice["alternatives"][0]["sql"] == "SELECT o.id FROM orders o"
    assert advice["alternatives"][0]["cost"] < advice["estimate"]["cost"]
    assert "-- shows one column\n" in advice["commented"]
    assert (await client.post("/api/v1/advice", json={"sql": DELETE})).status_code == 403


async def test_the_schema_shows_keys_masked_samples_and_a_picture(house: WebHouse) -> None:
    client = await house.logged_in("ana")
    page = (await client.get("/schema/shop/public.customers")).text
    assert "primary key" in page
    assert "c1@example.org" not in page
    assert "sensitive" in page
    orders = (await client.get("/schema/shop/public.orders")).text
    assert "&lt;b&gt;" in orders
    assert "<b>1" not in orders
    picture = await client.get("/schema/shop/public.orders/diagram.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "customers" in picture.text
    assert "Distinct" in (await client.get("/schema/shop/public.orders/profile")).text
    assert (await client.get("/schema/shop/nothing")).status_code == 404


async def test_from_request_to_approval_to_proof_to_undo(house: WebHouse, database: str) -> None:
    ana, dora = await house.logged_in("ana"), await house.logged_in("dora")
    opened = await ana.post("/tickets", data={"sql": DELETE, "reason": "they left", "database": "shop"})
    assert opened.status_code == 303, opened.text
    where = opened.headers["location"]
    shown = (await dora.get(where)).text
    assert "they left" in shown
    assert "public.orders" in shown  # the cascade
    assert "Your decision" in shown
    assert "Your password, again" in shown
    assert "Your decision" not in (await ana.get(where)).text
    seal = field_of(shown, "seal")
    unproved = await dora.post(f"{where}/decision", data={"decision": "approve", "seal": seal})
    assert unproved.status_code == 403
    assert "fresh proof" in unproved.text
    early = await ana.post(f"{where}/execution", data={})
    assert early.status_code >= 400
    assert customers(database) == 20
    yes = await dora.post(f"{where}/decision", data={"decision": "approve", "seal": seal, "password": PASSWORD})
    assert yes.status_code == 303, yes.text
    ran = await ana.post(f"{where}/execution", data={})
    assert ran.status_code == 303, ran.text
    assert customers(database) == 19
    proof = (await ana.get(ran.headers["location"])).text
    assert "public.orders" in proof
    assert "c3@example.org" not in proof
    plan = (await ana.get(f"{ran.headers['location']}/undo")).text
    assert "No row stands in the way" in plan
    back = await ana.post(f"{ran.headers['location']}/undo", data={"reason": "they came back"})
    assert back.status_code == 303, back.text
    assert customers(database) == 20


async def test_a_no_needs_a_reason_and_ones_own_request_another_person(house: WebHouse) -> None:
    ana, dora = await house.logged_in("ana"), await house.logged_in("dora")
    ticket = (await dora.post("/api/v1/tickets", json={"sql": DELETE, "reason": "mine"})).json()
    proof = {"password": PASSWORD}
    own = await dora.post(f"/api/v1/tickets/{ticket['id']}/decision", json={"decision": "approve", "proof": proof})
    assert own.status_code == 403
    other = await ana.post(f"/api/v1/tickets/{ticket['id']}/decision", json={"decision": "approve", "proof": proof})
    assert other.status_code == 403
    ticket = (await ana.post("/api/v1/tickets", json={"sql": DELETE, "reason": "theirs"})).json()
    path = f"/api/v1/tickets/{ticket['id']}"
    assert (await dora.post(f"{path}/decision", json={"decision": "deny"})).status_code == 422
    stale = await dora.post(f"{path}/decision", json={"decision": "approve", "seal": "0" * 64, "proof": proof})
    assert stale.status_code in (403, 409)
    assert (await ana.post(f"{path}/comments", json={"text": "please"})).status_code == 201
    denied = await dora.post(f"{path}/decision", json={"decision": "deny", "comment": "no"})
    assert denied.json()["status"] == "DENIED"
    assert (await ana.post(f"{path}/execution")).status_code >= 400


async def test_what_an_agent_passed_on_is_confirmed_on_the_page_by_that_person(house: WebHouse) -> None:
    ana, dora, max_ = [await house.logged_in(name) for name in ("ana", "dora", "max")]
    ticket = (await ana.post("/api/v1/tickets", json={"sql": DELETE, "reason": "they left"})).json()
    robot, page = Identity("robot", IdentityKind.AGENT), f"/tickets/{ticket['id']}"
    path = f"/api/v1{page}/proposals"

    async def passed_on(decision: Decision) -> None:
        await house.app.proposals.propose(
            ticket["id"], decision, approver="dora", identity=robot, comment="go", client="Desk 1", via="mcp http"
        )

    await passed_on(Decision.APPROVE)
    (told,) = (await ana.get(f"/api/v1{page}")).json()["proposals"]
    assert (told["approver"], told["by"], told["client"], told["decision"]) == ("dora", "robot", "Desk 1", "approve")
    shown, others = (await dora.get(page)).text, (await max_.get(page)).text
    assert "Passed on in your name" in shown
    assert "Confirm: approve" in shown
    assert "only dora can confirm it" in others
    assert "Confirm: approve" not in others
    proof = {"proof": {"password": PASSWORD}}
    for other in (max_, ana):
        assert (await other.post(f"{path}/1/confirmation", json=proof)).status_code == 403
        assert (await other.post(f"{path}/1/discard", json={})).status_code == 403
    unproved = await dora.post(f"{page}/proposals/1/confirmation", data={})
    assert unproved.status_code == 403
    assert "fresh proof" in unproved.text
    assert (await dora.post(f"{page}/proposals/1/discard", data={"comment": "not me"})).status_code == 303
    assert (await dora.get(f"/api/v1{page}")).json()["proposals"] == []
    assert (await dora.post(f"{path}/1/confirmation", json=proof)).status_code == 409
    await passed_on(Decision.APPROVE)
    confirmed = await dora.post(f"{page}/proposals/2/confirmation", data={"password": PASSWORD})
    assert confirmed.status_code == 303, confirmed.text
    done = (await dora.get(f"/api/v1{page}")).json()
    assert (done["status"], done["approved_by"]) == ("APPROVED", ["dora"])
    assert (done["events"][-1]["proposal"], done["events"][-1]["step_up"]) == (2, True)


async def test_tokens_do_what_they_were_made_for_and_no_more(house: WebHouse) -> None:
    secret = await house.token("ana", "ask", databases=("shop",))
    program = house.client(authorization=f"Bearer {secret}")
    assert (await program.post("/api/v1/reads", json={"sql": "select 1"})).json()["rows"] == [[1]]
    refused = await program.post("/api/v1/tickets", json={"sql": DELETE, "reason": "a robot wants it"})
    assert refused.status_code == 403
    elsewhere = house.client(authorization=f"Bearer {await house.token('ana', 'ask', databases=('other',))}")
    assert (await elsewhere.post("/api/v1/reads", json={"sql": "select 1"})).status_code == 403
    assert (await elsewhere.get("/api/v1/databases")).json() == []
    wrong = await house.client(authorization="Bearer pgw_wrong").get("/api/v1/session")
    assert wrong.status_code == 401


async def test_the_audit_is_for_auditors(house: WebHouse) -> None:
    assert (await (await house.logged_in("ana")).get("/api/v1/audit")).status_code == 403
    audrey = await house.logged_in("audrey")
    page = (await audrey.get("/audit")).text
    assert "login.opened" in page
    found = (await audrey.get("/api/v1/audit", params={"action": "login"})).json()
    assert {entry["action"].partition(".")[0] for entry in found} == {"login"}
    walked = await audrey.post("/audit/verification", data={})
    assert "The chain is whole" in walked.text


async def test_ones_own_logins_are_listed_and_ended(house: WebHouse) -> None:
    here, there = house.client(), await house.logged_in("ana")
    opened = await here.post("/api/v1/session", json={"name": "ana", "password": PASSWORD})
    assert opened.status_code == 201, opened.text
    here.headers["X-CSRF-Token"] = opened.json()["csrf"]
    logins = (await here.get("/api/v1/sessions")).json()
    other = next(login["id"] for login in logins if not login["current"])
    ended = [login["id"] for login in logins if not login["current"]]
    assert other in ended
    for login in ended:
        assert (await here.post("/account/logins", data={"login": login})).status_code == 303
    assert (await there.get("/api/v1/session")).status_code == 401
    assert (await here.get("/account")).status_code == 200


async def test_the_description_names_every_path(house: WebHouse) -> None:
    told = (await house.client().get("/api/v1/openapi.json")).json()
    assert {"/api/v1/ask", "/api/v1/tickets/{ticket}/decision", "/api/v1/audit"} <= set(told["paths"])
    assert not [path for path in told["paths"] if not path.startswith("/api/v1/")]
