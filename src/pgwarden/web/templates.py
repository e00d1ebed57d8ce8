"""Jinja2 with every value escaped, and a missing one an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from pgwarden.domain.quantity import duration, size
from pgwarden.web.assets import Assets
from pgwarden.web.navigation import ADMIN_PLACES, PLACES
from pgwarden.web.problems import Problem

PLACE = Path(__file__).parent / "templates"


class Templates:
    """Renders the files in ``templates/``."""

    def __init__(self, assets: Assets, theme_cookie: str) -> None:
        self._theme_cookie = theme_cookie
        self._environment = Environment(
            loader=FileSystemLoader(PLACE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals |= {"asset": assets.url, "places": PLACES, "admin_places": ADMIN_PLACES}
        self._environment.filters |= {
            "moment": moment,
            "number": number,
            "ago": ago,
            "size": size,
            "duration": duration,
        }

    def page(
        self,
        request: Request,
        name: str,
        *,
        status: int = 200,
        trouble: Problem | None = None,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A template as a response. Every template also knows ``path``, ``theme`` and ``visitor`` (None: nobody).

        With ``trouble``, what stood in the way, the response has its status, and the template knows it as ``problem``.
        """
        theme = request.cookies.get(self._theme_cookie, "")
        theme = theme if theme in ("light", "dark") else ""
        known = {"path": request.url.path, "theme": theme, "visitor": None, "problem": trouble}
        text = self._environment.get_template(name).render(**(known | values))
        return HTMLResponse(text, trouble.status if trouble else status, headers)

    def part(self, name: str, **values: Any) -> str:
        """A template as a piece of a page that is there already."""
        return self._environment.get_template(name).render(**values)


def moment(value: datetime | None) -> Markup:
    """A moment as the page shows it: UTC in the text; the browser shows its reader's own time."""
    if value is None:
        return Markup("")
    at = value.astimezone(UTC)
    shown = f'<time datetime="{at.isoformat(timespec="seconds")}">{at:%Y-%m-%d %H:%M} UTC</time>'
    return Markup(shown)  # noqa: S704 - digits and their signs, nobody's text


def ago(value: datetime, now: datetime | None = None) -> Markup:
    """How long ago a moment was, or how soon it comes, in one unit; the moment itself as its title."""
    away = (now or datetime.now(UTC)) - value
    text = _span(abs(away))
    told = f"{text} ago" if away >= timedelta() else f"in {text}"
    at = value.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}" data-relative>{}</time>').format(
        at.isoformat(timespec="seconds"), f"{at:%Y-%m-%d %H:%M:%S} UTC", told
    )


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {word}{'s' if count != 1 else ''}"
    return "a moment"


def number(value: float | None) -> str:
    """1,234 for 1234; nothing for what is not known."""
    if value is None or value < 0:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"
