"""What the findings of an analysis mean: the pages of the risk rules."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from pgwarden.domain.errors import UnknownPage
from pgwarden.domain.login import Scope
from pgwarden.web.rule_pages import RulePage, rule_pages
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["rules"])

RuleName = Annotated[str, Path(max_length=100, description="As a finding names it.")]


class RuleAnswer(BaseModel):
    """What one rule means, and what to do."""

    rule: str
    title: str
    text: str = Field(description="Markdown.")


@router.get("/help/rules")
async def list_rules(visitor: Inside) -> list[RuleAnswer]:
    """Every risk rule, in the order of names."""
    visitor.require(Scope.ASK)
    return [RuleAnswer(rule=page.rule, title=page.title, text=page.text) for page in rule_pages().values()]


@router.get("/help/rules/{rule}")
async def read_rule(rule: RuleName, visitor: Inside) -> RuleAnswer:
    """One risk rule."""
    visitor.require(Scope.ASK)
    page = known_rule(rule)
    return RuleAnswer(rule=page.rule, title=page.title, text=page.text)


def known_rule(rule: str) -> RulePage:
    """A rule's page. Raises UnknownPage, as for rules of a policy file, whose words are the policy's own."""
    if rule not in rule_pages():
        raise UnknownPage(f"There is no rule {rule} with a page.", next_step="/help/rules lists them.")
    return rule_pages()[rule]
