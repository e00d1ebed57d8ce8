"""The compliance report in figures, and the pictures of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

from pgwarden.domain.chart_svg import bars_svg, columns_svg
from pgwarden.domain.compliance import ComplianceReport, Decision, LevelLine, TicketLine
from pgwarden.domain.compliance_figures import (
    MOST_PERIODS,
    Figure,
    bottlenecks,
    decision_times,
    figures,
    risk_over_time,
    slowest_levels,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = 3600.0


def ticket(day: float, risk: str, *seconds: float) -> TicketLine:
    opened = START + timedelta(days=day)
    line = TicketLine(f"T-{day}-{risk}", "shop", opened, "ana", risk=risk)
    line.decisions = [Decision("dora", "approved", 1, opened, each) for each in seconds]
    return line


def report(*tickets: TicketLine, days: float = 10, levels: tuple[LevelLine, ...] = ()) -> ComplianceReport:
    until = START + timedelta(days=days)
    return ComplianceReport(START, until, "", until, "chain", 1, "hash", tickets, levels, (), {})


def test_decisions_are_counted_by_how_long_they_took() -> None:
    found = decision_times(
        report(ticket(1, "LOW", 0, 299), ticket(2, "LOW", 300), ticket(3, "HIGH", 4 * HOUR, 90 * HOUR))
    )
    assert found.rows == (
        ("under 5 min", (2.0,)),
        ("under 1 h", (1.0,)),
        ("under 4 h", (0.0,)),
        ("under 1 day", (1.0,)),
        ("under 3 days", (0.0,)),
        ("longer", (1.0,)),
    )


def test_what_waits_and_how_long_levels_take() -> None:
    levels = (LevelLine(1, 4, 90.0, HOUR, 2, 1), LevelLine(3, 0, None, None, 5, 0))
    found = report(levels=levels)
    assert bottlenecks(found).rows == (("level 1", (2.0, 1.0)), ("level 3", (5.0, 0.0)))
    assert slowest_levels(found).rows == (("level 1", (0.03, 1.0)),)


def test_risk_goes_by_days_weeks_and_months_and_loses_no_ticket() -> None:
    for days, step in ((10, 1), (200, 7), (365, 30), (3650, 30)):
        found = risk_over_time(report(ticket(0, "LOW"), ticket(8.5, "HIGH"), ticket(8.9, "HIGH"), days=days))
        starts = [datetime.fromisoformat(name) for name, _ in found.rows]
        assert {later - earlier for earlier, later in pairwise(starts)} == {timedelta(days=step)}
        assert days > 930 or len(starts) <= MOST_PERIODS
        assert sum(sum(values) for _, values in found.rows) == 3
    assert dict(risk_over_time(report(ticket(8.5, "HIGH"))).rows)["2026-03-09"] == (0.0, 0.0, 1.0, 0.0)


def test_a_report_of_nothing_has_empty_figures() -> None:
    assert all(figure.empty for figure in figures(report()))


def test_pictures_are_sound_and_hold_what_the_table_holds() -> None:
    figure = Figure("A < B", "x", ("one", "two"), (("<script>", (3.0, 0.5)), ("b", (1000.0, 0.0))), "h")
    for drawn in (bars_svg(figure), columns_svg(figure)):
        tree = ElementTree.fromstring(drawn)
        assert tree.attrib["aria-label"].startswith("A < B")
        assert "style" not in drawn
        assert "<script>" not in drawn
    texts = [each.text for each in ElementTree.fromstring(bars_svg(figure)).iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["<script>", "3h", "0.5h", "b", "1,000h", "0h"]
    bars = [each.attrib for each in ElementTree.fromstring(bars_svg(figure)).iter("{http://www.w3.org/2000/svg}rect")]
    widths = [float(each["width"]) for each in bars]
    assert widths[2] == max(widths)
    assert all(float(each["x"]) + float(each["width"]) <= 640 for each in bars)
