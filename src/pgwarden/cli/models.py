"""``pgwarden models``: which language models are set up, what they took, and what they would be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.render import console, emit_json, simple_table
from pgwarden.domain.errors import ModelBudgetSpent, ModelFailed
from pgwarden.domain.model_call import use_counts

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.model_call import Circuit, Prices, Prompt, Usage

app = typer.Typer(help="Language models: what they take, whether they answer, what they are told.")

NONE = "No language model is set up: the built-in engine answers. To use one: PGWARDEN_LLM_PRIMARY=groq:NAME"


@app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: Json = False) -> None:
    """Show the models, whether they rest after failures, today's use and the budgets.

    [dim]pgwarden models[/dim]
    """
    if context.invoked_subcommand is not None:
        return

    async def work(opened: App) -> dict[str, Any]:
        found = opened.models
        states = await found.states()
        return {
            "models": [
                {"for": part, "model": road.name, **_health(*states[part]), **_prices(road.prices)}
                for part, road in found.roads.items()
            ],
            "discloses": found.disclosure.discloses.value,
            "personal_values": found.disclosure.personal,
            "budget": {
                "person_tokens": found.budget.person_tokens,
                "all_tokens": found.budget.all_tokens,
                "person_dollars": found.budget.person_dollars,
                "all_dollars": found.budget.all_dollars,
            },
            "usage": [_use(use) for use in await found.usage() if use.identity in ("", opened.identity.name)],
        }

    shown = open_app(work)
    if as_json:
        emit_json(shown)
        return
    out = console()
    if not shown["models"]:
        out.print(NONE, markup=False)
        return
    for each in shown["models"]:
        price = each["price"]
        cost = f"${price['input']:g} in, ${price['output']:g} out" if price else "price unknown"
        out.print(f"{each['for']:<10} {each['model']}  {each['circuit']}, {cost}", markup=False)
        if each["failures"]:
            wait = f"; tried again in {each['wait_seconds']:.0f} s" if each["wait_seconds"] else ""
            out.print(f"{'':<10} {each['failures']} failures in a row: {each['last_failure']}{wait}", markup=False)
    personal = ", personal values too" if shown["personal_values"] else ", never personal values"
    out.print(f"{'are told':<10} {shown['discloses']}{personal}", markup=False)
    for use in shown["usage"]:
        part = "person" if use["identity"] else "all"
        dollars = shown["budget"][f"{part}_dollars"]
        limit = "" if dollars is None else f" of ${dollars:g}"
        who = use["identity"] or "everyone"
        line = f"{who}: {use['calls']:,} calls, {use['tokens']:,} of {shown['budget'][f'{part}_tokens']:,} tokens, "
        out.print(f"{line}{_dollars(use)}{limit} today", markup=False)


@app.command()
def usage(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How many days back, today's among them.")] = 7,
    as_json: Json = False,
) -> None:
    """Show what models took on each of the last days: yours, and everyone's together, and of it each model's.

    [dim]pgwarden models usage --days 30[/dim]
    """

    async def work(opened: App) -> list[dict[str, Any]]:
        found = await opened.models.usage(days)
        return [_use(use) for use in found if use.identity in ("", opened.identity.name)]

    shown = open_app(work)
    if as_json:
        emit_json(shown)
        return
    heads = ("day", "who", "model", "calls", "tokens", "cost")
    lines = [
        (use["day"], use["identity"] or "everyone", name, f"{each['calls']:,}", f"{each['tokens']:,}", _dollars(each))
        for use in shown
        for name, each in [("all", use), *((each["model"] or "not recorded", each) for each in use["models"])]
    ]
    console().print(simple_table(heads, lines) if lines else "No language model was called.")


def _use(use: Usage) -> dict[str, Any]:
    return {
        "day": use.day.isoformat(),
        "identity": use.identity,
        **use_counts(use),
        "models": [{"model": each.model, "provider": each.provider, **use_counts(each)} for each in use.models],
    }


def _dollars(use: dict[str, Any]) -> str:
    unknown = use["unpriced_tokens"]
    return f"${use['cost']:.4f}" + (f" and {unknown:,} tokens of unknown price" if unknown else "")


def _health(circuit: Circuit, now: float) -> dict[str, Any]:
    return {
        "circuit": circuit.state(now),
        "failures": circuit.failures,
        "last_failure": circuit.said,
        "wait_seconds": round(circuit.wait(now), 1),
    }


def _prices(prices: Prices | None) -> dict[str, Any]:
    return {"price": {"input": prices.input, "output": prices.output} if prices else None}


@app.command("test")
def try_out(as_json: Json = False) -> None:
    """Make one small call to each model; exit status 1 when one does not answer."""

    async def work(opened: App) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for part, road in opened.models.roads.items():
            try:
                seconds = await opened.models.test(part, opened.identity)
            except (ModelFailed, ModelBudgetSpent) as error:
                found.append({"for": part, "model": road.name, "answers": False, **error.to_dict()})
            else:
                found.append({"for": part, "model": road.name, "answers": True, "seconds": round(seconds, 3)})
        return found

    results = open_app(work)
    if as_json:
        emit_json(results)
    else:
        for each in results:
            end = f"answers, {each['seconds']} s" if each["answers"] else f"{each['error']} {each.get('why', '')}"
            console().print(f"{each['for']:<10} {each['model']}: {end}", markup=False)
        if not results:
            console().print(NONE, markup=False)
    if not all(each["answers"] for each in results):
        raise typer.Exit(ModelFailed.exit_status)


@app.command()
def preview(
    question: Annotated[str, typer.Argument(help="The question, in plain words.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Print exactly what a model would be sent for a question. Nothing is sent."""

    async def work(opened: App) -> Prompt | None:
        async with opened.target(database) as name:
            return await opened.orchestrator.preview(question, database=name, identity=opened.identity)

    prompt = open_app(work)
    if as_json:
        emit_json(prompt)
    elif prompt is None:
        console().print(NONE, markup=False)
    else:
        console().print(f"{prompt.instructions}\n{prompt.material}", markup=False, highlight=False, soft_wrap=True)
