"""The policy's editor, channels, models, health, jobs and dead letters, over the API and the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from tests.support.letters import notification
from tests.support.web import PASSWORD, WebHouse, field_of

from pgwarden.domain.job import Job
from pgwarden.domain.notification import Channel, DeliveryStatus, Recipient, deliveries
from pgwarden.domain.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROOF = {"password": PASSWORD}
STRICTER = "# stricter\n[approval]\nlead_rows = 1\n"


@dataclass
class File:
    """A file that is looked at from outside."""

    path: Path

    def text(self) -> str:
        return self.path.read_text()

    def write(self, text: str) -> None:
        self.path.write_text(text)


@pytest_asyncio.fixture(loop_scope="session")
async def policy(house: WebHouse) -> AsyncIterator[File]:
    """The policy file of the house, as it was before, afterwards."""
    assert house.app.settings.policy_file is not None
    file = File(house.app.settings.policy_file)
    before = file.text()
    yield file
    file.write(before)


async def test_nobody_but_administrators_looks_or_decides(house: WebHouse) -> None:
    ana, audrey = await house.logged_in("ana"), await house.logged_in("audrey")
    for client in (ana, audrey):
        for path in ("policy", "channels", "models", "callers", "health", "jobs", "dead-letters", "metrics"):
            assert (await client.get(f"/api/v1/admin/{path}")).status_code == 403, path
        for path in ("policy/verdict", "policy/dry-run", "models/test", "channels/email/test", "jobs/1/retry"):
            assert (await client.post(f"/api/v1/admin/{path}", json={"text": ""})).status_code == 403, path
        assert (await client.put("/api/v1/admin/policy", json={"text": "", "expected": ""})).status_code == 403
    for path in ("policy", "channels", "models", "health", "jobs"):
        assert (await ana.get(f"/admin/{path}", headers={"accept": "text/html"})).status_code == 403


async def test_a_policy_is_judged_compared_and_put_in_force(house: WebHouse, policy: File) -> None:
    ana, admin = await house.logged_in("ana"), await house.logged_in("admin")
    body = {"sql": "update orders set note = 'seen' where id = 9", "reason": "for the dry run"}
    ticket = (await ana.post("/api/v1/tickets", json=body)).json()["id"]
    wrong = (await admin.post("/api/v1/admin/policy/verdict", json={"text": "[risk]\nhigh_rowz = 1\n"})).json()
    assert (wrong["valid"], "high_rowz" in wrong["trouble"]["what"] + wrong["trouble"]["why"]) == (False, True)
    right = (await admin.post("/api/v1/admin/policy/verdict", json={"text": STRICTER})).json()
    assert (right["valid"], right["approval"]["lead_rows"]) == (True, 1)
    assert {"side": "after", "text": "lead_rows = 1"} in right["difference"]

    compared = (await admin.post("/api/v1/admin/policy/dry-run", json={"text": STRICTER})).json()
    mine = next(each for each in compared if each["ticket"] == ticket)
    assert (mine["differs"], mine["now"]["level"], mine["then"]["level"]) == (True, 1, 2)
    page = (await admin.get("/admin/policy")).text
    form = {"text": STRICTER.replace("\n", "\r\n"), "expected": field_of(page, "expected")}
    tried = (await admin.post("/admin/policy", data={**form, "verb": "dry-run"})).text
    assert ticket in tried
    assert policy.text() != STRICTER

    unproved = await admin.post("/admin/policy", data=form)
    assert (unproved.status_code, "fresh proof" in unproved.text, "lead_rows = 1" in unproved.text) == (
        403,
        True,
        True,
    )
    stale = await admin.put("/api/v1/admin/policy", json={"text": STRICTER, "expected": "0" * 64, "proof": PROOF})
    assert (stale.status_code, stale.json()["code"]) == (409, "PGW074")
    saved = await admin.post("/admin/policy", data={**form, **PROOF})
    assert saved.status_code == 303, saved.text
    assert policy.text() == STRICTER
    assert house.app.approvals().lead_rows == 1
    told = (await admin.get("/api/v1/audit", params={"action": "policy"})).json()
    kept = [entry for entry in told if entry["actor"] == "admin" and entry["outcome"] == "done"][:2]
    assert [entry["action"] for entry in kept] == ["policy.saved", "policy.save_asked"]
    assert "+lead_rows = 1" in kept[1]["personal"]["difference"]


async def test_a_policy_that_cannot_be_followed_is_mended_on_the_page(house: WebHouse, policy: File) -> None:
    admin = await house.logged_in("admin")
    policy.write("[approval\n")
    page = (await admin.get("/admin/policy")).text
    assert "not valid TOML" in page
    mended = {"text": "# mended\n", "expected": field_of(page, "expected"), **PROOF}
    assert (await admin.post("/admin/policy", data=mended)).status_code == 303
    assert "Who must say yes" in (await admin.get("/admin/policy")).text


async def test_failed_jobs_run_again_or_are_given_up(house: WebHouse) -> None:
    admin = await house.logged_in("admin")
    await house.app.jobs.defer(Job("expire_ticket", {"ticket": "one"}), Job("expire_ticket", {"ticket": "two"}))
    async with await psycopg.AsyncConnection.connect(house.control, autocommit=True) as connection:
        await connection.execute(
            "update pgwarden_jobs.procrastinate_jobs set status = 'failed' where args ->> 'ticket' in ('one', 'two')"
        )
    two, one = [job["id"] for job in (await admin.get("/api/v1/admin/jobs?state=failed")).json()]
    page = (await admin.get("/admin/jobs")).text
    assert "2 failed" in page
    assert "Failed jobs rest" in (await admin.get("/admin/health")).text
    assert (await admin.post(f"/admin/jobs/{one}", data={"verb": "retry"})).status_code == 303
    assert (await admin.post(f"/admin/jobs/{two}", data={"verb": "discard"})).status_code == 303
    assert (await admin.delete(f"/api/v1/admin/jobs/{two}")).status_code == 404
    assert (await admin.get("/api/v1/admin/jobs?state=failed")).json() == []
    told = (await admin.get("/api/v1/audit", params={"action": "job"})).json()
    assert [(entry["action"], entry["subject"]) for entry in told] == [
        ("job.discarded", str(two)),
        ("job.retried", str(one)),
    ]


async def test_messages_that_did_not_arrive_are_sent_again_or_given_up(house: WebHouse) -> None:
    admin, store = await house.logged_in("admin"), house.app.notifications
    told = notification(number=77)
    found = deliveries(told, Recipient(Person("ana", email="ana@example.org")), told.at, available=[Channel.EMAIL])
    await store.add(told, found)
    await store.settle([found[-1]], [replace(found[-1], status=DeliveryStatus.DEAD, error="no such mailbox")])
    page = (await admin.get("/admin/jobs")).text
    assert "no such mailbox" in page
    (letter,) = (await admin.get("/api/v1/admin/dead-letters")).json()
    path = f"/api/v1/admin/dead-letters/{letter['id']}"
    assert (await admin.post(f"{path}/retry")).status_code == 204
    assert (await admin.delete(path)).status_code == 404
    assert "Every message arrived" in (await admin.get("/admin/jobs")).text


async def test_channels_models_and_health_tell_how_things_are(house: WebHouse) -> None:
    admin = await house.logged_in("admin")
    channels = {each["channel"]: each["set_up"] for each in (await admin.get("/api/v1/admin/channels")).json()}
    assert channels["email"] is False
    missing = await admin.post("/admin/channels/email/test", data={})
    assert (missing.status_code, "is not set up" in missing.text) == (409, True)
    assert (await admin.get("/api/v1/admin/models")).json()["models"] == []
    assert (await admin.post("/api/v1/admin/models/test")).json() == {}
    assert "No language model is set up" in (await admin.get("/admin/models")).text
    health = (await admin.get("/api/v1/admin/health")).json()
    told = {finding["what"].partition(":")[0] for finding in health["findings"]}
    assert {"control database", "audit", "jobs", "shop"} <= told
    page = (await admin.get("/admin/health")).text
    assert "pgwarden_" in page
