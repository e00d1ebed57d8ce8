"""Each rule finds what it is for and keeps quiet otherwise; each has its page in the documentation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from pgwarden.domain.catalog import Catalog, Column, Name, Relation
from pgwarden.domain.impact import (
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
from pgwarden.domain.risk import RiskCase, RiskPolicy, TableTag
from pgwarden.domain.statement import StatementKind
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
POLICY = RiskPolicy(tables=(TableTag("public.thing", regulation="PCI", protected=True),), hours=(time(22), time(6)))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 1, 1, 23, tzinfo=UTC)

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
