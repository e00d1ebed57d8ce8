"""The model engine put together from the settings; nothing heavy is imported before a model is called."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pgwarden.adapters.llm.client import PydanticModel
from pgwarden.adapters.llm.recording import RecordingModel, ReplayedModel
from pgwarden.agents.model_engine import ModelEngine
from pgwarden.agents.model_road import ModelRoad
from pgwarden.agents.safe_execution import SafeExecutionAgent
from pgwarden.context.disclosure import Discloses, Disclosure
from pgwarden.domain.evaluation import Spent
from pgwarden.domain.identity import Identity
from pgwarden.domain.model_call import Budget, Circuit, Prices, Prompt, Usage
from pgwarden.domain.model_spec import REPLAY, ModelSpec
from pgwarden.domain.question import Question
from pgwarden.domain.read_access import Sensitivity
from pgwarden.domain.result import ReadLimits, Result
from pgwarden.ports import Cache, FeedbackStore, LanguageEngine, ModelClient, ModelHealth, ModelLedger
from pgwarden.settings import Settings

LIMITS = ReadLimits(rows=1000, seconds=10.0)
"""Of a read that compares two candidates."""


@dataclass(frozen=True, slots=True)
class Models:
    """Every model that is set up, by what it is for."""

    roads: dict[str, ModelRoad]
    """primary, backup, validator."""
    ledger: ModelLedger
    health: ModelHealth
    budget: Budget
    disclosure: Disclosure

    async def usage(self, days: int = 1) -> tuple[Usage, ...]:
        """The use of the last days, today's first, everyone's sum before the others."""
        return await self.ledger.usage(_today() - timedelta(days=days - 1))

    async def spent(self, identity: Identity) -> Spent:
        """What one identity has taken today and yesterday; for differences, also over midnight."""
        own = [use for use in await self.ledger.usage(_today() - timedelta(days=1)) if use.identity == identity.name]
        return Spent(
            sum(use.calls for use in own), sum(use.tokens for use in own), sum(use.cost for use in own),
            sum(use.unpriced for use in own),
        )  # fmt: skip

    async def states(self) -> dict[str, tuple[Circuit, float]]:
        """By what a model is for: its circuit, and the moment by the circuit's clock."""
        found = await self.health.circuits()
        return {part: found.get(road.name, (Circuit(), 0.0)) for part, road in self.roads.items()}

    async def test(self, part: str, identity: Identity) -> float:
        """One small call; how many seconds it took. Raises ModelFailed, ModelBudgetSpent."""
        started = time.perf_counter()
        await self.roads[part].complete(Prompt("Answer with the word ok.", "Are you there?", 16), identity.name)
        return time.perf_counter() - started


def models_of(
    settings: Settings, ledger: ModelLedger, health: ModelHealth, stack: AsyncExitStack, sensitive: Sensitivity
) -> Models:
    """The models of the settings; none without any."""
    budget = Budget(
        settings.llm_person_tokens, settings.llm_daily_tokens, settings.llm_person_dollars, settings.llm_daily_dollars
    )
    prices = dict(Prices.parse(each) for each in settings.llm_prices)
    named = {
        "primary": settings.llm_primary, "backup": settings.llm_backup, "validator": settings.llm_validator
    }  # fmt: skip
    roads = {}
    for part, text in named.items():
        if text:
            spec = ModelSpec.parse(text)
            client = _client(spec, settings)
            stack.push_async_callback(client.close)
            price = prices.get(spec.name, Prices(0.0, 0.0) if spec.local else None)
            roads[part] = ModelRoad(client, ledger, health, budget, price, _today, settings.llm_retries)
    disclosure = Disclosure(Discloses(settings.llm_discloses), settings.llm_personal, policy=sensitive)
    return Models(roads, ledger, health, budget, disclosure)


def _client(spec: ModelSpec, settings: Settings) -> ModelClient:
    if spec.provider == REPLAY:
        return ReplayedModel(Path(spec.model))
    client = PydanticModel(spec, seconds=settings.llm_seconds)
    return RecordingModel(client, settings.llm_record, address=spec.url) if settings.llm_record else client


def engines_of(
    settings: Settings,
    models: Models,
    built_in: LanguageEngine,
    cache: Cache,
    feedback: FeedbackStore,
    execution: SafeExecutionAgent,
) -> Sequence[LanguageEngine]:
    """The engines in order of preference: the models where there are any, then the built-in one."""
    roads = [models.roads[part] for part in ("primary", "backup") if part in models.roads]
    if not roads:
        return [built_in]

    async def explain(database: str, sql: str, question: Question) -> Mapping[str, object]:
        return await execution.explain(database, sql, identity=_who(question), limits=LIMITS)

    async def read(database: str, sql: str, question: Question) -> Result:
        return await execution.read(database, sql, identity=_who(question), limits=LIMITS)

    model = ModelEngine(
        roads, cache, models.disclosure, explain, read, feedback.examples, built_in, models.roads.get("validator"),
        budget=settings.llm_context_tokens,
    )  # fmt: skip
    return [model, built_in]


def _who(question: Question) -> Identity:
    assert question.errand is not None, "the engine plans and reads for someone only"
    return question.errand.identity


def _today() -> date:
    return datetime.now(UTC).date()
