"""The API described: for people all that is there for machines, and nobody comes in without a login."""

from __future__ import annotations

import re

import pytest
from tests.support.web import WebHouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPEN = {("post", "/api/v1/session")}
"""What answers somebody who shows nothing: the way in."""


async def test_the_description_for_people_names_every_operation(house: WebHouse) -> None:
    client = house.client()
    document = (await client.get("/api/v1/openapi.json")).json()
    page = (await client.get("/api/v1/docs")).text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page, path
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


async def test_every_operation_needs_a_login(house: WebHouse) -> None:
    client = house.client()
    paths = (await client.get("/api/v1/openapi.json")).json()["paths"]
    assert len(paths) > 60
    for path, methods in paths.items():
        for method in methods:
            if (method, path) not in OPEN:
                told = await client.request(method, re.sub(r"\{[^}]*\}", "1", path), json={})
                assert (told.status_code, told.json()["code"]) == (401, "PGW170"), (method, path)


async def test_a_method_that_a_path_does_not_have_is_told_as_such(house: WebHouse) -> None:
    wrong = await house.client().patch("/api/v1/session")
    assert (wrong.status_code, wrong.json()["status"]) == (405, 405)
    assert wrong.headers["content-type"] == "application/problem+json"
    assert wrong.headers["allow"]


async def test_the_description_says_how_one_is_known(house: WebHouse) -> None:
    document = (await house.client().get("/api/v1/openapi.json")).json()
    assert document["components"]["securitySchemes"].keys() == {"token", "login"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert ("security" in operation) == ((method, path) not in OPEN), (method, path)


@pytest.mark.parametrize(("path", "status"), [("tickets/a%0Ab", 404), ("people/a%0Ab", 404), ("people/a%00b", 422)])
async def test_a_name_with_a_control_character_is_told_as_a_problem(house: WebHouse, path: str, status: int) -> None:
    told = await (await house.logged_in("ana")).get(f"/api/v1/{path}")
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("ask", {"question": "how many customers?", "confirmed": "yes"}),
        ("reads", {"sql": "select 1", "rows": "5"}),
        ("tokens", {"label": "x", "allow_approve": 1}),
        ("people", {"name": "x", "level": True}),
    ],
)
async def test_a_text_is_no_number_and_a_number_no_yes(house: WebHouse, path: str, body: dict[str, object]) -> None:
    told = await (await house.logged_in("admin")).post(f"/api/v1/{path}", json=body)
    assert (told.status_code, told.json()["code"]) == (422, "PGW051")


async def test_what_is_only_posted_is_no_entry_of_the_audit(house: WebHouse) -> None:
    wrong = await (await house.logged_in("audrey")).get("/api/v1/audit/verification")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31T23:59:59-12:00"])
async def test_a_moment_at_the_end_of_all_calendars_is_told_as_none(house: WebHouse, moment: str) -> None:
    """Arithmetic on it would leave the years that there are."""
    auditor, approver = await house.logged_in("audrey"), await house.logged_in("max")
    reports = [{"since": moment}, {"until": moment}, {"since": moment, "until": moment}]
    told = [await auditor.get("/api/v1/reports/compliance", params=each) for each in reports]
    told.append(await auditor.get("/api/v1/databases/shop/changes", params={"since": moment}))
    for start, end in ((moment, "2026-12-01"), ("2026-12-01", moment), (moment, moment)):
        body = {"deputy": "dora", "start": start, "end": end}
        told.append(await approver.post("/api/v1/delegations", json=body))
    assert {(each.status_code, each.json()["code"]) for each in told} == {(422, "PGW051")}


async def test_streams_are_described_as_events_and_not_as_one_text(house: WebHouse) -> None:
    paths = (await house.client().get("/api/v1/openapi.json")).json()["paths"]
    answers = {path: each["responses"]["200"] for path, of in paths.items() for each in of.values() if "stream" in path}
    assert len(answers) == 4
    for path, answer in answers.items():
        assert answer["content"] == {"text/event-stream": {}}, path
        assert "`" in answer["description"], "it names the events"
