"""What the risk rules mean, where findings lead to."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pgwarden.web.api.rules import known_rule
from pgwarden.web.rule_pages import rule_pages
from pgwarden.web.visitor import Inside

router = APIRouter()


@router.get("/help/rules")
async def listed(request: Request, visitor: Inside) -> Response:
    """Every risk rule."""
    pages = list(rule_pages().values())
    return visitor.door.templates.page(request, "pages/rules.html", visitor=visitor, pages=pages, page=None)


@router.get("/help/rules/{rule}")
async def one(request: Request, visitor: Inside, rule: str) -> Response:
    """One risk rule."""
    return visitor.door.templates.page(request, "pages/rules.html", visitor=visitor, pages=[], page=known_rule(rule))
