"""The queue of tickets: whose they are, what narrows them down, and one word on several of them."""

from __future__ import annotations

import secrets

import httpx
import pytest
from tests.support.web import PASSWORD, WebHouse, field_of

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
        assert told["counts"] == {"all": 3, "mine": 1, "me": 2} or filters.keys() - {"whose"}
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
