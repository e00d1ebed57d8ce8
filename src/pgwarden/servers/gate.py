"""In front of each MCP server over HTTP: whose token that is; and where it lacks a scope, told as OAuth clients expect.

Who holds a token of an authorization server can ask it for more: a call beyond its scopes is answered with 403 and the
scope's name there, before anything runs. Tokens of pgwarden cannot grow; their calls are refused by the tool, in words.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from pgwarden.servers.caller import AGENT_SCOPES, Caller

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY = 4 * 1024 * 1024
"""Bytes that are looked at; the SDK refuses longer ones itself."""
SCOPES = {
    "inspect_schema": "ask",
    "validate_query_syntax": "ask",
    "generate_query_from_intent": "ask",
    "execute_read_query": "ask",
    "get_sample_data": "ask",
    "analyze_update_impact": "ask",
    "analyze_delete_impact": "ask",
    "estimate_affected_rows": "ask",
    "check_referential_integrity": "ask",
    "generate_rollback_plan": "ask",
    "create_approval_request": "request",
    "check_approval_status": "ask",
    "notify_approvers": "request",
    "escalate_approval": "request",
    "audit_approval_decision": "request",
    "execute_with_transaction": "execute",
    "monitor_execution_progress": "ask",
    "create_pre_execution_backup": "execute",
    "execute_rollback": "execute",
    "verify_execution_integrity": "ask",
}
"""What each tool asks of its caller; a test holds it against the tools themselves."""

Verify = Callable[[str, str], Awaitable[Caller | None]]
"""(bearer token, URL of the server that it is shown to) → who that is, or None."""
_admitted: ContextVar[tuple[str, Caller | None]] = ContextVar("pgwarden_admitted", default=("", None))


def admitted(token: str) -> Caller | None:
    """Whom the gate found behind the token of the request that is being answered."""
    known, caller = _admitted.get()
    return caller if known == token else None


class Gate:
    """ASGI application around one server."""

    def __init__(
        self, inner: ASGIApp, verify: Verify, *, url: str, metadata_url: str, named: Callable[[str], str]
    ) -> None:
        """``named``: what a scope of ours is called at the authorization server."""
        self._inner, self._verify = inner, verify
        self._url, self._metadata_url, self._named = url, metadata_url, named

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        caller = await self._verify(token, self._url) if kind.lower() == "bearer" and token else None
        _admitted.set((token, caller))
        if caller is not None and caller.can_ask_for_more and not caller.scopes >= AGENT_SCOPES:
            receive, body = await _looked_at(receive)
            for needed in _needed(body):
                if needed not in caller.scopes:
                    await self._insufficient(needed)(scope, receive, send)
                    return
        await self._inner(scope, receive, send)

    def _insufficient(self, needed: str) -> JSONResponse:
        words = f"This takes the scope {needed} of pgwarden."
        parts = ('error="insufficient_scope"', f'error_description="{words}"')
        theirs = self._named(needed)
        wanted = (f'scope="{theirs}"',) if theirs else ()
        header = "Bearer " + ", ".join((*parts, *wanted, f'resource_metadata="{self._metadata_url}"'))
        content = {"error": "insufficient_scope", "error_description": words}
        return JSONResponse(content, status_code=403, headers={"WWW-Authenticate": header})


async def _looked_at(receive: Receive) -> tuple[Receive, bytes]:
    """The body, and what gives it out once more."""
    messages: list[Message] = []
    body = b""
    while len(body) <= MOST_BODY:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    seen = iter(messages)

    async def again() -> Message:
        return next(seen, None) or await receive()

    return again, body


def _needed(body: bytes) -> Iterator[str]:
    """The scopes that the calls of a body take."""
    try:
        found: Any = json.loads(body)
    except ValueError:  # the server says so
        return
    for call in found if isinstance(found, list) else [found]:
        if not isinstance(call, dict):
            continue
        parameters = call.get("params")
        if call.get("method") == "tools/call" and isinstance(parameters, dict):
            yield from filter(None, [SCOPES.get(str(parameters.get("name")))])
        elif call.get("method") in ("resources/read", "completion/complete"):
            yield "ask"
