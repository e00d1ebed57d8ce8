"""Asking whoever sits at the client for what a call lacks, where the client can show a form.

A convenience: where it cannot, or nothing is answered, the tool says what is missing as it would without. What comes
back is an argument like any other. It approves nothing, and whoever answers is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mcp.server.elicitation import AcceptedElicitation, render_elicitation_schema
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, Field, ValidationError, create_model

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

M = TypeVar("M", bound=BaseModel)

ANSWERED_ANEW = "2026-07-28"
"""From this revision of the protocol on the call ends with the question and comes again with the answer."""


class AnswerNeededError(Exception):
    """The call ends here; the client asks and repeats it. ``offer`` hands the result out."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("the client is to ask")
        self.result = result


class ReasonForm(BaseModel):
    """Why a change is wanted."""

    reason: str = Field(description="Whoever decides reads it.", min_length=1, max_length=4000)


async def ask_for(ctx: Context[Any, Any] | None, key: str, message: str, form: type[M]) -> M | None:
    """The form as it was filled in; None where it was not, or the client shows none.

    Nothing may have happened before it is called: on newer clients the call begins anew with the answer.
    """
    if ctx is None or not _shows_forms(ctx):
        return None
    if is_version_at_least(ctx.protocol_version or "", ANSWERED_ANEW):
        answer = (ctx.input_responses or {}).get(key)
        if answer is None:
            parameters = ElicitRequestFormParams(message=message, requested_schema=render_elicitation_schema(form))
            raise AnswerNeededError(InputRequiredResult(input_requests={key: ElicitRequest(params=parameters)}))
        if not isinstance(answer, ElicitResult) or answer.action != "accept":
            return None
        try:
            return form.model_validate(answer.content)
        except ValidationError:
            return None
    if not ctx.session.can_send_request:
        return None
    try:
        outcome = await ctx.elicit(message, form)
    except (ValueError, MCPError):  # nothing that fits came back, or the client could not ask after all
        return None
    return outcome.data if isinstance(outcome, AcceptedElicitation) else None


async def ask_which(
    ctx: Context[Any, Any] | None, key: str, message: str, choices: Sequence[str], description: str
) -> str | None:
    """One of the choices, or None."""
    one_of: Any = Literal[tuple(choices)]
    form = create_model("Choice", chosen=(one_of, Field(description=description)))
    found = await ask_for(ctx, key, message, form)
    return None if found is None else str(found.model_dump()["chosen"])


def _shows_forms(ctx: Context[Any, Any]) -> bool:
    """Whether the client said so; a bare capability is from before there were others than forms."""
    capabilities = ctx.client_capabilities
    found = capabilities.elicitation if capabilities is not None else None
    return found is not None and (found.form is not None or found.url is None)
