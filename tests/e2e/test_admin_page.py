"""Administration in a real Chromium: by keyboard, on a phone, under the accessibility checker."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect
from tests.support.browser import Site, checked, log_in, picture
from tests.support.change import PASSWORD as DATABASE_PASSWORD
from tests.support.web import PASSWORD

from pgwarden.domain.one_time_code import code_of, read_secret, step_at

pytestmark = [pytest.mark.requires("chromium", "axe"), pytest.mark.asyncio(loop_scope="session")]


async def test_a_database_and_a_person_are_arranged(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_PASSWORD", DATABASE_PASSWORD)
    faults: list[str] = []
    admin = await site.page(faults=faults)
    await log_in(admin, site.url, "admin")
    await admin.get_by_role("link", name="Admin").click()
    await expect(admin.get_by_role("heading", name="Databases")).to_be_visible()
    await checked(admin)
    address = " ".join(part for part in site.house.database.split() if not part.startswith("password="))
    await admin.get_by_label("Name", exact=False).first.focus()
    await admin.keyboard.type("reports")
    await admin.get_by_role("textbox", name="Address").fill(address)
    await admin.get_by_label("Password from the variable").fill("TARGET_PASSWORD")
    await admin.get_by_role("button", name="Check it").press("Enter")
    await expect(admin.get_by_role("region", name="Check")).to_be_visible()
    await admin.get_by_text("SQL of the role").first.click()
    await checked(admin)
    await picture(admin, "admin-database-check")
    await admin.get_by_role("button", name="Register it").press("Enter")
    await admin.wait_for_url("**/admin/databases/reports")
    await checked(admin)
    await admin.get_by_label("Your password, again").fill(PASSWORD)
    await admin.keyboard.press("Enter")
    await expect(admin.locator("h1 .badge")).to_have_text("changes")
    await admin.get_by_text("Forget it").click()
    await admin.get_by_role("button", name="Forget reports").press("Enter")
    await expect(admin.get_by_role("link", name="reports")).to_have_count(0)

    await admin.get_by_role("link", name="People").click()
    await admin.get_by_text("Make an account").press("Enter")
    await admin.get_by_label("Name", exact=True).fill("lea")
    await admin.get_by_label("approve, up to its level").press("Space")
    await admin.get_by_label("Approves up to").select_option("1")
    await admin.get_by_label("Your password, again").fill(PASSWORD)
    await checked(admin)
    await admin.get_by_role("button", name="Make it").press("Enter")
    await expect(admin.get_by_role("status").get_by_text("one-time password")).to_be_visible()
    await checked(admin)
    await admin.get_by_role("link", name="lea").click()
    await checked(admin)
    await picture(admin, "admin-person")
    await admin.get_by_role("link", name="Tokens").click()
    await admin.get_by_text("Make a token").press("Enter")
    await admin.get_by_label("What it is for").fill("nightly import")
    await checked(admin)
    await admin.get_by_label("Your password, again").fill(PASSWORD)
    await admin.get_by_role("button", name="Make it").press("Enter")
    await expect(admin.locator("code.secret")).to_contain_text("pgw_")
    await checked(admin)
    await admin.get_by_role("link", name="Delegations").click()
    await checked(admin)
    assert faults == []


async def test_a_second_factor_is_enrolled_on_a_phone(site: Site) -> None:
    faults: list[str] = []
    name = await site.house.newcomer()
    phone = await site.page(name, phone=True, faults=faults)
    await phone.goto(f"{site.url}/account")
    await checked(phone)
    assert await phone.evaluate("document.documentElement.scrollWidth") <= 390
    await phone.get_by_role("link", name="Enrol a second factor").click()
    await expect(phone.get_by_role("img", name="The secret as a QR code")).to_be_visible()
    assert await phone.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(phone)
    await picture(phone, "second-factor-phone")
    secret = await phone.locator("code.secret").inner_text()
    await phone.get_by_role("textbox", name="Code").fill(code_of(read_secret(secret), step_at(datetime.now(UTC))))
    await phone.get_by_label("Your password").fill("none is set")
    await phone.get_by_role("button", name="Enrol it").press("Enter")
    await expect(phone.get_by_role("heading", name="Enrolled")).to_be_visible()
    await expect(phone.locator(".codes code")).to_have_count(10)
    assert await phone.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(phone)
    await picture(phone, "recovery-codes-phone")
    spare = await phone.locator(".codes code").first.inner_text()
    await phone.goto(f"{site.url}/account/second-factor")
    await expect(phone.get_by_text("10 of 10 are left")).to_be_visible()
    await checked(phone)
    await phone.get_by_label("or a recovery code").fill(spare)
    await phone.get_by_role("button", name="Make new ones").press("Enter")
    await expect(phone.locator(".codes code")).to_have_count(10)
    assert await phone.locator(".codes code").first.inner_text() != spare
    assert faults == []


async def test_a_policy_is_tried_and_put_in_force(site: Site) -> None:
    faults: list[str] = []
    ana = await site.house.logged_in("ana")
    body = {"sql": "update orders set total = 1 where id = 9", "reason": "for the dry run", "database": "shop"}
    assert (await ana.post("/api/v1/tickets", json=body)).status_code == 201
    admin = await site.page("admin", faults=faults)
    await admin.goto(f"{site.url}/admin/policy")
    await checked(admin)
    text = admin.get_by_label("The whole file")
    await text.fill("[approval]\nlead_rowz = 1\n")
    await expect(admin.locator("#verdict")).to_contain_text("lead_rowz")
    await checked(admin)
    await text.fill("[approval]\nlead_rows = 1\n")
    await expect(admin.locator("#difference")).to_contain_text("+lead_rows = 1")
    await admin.get_by_role("button", name="Try it against past tickets").press("Enter")
    await expect(admin.get_by_role("region", name="Dry run")).to_contain_text("would have been asked differently")
    await checked(admin)
    await picture(admin, "admin-policy")
    await admin.get_by_label("Your password, again").fill(PASSWORD)
    await admin.get_by_role("button", name="Put it in force").press("Enter")
    await expect(admin.locator("#holds ~ ul")).to_contain_text("fewer than 1 rows")
    for place in ("Channels", "Models", "Health", "Jobs"):
        await admin.get_by_role("link", name=place, exact=True).click()
        await expect(admin.locator("h1")).to_contain_text(place)
        await checked(admin)
    await admin.get_by_role("link", name="Health").click()
    await admin.get_by_role("button", name="Dark").click()
    await expect(admin.locator("html")).to_have_attribute("data-theme", "dark")
    await checked(admin)
    await picture(admin, "admin-health-dark")
    assert faults == []

    phone = await site.page("admin", phone=True)
    for place in ("policy", "health", "jobs", "people", "databases", "tokens"):
        await phone.goto(f"{site.url}/admin/{place}")
        assert await phone.evaluate("document.documentElement.scrollWidth") <= 390, place


async def test_the_chain_is_walked_and_the_report_is_drawn(site: Site) -> None:
    faults: list[str] = []
    ana, dora = await site.house.logged_in("ana"), await site.house.logged_in("dora")
    for number, decision in enumerate(("approve", "deny", "approve", ""), start=20):
        body = {
            "sql": f"update orders set total = 1 where id = {number}",
            "reason": "for the report",
            "database": "shop",
        }
        ticket = (await ana.post("/api/v1/tickets", json=body)).json()["id"]
        said = {"decision": decision, "comment": "as asked", "proof": {"password": PASSWORD}}
        if decision:
            assert (await dora.post(f"/api/v1/tickets/{ticket}/decision", json=said)).status_code == 200
    audrey = await site.page("audrey", faults=faults)
    await audrey.goto(f"{site.url}/audit")
    await audrey.get_by_role("button", name="Verify the whole chain").press("Enter")
    await expect(audrey.locator("#found")).to_contain_text("The chain is whole")
    await expect(audrey.locator("#progress")).to_be_hidden()
    await checked(audrey)
    async with audrey.expect_download() as download:
        await audrey.get_by_role("link", name="Export").click()
    assert (await download.value).suggested_filename.endswith(".jsonl")
    await audrey.get_by_role("link", name="Compliance report").click()
    await expect(audrey.locator(".chart svg").first).to_be_visible()
    await checked(audrey)
    await picture(audrey, "audit-report")
    await audrey.get_by_text("As a table").first.click()
    await expect(audrey.get_by_role("region", name="How long decisions take").locator("table")).to_be_visible()
    await audrey.get_by_role("button", name="Dark").click()
    await checked(audrey)
    assert faults == []
    phone = await site.page("audrey", phone=True)
    await phone.goto(f"{site.url}/audit/report")
    assert await phone.evaluate("document.documentElement.scrollWidth") <= 390
    await checked(phone)
