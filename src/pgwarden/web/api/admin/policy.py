"""The policy: what holds, what a text would mean and would have asked for past tickets, and putting it in force."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pgwarden.agents.policy_desk import Compared
from pgwarden.domain.approval_json import policy_object, route_object
from pgwarden.domain.errors import PolicyInvalid
from pgwarden.domain.text_diff import DiffLine
from pgwarden.web.problems import Problem, problem
from pgwarden.web.proof import Proof, require_proof
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["administration"])

PolicyToml = Annotated[str, Field(max_length=1024 * 1024, description="A policy file's whole text (TOML).")]


class PolicyAnswer(BaseModel):
    """The policy that holds."""

    place: str = Field(description="The file; empty for the built-in policy, which is not edited.")
    text: str
    sha256: str
    approval: dict[str, Any] | None = Field(description="Who must say yes; null while the file cannot be followed.")
    trouble: Problem | None = Field(description="Why it cannot be followed: whatever depends on it is refused.")


class PolicyDraft(BaseModel):
    """A text that is not in force."""

    text: PolicyToml


class DryRun(PolicyDraft):
    """A text to be compared with history."""

    limit: int = Field(default=500, strict=True, ge=1, le=10_000, description="So many of the newest tickets.")


class DiffAnswer(BaseModel):
    """A line of the difference to the file."""

    side: str = Field(description="`before`, `after`, `both`, or `place` where the next lines stand.")
    text: str


class VerdictAnswer(BaseModel):
    """Whether a text can be followed, and what it would mean."""

    valid: bool
    trouble: Problem | None
    approval: dict[str, Any] | None
    difference: list[DiffAnswer]


class ComparedAnswer(BaseModel):
    """A past ticket under the policy of now and under the text."""

    ticket: str
    opened_at: datetime
    operation: str
    requester: str
    status: str
    differs: bool
    now: dict[str, Any]
    then: dict[str, Any]


class Save(PolicyDraft):
    """A text to put in force."""

    expected: str = Field(max_length=64, description="SHA-256 of the file as it was read: another one is not changed.")
    proof: Proof | None = None


@router.get("/admin/policy")
async def read_policy(visitor: Inside) -> PolicyAnswer:
    """The policy that holds, with its text."""
    found = visitor.app.policy_editor.current(by=visitor.admission)
    return PolicyAnswer(
        place=found.place,
        text=found.text,
        sha256=found.sha256,
        approval=policy_object(found.approval) if found.approval else None,
        trouble=problem(found.trouble) if found.trouble else None,
    )


@router.post("/admin/policy/verdict")
async def judge(draft: PolicyDraft, visitor: Inside) -> VerdictAnswer:
    """Whether a text can be followed, and how it differs from the file. Nothing is changed."""
    try:
        meant, lines = visitor.app.policy_editor.tried(draft.text, by=visitor.admission)
    except PolicyInvalid as error:
        return VerdictAnswer(valid=False, trouble=problem(error), approval=None, difference=[])
    return VerdictAnswer(valid=True, trouble=None, approval=policy_object(meant), difference=_lines(lines))


@router.post("/admin/policy/dry-run")
async def dry_run(wanted: DryRun, visitor: Inside) -> list[ComparedAnswer]:
    """What a text would have asked for past tickets, beside what the policy of now asks; newest first."""
    found = await visitor.app.policy_editor.dry_run(wanted.text, by=visitor.admission, limit=wanted.limit)
    return [_compared(each) for each in found]


@router.put("/admin/policy")
async def save(wanted: Save, visitor: Inside) -> PolicyAnswer:
    """Put a text in force. It takes a fresh proof, and is written down with what it changes."""
    visitor.admission.require_arranging()
    await require_proof(visitor, wanted.proof)
    await visitor.app.policy_editor.save(wanted.text, expected=wanted.expected, by=visitor.admission)
    return await read_policy(visitor)


def _lines(lines: tuple[DiffLine, ...]) -> list[DiffAnswer]:
    return [DiffAnswer(side=line.side.value, text=line.text) for line in lines]


def _compared(each: Compared) -> ComparedAnswer:
    return ComparedAnswer(
        ticket=each.ticket,
        opened_at=each.opened_at,
        operation=each.operation,
        requester=each.requester,
        status=each.status.value,
        differs=each.differs,
        now=route_object(each.before),
        then=route_object(each.after),
    )
