"""The compliance report: who approved what, how long it took, and what became of it. For auditors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from pgwarden.domain.compliance import ComplianceReport
from pgwarden.domain.compliance_figures import Figure, figures
from pgwarden.domain.compliance_html import report_csv, report_html
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.login import Scope
from pgwarden.domain.plain import plain
from pgwarden.domain.written_moment import read_moment
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["audit"])

USUAL = timedelta(days=30)
Moment = Annotated[str, Query(max_length=40, description="2026-12-01 or 2026-12-01T09:00, in your own time zone.")]
DatabaseFilter = Annotated[str, Query(max_length=200, description="One registered database; all without.")]


class FileForm(StrEnum):
    """How a report is written into a file."""

    HTML = "html"
    CSV = "csv"


class FigureAnswer(BaseModel):
    """Numbers of one chart."""

    title: str
    label: str = Field(description="What the rows are.")
    series: list[str]
    rows: list[tuple[str, list[float]]]
    unit: str


class ReportAnswer(BaseModel):
    """A compliance report."""

    report: dict[str, Any]
    figures: list[FigureAnswer]


@router.get("/reports/compliance")
async def read_report(
    visitor: Inside, since: Moment = "", until: Moment = "", database: DatabaseFilter = ""
) -> ReportAnswer:
    """What was decided and done between two moments: the last 30 days without any."""
    found = await compliance(visitor, since, until, database)
    return ReportAnswer(report=plain(found.to_dict()), figures=[_figure(each) for each in figures(found)])


@router.get("/reports/compliance/file", response_class=Response)
async def download_report(
    visitor: Inside,
    form: FileForm = FileForm.HTML,
    since: Moment = "",
    until: Moment = "",
    database: DatabaseFilter = "",
) -> Response:
    """The same as a file: HTML prints well, CSV has one line a ticket."""
    found = await compliance(visitor, since, until, database)
    text = report_html(found) if form is FileForm.HTML else report_csv(found)
    name = f"compliance-{found.since:%Y%m%d}-{found.until:%Y%m%d}.{form.value}"
    return Response(
        text,
        media_type=f"text/{form.value}",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        },
    )


async def compliance(visitor: Visitor, since: str, until: str, database: str) -> ComplianceReport:
    """The report of a span. InputInvalid for one that ends before it begins."""
    visitor.require(Scope.AUDIT)
    zone = ZoneInfo(visitor.person.zone)
    end = read_moment(until, zone) if until else datetime.now(UTC)
    start = read_moment(since, zone) if since else end - USUAL
    if start >= end:
        raise InputInvalid(
            "The report ends before it begins.", not_done="Nothing was read.", next_step="Turn it around."
        )
    return await visitor.app.audit_desk.report(by=visitor.admission, since=start, until=end, database=database)


def _figure(figure: Figure) -> FigureAnswer:
    rows = [(name, list(values)) for name, values in figure.rows]
    return FigureAnswer(title=figure.title, label=figure.label, series=list(figure.series), rows=rows, unit=figure.unit)
