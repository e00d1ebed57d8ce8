"""Who decides at this terminal: a login, and for what is risky a fresh proof that it is still the same person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from pgwarden.domain.admission import TOKEN
from pgwarden.domain.login import PROVED_FROM

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.identity import Identity
    from pgwarden.domain.question import RiskLevel


def approver(app: App) -> Identity:
    """The identity of the approver who is logged in. Raises LoginNeeded or RightMissing."""
    app.session.require_approver()
    return app.identity


async def fresh_proof(app: App, risk: RiskLevel) -> bool:
    """Whether the approver proved anew who they are. A token that may approve was made so on purpose: none is asked.

    Without a terminal the password or code is read as a line of standard input, which is said.
    Raises ProofNeeded, LoginFailed.
    """
    return risk in PROVED_FROM and await require_proof(app)


async def require_proof(app: App) -> bool:
    """Whether whoever is logged in proved anew who they are, whatever the risk. Reads and raises as ``fresh_proof``."""
    if app.session.source == TOKEN:
        return False
    asked = await app.front_desk.proof_of(app.session)
    if not asked:  # an account that only a provider vouches for: it enrols a second factor before it decides on these
        await app.front_desk.prove(app.session, source="cli")
    given = _given("Code of your second factor, or a recovery code" if asked == "code" else "Your password, again")
    await app.front_desk.prove(app.session, source="cli", **{asked: given})
    return True


def _given(prompt: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True, err=True))
    sys.stderr.write(f"{prompt} is read from standard input, which is no terminal: one line.\n")
    return sys.stdin.readline().rstrip("\n")
