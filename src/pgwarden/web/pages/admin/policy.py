"""The policy's editor: checked while one types, compared with history, saved with what it changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.web.api.admin import policy as api
from pgwarden.web.problems import Problem, problem
from pgwarden.web.proof import Proof
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PLACE = "/admin/policy"


class EditForm(Proof):
    """The text, the file that it began from, and the button that was pressed."""

    text: api.PolicyToml
    expected: str = Field(default="", max_length=64)
    verb: str = "save"

    @property
    def written(self) -> str:
        """Browsers send CRLF; the file has the line ends of its machine."""
        return self.text.replace("\r\n", "\n")


@router.get(PLACE)
async def edit(request: Request, visitor: Inside) -> Response:
    """What holds, and its text."""
    return await _shown(request, visitor)


@router.post(PLACE)
async def act(request: Request, visitor: Inside, wanted: Annotated[EditForm, Form()]) -> Response:
    """Compare the text with history, or put it in force."""
    try:
        if wanted.verb == "dry-run":
            compared = await api.dry_run(api.DryRun(text=wanted.written), visitor)
            return await _shown(request, visitor, wanted, compared=compared)
        await api.save(api.Save(text=wanted.written, expected=wanted.expected, proof=wanted), visitor)
    except PgwardenError as error:
        return await _shown(request, visitor, wanted, trouble=problem(error))
    return RedirectResponse(PLACE, 303)


async def _shown(
    request: Request,
    visitor: Visitor,
    wanted: EditForm | None = None,
    *,
    compared: list[api.ComparedAnswer] | None = None,
    trouble: Problem | None = None,
) -> Response:
    found = await api.read_policy(visitor)
    text = wanted.written if wanted else found.text
    verdict = await api.judge(api.PolicyDraft(text=text), visitor) if wanted else None
    return visitor.door.templates.page(
        request,
        "admin/policy.html",
        status=trouble.status if trouble else 200,
        visitor=visitor,
        policy=found,
        text=text,
        expected=wanted.expected if wanted else found.sha256,
        verdict=verdict,
        compared=compared,
        problem=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )
