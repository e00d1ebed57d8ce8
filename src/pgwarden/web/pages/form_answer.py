"""The answer to a form: on to the next page, or the same page again with what stood in the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import RedirectResponse, Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.web.problems import problem

Page = Callable[..., Awaitable[Response]]
"""Renders the page that the form is on; takes ``trouble``, and what the calls below give it besides."""


async def answered(work: Awaitable[Any], page: Page, *, to: str = "", shows: str = "", **fields: Any) -> Response:
    """Do what a form asks for, and say what came of it.

    Refused, the page is shown with the ``trouble`` and the ``fields`` as they were sent. Done, it is shown with what
    came of the work, where the page has a name for it (``shows``) and there is something; else the browser goes on to
    the address ``to``.
    """
    try:
        done = await work
    except PgwardenError as error:
        return await page(trouble=problem(error), **fields)
    if shows and done is not None:
        return await page(**{shows: done})
    return RedirectResponse(to, 303)
