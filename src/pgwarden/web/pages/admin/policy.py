"""The policy's editor: checked while one types, compared with history, saved with what it changes."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import Field
from starlette.responses import Response

from pgwarden.web.api.admin import policy as api
from pgwarden.web.pages.form_answer import answered
from pgwarden.web.problems import Problem
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
    page = partial(_shown, request, visitor, wanted)
    if wanted.verb == "dry-run":
        return await answered(api.dry_run(api.DryRun(text=wanted.written), visitor), page, shows="compared")
    work = api.save(api.Save(text=wanted.written, expected=wanted.expected, proof=wanted), visitor)
    return await answered(work, page, to=PLACE)


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
        visitor=visitor,
        policy=found,
        text=text,
        expected=wanted.expected if wanted else found.sha256,
        verdict=verdict,
        compared=compared,
        trouble=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )
