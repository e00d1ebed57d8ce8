"""Administration over the API and the page: databases, people, tokens, delegations, logins, the second factor."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.change import PASSWORD as DATABASE_PASSWORD
from tests.support.web import APPROVER, PASSWORD, WebHouse, field_of

from pgwarden.domain.one_time_code import code_of, read_secret, step_at

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROOF = {"password": PASSWORD}


async def test_only_administrators_come_in(house: WebHouse) -> None:
    ana, robot = await house.logged_in("ana"), house.client(authorization=f"Bearer {await house.token('admin', 'ask')}")
    for client in (ana, robot):
        for path in ("databases", "databases/shop"):
            assert (await client.get(f"/api/v1/admin/{path}")).status_code == 403, path
        body = {"name": "x", "url": "host=127.0.0.1"}
        assert (await client.post("/api/v1/admin/databases", json=body)).status_code == 403
        assert (await client.post("/api/v1/people", json={"name": "eve", "roles": ["admin"]})).status_code == 403
        assert (await client.patch("/api/v1/people/ana", json={"roles": ["admin"]})).status_code == 403
        assert (await client.get("/api/v1/people/max/sessions")).status_code == 403
    for path in ("databases", "people", "people/max", "tokens", "delegations"):
        page = await ana.get(f"/admin/{path}", headers={"accept": "text/html"})
        assert page.status_code == 403, path
    assert 'href="/admin"' not in (await ana.get("/account")).text


async def test_a_database_is_checked_registered_opened_and_forgotten(
    house: WebHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_PASSWORD", DATABASE_PASSWORD)
    admin = await house.logged_in("admin")
    url = " ".join(part for part in house.database.split() if not part.startswith("password="))
    form = {"name": "second", "url": url, "password_env": "TARGET_PASSWORD", "owner": "ana"}
    looked = await admin.post("/admin/databases", data={**form, "verb": "check"})
    assert "create role" in looked.text.lower()
    assert 'value="TARGET_PASSWORD"' in looked.text
    assert (await admin.get("/api/v1/admin/databases/second")).status_code == 404
    made = await admin.post("/admin/databases", data={**form, "verb": "register"})
    assert (made.status_code, made.headers["location"]) == (303, "/admin/databases/second")
    assert (await admin.post("/admin/databases", data={**form, "verb": "register"})).status_code == 409
    check = (await admin.post("/api/v1/admin/databases/second/check")).json()
    assert check["server_version"] >= 180000
    assert [role["sql"] for role in check["roles"] if "create role" in role["sql"].lower()]

    writes = "/api/v1/admin/databases/second/writes"
    assert (await admin.put(writes, json={"allowed": True})).json()["code"] == "PGW178"
    opened = await admin.put(writes, json={"allowed": True, "proof": PROOF})
    assert opened.json()["allow_writes"] is True
    same = await admin.put("/api/v1/admin/databases/second", json={**form, "notes": "the same place"})
    assert same.json()["allow_writes"] is True
    elsewhere = await admin.put("/api/v1/admin/databases/second", json={**form, "url": f"{url} port=5"})
    assert elsewhere.json()["allow_writes"] is False
    away = await admin.post("/api/v1/admin/databases/second/check")
    assert (away.status_code, "TARGET_PASSWORD" in away.text) == (503, False)
    assert "password=" not in (await admin.get("/admin/databases/second")).text
    gone = await admin.post("/admin/databases/second/removal", data={})
    assert gone.headers["location"] == "/admin/databases"
    assert "second" not in [each["name"] for each in (await admin.get("/api/v1/admin/databases")).json()]
    audit = (await admin.get("/api/v1/audit", params={"subject": "second"})).json()
    assert audit[0]["action"] == "database.removed"


@pytest.mark.parametrize(
    "given",
    [
        {"password_env": "PGWARDEN_SMTP_PASSWORD"},
        {"password_env": "AWS_SECRET_ACCESS_KEY"},
        {"url": "postgresql://reader:secret@127.0.0.1/shop"},
    ],
)
async def test_the_page_takes_no_secret_and_sends_none_of_the_servers(house: WebHouse, given: dict[str, str]) -> None:
    admin = await house.logged_in("admin")
    body = {"name": "third", "url": "postgresql://reader@127.0.0.1/shop", **given}
    for path in ("databases", "databases/check"):
        refused = await admin.post(f"/api/v1/admin/{path}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "PGW051")
        assert "secret" not in refused.text.replace("SECRET", "")


async def test_what_the_settings_name_is_changed_there(house: WebHouse) -> None:
    admin = await house.logged_in("admin")
    assert "change it there" in (await admin.get("/admin/databases/shop")).text
    assert (await admin.delete("/api/v1/admin/databases/shop")).status_code == 409


async def test_an_account_is_made_changed_reset_and_taken_out_of_use(house: WebHouse) -> None:
    admin, name = await house.logged_in("admin"), "lea.o'hara"
    form = {
        "name": name,
        "roles": ["approver"],
        "level": "1",
        "group_names": "support, emea",
        "email": "lea@example.org",
    }
    assert "fresh proof" in (await admin.post("/admin/people", data=form)).text
    made = await admin.post("/admin/people", data={**form, **PROOF})
    assert "one-time password is" in made.text
    path = "/api/v1/people/lea.o'hara"
    person = (await admin.get(path)).json()
    assert (person["roles"], person["groups"], person["level"]) == (["approver", "requester"], ["emea", "support"], 1)
    ana = await house.logged_in("ana")
    assert (await ana.get(path)).json()["email"] == ""
    lea = await house.logged_in(name)
    assert (await lea.patch(path, json={"zone": "Europe/Berlin"})).json()["zone"] == "Europe/Berlin"
    assert (await lea.patch(path, json={"level": 3})).status_code == 403
    raised = await admin.post(f"/admin/people/{name}", data={**form, **PROOF, "level": "2", "zone": "Europe/Berlin"})
    assert raised.status_code == 303, raised.text
    assert (await admin.get(path)).json()["level"] == 2
    login = (await admin.get(f"{path}/sessions")).json()[0]["id"]
    assert (await admin.post(f"/admin/people/{name}/logins", data={"login": login})).status_code == 303
    assert (await lea.get("/api/v1/session")).status_code == 401
    assert (await admin.post(f"{path}/unlock")).status_code == 204
    reset = (await admin.post(f"{path}/reset", json={"proof": PROOF})).json()
    assert len(reset["one_time_password"]) > 20
    assert (await admin.post(f"/admin/people/{name}/removal", data={})).status_code == 303
    assert (await admin.get(path)).json()["active"] is False
    assert (await admin.delete("/api/v1/people/admin")).json()["code"] == "PGW179"


async def test_tokens_are_shown_once_and_end_at_once(house: WebHouse) -> None:
    name = await house.newcomer()
    mine, admin = await house.logged_in(name), await house.logged_in("admin")
    page = await mine.post("/account/tokens", data={"label": "laptop", "scopes": ["ask"], "databases": ["shop"]})
    secret = page.text.split('class="secret">')[1].split("<")[0]
    assert secret.startswith("pgw_")
    assert secret not in (await mine.get("/account")).text
    program = house.client(authorization=f"Bearer {secret}")
    assert (await program.get("/api/v1/session")).json()["scopes"] == ["ask"]
    assert (await program.post("/api/v1/tokens", json={"label": "another"})).status_code == 403
    token = (await mine.get("/api/v1/tokens")).json()[0]
    assert (token["label"], token["databases"], token["usable"]) == ("laptop", ["shop"], True)
    ana = await house.logged_in("ana")
    assert token["id"] not in (await ana.get("/api/v1/tokens")).text
    assert (await ana.delete(f"/api/v1/tokens/{token['id']}")).status_code == 403
    assert (await admin.post(f"/admin/tokens/{token['id']}/revocation", data={})).status_code == 303
    assert (await program.get("/api/v1/session")).status_code == 401
    assert (
        await admin.post("/admin/tokens", data={"label": "x", "person": name, "scopes": "admin"})
    ).status_code == 403
    made = await admin.post("/admin/tokens", data={"label": "nightly", "person": name, "scopes": ["ask", "request"]})
    assert 'class="secret">pgw_' in made.text


async def test_a_token_that_decides_is_made_by_the_approver_with_a_proof(house: WebHouse) -> None:
    dora = await house.logged_in("dora")
    wanted = {"label": "robot", "scopes": ["approve"], "allow_approve": True}
    assert (await dora.post("/api/v1/tokens", json=wanted)).json()["code"] == "PGW178"
    assert (await dora.post("/api/v1/tokens", json={**wanted, "proof": PROOF})).status_code == 201


async def test_an_approver_lets_another_decide_and_takes_it_back(house: WebHouse) -> None:
    giver = await house.newcomer(roles=APPROVER, level=2)
    client, until = await house.logged_in(giver), f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%M}"
    given = await client.post("/account/delegations", data={"deputy": "max", "end": until, "reason": "holiday"})
    assert given.status_code == 303, given.text
    assert "max decides for you" in (await client.get("/account")).text
    admin = await house.logged_in("admin")
    assert giver in (await admin.get("/admin/delegations")).text
    ana = await house.logged_in("ana")
    assert (await ana.delete(f"/api/v1/delegations/{giver}/max")).status_code == 403
    assert (await admin.post("/admin/delegations/end", data={"giver": giver, "deputy": "max"})).status_code == 303
    assert giver not in [each["giver"] for each in (await client.get("/api/v1/delegations")).json()]
    bad = await client.post("/account/delegations", data={"deputy": "max", "end": "soon"})
    assert (bad.status_code, "is no moment" in bad.text) == (422, True)


async def test_a_second_factor_is_enrolled_on_the_page_and_taken_away_by_an_administrator(house: WebHouse) -> None:
    name = await house.newcomer()
    one_time = await house.app.personnel.reset(name, by=await house.admitted("admin"))
    client = await house.logged_in(name)
    set_it = await client.put("/api/v1/session/password", json={"old": one_time, "new": PASSWORD})
    assert set_it.status_code == 204, set_it.text
    client.headers["X-CSRF-Token"] = (await client.get("/api/v1/session")).json()["csrf"]
    page = (await client.get("/account/second-factor")).text
    assert 'aria-label="The secret as a QR code"' in page
    secret = field_of(page, "secret")
    wrong = await client.post("/account/second-factor", data={"secret": secret, "code": "000000", **PROOF})
    assert wrong.status_code == 401
    assert field_of(wrong.text, "secret") == secret
    code = code_of(read_secret(secret), step_at(datetime.now(UTC)))
    right = await client.post("/account/second-factor", data={"secret": secret, "code": code, **PROOF})
    assert "Enrolled" in right.text
    spare, *rest = re.findall(r"\d{5}(?:-\d{5}){3}", right.text)
    again = await client.get("/account/second-factor")
    assert "10 of 10 are left" in again.text
    assert spare not in again.text
    login = {"name": name, "password": PASSWORD}
    assert (await house.client().post("/api/v1/session", json=login)).json()["code"] == "PGW178"
    statuses = [(await house.client().post("/api/v1/session", json=login | {"code": spare})).status_code for _ in "12"]
    assert statuses == [201, 401]
    left = "/api/v1/session/recovery-codes"
    assert (await client.get(left)).json() == {"left": 9}
    assert (await client.post(left, json={})).json()["code"] == "PGW178"
    assert (await client.post("/account/recovery-codes", data={"code": spare})).status_code == 401
    renewed = await client.post("/account/recovery-codes", data={"code": rest[0]})
    assert "Your recovery codes" in renewed.text
    assert (await house.client().post("/api/v1/session", json=login | {"code": rest[1]})).status_code == 401
    new = (await client.post(left, json={"proof": {"code": re.findall(r"\d{5}(?:-\d{5}){3}", renewed.text)[0]}})).json()
    assert len(new["codes"]) == (await client.get(left)).json()["left"] == 10
    browser = house.client()
    form = {**login, "code": f" {new['codes'][0]} ", "csrf": field_of((await browser.get("/login")).text, "csrf")}
    came_in = await browser.post("/login", data=form)
    assert (came_in.status_code, came_in.headers["location"]) == (303, "/ask")
    assert "9 recovery codes left" in (await browser.get("/account")).text
    admin = await house.logged_in("admin")
    taken = await admin.post(f"/admin/people/{name}/reset", data={"second_factor": "true", **PROOF})
    assert "one-time password is" in taken.text
    assert not await house.app.personnel.has_second_factor(name, by=await house.admitted("admin"))
    assert (await house.app.personnel.recovery_codes_left(by=await house.admitted(name))) == 0
