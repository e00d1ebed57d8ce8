"""Reading one of ``[[approval.rules]]``. A rule that asks for less must say so, and never frees UPDATE or DELETE."""

from __future__ import annotations

import re
from datetime import timedelta

from pgwarden.domain.approval import Tolerance
from pgwarden.domain.change_policy import DAYS, KINDS, LEVELS, OPERATIONS
from pgwarden.domain.person import DIRECTOR, TEAM_LEAD
from pgwarden.domain.policy_table import PolicyTable
from pgwarden.domain.policy_units import time_zone, wait
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Urgency
from pgwarden.domain.risk import AllowedHours
from pgwarden.domain.routing_rule import Condition, RoutingRule

RULE_NAME = re.compile(r"[a-z][a-z0-9-]*")
URGENCIES = tuple(urgency.value for urgency in Urgency)
ROUTED = (*OPERATIONS, "UNDO")
REQUESTER = re.compile(r"(person|group|kind):.+")
APPROVER = re.compile(r"(person|group):[^*?\[\]]+")
NEUTRAL = Tolerance(exact_rows=0, fraction=1.0)


def read_routing_rule(given: PolicyTable, *, has_calendar: bool) -> RoutingRule:
    """One rule. Raises PolicyInvalid on anything that is not understood, or that would weaken unsaid."""
    name = given.text("name")
    if not RULE_NAME.fullmatch(name):
        raise given.refuse("name", "small letters, digits and - are expected, a letter first")
    weakens = given.flag("allow_weaker")
    when = _condition(given, has_calendar)
    level = given.integer("level", 0, low=TEAM_LEAD, high=DIRECTOR) if "level" in given else 0
    rule = RoutingRule(
        name,
        when,
        weakens,
        levels=_levels(given, level),
        quorum=given.integer("quorum", 1, low=1, high=9),
        automatic=given.flag("automatic") if "automatic" in given else None,
        approvers=_approvers(given),
        holds=wait(given, "holds_hours", timedelta(hours=1)),
        remind=wait(given, "remind_minutes", timedelta(minutes=1)),
        escalate=wait(given, "escalate_minutes", timedelta(minutes=1)),
        expire=wait(given, "expire_hours", timedelta(hours=1)),
        undo_days=given.integer("undo_days", 1, low=1, high=3650) if "undo_days" in given else None,
        tolerance=_tolerance(given, weakens),
        reason=given.text("reason", ""),
    )
    given.done()
    _require_effect(given, rule)
    return rule


def _condition(given: PolicyTable, has_calendar: bool) -> Condition:
    outside = given.flag("outside_hours")
    if outside and not has_calendar:
        raise given.refuse("outside_hours", "there is no [approval.calendar] that says what the hours are")
    return Condition(
        databases=given.texts("databases"),
        schemas=given.texts("schemas"),
        tables=_tables(given),
        sensitivities=given.texts("sensitivities", choices=(*KINDS, "*")),
        operations=given.texts("operations", choices=ROUTED),
        risk_from=RiskLevel(given.text("risk_from", choices=LEVELS)) if "risk_from" in given else None,
        rows_from=given.integer("rows_from", 0),
        tables_from=given.integer("tables_from", 0),
        requesters=_requesters(given),
        executed_below=given.integer("executed_below", 0) if "executed_below" in given else None,
        denied_from=given.integer("denied_from", 0),
        failed_from=given.integer("failed_from", 0),
        undone_from=given.integer("undone_from", 0),
        urgencies=tuple(map(Urgency, given.texts("urgencies", choices=URGENCIES))),
        load_from=given.number("load_from", 0.0, high=1.0) if "load_from" in given else None,
        outside_calendar=outside,
        during=_hours(given.table("during")) if "during" in given else None,
    )


def _tables(given: PolicyTable) -> tuple[str, ...]:
    patterns = given.texts("tables")
    for pattern in patterns:
        if pattern != "*" and "." not in pattern:
            raise given.refuse("tables", f"schema.table is expected; “{pattern}” has no schema and would match nothing")
    return patterns


def _requesters(given: PolicyTable) -> tuple[str, ...]:
    names = given.texts("requesters")
    for name in names:
        if not REQUESTER.fullmatch(name):
            raise given.refuse("requesters", "person:NAME, group:NAME or kind:agent is expected, with * for any")
    return names


def _approvers(given: PolicyTable) -> tuple[str, ...]:
    names = given.texts("approvers")
    for name in names:
        if not APPROVER.fullmatch(name):
            raise given.refuse("approvers", "person:NAME or group:NAME is expected, without wildcards")
    return names


def _levels(given: PolicyTable, level: int) -> tuple[int, ...]:
    """``level = 2``, or ``levels = [3, 1]`` for one person of each."""
    if "levels" not in given:
        return (level,) if level else ()
    if level:
        raise given.refuse("levels", "level is given, too; keep one of them")
    return tuple(sorted(given.integers("levels", low=TEAM_LEAD, high=DIRECTOR), reverse=True))


def _hours(given: PolicyTable) -> AllowedHours:
    days = given.texts("days", choices=DAYS) or DAYS
    hours = AllowedHours(given.clock("from"), given.clock("until"), time_zone(given), frozenset(map(DAYS.index, days)))
    if hours.start == hours.until:
        raise given.refuse("until", "it is the same as from")
    given.done()
    return hours


def _tolerance(given: PolicyTable, weakens: bool) -> Tolerance | None:
    stated = [key for key in ("exact_rows", "fraction") if key in given]
    if not stated:
        return None
    if weakens and len(stated) == 1:
        raise given.refuse(stated[0], "a rule that weakens says both exact_rows and fraction")
    return Tolerance(
        given.integer("exact_rows", NEUTRAL.exact_rows), given.number("fraction", NEUTRAL.fraction, high=1.0)
    )


def _require_effect(given: PolicyTable, rule: RoutingRule) -> None:
    if rule == RoutingRule(rule.name, rule.when, rule.weakens, reason=rule.reason):
        raise given.refuse("name", "the rule demands nothing: give level, levels, quorum, automatic, approvers …")
    if not rule.automatic:
        return
    if not rule.weakens:
        raise given.refuse("automatic", "this asks nobody; if that is meant, say allow_weaker = true")
    if not rule.when.operations or not set(rule.when.operations) <= {"INSERT", "SELECT"}:
        raise given.refuse("automatic", 'only operations = ["INSERT"] (or "SELECT") can go without a person')
    if rule.levels or rule.quorum > 1 or rule.approvers:
        raise given.refuse("automatic", "a rule that asks nobody names no level, quorum or approvers")
