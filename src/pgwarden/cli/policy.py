"""``pgwarden policy``: who must say yes to what, why, and what another policy would have asked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgwarden.cli.door import Database, Json, open_app, read_text
from pgwarden.cli.render import console, emit_json, print_facts, simple_table
from pgwarden.domain.approval_json import policy_object, route_object
from pgwarden.domain.request import Urgency

if TYPE_CHECKING:
    from pgwarden.agents.policy_desk import Compared
    from pgwarden.bootstrap import App
    from pgwarden.domain.approval_policy import ApprovalPolicy, Route
    from pgwarden.domain.assessment import Assessment

app = typer.Typer(help="Who must say yes to what, and why.", no_args_is_help=True)

HOUR = timedelta(hours=1)

File = Annotated[Path, typer.Argument(help="A policy file (TOML).")]


@app.command()
def show(as_json: Json = False) -> None:
    """Show the approval policy that holds now."""

    async def work(opened: App) -> tuple[str, str, ApprovalPolicy]:
        policy = opened.policies()
        return policy.source.name, policy.sha256, opened.approvals()

    name, sha256, policy = open_app(work)
    if as_json:
        emit_json({"policy": name, "sha256": sha256, "approval": policy_object(policy)})
        return
    out = console()
    out.print(name, style="dim", markup=False)
    out.print(
        simple_table(("risk", "rows", "who", "reminder", "next level", "over", "approval holds"), _matrix(policy))
    )
    inserts = policy.automatic
    out.print(
        f"Nobody is asked for an INSERT of fewer than {inserts.rows_below:,} rows into one table, at most "
        f"{inserts.risk_up_to.value}, by a person."
        if inserts.enabled
        else "Every INSERT needs a person."
    )
    out.print(f"An unmasked read of sensitive data needs a ticket from {policy.read_ticket_from.value} risk on.")
    minutes = int(policy.override.holds.total_seconds() // 60)
    out.print(
        f"An emergency override takes {policy.override.seniors} people of level {policy.override.level} or above and "
        f"holds {minutes} minutes."
    )
    for rule in policy.rules:
        out.print(f"rule {rule.name}{' (weakens)' if rule.weakens else ''}: {rule.reason}".rstrip(": "), markup=False)


@app.command()
def check(file: File, as_json: Json = False) -> None:
    """Whether a policy file can be followed; needs no database."""
    from pgwarden.bootstrap import read_policy_file

    policy, approval = read_policy_file(file)
    if as_json:
        emit_json({"policy": str(file), "sha256": policy.sha256, "rules": len(approval.rules)})
    else:
        console().print(f"{file} can be followed: {len(approval.rules)} approval rules.", markup=False)


@app.command()
def explain(
    sql: Annotated[str | None, typer.Argument(help="A statement that changes rows; '-' for standard input.")] = None,
    database: Database = None,
    urgency: Annotated[Urgency, typer.Option("--urgency", help="As the request would say.")] = Urgency.NORMAL,
    as_json: Json = False,
) -> None:
    """Who would have to say yes to a statement, were you to ask for it now, and why. Nothing is asked or changed."""
    text = read_text(sql)

    async def work(opened: App) -> tuple[Assessment, Route]:
        async with opened.target(database) as name:
            return await opened.policy_desk.explain(
                name, text, opened.approvals(), identity=opened.identity, urgency=urgency
            )

    found, asked = open_app(work)
    if as_json:
        emit_json({"risk": found.risk.to_dict(), "route": route_object(asked)})
        return
    for factor in asked.factors:
        console().print(factor, markup=False)


@app.command("dry-run")
def dry_run(
    file: File,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=10_000, help="So many of the newest tickets.")
    ] = 500,
    as_json: Json = False,
) -> None:
    """What a policy file would have asked for past tickets, beside what the policy of now asks."""
    from pgwarden.bootstrap import read_policy_file

    _, other = read_policy_file(file)

    async def work(opened: App) -> tuple[Compared, ...]:
        return await opened.policy_desk.compare(opened.approvals(), other, by=opened.session, limit=limit)

    found = open_app(work, scope=None)
    if as_json:
        emit_json([_compared(each) for each in found])
        return
    changed = [each for each in found if each.differs]
    rows = [
        (
            each.ticket,
            f"{each.opened_at:%Y-%m-%d}",
            each.operation,
            each.requester,
            _seats(each.before),
            _seats(each.after),
        )
        for each in changed
    ]
    if rows:
        print_facts(("ticket", "opened", "operation", "requester", "now", "then"), rows)
    console().print(f"{len(changed)} of {len(found)} past tickets would have been asked differently.")


def _compared(each: Compared) -> dict[str, Any]:
    return {
        "ticket": each.ticket,
        "opened_at": each.opened_at.isoformat(),
        "operation": each.operation,
        "requester": each.requester,
        "status": each.status.value,
        "differs": each.differs,
        "now": route_object(each.before),
        "then": route_object(each.after),
    }


def _matrix(policy: ApprovalPolicy) -> list[tuple[str, ...]]:
    from pgwarden.domain.approval_policy import LEVEL_NAMES, matrix_level

    rows = []
    for risk, times in policy.times.items():
        limit = policy.lead_rows if risk.value in ("LOW", "MEDIUM") else policy.manager_rows
        bands = ((f"< {limit:,}", limit - 1), (f"from {limit:,}", limit)) if risk.value != "CRITICAL" else (("any", 0),)
        waits = (times.remind, times.escalate, times.expire, times.holds)
        rows += [
            (risk.value, band, LEVEL_NAMES[matrix_level(risk, number, policy)], *(f"{w / HOUR:g} h" for w in waits))
            for band, number in bands
        ]
    return rows


def _seats(found: Route) -> str:
    if not found.seats:
        return f"nobody ({found.automatic})"
    seats = " + ".join(f"{seat.quorum} × level {seat.level}" for seat in found.seats)
    return seats + (f", only {', '.join(found.approvers)}" if found.approvers else "")
