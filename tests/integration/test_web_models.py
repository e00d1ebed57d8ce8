"""Models, budgets, callers, and what would leave the machine, over the API and the page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.web import WebHouse, web_house

from pgwarden.domain.allowance import Use
from pgwarden.domain.model_call import Budget

MARK = re.compile(r"[0-9a-f]{24}")
"""The word of a prompt's fences, which is another one each time."""


@pytest.fixture
async def house(make_database: MakeDatabase, settled_people: str, tmp_path: Path) -> AsyncIterator[WebHouse]:
    """One with a model that would fail if it were asked: its recording is not there."""
    target = owned(make_database())
    run(
        target,
        "create table person (id int primary key, email text, state text)",
        "insert into person select i, 'p' || i || '@example.org', 'state ' || i % 3 from generate_series(1, 60) i",
        "analyze",
    )
    settings: dict[str, Any] = {
        "llm_primary": f"replay:{tmp_path}/none.jsonl",
        "llm_discloses": "samples",
        "llm_person_dollars": 2.5,
        "mcp_calls_per_hour": 100,
    }
    async with web_house(tmp_path, make_database(template=settled_people), target, **settings) as made:
        yield made


async def test_what_would_leave_the_machine_is_shown_and_does_not_leave(house: WebHouse) -> None:
    admin, ana = await house.logged_in("admin"), await house.logged_in("ana")
    asked = {"question": "people by state <b>", "database": "shop"}
    told = (await admin.post("/api/v1/admin/models/preview", json=asked)).json()
    assert "state 1" in told["material"]
    assert "email" in told["material"]
    assert "@example.org" not in told["material"], "a personal value"
    same = await house.app.orchestrator.preview(
        asked["question"], database="shop", identity=(await house.admitted("admin")).identity
    )
    assert same is not None
    assert MARK.sub("", same.material) == MARK.sub("", told["material"])
    assert MARK.sub("", same.instructions) == MARK.sub("", told["instructions"])
    page = (await admin.post("/admin/models/preview", data=asked)).text
    assert "people by state &lt;b&gt;" in page.partition("Context and question")[2]
    assert (await admin.get("/api/v1/admin/models")).json()["usage"] == []
    (entry, *_) = (await admin.get("/api/v1/audit", params={"action": "model.previewed"})).json()
    assert (entry["actor"], entry["personal"]) == ("admin", {"question": asked["question"]})
    assert (await ana.post("/api/v1/admin/models/preview", json=asked)).status_code == 403
    assert (await ana.post("/admin/models/preview", data=asked)).status_code == 403
    nowhere = await admin.post("/admin/models/preview", data=asked | {"database": "nowhere"})
    assert nowhere.status_code == 404
    assert 'value="people by state' in nowhere.text, "it can be asked of another database"


async def test_use_stands_beside_the_budgets(house: WebHouse) -> None:
    admin, ledger, budget = await house.logged_in("admin"), house.app.models.ledger, Budget(1_000_000, 1_000_000)
    for who in ("ana", "max"):
        assert await ledger.reserve(datetime.now(UTC).date(), who, "openai:m", 1200, 0.5, budget)
    told = (await admin.get("/api/v1/admin/models")).json()
    assert (told["person_dollars"], told["all_dollars"]) == (2.5, None)
    assert [(use["identity"], use["tokens"], use["cost"]) for use in told["usage"]] == [
        ("", 2400, 1.0),
        ("ana", 1200, 0.5),
        ("max", 1200, 0.5),
    ]
    assert told["models"][0]["circuit"] == "closed"
    page = (await admin.get("/admin/models")).text
    assert f"1,200 of {told['person_tokens']:,}" in page
    assert f"2,400 of {told['all_tokens']:,}" in page
    assert "0.5000 of 2.5" in page


async def test_callers_of_the_hour_stand_beside_their_allowance(house: WebHouse) -> None:
    admin, ana = await house.logged_in("admin"), await house.logged_in("ana")
    assert "Nobody called. Each may use 100 calls, " in (await admin.get("/admin/models")).text
    made = await house.app.personnel.make_token(
        "ana",
        "laptop",
        scopes=frozenset({"ask"}),
        databases=frozenset({"*"}),
        lifetime=timedelta(days=1),
        by=await house.admitted("ana"),
    )
    house.app.budgets.spend(made.token.id, Use(3, 1500, 64_000, 0.25))
    told = (await admin.get("/api/v1/admin/callers")).json()
    assert told["allowance"]["calls"] == 100
    assert told["callers"] == [
        {
            "account": made.token.id,
            "person": "ana",
            "label": "laptop",
            "used": {"calls": 3, "rows": 1500, "bytes": 64_000, "seconds": 0.25},
        }
    ]
    page = (await admin.get("/admin/models")).text
    assert "3 of 100" in page
    assert "ana: laptop" in page
    assert (await ana.get("/api/v1/admin/callers")).status_code == 403
