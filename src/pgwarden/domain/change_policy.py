"""The parts of the policy file that speak of risk and exactness, read into values. Anything unknown is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from pgwarden.domain.approval import Tolerance
from pgwarden.domain.policy_table import PolicyTable
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import AllowedHours, ColumnTag, PolicyRule, RecoveryNeeds, RiskPolicy, TableTag
from pgwarden.domain.sensitive import SensitiveKind
from pgwarden.domain.statement import StatementKind

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OPERATIONS = tuple(kind.value for kind in StatementKind)
LEVELS = tuple(level.value for level in RiskLevel)
KINDS = tuple(kind.value for kind in SensitiveKind)
RULE_NAME = re.compile(r"[a-z][a-z0-9-]*")


def read_risk(top: PolicyTable) -> RiskPolicy:
    """``[risk]``, ``[hours]``, ``[[tables]]``, ``[[columns]]`` and ``[[rules]]``. Raises PolicyInvalid."""
    plain, given = RiskPolicy(), top.table("risk")
    policy = RiskPolicy(
        weights=_weights(given.table("weights"), plain),
        unknown_weight=given.integer("unknown_weight", plain.unknown_weight),
        several_tables=given.integer("several_tables", plain.several_tables),
        many_rows=given.integer("many_rows", plain.many_rows),
        many_rows_from=given.integer("many_rows_from", plain.many_rows_from),
        sensitive=given.integer("sensitive", plain.sensitive),
        low_up_to=given.integer("low_up_to", plain.low_up_to),
        medium_up_to=given.integer("medium_up_to", plain.medium_up_to),
        high_up_to=given.integer("high_up_to", plain.high_up_to),
        medium_rows=given.integer("medium_rows", plain.medium_rows),
        high_rows=given.integer("high_rows", plain.high_rows),
        deep_cascade=given.integer("deep_cascade", plain.deep_cascade, low=1),
        many_cascades=given.integer("many_cascades", plain.many_cascades, low=1),
        long_lock_seconds=given.number("long_lock_seconds", plain.long_lock_seconds),
        tables=tuple(map(_table, top.tables("tables"))),
        columns=tuple(map(_column, top.tables("columns"))),
        rules=_rules(top.tables("rules")),
        hours=_hours(top.table("hours")) if "hours" in top else None,
    )
    if not policy.low_up_to <= policy.medium_up_to <= policy.high_up_to:
        raise given.refuse("high_up_to", "low_up_to, medium_up_to and high_up_to must rise")
    if policy.medium_rows > policy.high_rows:
        raise given.refuse("high_rows", "it must not be below medium_rows")
    given.done()
    return policy


def read_tolerance(given: PolicyTable) -> Tolerance:
    """``[tolerances]``: how far an execution may be from the numbers that were approved."""
    plain = Tolerance()
    tolerance = Tolerance(
        given.integer("exact_rows", plain.exact_rows), given.number("fraction", plain.fraction, high=1.0)
    )
    given.done()
    return tolerance


def _weights(given: PolicyTable, plain: RiskPolicy) -> dict[str, int]:
    written = given.keys()
    for operation in written:
        if operation not in OPERATIONS:
            raise given.refuse(operation, f"one of {', '.join(OPERATIONS)} is expected")
    weights = {name: given.integer(name, plain.weights.get(name, plain.unknown_weight)) for name in written}
    return {**plain.weights, **weights}


def _hours(given: PolicyTable) -> AllowedHours:
    zone_name = given.text("time_zone")
    try:
        zone = ZoneInfo(zone_name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; OSError: a name like a directory
        raise given.refuse("time_zone", f"no time zone {zone_name} is known; write one such as Europe/Berlin") from None
    days = given.texts("days", choices=DAYS) or DAYS
    hours = AllowedHours(given.clock("from"), given.clock("until"), zone, frozenset(map(DAYS.index, days)))
    if hours.start == hours.until:
        raise given.refuse("until", "it is the same as from: write when changes may run")
    given.done()
    return hours


def _table(given: PolicyTable) -> TableTag:
    pattern = _pattern(given, "name", given.text("name"), parts=2)
    tag = TableTag(
        pattern,
        owner=given.text("owner", ""),
        regulations=given.texts("regulations"),
        critical=given.flag("critical"),
        protected=given.flag("protected"),
        note=given.text("note", ""),
        recovery=_recovery(given.table("recovery")) if "recovery" in given else None,
    )
    given.done()
    return tag


def _recovery(given: PolicyTable) -> RecoveryNeeds:
    needs = RecoveryNeeds(
        given.flag("point_in_time"),
        _minutes(given, "lose_at_most_minutes"),
        _minutes(given, "back_within_minutes"),
    )
    given.done()
    return needs


def _minutes(given: PolicyTable, key: str) -> timedelta | None:
    return timedelta(minutes=given.number(key, 0.0, high=1e6)) if key in given else None


def _column(given: PolicyTable) -> ColumnTag:
    pattern = _pattern(given, "name", given.text("name"), parts=3)
    public = given.flag("public")
    if public and "kind" in given:
        raise given.refuse("public", "a public column has no kind; keep one of them")
    kind = None if public else SensitiveKind(given.text("kind", SensitiveKind.MARKED.value, choices=KINDS))
    given.done()
    return ColumnTag(pattern, kind)


def _rules(tables: Iterable[PolicyTable]) -> tuple[PolicyRule, ...]:
    rules: dict[str, PolicyRule] = {}
    for given in tables:
        rule = _rule(given)
        if rule.name in rules:
            raise given.refuse("name", f"there are two rules {rule.name}")
        rules[rule.name] = rule
    return tuple(rules.values())


def _rule(given: PolicyTable) -> PolicyRule:
    name = given.text("name")
    if not RULE_NAME.fullmatch(name):
        raise given.refuse("name", "small letters, digits and - are expected, a letter first")
    rule = PolicyRule(
        name,
        RiskLevel(given.text("level", choices=LEVELS)),
        given.text("message"),
        given.text("hint", ""),
        operations=given.texts("operations", choices=OPERATIONS),
        tables=tuple(_pattern(given, "tables", each, parts=2) for each in given.texts("tables")),
        columns=tuple(_pattern(given, "columns", each, parts=3) for each in given.texts("columns")),
        rows_from=given.integer("rows_from", 0),
    )
    given.done()
    return rule


def _pattern(given: PolicyTable, key: str, pattern: str, *, parts: int) -> str:
    """A name that lacks its schema would match nothing, and so protect nothing."""
    if pattern != "*" and pattern.count(".") < parts - 1:
        form = "schema.table" if parts == 2 else "schema.table.column"
        raise given.refuse(key, f"{form} is expected, in which * stands for any characters; “{pattern}” has no schema")
    return pattern
