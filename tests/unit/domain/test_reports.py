"""The slow-statement report and the error report, from entries of the audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.error_report import CLASSES, ErrorBuilder, Trend, trend
from pgwarden.domain.errors import PgwardenError, StatementRefused
from pgwarden.domain.failure import FailureKind
from pgwarden.domain.slow_report import SERVER, SlowBuilder, SlowLine

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=10)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def test_runs_of_one_shape_on_one_database_are_one_line() -> None:
    builder = SlowBuilder()
    for database, ms, rows, at in (("shop", 10, 1, 2), ("shop", 30, 2, 1), ("crm", 5, 4, 3)):
        builder.see("SELECT $1", database, ms, rows, day(at))
    builder.see("", "shop", 1000, 1, day(1))
    report = builder.report(START, (), {"crm": "away"}, limit=10)
    shop, crm = report.lines
    assert (shop.database, shop.count, shop.total_ms, shop.mean_ms, shop.max_ms, shop.rows) == (
        "shop",
        2,
        40,
        20,
        30,
        3,
    )
    assert shop.last_seen == day(2)
    assert crm.count == 1
    assert (report.unreadable, dict(report.unknown)) == (1, {"crm": "away"})


def test_each_side_shows_its_slowest_and_the_slowest_of_all_come_first() -> None:
    builder = SlowBuilder()
    for number in range(5):
        builder.see(f"SELECT {number}", "shop", number, 1, START)
    servers = tuple(SlowLine(f"S{n}", "shop", SERVER, 1, n * 100.0, 1.0, 1) for n in range(5))
    found = builder.report(START, servers, {}, limit=2)
    assert [line.statement for line in found.lines] == ["S4", "S3", "SELECT 4", "SELECT 3"]


def refused(at: float, code: str = StatementRefused.code, database: str = "shop") -> AuditEntry:
    return AuditEntry("read.run", "ana", day(at), Outcome.REFUSED, database, details={"error": code})


def test_errors_are_counted_by_code_action_and_outcome_with_what_to_do() -> None:
    builder = ErrorBuilder(START, END)
    for entry in (
        refused(1),
        refused(9, database="crm"),
        AuditEntry("read.run", "ana", day(2), Outcome.DONE),
        AuditEntry("ticket.execution_failed", "ana", day(3), Outcome.FAILED, "shop", details={"code": "PGW106"}),
        AuditEntry("job.done", "ana", day(4), Outcome.FAILED, details={"error": "whatever a caller sent"}),
    ):
        builder.see(entry)
    first, *others = builder.report().lines
    assert (first.code, first.name, first.kind, first.count) == (
        "PGW020",
        "StatementRefused",
        FailureKind.PERMISSION,
        2,
    )
    assert (first.first_seen, first.last_seen, first.databases) == (day(1), day(9), ("crm", "shop"))
    assert "PGW020 in docs/errors.md" in first.what_to_do
    assert {(line.code, line.kind) for line in others} == {
        ("PGW106", FailureKind.TRANSIENT),
        ("", FailureKind.INTERNAL),
    }


@pytest.mark.parametrize(
    ("early", "late", "found"),
    [
        (0, 2, Trend.STEADY),
        (0, 3, Trend.NEW),
        (3, 6, Trend.RISING),
        (10, 15, Trend.STEADY),
        (6, 3, Trend.FALLING),
        (4, 2, Trend.STEADY),
    ],
)
def test_a_trend_takes_twice_as_many_and_more_than_a_few(early: int, late: int, found: Trend) -> None:
    assert trend([day(1)] * early + [day(9)] * late, START, END) is found


def test_every_code_leads_to_its_error() -> None:
    assert CLASSES["PGW020"] is StatementRefused
    assert all(code == each.code and issubclass(each, PgwardenError) for code, each in CLASSES.items())
