"""The road to one language model: its budget, its retries, and its rest after failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date

from pgwarden.context.packing import tokens
from pgwarden.domain.errors import ModelBudgetSpent, ModelFailed
from pgwarden.domain.model_call import Budget, Circuit, Completion, Prices, Prompt, wait_before
from pgwarden.ports import ModelClient, ModelLedger


@dataclass(slots=True)
class ModelRoad:
    """Calls one model. Every attempt is paid for from the budget before it goes out."""

    client: ModelClient
    ledger: ModelLedger
    budget: Budget
    prices: Prices
    clock: Callable[[], float]
    """Monotonic seconds."""
    today: Callable[[], date]
    retries: int = 2
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    circuit: Circuit = field(default_factory=Circuit)

    @property
    def name(self) -> str:
        return self.client.name

    async def complete(self, prompt: Prompt, identity: str) -> Completion:
        """The model's answer. Raises ModelFailed, also while the circuit is open, and ModelBudgetSpent."""
        now = self.clock()
        if not self.circuit.allows(now):
            raise ModelFailed(
                f"The model {self.name} rests after failures in a row.",
                why=f"{self.circuit.failures} calls failed; the next try is {self.circuit.rest:.0f} s after the last.",
                not_done="It was not called.",
                next_step="Wait, or see: pgwarden models",
            )
        self.circuit = self.circuit.trying(now)
        for attempt in range(1, self.retries + 2):
            try:
                found = await self._attempt(prompt, identity)
            except ModelFailed as error:
                wait = wait_before(attempt, error.retry_after)
                if not error.transient or attempt > self.retries or wait is None:
                    self.circuit = self.circuit.failed(self.clock())
                    raise
                await self.sleep(wait)
            else:
                self.circuit = self.circuit.succeeded()
                return found
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, prompt: Prompt, identity: str) -> Completion:
        day = self.today()
        reserved = tokens(prompt.instructions) + tokens(prompt.material) + prompt.most_output
        if not await self.ledger.reserve(day, identity, reserved, self.budget):
            raise ModelBudgetSpent(
                f"A call of up to {reserved:,} tokens would go over today's budget for language models.",
                why=f"The budgets are {self.budget.person_tokens:,} tokens a day for each person and "
                f"{self.budget.all_tokens:,} for all.",
                not_done="No model was called.",
                next_step="See pgwarden models; the built-in engine goes on: --engine built-in",
            )
        sent = reserved - prompt.most_output
        used, cost = reserved, self.prices.cost(sent, prompt.most_output)  # of a cancelled call: it may be billed whole
        try:
            found = await self.client.complete(prompt)
            used = found.input_tokens + found.output_tokens
            cost = self.prices.cost(found.input_tokens, found.output_tokens)
            return found
        except ModelFailed as error:
            used = sent if error.called else 0  # the prompt arrived, perhaps; no answer did
            cost = self.prices.cost(used, 0)
            raise
        finally:
            await self.ledger.settle(day, identity, reserved=reserved, used=used, cost=cost)
