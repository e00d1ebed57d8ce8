"""What every language engine promises, on the built-in one and on the model engine with a model on loopback."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.databases import create_database, drop_database
from tests.support.http_server import Answer, Got
from tests.support.model_house import Ground, House, road
from tests.support.model_server import model, proposal, said

from pgwarden.domain.question import Question, Reading
from pgwarden.domain.statement import Decision, StatementKind
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine
from pgwarden.ports import LanguageEngine
from pgwarden.sql.verdict import verdict_of

READ, CHANGE = "customers from Texas", "set the state of customer 2 to Texas"
SCRIPT = {
    READ: proposal(
        "select name from customers where state = 'Texas'", explanation="customers whose state is Texas",
        intent={"intent_type": "SELECT", "entities": ["customers"]},
    ),
    CHANGE: proposal("update customers set state = 'Texas' where id = 2", explanation="one customer's state"),
    "delete the old ones": proposal("delete from orders"),
    "update customers": proposal("update customers set state = 'Ohio'"),
    "what is the weather on the moon?": proposal(None, clarification="The data holds no weather."),
}  # fmt: skip
"""What the model on loopback makes of a question; of any other, nonsense that looks like SQL."""


@pytest.fixture(scope="module")
def ground(pg18_url: str) -> Iterator[Ground]:
    name = f"engines_{uuid.uuid4().hex[:10]}"
    yield Ground(create_database(pg18_url, name))
    drop_database(pg18_url, name)


@pytest.fixture(params=["built-in", "model"])
def house(request: pytest.FixtureRequest, ground: Ground) -> Iterator[House]:
    """Surroundings whose ``engine`` is the one under test."""

    def answer(got: Got) -> Answer:
        text = got.body.decode()
        return said(next((script for asked, script in SCRIPT.items() if asked in text), proposal("select 1/0")), got)

    with model(answer) as (_, spec):
        found = House(ground, road(spec))
        if request.param == "built-in":
            found.engine = BuiltInEngine()  # type: ignore[assignment]  # both are LanguageEngines
        yield found


async def ask(house: House, text: str, *, visible: bool = True) -> Reading:
    ground = house.ground
    engine: LanguageEngine = house.engine
    catalog = ground.catalog
    if not visible:  # as somebody sees it who has no right to this table
        catalog = replace(
            catalog,
            version="without customers",
            relations={oid: r for oid, r in catalog.relations.items() if oid != ground.customers},
        )
    return await engine.translate(house.question(text), catalog, ground.values if visible else SampledValues({}))


async def test_an_answer_has_sql_intent_paraphrase_and_a_confidence(house: House) -> None:
    reading = await ask(house, READ)
    assert reading.sql is not None
    assert verdict_of(reading.sql, house.ground.catalog).decision is Decision.ALLOW
    assert reading.question == READ
    assert house.engine.name in reading.engine
    assert reading.intent is not None
    assert reading.intent.intent_type == "SELECT"
    assert [entity.rpartition(".")[2] for entity in reading.intent.entities] == ["customers"]
    assert "Texas" in reading.explanation
    assert reading.clarification is None
    assert 0.5 < reading.confidence <= 1
    rows = await house.read("shop", reading.sql, house.question(READ))
    assert [row for row in rows.rows if "Ann Smith" in row], "and it is right"


async def test_the_same_question_gets_the_same_answer(house: House) -> None:
    assert await ask(house, READ) == await ask(house, READ)


async def test_a_change_that_is_said_in_full_is_proposed_as_one(house: House) -> None:
    reading = await ask(house, CHANGE)
    assert reading.sql is not None
    verdict = verdict_of(reading.sql, house.ground.catalog)
    assert (verdict.kind, verdict.decision) == (StatementKind.UPDATE, Decision.NEEDS_APPROVAL)
    assert reading.intent is not None
    assert reading.intent.intent_type == "UPDATE"


@pytest.mark.parametrize("text", ["delete the old ones", "update customers"])
async def test_a_change_is_never_guessed(house: House, text: str) -> None:
    reading = await ask(house, text)
    assert reading.sql is None
    assert reading.clarification is not None
    assert reading.clarification.message


async def test_what_the_data_does_not_hold_is_said(house: House) -> None:
    reading = await ask(house, "what is the weather on the moon?")
    assert reading.sql is None
    assert reading.clarification is not None
    assert reading.confidence < 0.5


async def test_what_who_asks_may_not_see_is_not_answered(house: House) -> None:
    reading = await ask(house, READ, visible=False)
    assert reading.sql is None or "customers" not in reading.sql
    assert reading.clarification is not None
    assert "Texas" not in " ".join(option.label for option in reading.clarification.options)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=200))
async def test_whatever_is_typed_gets_an_answer_of_the_promised_shape(house: House, text: str) -> None:
    reading = await house.engine.translate(Question(text), house.ground.catalog, house.ground.values)
    assert reading.sql is not None or reading.clarification is not None
    assert 0 <= reading.confidence <= 1
    if reading.sql is not None:
        assert verdict_of(reading.sql, house.ground.catalog).decision is not Decision.REFUSE
