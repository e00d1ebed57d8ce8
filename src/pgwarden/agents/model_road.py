"""The road to one language model: its budget, its retries, and its rest after failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from pgwarden.context.packing import tokens
from pgwarden.domain.errors import ModelBudgetSpent, ModelFailed
from pgwarden.domain.model_call import Budget, Completion, Prices, Prompt, wait_before
from pgwarden.ports import Heard, ModelClient, ModelHealth, ModelLedger


@dataclass(slots=True)
class ModelRoad:
    """Calls one model. Every attempt is paid for from the budget before it goes out."""

    client: ModelClient
    ledger: ModelLedger
    health: ModelHealth
    budget: Budget
    prices: Prices | None
    """None where nobody set them."""
    today: Callable[[], date]
    retries: int = 2
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def name(self) -> str:
        return self.client.name

    async def complete(self, prompt: Prompt, identity: str, heard: Heard = lambda _text: None) -> Completion:
        """The model's answer. Raises ModelFailed, also while the model rests, and ModelBudgetSpent."""
        if (resting := await self.health.admit(self.name)) is not None:
            circuit, now = resting
            raise ModelFailed(
                f"The model {self.name} rests after failures in a row.",
                why=f"{circuit.failures} calls failed, the last one so: {circuit.said}",
                not_done="It was not called.",
                next_step=f"It is tried again in {circuit.wait(now):.0f} s. See: pgwarden models",
            )
        for attempt in range(1, self.retries + 2):
            try:
                found = await self._attempt(prompt, identity, heard)
            except ModelFailed as error:
                wait = wait_before(attempt, error.retry_after)
                if not error.transient or attempt > self.retries or wait is None:
                    if error.transient:  # a wrong key is the caller's, and nobody else's, failure
                        await self.health.ended(self.name, error.what)
                    raise
                await self.sleep(wait)
            else:
                await self.health.ended(self.name)
                return found
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, prompt: Prompt, identity: str, heard: Heard) -> Completion:
        day = self.today()
        sent = tokens(prompt.instructions) + tokens(prompt.material)
        aside = self._cost(sent, prompt.most_output)
        self._require_price()
        if not await self.ledger.reserve(day, identity, self.name, sent + prompt.most_output, aside, self.budget):
            raise self._over(sent + prompt.most_output, aside)
        used, cost = sent + prompt.most_output, aside  # of a cancelled call: it may be billed whole
        try:
            found = await self.client.complete(prompt, heard)
            into, out = _counted(found, sent)
            used, cost = into + out, self._cost(into, out)
            return found
        except ModelFailed as error:
            used = sent if error.called else 0  # the prompt arrived, perhaps; no answer did
            cost = self._cost(used, 0)
            raise
        finally:
            change = used - sent - prompt.most_output
            unpriced = used if self.prices is None else 0
            await self.ledger.settle(day, identity, self.name, tokens=change, cost=cost - aside, unpriced=unpriced)

    def _cost(self, into: int, out: int) -> float:
        return self.prices.cost(into, out) if self.prices else 0.0

    def _require_price(self) -> None:
        if self.budget.in_money and self.prices is None:
            raise ModelBudgetSpent(
                f"What the model {self.name} costs is not known.",
                why="A budget in dollars is set, and it cannot be kept without a price.",
                not_done="The model was not called.",
                next_step=f"Set its price: PGWARDEN_LLM_PRICES='{self.name}=INPUT/OUTPUT'",
            )

    def _over(self, reserved: int, cost: float) -> ModelBudgetSpent:
        most = self.budget
        worth = f" (${cost:.4f})" if most.in_money else ""
        return ModelBudgetSpent(
            f"A call of up to {reserved:,} tokens{worth} would go over today's budget for language models.",
            why=f"The budgets are {_limit(most.person_tokens, most.person_dollars)} a day for each person and "
            f"{_limit(most.all_tokens, most.all_dollars)} for all.",
            not_done="No model was called.",
            next_step="See pgwarden models; the built-in engine goes on: --engine built-in",
        )


def _limit(most: int, dollars: float | None) -> str:
    return f"{most:,} tokens" + ("" if dollars is None else f" and ${dollars:g}")


def _counted(found: Completion, sent: int) -> tuple[int, int]:
    """Tokens in and out as the provider counted them; as estimated where it said nothing."""
    if found.input_tokens or found.output_tokens:
        return found.input_tokens, found.output_tokens
    return sent, tokens(found.text)
