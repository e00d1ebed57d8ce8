"""The compliance report as a page: charts, and the tables that say the same."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from pgwarden.domain.chart_svg import bars_svg, columns_svg
from pgwarden.domain.compliance_figures import Figure, figures, risk_over_time
from pgwarden.web.api import reports as api
from pgwarden.web.visitor import Inside

router = APIRouter()


@router.get("/audit/report")
async def report(
    request: Request,
    visitor: Inside,
    since: api.Moment = "",
    until: api.Moment = "",
    database: api.DatabaseFilter = "",
) -> Response:
    """What was decided and done between two moments."""
    found = await api.compliance(visitor, since, until, database)
    over_time = risk_over_time(found).title
    return visitor.door.templates.page(
        request,
        "pages/report.html",
        visitor=visitor,
        report=found,
        wanted={"since": since, "until": until, "database": database},
        figures=[(each, _drawn(each, over_time)) for each in figures(found)],
    )


def _drawn(figure: Figure, over_time: str) -> str:
    return columns_svg(figure) if figure.title == over_time else bars_svg(figure)
