"""The queue of tickets: whose they are, what narrows them down, and one word on several of them."""

from __future__ import annotations

import secrets

import httpx
import pytest
from tests.support.web import PASSWORD, WebHouse, field_of

from pgwarden.domain.person import DIRECTOR, Role
from pgwarden.rules import RULES
from pgwarden.web.api import news, queue_news

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROOF = {"password": PASSWORD}


async def opened(client: httpx.AsyncClient, reason: str, number: int = 5, urgency: str = "normal") -> str:
    body = {"sql": f"delete from customers where id = {number}", "reason": reason, "urgency": urgency}
    told = await client.post("/api/v1/tickets", json=body)
    assert told.status_code == 201, told.text
    return str(told.json()["id"])


async def test_the_queue_counts_filters_and_puts_the_urgent_first(house: WebHouse) -> None:
    ana, dora, mark = await house.logged_in("ana"), await house.logged_in("dora"), secrets.token_hex(4)
    plain = await opened(ana, f"{mark} first")
    urgent = await opened(ana, f"{mark} second", 6, "emergency")
    own = await opened(dora, f"{mark} third", 7)

    async def found(**filters: str) -> list[str]:
        told = (await dora.get("/api/v1/queue", params={"text": mark, **filters})).json()
        assert told["complete"]
        assert told["counts"] == {"all": 3, "mine": 1, "me": 2, "team": 3} or filters.keys() - {"whose"}
        return [each["id"] for each in told["tickets"]]

    assert await found() == [urgent, plain, own]
    assert await found(whose="me") == [urgent, plain]
    assert await found(whose="mine") == [own]
    assert await found(requester="dora") == [own]
    assert await found(text=f"SECOND {mark}") == [urgent]
    assert await found(older="1") == await found(show="approved") == await found(database="other") == []
    risk = (await dora.get("/api/v1/queue", params={"text": mark})).json()["tickets"][1]["risk"]
    assert plain in await found(risk=risk)
    assert await found(risk="LOW" if risk != "LOW" else "HIGH") == []
    assert (await dora.get("/api/v1/queue", params={"whose": "nobody"})).status_code == 422
    page = (await dora.get("/tickets", params={"text": mark, "whose": "me"})).text
    assert f'href="/tickets?whose=mine&amp;text={mark}"' in page
    assert "Waiting for me (2)" in page
    program = house.client(authorization=f"Bearer {await house.token('ana', 'ask', databases=('other',))}")
    assert (await program.get("/api/v1/queue", params={"text": mark})).json()["counts"]["all"] == 0


async def test_a_team_shares_a_group(house: WebHouse) -> None:
    """Tickets of colleagues, and those that colleagues are asked to decide, but not those of strangers."""
    mark = secrets.token_hex(4)
    group = frozenset({f"g-{mark}"})
    one, other = await house.newcomer(groups=group), await house.newcomer(groups=group | {"more"})
    alone, stranger = await house.newcomer(), await house.newcomer(groups=frozenset({"elsewhere"}))
    tickets = {name: await opened(await house.logged_in(name), mark) for name in (one, other, alone, stranger)}

    async def team_of(name: str) -> set[str]:
        told = (await (await house.logged_in(name)).get("/api/v1/queue", params={"text": mark, "whose": "team"})).json()
        assert told["counts"]["team"] == len(told["tickets"])
        return {each["id"] for each in told["tickets"]}

    assert await team_of(one) == await team_of(other) == {tickets[one], tickets[other]}
    assert await team_of(alone) == {tickets[alone]}
    approver = await house.newcomer(groups=group, level=DIRECTOR, roles=frozenset({Role.REQUESTER, Role.APPROVER}))
    assert await team_of(approver) == await team_of(one) == set(tickets.values()), "the approver is asked for all"
    page = (await (await house.logged_in(one)).get("/tickets", params={"text": mark})).text
    assert "My team&#39;s (4)" in page


