"""Each rule finds what it is for and keeps quiet otherwise; each has its page in the documentation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from pgwarden.domain.catalog import Catalog, Column, Name, Relation
from pgwarden.domain.impact import (
    Archiving,
    Basis,
    CascadeStep,
    Figure,
    Impact,
    SideEffect,
    SideEffectKind,
    TableImpact,
    Violation,
)
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.recovery import RecoveryPlan
from pgwarden.domain.risk import AllowedHours, ColumnTag, PolicyRule, RecoveryNeeds, RiskCase, RiskPolicy, TableTag
from pgwarden.domain.sensitive import SensitiveKind
from pgwarden.domain.statement import StatementKind
from pgwarden.domain.table_use import TableUse
from pgwarden.rules import RULES
from pgwarden.rules.assessment import assess

ZERO = Figure(0, Basis.EXACT)
DOCS = Path(__file__).parents[3] / "docs" / "risks"


def column(number: int, name: str) -> Column:
    return Column(number, name, 25, "text", False, None, "", "", 0, None, True)


def relation(oid: int, name: str, *columns: str) -> Relation:
    listed = tuple(column(number, each) for number, each in enumerate(columns, start=1))
    return Relation(oid, Name("public", name), "r", "owner", "p", listed, 1000.0, 10)


CATALOG = Catalog(
    "db",
    1,
    180004,
    "owner",
    ("public",),
    {1: relation(1, "thing", "id", "size"), 2: relation(2, "login", "id", "password_hash", "email")},
    {},
    {},
    {},
    (),
)


def impact(
    rows: int = 1, oid: int = 1, kind: StatementKind = StatementKind.UPDATE, basis: Basis = Basis.EXACT
) -> Impact:
    figure = Figure(rows, basis)
    deletes = kind is StatementKind.DELETE
    name = str(CATALOG.relations[oid].name)
    table = TableImpact(oid, name, ZERO, ZERO if deletes else figure, figure if deletes else ZERO, target=True)
    return Impact(
        "sql",
        "sql",
        kind,
        (oid,),
        (table,),
        (),
        (),
        (),
        (),
        (),
        (oid,),
        "",
        0,
        figure,
        assigned={oid: frozenset({"id"})},
    )


def step(depth: int = 1, index: str = "", rows: int = 5) -> CascadeStep:
    return CascadeStep(
        "fk", "public.thing", "public.login", ("x",), "CASCADE", "DELETE", Figure(rows, Basis.EXACT), depth, index
    )


def effect(kind: SideEffectKind, *, known: bool = True) -> SideEffect:
    return SideEffect(kind, "public.thing", "name", "message", known)


BASE = impact()
NIGHTS = AllowedHours(time(22), time(6), UTC)
POLICY = RiskPolicy(tables=(TableTag("public.thing", regulations=("PCI",), protected=True),), hours=NIGHTS)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 1, 1, 23, tzinfo=UTC)

BUSY = TableUse("public.thing", "billing", "app", 2, ("RowExclusiveLock",), writes=True, seconds=3.0)
READING = TableUse("public.thing", "report", "app", 1, ("AccessShareLock",))
NEEDS = RiskPolicy(tables=(TableTag("public.thing", recovery=RecoveryNeeds(point_in_time=True)),))

CASES = {
    "missing-where": (replace(BASE, unfiltered=True), RiskLevel.HIGH),
    "always-true": (replace(BASE, always_true=True), RiskLevel.HIGH),
    "multiplying-join": (replace(BASE, multiplying=True), RiskLevel.HIGH),
    "many-rows": (impact(20_000), RiskLevel.HIGH),
    "cascade": (replace(BASE, cascades=(step(),)), RiskLevel.MEDIUM),
    "violation": (replace(BASE, violations=(Violation("c", "t", 1, "m"),)), RiskLevel.MEDIUM),
    "unknown-effects": (replace(BASE, side_effects=(effect(SideEffectKind.TRIGGER, known=False),)), RiskLevel.HIGH),
    "irreversible": (replace(BASE, recovery=RecoveryPlan((), (), 0.0, ("mail",))), RiskLevel.HIGH),
    "sensitive-data": (impact(1, 2, StatementKind.DELETE), RiskLevel.MEDIUM),
    "security-data": (impact(1, 2, StatementKind.DELETE), RiskLevel.CRITICAL),
    "drifting-condition": (replace(BASE, volatile=("random",)), RiskLevel.HIGH),
    "inexact-numbers": (impact(1, basis=Basis.ESTIMATED), RiskLevel.MEDIUM),
    "missing-index": (replace(BASE, cascades=(step(index="CREATE INDEX ON x (y)"),)), None),
    "published-table": (replace(BASE, side_effects=(effect(SideEffectKind.PUBLICATION),)), RiskLevel.MEDIUM),
    "disruption": (replace(BASE, users=(BUSY,)), RiskLevel.MEDIUM),
    "row-security": (replace(BASE, side_effects=(effect(SideEffectKind.ROW_SECURITY),)), RiskLevel.MEDIUM),
}


def found(impact: Impact, policy: RiskPolicy | None = None, at: datetime | None = None) -> dict[str, RiskLevel | None]:
    case = RiskCase(impact, CATALOG, policy or RiskPolicy(), at)
    return {f.rule: f.level for rule in RULES if (f := rule(case)) is not None}


@pytest.mark.parametrize(("rule", "case"), CASES.items(), ids=CASES)
def test_a_rule_finds_what_it_is_for(rule: str, case: tuple[Impact, RiskLevel | None]) -> None:
    subject, level = case
    assert found(subject)[rule] == level


def test_a_small_plain_change_finds_nothing() -> None:
    assert found(BASE) == {}


def test_policy_rules() -> None:
    at_noon = found(BASE, POLICY, NOON)
    assert at_noon == {
        "regulated-data": RiskLevel.CRITICAL,
        "protected-table": RiskLevel.CRITICAL,
        "outside-hours": RiskLevel.HIGH,
    }
    assert "outside-hours" not in found(BASE, POLICY, NIGHT)


def test_tables_that_the_business_stands_on() -> None:
    assert found(BASE, RiskPolicy(tables=(TableTag("*.thing", critical=True),))) == {"critical-table": RiskLevel.HIGH}


def test_readers_are_no_disruption() -> None:
    assert found(replace(BASE, users=(READING,))) == {}
    elsewhere = replace(BUSY, table="public.login")
    assert found(replace(BASE, users=(elsewhere,))) == {}, "it does not change"


@pytest.mark.parametrize(
    ("archiving", "unmet"),
    [(Archiving.ON, False), (Archiving.STREAMED, False), (Archiving.OFF, True), (Archiving.FAILING, True)],
)
def test_point_in_time_recovery_needs_the_log_elsewhere(archiving: Archiving, unmet: bool) -> None:
    assert ("recovery-needs" in found(replace(BASE, archiving=archiving), NEEDS)) is unmet


def test_recovery_that_would_take_too_long() -> None:
    policy = RiskPolicy(tables=(TableTag("public.thing", recovery=RecoveryNeeds(back_within=timedelta(minutes=1))),))
    assert "recovery-needs" not in found(replace(BASE, recovery=RecoveryPlan((), (), 59.0)), policy)
    assert "recovery-needs" in found(replace(BASE, recovery=RecoveryPlan((), (), 61.0)), policy)


def rule(**conditions: Any) -> RiskPolicy:
    return RiskPolicy(rules=(PolicyRule("mine", RiskLevel.CRITICAL, "it matters", "ask", **conditions),))


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"operations": ("UPDATE", "DELETE")}, True),
        ({"operations": ("DELETE",)}, False),
        ({"tables": ("public.th*",)}, True),
        ({"tables": ("public.login",)}, False),
        ({"columns": ("public.thing.id",)}, True),
        ({"columns": ("public.thing.size",)}, False),
        ({"rows_from": 50}, True),
        ({"rows_from": 51}, False),
        ({"rows_from": 1, "tables": ("public.login",)}, False),
    ],
)
def test_rules_of_the_policy(conditions: dict[str, Any], holds: bool) -> None:
    risk = assess(impact(50), CATALOG, rule(**conditions))
    mine = [finding for finding in risk.findings if finding.rule == "policy:mine"]
    assert bool(mine) is holds
    assert (risk.level is RiskLevel.CRITICAL) is holds


def test_values_make_a_column_sensitive_unless_it_is_public() -> None:
    seen = replace(BASE, detected={(1, "id"): SensitiveKind.EMAIL})
    assert "sensitive-data" in found(seen)
    assert "sensitive-data" not in found(seen, RiskPolicy(columns=(ColumnTag("public.thing.id", None),)))
    assert "security-data" in found(replace(BASE, detected={(1, "id"): SensitiveKind.TOKEN}))
    assert "sensitive-data" not in found(replace(BASE, detected={(1, "size"): SensitiveKind.EMAIL})), "not assigned"


def test_the_business_section() -> None:
    tags = (
        TableTag("public.*", owner="Sales", regulations=("GDPR",), note="closed in May"),
        TableTag("public.thing", critical=True, regulations=("PCI", "GDPR")),
    )
    section = assess(replace(impact(20_000), users=(BUSY,)), CATALOG, RiskPolicy(tables=tags)).business
    assert section.to_dict() == {
        "tables": [
            {
                "table": "public.thing",
                "critical": True,
                "protected": False,
                "owners": ["Sales"],
                "regulations": ["GDPR", "PCI"],
                "notes": ["closed in May"],
            }
        ],
        "disruption": [
            "billing (app), 2 sessions, has public.thing locked now (for 3.0 s): the change waits for it",
        ],
        "recovery": ["a restore point before the change makes point-in-time recovery possible beside the undo"],
    }
    assert assess(BASE, CATALOG).business.to_dict() == {"tables": [], "disruption": [], "recovery": []}


def test_deep_or_wide_cascades_are_complex() -> None:
    assert found(replace(BASE, cascades=(step(3),)))["cascade"] is RiskLevel.HIGH


def test_every_rule_has_its_page() -> None:
    names = {rule.__module__.rpartition(".")[2].replace("_", "-") for rule in RULES}
    assert {path.stem for path in DOCS.glob("*.md")} == names


@pytest.mark.parametrize(
    ("subject", "level", "score"),
    [
        (impact(1, kind=StatementKind.INSERT), RiskLevel.MEDIUM, 3),
        (impact(1), RiskLevel.MEDIUM, 5),
        (impact(1, kind=StatementKind.DELETE), RiskLevel.HIGH, 7),
        (impact(2000, kind=StatementKind.DELETE), RiskLevel.CRITICAL, 9),
        (impact(1, 2, StatementKind.DELETE), RiskLevel.CRITICAL, 10),
    ],
)
def test_the_requirements_score(subject: Impact, level: RiskLevel, score: int) -> None:
    risk = assess(subject, CATALOG)
    assert (risk.level, risk.score) == (level, score)


def test_the_matrix_can_hold_alone() -> None:
    light = RiskPolicy(weights={"UPDATE": 0}, many_rows=0)
    risk = assess(impact(500), CATALOG, light)
    assert (risk.score_level, risk.matrix_level, risk.level) == (RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.MEDIUM)
