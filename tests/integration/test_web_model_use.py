"""What language models took is told to administrators, model by model."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import MakeDatabase
from tests.support.model_house import answers
from tests.support.model_server import model, proposal
from tests.support.web import web_house


async def test_the_page_and_the_api_tell_each_models_part(
    state_home: Path, make_database: MakeDatabase, settled_people: str, shop_url: str
) -> None:
    with model(answers(proposal("SELECT count(*) FROM customers"))) as (_, spec):
        settings = {"llm_primary": f"{spec.name}@{spec.url}", "llm_validator": f"openai:judge@{spec.url}"}
        async with web_house(state_home, make_database(template=settled_people), shop_url, **settings) as house:
            admin = await house.logged_in("admin")
            tried = (await admin.post("/api/v1/admin/models/test")).json()
            assert [each["answers"] for each in tried.values()] == [True, True]
            everyone, own = (await admin.get("/api/v1/admin/models")).json()["usage"]
            page = (await admin.get("/admin/models")).text
    assert (everyone["identity"], own["identity"], own["calls"]) == ("", "admin", 2)
    assert everyone["models"] == own["models"]
    assert [(each["provider"], each["model"], each["calls"]) for each in own["models"]] == [
        ("openai", "openai:judge", 1), ("openai", "openai:m", 1),
    ]  # fmt: skip
    assert sum(each["tokens"] for each in own["models"]) == own["tokens"] == 240
    assert page.count("openai:judge</td>") == 2, "everyone's and one's own"
