"""Questions that are kept, shared and sent, and what one asked before."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Role
from pgwarden.domain.saved_question import EVERYBODY, MOST_FAILURES, SavedQuestion, may_get
from pgwarden.web.api import questions as api
from pgwarden.web.pages.form_answer import answered
from pgwarden.web.problems import Problem
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PLACE = "/questions"
Search = Annotated[str, Query(max_length=1000)]
Revision = Annotated[int, Form(ge=1)]


@router.get(PLACE)
async def listed(request: Request, visitor: Inside, search: Search = "", history: bool = False) -> Response:
    """What is kept, or what one asked before."""
    return visitor.door.templates.page(
        request,
        "pages/questions.html",
        visitor=visitor,
        search=search,
        history=history,
        found=await (api.read_history(visitor, search) if history else api.list_questions(visitor, search)),
    )


@router.get(f"{PLACE}/{{question}}")
async def shown(request: Request, visitor: Inside, question: str) -> Response:
    """One of them: who may open it, and when it is sent."""
    return await _page(request, visitor, question)


@router.post(f"{PLACE}/{{question}}")
async def change(
    request: Request,
    visitor: Inside,
    question: str,
    revision: Revision,
    name: Annotated[str, Form(max_length=200)],
    shared_with: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Another name, other people."""
    wanted = api.QuestionChange(revision=revision, name=name, shared_with=shared_with)
    work = api.change_question(question, wanted, visitor)
    return await answered(work, partial(_page, request, visitor, question), to=f"{PLACE}/{question}")


@router.post(f"{PLACE}/{{question}}/schedule")
async def schedule(
    request: Request,
    visitor: Inside,
    question: str,
    revision: Revision,
    cron: Annotated[str, Form(max_length=200)],
    zone: Annotated[str, Form(max_length=100)] = "",
    form: Annotated[str, Form(max_length=20)] = "csv",
    recipients: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI makes a new one for each request
) -> Response:
    """Have it sent."""
    wanted = api.NewSchedule(revision=revision, cron=cron, zone=zone, form=form, recipients=recipients)
    work = api.schedule_question(question, wanted, visitor)
    return await answered(work, partial(_page, request, visitor, question), to=f"{PLACE}/{question}")


@router.post(f"{PLACE}/{{question}}/unschedule")
async def unschedule(visitor: Inside, question: str, revision: Revision) -> Response:
    """Send it no more."""
    await api.unschedule_question(question, revision, visitor)
    return RedirectResponse(f"{PLACE}/{question}", 303)


@router.post(f"{PLACE}/{{question}}/remove")
async def remove(visitor: Inside, question: str) -> Response:
    """Forget it."""
    await api.remove_question(question, visitor)
    return RedirectResponse(PLACE, 303)


async def _page(request: Request, visitor: Visitor, question: str, trouble: Problem | None = None) -> Response:
    app = visitor.app
    found = await app.question_desk.get(question, visitor.admission)
    own = found.owner == visitor.identity.name
    return visitor.door.templates.page(
        request,
        "pages/question.html",
        visitor=visitor,
        question=await api.read_question(question, visitor),
        shares=["", EVERYBODY, *Role, *sorted(f"group:{group}" for group in visitor.identity.groups)],
        people=await _people(visitor, found) if own else [],
        most_failures=MOST_FAILURES,
        trouble=trouble,
    )


async def _people(visitor: Visitor, question: SavedQuestion) -> list[str]:
    """Whom it can be sent to, as far as that is known before it runs."""
    people = await visitor.app.people.all()
    return [each.name for each in people if each.kind is IdentityKind.PERSON and not may_get(question, each)]