async def test_an_open_ticket_is_followed(house: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOKS", 2)
    monkeypatch.setattr(news, "LOOK_SECONDS", 0.01)
    ana, dora = await house.logged_in("ana"), await house.logged_in("dora")
    path = f"/api/v1/tickets/{await opened(ana, 'to be followed', 13)}"
    assert (await ana.get(f"{path}/news", params={"since": 1})).text == "", "nothing happened since"
    assert (await dora.post(f"{path}/comments", json={"text": "why?"})).status_code == 201
    told = (await ana.get(f"{path}/news", params={"since": 1})).text
    assert told.count("event: news") == 1
    assert '"seen":2,"events":["dora said: why?"]' in told
    program = house.client(authorization=f"Bearer {await house.token('ana', 'ask', databases=('other',))}")
    assert (await program.get(f"{path}/news")).status_code == 403


async def test_the_queue_is_followed_by_those_who_may_see_what_is_in_it(
    house: WebHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_news, "LOOKS", 2)
    monkeypatch.setattr(queue_news, "LOOK_SECONDS", 0.01)
    ana, dora, text = await house.logged_in("ana"), await house.logged_in("dora"), secrets.token_hex(4)
    program = house.client(authorization=f"Bearer {await house.token('ana', 'ask', databases=('other',))}")

    async def mark(client: httpx.AsyncClient) -> str:
        return str((await client.get("/api/v1/queue", params={"text": text})).json()["mark"])

    async def news(client: httpx.AsyncClient, seen: str) -> str:
        return (await client.get("/api/v1/queue/news", params={"text": text, "seen": seen})).text

    empty, hidden = await mark(dora), await mark(program)
    assert await news(dora, empty) == ""
    await opened(ana, "another matter", 15)
    assert await news(dora, empty) == "", "it has not the words that are looked for"
    ticket = await opened(ana, text, 16)
    told = await news(dora, empty)
    assert told.count("event: news") == 1
    assert '"counts":{"all":1,"mine":0,"me":1,"team":1}' in told
    waiting = await mark(dora)
    assert f'"mark":"{waiting}"' in told
    assert await news(dora, waiting) == await news(program, hidden) == ""
    denied = {"decision": "deny", "comment": "no"}
    assert (await dora.post(f"/api/v1/tickets/{ticket}/decision", json=denied)).status_code == 200
    assert f'"mark":"{empty}"' in await news(dora, waiting)
    assert (await house.client().get("/api/v1/queue/news")).status_code == 401


async def test_findings_lead_to_what_their_rules_mean(house: WebHouse) -> None:
    ana = await house.logged_in("ana")
    page = (await ana.get(f"/tickets/{await opened(ana, 'a cascade', 14)}")).text
    assert 'href="/help/rules/cascade"' in page
    told = (await ana.get("/api/v1/help/rules/cascade")).json()
    assert told["title"] == "Cascades"
    assert len((await ana.get("/api/v1/help/rules")).json()) == len(RULES)
    shown = (await ana.get("/help/rules/always-true")).text
    assert "<code>1 = 1</code>" in shown
    assert (await ana.get("/api/v1/help/rules/..%2Fundo")).status_code == 404


async def test_several_are_decided_each_by_itself_with_one_proof(house: WebHouse) -> None:
    ana, dora, mark = await house.logged_in("ana"), await house.logged_in("dora"), secrets.token_hex(4)
    for number in (8, 9):
        await opened(ana, mark, number)
    own = await opened(dora, mark, 10)
    shown = (await dora.get("/api/v1/queue", params={"text": mark})).json()["tickets"]
    chosen = [{"id": each["id"], "seal": each["seal"]} for each in shown]
    chosen.append({"id": shown[0]["id"] + "0", "seal": "none"})
    unproved = await dora.post("/api/v1/queue/decisions", json={"tickets": chosen, "decision": "approve"})
    assert unproved.status_code == 403
    assert (await dora.get("/api/v1/queue", params={"text": mark})).json()["counts"]["all"] == 3
    stale = {"tickets": [chosen[0] | {"seal": "0" * 64}], "decision": "approve", "proof": PROOF}
    (refused,) = (await dora.post("/api/v1/queue/decisions", json=stale)).json()
    assert "something else" in refused["problem"]["what"]
    told = await dora.post("/api/v1/queue/decisions", json={"tickets": chosen, "decision": "approve", "proof": PROOF})
    outcomes = {each["id"]: each for each in told.json()}
    assert sorted(each["status"] for each in outcomes.values() if each["decided"]) == ["APPROVED", "APPROVED"]
    assert not outcomes[own]["decided"]
    assert outcomes[own]["problem"]["code"]
    assert outcomes[chosen[-1]["id"]]["problem"]["status"] == 404
    event = (await dora.get(f"/api/v1/tickets/{next(iter(outcomes.keys() - {own, chosen[-1]['id']}))}")).json()[
        "events"
    ]
    assert event[-1]["step_up"] is True
    by_requester = await ana.post("/api/v1/queue/decisions", json={"tickets": chosen, "decision": "deny"})
    assert by_requester.status_code == 403


async def test_the_page_tells_what_became_of_each_and_keeps_the_filters(house: WebHouse) -> None:
    ana, dora, mark = await house.logged_in("ana"), await house.logged_in("dora"), secrets.token_hex(4)
    ticket = await opened(ana, mark, 11)
    (line,) = (await dora.get("/api/v1/queue", params={"text": mark})).json()["tickets"]
    path, ticked = f"/tickets/decisions?text={mark}", f"{ticket} {line['seal']}"
    assert "No ticket is chosen" in (await dora.post(path, data={"decision": "deny"})).text
    wordless = (await dora.post(path, data={"decision": "deny", "tickets": [ticked]})).text
    assert "0 of 1 decided" in wordless
    assert "Give a reason" in wordless
    denied = (await dora.post(path, data={"decision": "deny", "tickets": [ticked], "comment": "not now"})).text
    assert "1 of 1 decided" in denied
    assert "DENIED" in denied
    assert "No such tickets" in denied
    assert (await dora.get(path)).headers["location"] == f"/tickets?text={mark}"


async def test_nothing_is_decided_on_a_ticket_that_moved_on(house: WebHouse) -> None:
    ana, dora = await house.logged_in("ana"), await house.logged_in("dora")
    page = f"/tickets/{await opened(ana, 'they left', 12)}"
    shown = (await dora.get(page)).text
    word = {"decision": "approve", "seal": field_of(shown, "seal"), "seen": field_of(shown, "seen"), **PROOF}
    assert (await dora.post(f"/api/v1{page}/comments", json={"text": "I look at it"})).status_code == 201
    assert (await ana.post(f"/api/v1{page}/comments", json={"text": "wait, not yet"})).status_code == 201
    refused = await dora.post(f"{page}/decision", data=word)
    assert refused.status_code == 409
    assert "Since then ana said something." in refused.text
    assert (await dora.get(f"/api/v1{page}")).json()["status"] == "PENDING"
    anew = word | {"seen": field_of(refused.text, "seen")}
    assert (await dora.post(f"{page}/decision", data=anew)).status_code == 303
    assert (await dora.get(f"/api/v1{page}")).json()["status"] == "APPROVED"
