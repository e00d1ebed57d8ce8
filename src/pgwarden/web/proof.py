"""Step-up: what is risky takes the password or a code of the second factor again, from whoever sits at the page."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pgwarden.domain.admission import TOKEN
from pgwarden.domain.login import PROVED_FROM
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.recovery_code import LONGEST
from pgwarden.web.visitor import Visitor


class Proof(BaseModel):
    """A fresh proof of who decides. GET /api/v1/session says which one (``proof``); the other stays empty."""

    password: str = Field(default="", max_length=1024)
    code: str = Field(default="", max_length=LONGEST, description="Of the second factor, or a recovery code.")


async def fresh_proof(visitor: Visitor, risk: RiskLevel, proof: Proof | None) -> bool:
    """Whether the visitor proved anew who they are, where the risk asks for it: a handler calls this before it decides.

    A token that may approve was made so on purpose: none is asked. Raises ProofNeeded, on which the page asks and sends
    again, LoginFailed or LoginLocked.
    """
    return risk in PROVED_FROM and await require_proof(visitor, proof)


async def require_proof(visitor: Visitor, proof: Proof | None) -> bool:
    """Whether the visitor proved anew who they are, as everything takes that could give somebody more than they have.

    Raises as ``fresh_proof`` does. A token with the scope admin was made so on purpose, too.
    """
    if visitor.admission.source == TOKEN:
        return False
    given = proof or Proof()
    await visitor.app.front_desk.prove(
        visitor.admission, password=given.password, code=given.code, source=visitor.source
    )
    return True
