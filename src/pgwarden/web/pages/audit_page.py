"""The audit: searched, and walked from its first entry to its last."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.web.api import audit as api
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

Text = Annotated[str, Query(max_length=200)]
PAGE = 100


@router.get("/audit")
async def search(
    request: Request,
    visitor: Inside,
    action: Text = "",
    actor: Text = "",
    database: Text = "",
    subject: Text = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """Entries, the newest first."""
    wanted = AuditFilter(action=action, actor=actor, database=database, subject=subject)
    return await _shown(request, visitor, wanted, before=before)


@router.post("/audit/verification")
async def verify(request: Request, visitor: Inside) -> Response:
    """Whether every entry is as it was written."""
    return await _shown(request, visitor, AuditFilter(), chain=api.chain_answer(await api.verified(visitor)))


async def _shown(
    request: Request,
    visitor: Visitor,
    wanted: AuditFilter,
    *,
    before: int | None = None,
    chain: api.ChainAnswer | None = None,
) -> Response:
    found = await api.entries(visitor, wanted, limit=PAGE, before=before)
    return visitor.door.templates.page(
        request,
        "pages/audit.html",
        visitor=visitor,
        wanted=wanted,
        entries=[api.entry_answer(record) for record in found],
        older=found[-1].number if len(found) == PAGE else None,
        chain=chain,
        standing=await api.read_status(visitor),
    )
