"""Language models as administrators see them: how they are, what they took, and what they would be told."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pgwarden.domain.errors import ModelBudgetSpent, ModelFailed
from pgwarden.domain.login import Scope
from pgwarden.domain.model_call import Circuit, Prices, use_counts
from pgwarden.domain.person import Role
from pgwarden.web.api.reads import DatabaseName
from pgwarden.web.problems import Problem, problem
from pgwarden.web.visitor import Asking, Inside, Visitor

router = APIRouter(tags=["administration"])


class PriceAnswer(BaseModel):
    """US dollars for a million tokens."""

    input: float
    output: float


class ModelAnswer(BaseModel):
    """A language model that is set up."""

    part: str = Field(description="`primary`, `backup` or `validator`.")
    model: str
    circuit: str = Field(description="`closed`: it is asked; `open`: it rests; `half-open`: the next call tries it.")
    failures: int = Field(description="In a row.")
    last_failure: str
    wait_seconds: float = Field(description="Until a model that rests is tried again.")
    price: PriceAnswer | None = Field(description="null: the settings have none, and its tokens count as unpriced.")


class Counts(BaseModel):
    """How much was used."""

    calls: int
    tokens: int
    cost: float = Field(description="US dollars, by the prices of the settings.")
    unpriced_tokens: int = Field(description="Of the tokens: those that the cost leaves out.")


class ModelUseAnswer(Counts):
    """What one model took of it."""

    model: str = Field(description="provider:model; empty: counted before models were told apart.")
    provider: str


class UseAnswer(Counts):
    """What was used today."""

    identity: str = Field(description="Empty: everyone together.")
    models: list[ModelUseAnswer]


class ModelsAnswer(BaseModel):
    """The models, what they are told, and today's use beside the budgets."""

    models: list[ModelAnswer]
    discloses: str
    personal_values: bool
    person_tokens: int = Field(description="The most that one person may use a day.")
    all_tokens: int
    person_dollars: float | None = Field(description="null: money is not limited.")
    all_dollars: float | None
    usage: list[UseAnswer]


class Tried(BaseModel):
    """Whether something answered."""

    answers: bool
    seconds: float | None = None
    trouble: Problem | None = None


class Considered(BaseModel):
    """A question that is not asked, but looked at."""

    question: str = Field(min_length=1, max_length=4000)
    database: DatabaseName = None


class PromptAnswer(BaseModel):
    """What a model would be sent: the whole of it, but for a mark that is made anew each time."""

    instructions: str
    material: str = Field(description="The context, fenced as data, and the question.")
    most_output: int = Field(description="Tokens that the answer may have.")


@router.get("/admin/models")
async def read_models(visitor: Inside) -> ModelsAnswer:
    """The language models, and what each person used today."""
    _administrator(visitor)
    found = visitor.app.models
    states, budget = await found.states(), found.budget
    return ModelsAnswer(
        models=[_model(part, road.name, *states[part], road.prices) for part, road in found.roads.items()],
        discloses=found.disclosure.discloses.value,
        personal_values=found.disclosure.personal,
        person_tokens=budget.person_tokens,
        all_tokens=budget.all_tokens,
        person_dollars=budget.person_dollars,
        all_dollars=budget.all_dollars,
        usage=[
            UseAnswer(
                identity=use.identity,
                models=[
                    ModelUseAnswer(model=each.model, provider=each.provider, **use_counts(each)) for each in use.models
                ],
                **use_counts(use),
            )
            for use in await found.usage()
        ],
    )


@router.post("/admin/models/test")
async def try_models(visitor: Inside) -> dict[str, Tried]:
    """One small call to each model, counted on your own budget."""
    _administrator(visitor)
    found: dict[str, Tried] = {}
    for part in visitor.app.models.roads:
        try:
            found[part] = Tried(answers=True, seconds=await visitor.app.models.test(part, visitor.identity))
        except (ModelFailed, ModelBudgetSpent) as error:
            found[part] = Tried(answers=False, trouble=problem(error))
    return found


@router.post("/admin/models/preview")
async def preview(wanted: Considered, visitor: Asking) -> PromptAnswer | None:
    """Exactly what a model would be sent if you asked this, by your data rights; null without one. Nothing is sent."""
    _administrator(visitor)
    database = await visitor.database(wanted.database)
    found = await visitor.app.orchestrator.preview(wanted.question, database=database, identity=visitor.identity)
    if found is None:
        return None
    return PromptAnswer(instructions=found.instructions, material=found.material, most_output=found.most_output)


def _administrator(visitor: Visitor) -> None:
    visitor.admission.require(Scope.ADMIN, Role.ADMIN)


def _model(part: str, name: str, circuit: Circuit, now: float, prices: Prices | None) -> ModelAnswer:
    return ModelAnswer(
        part=part,
        model=name,
        circuit=circuit.state(now),
        failures=circuit.failures,
        last_failure=circuit.said,
        wait_seconds=round(circuit.wait(now), 1),
        price=PriceAnswer(input=prices.input, output=prices.output) if prices else None,
    )
