"""One's own account: open logins, second factor, tokens, who decides in one's place, and how one likes answers."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.one_time_code import provisioning_uri, read_secret
from pgwarden.domain.qr_code import qr_svg
from pgwarden.domain.user_preferences import CHOICES, MEANINGS
from pgwarden.web.api import delegations, tokens
from pgwarden.web.api.preferences import Changes, change_preferences, read_preferences
from pgwarden.web.api.session import (
    FactorProof,
    FactorSecret,
    RecoveryCodes,
    Renewal,
    enrol_second_factor,
    list_sessions,
    new_second_factor,
    read_session,
    renew_recovery_codes,
)
from pgwarden.web.pages.form_answer import answered
from pgwarden.web.pages.token_form import TokenForm, blank_token
from pgwarden.web.problems import Problem
from pgwarden.web.proof import Proof
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

PLACE = "/account"
Name = Annotated[str, Form(max_length=200)]


@router.get(PLACE)
async def account(request: Request, visitor: Inside) -> Response:
    """Who one is here, and what stands for one."""
    return await _shown(request, visitor)


@router.post(f"{PLACE}/preferences")
async def prefer(request: Request, visitor: Inside) -> Response:
    """Set what the form holds; an empty field gives the preference back."""
    form = await request.form()
    changes = {name: str(form[name]).strip() or None for name in MEANINGS if name in form}
    await change_preferences(Changes(changes), visitor)
    return RedirectResponse(PLACE, 303)


@router.post(f"{PLACE}/logins")
async def end_login(visitor: Inside, login: Annotated[str, Form(max_length=100)]) -> Response:
    """End one of one's own logins, wherever it is open."""
    await visitor.app.front_desk.end_login(login, visitor.admission, visitor.source)
    return RedirectResponse(PLACE, 303)


@router.post(f"{PLACE}/tokens")
async def make_token(request: Request, visitor: Inside, wanted: Annotated[TokenForm, Form()]) -> Response:
    """Make a token of one's own; its secret is shown this once."""
    work = tokens.make(wanted.wanted.model_copy(update={"person": visitor.person.name}), visitor)
    return await answered(work, partial(_shown, request, visitor), shows="made", token=wanted)


@router.post(f"{PLACE}/tokens/{{token}}/revocation")
async def revoke_token(visitor: Inside, token: str) -> Response:
    """End one at once."""
    await tokens.revoke(token, visitor)
    return RedirectResponse(PLACE, 303)


@router.post(f"{PLACE}/delegations")
async def delegate(request: Request, visitor: Inside, wanted: Annotated[delegations.NewDelegation, Form()]) -> Response:
    """Let another approver decide in one's place."""
    work = delegations.delegate(wanted.model_copy(update={"giver": visitor.person.name}), visitor)
    return await answered(work, partial(_shown, request, visitor), to=PLACE)


@router.post(f"{PLACE}/delegations/end")
async def end_delegation(visitor: Inside, deputy: Name) -> Response:
    """Take the right back now."""
    await delegations.end(visitor.person.name, deputy, visitor)
    return RedirectResponse(PLACE, 303)


@router.get(f"{PLACE}/second-factor")
async def second_factor(request: Request, visitor: Inside) -> Response:
    """A secret for an authenticator app, as a picture and as text; nothing is kept until a code of it is proved."""
    return await _factor(request, visitor, (await new_second_factor(visitor)).secret)


@router.post(f"{PLACE}/second-factor")
async def enrol(request: Request, visitor: Inside, wanted: Annotated[FactorProof, Form()]) -> Response:
    """Keep it, once a code of it is right; its recovery codes are shown this once."""
    page = partial(_factor, request, visitor)
    return await answered(enrol_second_factor(wanted, visitor), page, shows="made", secret=wanted.secret)


@router.post(f"{PLACE}/recovery-codes")
async def renew_codes(request: Request, visitor: Inside, proof: Annotated[Proof, Form()]) -> Response:
    """New recovery codes in place of the old ones, shown this once."""
    work = renew_recovery_codes(Renewal(proof=proof), visitor)
    return await answered(work, partial(_factor, request, visitor), shows="made")


async def _factor(
    request: Request,
    visitor: Visitor,
    secret: str = "",
    *,
    made: RecoveryCodes | None = None,
    trouble: Problem | None = None,
) -> Response:
    enrolled = await visitor.app.personnel.has_second_factor(visitor.person.name, by=visitor.admission)
    shown = None if enrolled else _factor_secret(secret, visitor.person.name)
    return visitor.door.templates.page(
        request,
        "pages/second_factor.html",
        visitor=visitor,
        enrolled=enrolled,
        made=made,
        left=await visitor.app.personnel.recovery_codes_left(by=visitor.admission),
        factor=shown,
        picture=_picture(shown.uri) if shown else "",
        trouble=trouble,
    )


def _factor_secret(secret: str, name: str) -> FactorSecret | None:
    """What to put into the app; None for what somebody else made up."""
    try:
        return FactorSecret(secret=secret, uri=provisioning_uri(read_secret(secret), name))
    except ValueError:
        return None


def _picture(uri: str) -> str:
    """A picture of the address; '' for one that no code has room for: a very long name."""
    try:
        return qr_svg(uri, "The secret as a QR code")
    except ValueError:
        return ""


async def _shown(
    request: Request,
    visitor: Visitor,
    *,
    token: TokenForm | None = None,
    made: tokens.MadeTokenAnswer | None = None,
    trouble: Problem | None = None,
) -> Response:
    person = visitor.person
    people = await visitor.app.personnel.accounts(by=visitor.admission)
    return visitor.door.templates.page(
        request,
        "pages/account.html",
        visitor=visitor,
        me=await read_session(visitor),
        logins=await list_sessions(visitor),
        second_factor=await visitor.app.personnel.has_second_factor(person.name, by=visitor.admission),
        codes_left=await visitor.app.personnel.recovery_codes_left(by=visitor.admission),
        tokens=[each for each in await tokens.list_tokens(visitor) if each.person == person.name],
        databases=await visitor.app.targets.names(),
        token=token or blank_token(),
        made=made,
        delegations=[each for each in await delegations.list_delegations(visitor) if each.giver == person.name],
        deputies=[each for each in people if each.may_approve(1) and each.name != person.name],
        preferences=await read_preferences(visitor),
        choices=CHOICES,
        meanings=MEANINGS,
        trouble=trouble,
        proof=await visitor.app.front_desk.proof_of(visitor.admission),
    )
