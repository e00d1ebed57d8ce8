"""Who must decide: the requirements' matrix at every edge, and that more risk or rows never ask less."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgwarden.adapters.policy_file import parse_policy
from pgwarden.domain.approval import Tolerance
from pgwarden.domain.approval_policy import READ_BELOW, SMALL_INSERT, ApprovalPolicy, Route, route
from pgwarden.domain.approval_table import approval_policy
from pgwarden.domain.errors import PolicyInvalid
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person, Role
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.request import Seat, Urgency
from pgwarden.domain.routing_case import RoutingCase, TrackRecord

ROOT = Path(__file__).parents[3]
LOW, MEDIUM, HIGH, CRITICAL = RiskLevel
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
PLAIN = ApprovalPolicy()
UPDATE = RoutingCase("shop", "UPDATE", MEDIUM, 10, ("public.product",), MONDAY, requester="ana")
INSERT = replace(UPDATE, operation="INSERT")
SERVICE, AGENT = IdentityKind.SERVICE, IdentityKind.AGENT


def under(text: str) -> ApprovalPolicy:
    return approval_policy(parse_policy(text.encode(), "policy.toml"))


def seats(case: RoutingCase, policy: ApprovalPolicy = PLAIN) -> tuple[tuple[int, int], ...]:
    return tuple((seat.level, seat.quorum) for seat in route(case, policy).seats)


@pytest.mark.parametrize(
    ("risk", "rows", "level"),
    [
        (LOW, 0, 1),
        (LOW, 999, 1),
        (LOW, 1_000, 2),
        (LOW, 10_000_000, 2),
        (MEDIUM, 999, 1),
        (MEDIUM, 1_000, 2),
        (MEDIUM, 10_001, 2),
        (HIGH, 0, 2),
        (HIGH, 9_999, 2),
        (HIGH, 10_000, 3),
        (HIGH, 10_001, 3),
        (CRITICAL, 0, 3),
        (CRITICAL, 10_000_000, 3),
        (LOW, None, 2),
        (MEDIUM, None, 2),
        (HIGH, None, 3),
        (CRITICAL, None, 3),
    ],
)
@pytest.mark.parametrize("operation", ["UPDATE", "DELETE", "MERGE", "TRUNCATE", "UNDO"])
def test_the_matrix(operation: str, risk: RiskLevel, rows: int | None, level: int) -> None:
    asked = route(replace(UPDATE, operation=operation, risk=risk, rows=rows), PLAIN)
    assert asked.seats == (Seat(level, 1),)
    assert asked.level == level
    assert asked.automatic == ""


@pytest.mark.parametrize(
    ("case", "level"),
    [
        (INSERT, 0),
        (replace(INSERT, rows=0), 0),
        (replace(INSERT, rows=99), 0),
        (replace(INSERT, rows=100), 1),
        (replace(INSERT, rows=None), 2),
        (replace(INSERT, risk=LOW), 0),
        (replace(INSERT, risk=HIGH), 2),
        (replace(INSERT, risk=CRITICAL), 3),
        (replace(INSERT, tables=("public.a", "public.b")), 1),
        (replace(INSERT, tables=()), 1),
        (replace(INSERT, cascades=True), 1),
        (replace(INSERT, unknown_effects=True), 1),
        (replace(INSERT, requester_kind=SERVICE), 1),
        (replace(INSERT, requester_kind=AGENT), 1),
        (replace(INSERT, operation="UPDATE", rows=0, risk=LOW), 1),
        (replace(INSERT, operation="DELETE", rows=0, risk=LOW), 1),
    ],
)
def test_only_a_small_insert_by_a_person_needs_nobody(case: RoutingCase, level: int) -> None:
    asked = route(case, PLAIN)
    assert asked.level == level
    assert asked.automatic == ("" if level else SMALL_INSERT)
    assert asked.needs_person == (level > 0)


@pytest.mark.parametrize(
    ("risk", "rows", "level"),
    [(LOW, 10**6, 0), (MEDIUM, 10**6, 0), (HIGH, 9_999, 2), (HIGH, 10_000, 3), (CRITICAL, 1, 3)],
)
def test_an_unmasked_read_needs_a_ticket_from_high_on(risk: RiskLevel, rows: int, level: int) -> None:
    asked = route(replace(UPDATE, operation="SELECT", risk=risk, rows=rows), PLAIN)
    assert (asked.level, asked.automatic) == (level, "" if level else READ_BELOW)


RULES = """
[approval.calendar]
time_zone = "Europe/Berlin"
holidays = [2026-12-25]
monday = ["09:00-12:00", "13:00-17:00"]
friday = ["09:00-24:00"]
"""
RULE = '[[approval.rules]]\nname = "one"\nlevel = 3\n'


@pytest.mark.parametrize(
    ("condition", "matching", "other"),
    [
        ('databases = ["prod*"]', replace(UPDATE, database="prod-eu"), UPDATE),
        ('schemas = ["hr"]', replace(UPDATE, tables=("public.a", "hr.pay")), UPDATE),
        ('tables = ["public.pro*"]', UPDATE, replace(UPDATE, tables=("hr.product",))),
        ('sensitivities = ["email"]', replace(UPDATE, sensitivities=frozenset({"email"})), UPDATE),
        ('sensitivities = ["*"]', replace(UPDATE, sensitivities=frozenset({"health"})), UPDATE),
        ('operations = ["DELETE"]', replace(UPDATE, operation="DELETE"), UPDATE),
        ('risk_from = "MEDIUM"', UPDATE, replace(UPDATE, risk=LOW)),
        ("rows_from = 10", UPDATE, replace(UPDATE, rows=9)),
        ("rows_from = 10", replace(UPDATE, rows=None), replace(UPDATE, rows=9)),
        ("tables_from = 2", replace(UPDATE, tables=("a.b", "a.c")), UPDATE),
        ('requesters = ["person:ana"]', UPDATE, replace(UPDATE, requester="bob")),
        ('requesters = ["group:interns"]', replace(UPDATE, groups=frozenset({"interns"})), UPDATE),
        ('requesters = ["kind:agent"]', replace(UPDATE, requester_kind=AGENT), UPDATE),
        ("executed_below = 3", UPDATE, replace(UPDATE, record=TrackRecord(executed=3))),
        ("denied_from = 2", replace(UPDATE, record=TrackRecord(denied=2)), replace(UPDATE, record=TrackRecord(9, 1))),
        ("failed_from = 1", replace(UPDATE, record=TrackRecord(failed=1)), UPDATE),
        ("undone_from = 1", replace(UPDATE, record=TrackRecord(undone=1)), UPDATE),
        ('urgencies = ["high"]', replace(UPDATE, urgency=Urgency.HIGH), UPDATE),
        ("load_from = 0.8", replace(UPDATE, load=0.8), replace(UPDATE, load=0.7)),
        ("load_from = 0.8", replace(UPDATE, load=None), replace(UPDATE, load=0.7)),
        ("outside_hours = true", replace(UPDATE, at=MONDAY.replace(hour=11, minute=30)), UPDATE),
        (
            '[approval.rules.during]\nfrom = "22:00"\nuntil = "06:00"\ntime_zone = "Europe/Berlin"\ndays = ["monday"]',
            replace(UPDATE, at=MONDAY.replace(hour=23)),
            replace(UPDATE, at=MONDAY.replace(hour=20)),
        ),
    ],
)
def test_a_rule_applies_when_all_that_it_names_holds(condition: str, matching: RoutingCase, other: RoutingCase) -> None:
    policy = under(RULES + RULE + condition)
    assert seats(matching, policy) == ((3, 1),)
    assert seats(other, policy) == ((1, 1),)


def test_an_applying_rule_is_told_to_the_approver() -> None:
    asked = route(UPDATE, under(RULE + 'reason = "prices are watched"'))
    assert "The policy's rule one applies: prices are watched." in asked.factors
    assert asked.factors[-1] == "Needed: one of level 3 (director)."


@pytest.mark.parametrize(
    ("demand", "case", "expected"),
    [
        ("level = 2", UPDATE, ((2, 1),)),
        ("level = 1", replace(UPDATE, risk=CRITICAL), ((3, 1),)),
        ("quorum = 2", replace(UPDATE, risk=HIGH), ((2, 2),)),
        ("level = 3\nquorum = 2", UPDATE, ((3, 2),)),
        ("levels = [1, 3]", UPDATE, ((3, 1), (1, 1))),
        ("levels = [1, 1]", replace(UPDATE, risk=CRITICAL), ((3, 1), (1, 1))),
        ("automatic = false", INSERT, ((1, 1),)),
        ("quorum = 2", INSERT, ((1, 2),)),
    ],
)
def test_rules_ask_for_more_people(demand: str, case: RoutingCase, expected: tuple[tuple[int, int], ...]) -> None:
    assert seats(case, under(f'[[approval.rules]]\nname = "one"\n{demand}')) == expected


def test_a_tightening_rule_cannot_loosen() -> None:
    plain = route(UPDATE, PLAIN)
    lenient = under(
        '[[approval.rules]]\nname = "one"\nholds_hours = 1000\nundo_days = 1\nexact_rows = 1\nfraction = 0.9\nlevel = 1'
    )
    asked = route(UPDATE, lenient)
    assert (asked.holds, asked.undo_days, asked.tolerance) == (plain.holds, plain.undo_days, plain.tolerance)
    strict = route(
        UPDATE,
        under('[[approval.rules]]\nname = "one"\nholds_hours = 1\nundo_days = 60\nexact_rows = 99999\nfraction = 0'),
    )
    assert (strict.holds, strict.undo_days) == (timedelta(hours=1), 60)
    assert strict.tolerance == Tolerance(99_999, 0.0)


def test_a_weakening_rule_says_so_and_covers_every_table() -> None:
    text = '[[approval.rules]]\nname = "logs"\nallow_weaker = true\nlevel = 1\ntables = ["log.*"]'
    critical = replace(UPDATE, risk=CRITICAL)
    assert seats(replace(critical, tables=("log.a", "log.b")), under(text)) == ((1, 1),)
    assert seats(replace(critical, tables=("log.a", "public.b")), under(text)) == ((3, 1),)
    both = text + '\n[[approval.rules]]\nname = "tight"\nlevel = 2'
    assert seats(replace(critical, tables=("log.a",)), under(both)) == ((2, 1),), "the tightening one is applied last"


def test_what_is_not_known_does_not_weaken() -> None:
    text = '[[approval.rules]]\nname = "idle"\nallow_weaker = true\nlevel = 1\nload_from = 0.0\nrows_from = 1'
    big = replace(UPDATE, risk=CRITICAL, load=0.1, rows=5)
    assert seats(big, under(text)) == ((1, 1),)
    assert seats(replace(big, load=None), under(text)) == ((3, 1),)
    assert seats(replace(big, rows=None), under(text)) == ((3, 1),)


def test_an_insert_can_be_freed_on_purpose_and_an_update_never() -> None:
    text = (
        '[[approval.rules]]\nname = "feed"\nallow_weaker = true\nautomatic = true\noperations = ["INSERT"]\n'
        'requesters = ["person:importer"]'
    )
    feed = replace(INSERT, rows=5_000, risk=HIGH, requester="importer", requester_kind=SERVICE)
    assert route(feed, under(text)).automatic == "feed"
    forced = replace(under(text), rules=tuple(replace(rule, when=type(rule.when)()) for rule in under(text).rules))
    for operation in ("UPDATE", "DELETE", "MERGE", "TRUNCATE", "UNDO", "UNKNOWN"):
        asked = route(replace(feed, operation=operation), forced)
        assert (asked.level, asked.automatic) == (1, ""), "even a rule that no file can say frees no change of rows"


def test_who_may_approve_what() -> None:
    text = (
        '[[approval.rules]]\nname = "pay"\ntables = ["hr.*"]\napprovers = ["group:hr", "person:eva"]\n'
        '[[approval.rules]]\nname = "eu"\ndatabases = ["eu"]\napprovers = ["group:hr"]\n'
        '[[approval.rules]]\nname = "us"\ndatabases = ["us"]\napprovers = ["group:us"]'
    )
    pay = replace(UPDATE, tables=("hr.salary",))
    approver = frozenset({Role.APPROVER})
    hr = Person("h", roles=approver, level=1, groups=frozenset({"hr"}))
    eva = Person("eva", roles=approver, level=1)
    admitted = {
        database: [route(replace(pay, database=database), under(text)).admits(person) for person in (hr, eva)]
        for database in ("shop", "eu", "us")
    }
    assert admitted == {"shop": [True, True], "eu": [True, False], "us": [False, False]}
    assert route(UPDATE, under(text)).admits(Person("anyone"))


def test_urgency_changes_when_people_are_told_not_who_decides() -> None:
    routes = [route(replace(UPDATE, urgency=urgency), PLAIN) for urgency in Urgency]
    assert len({(asked.seats, asked.holds, asked.expires_after) for asked in routes}) == 1
    waits = [asked.escalate_after for asked in routes]
    assert waits == sorted(waits, reverse=True)


def test_waits_run_in_working_hours_except_in_an_emergency() -> None:
    policy = under(RULES)
    monday = route(UPDATE, policy).timers(MONDAY)  # 11:00 in Berlin; reminded after 2 h, escalated after 4 h
    assert monday.remind_at == (datetime(2026, 11, 23, 13, tzinfo=UTC),)
    assert monday.escalate_at == datetime(2026, 11, 23, 15, tzinfo=UTC)
    emergency = route(replace(UPDATE, urgency=Urgency.EMERGENCY), policy).timers(MONDAY)
    assert emergency.escalate_at == MONDAY + timedelta(minutes=30)
    assert emergency.expires_at == MONDAY + timedelta(hours=48)


def test_the_higher_the_risk_the_sooner_it_moves_and_the_shorter_it_holds() -> None:
    routes = [route(replace(UPDATE, risk=risk), PLAIN) for risk in RiskLevel]
    for name in ("remind_after", "escalate_after", "expires_after", "holds"):
        values = [getattr(asked, name) for asked in routes]
        assert values == sorted(values, reverse=True), name
    assert [asked.undo_days for asked in routes] == [7, 14, 30, 90]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[approval]\nlead_row = 5", "line 2: approval.lead_row: there is no such key (did you mean lead_rows?)"),
        ("[approval]\nlead_rows = 5000", "approval.lead_rows: more than 1,000 would ask fewer people"),
        ("[approval.automatic]\nrows_below = 101", "approval.automatic.rows_below"),
        ('[approval.automatic]\nallow_weaker = true\nrisk_up_to = "CRITICAL"', "always needs a person"),
        ('[approval]\nread_ticket_from = "CRITICAL"', "approval.read_ticket_from"),
        ("[approval.override]\nseniors = 1", "approval.override.seniors"),
        ("[approval.override]\nlevel = 1", "approval.override.level"),
        ("[approval.times.HIGH]\nholds_hours = 9", "approval.times.HIGH.holds_hours"),
        ("[approval.times.HIGH]\nundo_days = 1", "approval.times.HIGH.undo_days"),
        ("[approval.times.HUGE]\nundo_days = 1", "approval.times.HUGE"),
        ("[approval.times.HIGH]\nremind_minutes = 0", "more than 0"),
        ('[approval.calendar]\ntime_zone = "Mars"\nmonday = ["09:00-17:00"]', "no time zone Mars"),
        ('[approval.calendar]\ntime_zone = "UTC"', "some working hours are expected"),
        ('[approval.calendar]\ntime_zone = "UTC"\nmonday = ["17:00-09:00"]', "ends before it begins"),
        ('[approval.calendar]\ntime_zone = "UTC"\nmonday = ["9-17"]', "are expected"),
        ('[approval.calendar]\ntime_zone = "UTC"\nmonday = ["09:00-25:00"]', "are expected"),
        ('[approval.calendar]\ntime_zone = "UTC"\nmonday = ["09:00-13:00", "12:00-17:00"]', "in order and apart"),
        ('[approval.calendar]\ntime_zone = "UTC"\nmonday = ["09:00-17:00"]\nholidays = ["xmas"]', "a list of days"),
        ('[[approval.rules]]\nname = "one"', "demands nothing"),
        ('[[approval.rules]]\nname = "one"\nlevel = 4', "approval.rules[1].level"),
        ('[[approval.rules]]\nname = "one"\nlevel = 1\nlevels = [1]', "keep one of them"),
        ('[[approval.rules]]\nname = "one"\nlevels = []', "approval.rules[1].levels"),
        ('[[approval.rules]]\nname = "one"\nlevel = 1\ntables = ["product"]', "would match nothing"),
        ('[[approval.rules]]\nname = "one"\nlevel = 1\nrequesters = ["ana"]', "person:NAME, group:NAME or kind:agent"),
        ('[[approval.rules]]\nname = "one"\napprovers = ["ana"]', "person:NAME or group:NAME"),
        ('[[approval.rules]]\nname = "one"\nlevel = 1\noperations = ["update"]', "one of"),
        ('[[approval.rules]]\nname = "one"\nlevel = 1\noutside_hours = true', "no [approval.calendar]"),
        ('[[approval.rules]]\nname = "one"\nautomatic = true\noperations = ["INSERT"]', "say allow_weaker = true"),
        ('[[approval.rules]]\nname = "one"\nallow_weaker = true\nautomatic = true', "only operations"),
        (
            '[[approval.rules]]\nname = "a"\nallow_weaker = true\nautomatic = true\noperations = ["INSERT", "UPDATE"]',
            "only operations",
        ),
        ('[[approval.rules]]\nname = "one"\nallow_weaker = true\nfraction = 0.5', "both exact_rows and fraction"),
        (f'[[approval.rules]]\nname = "{SMALL_INSERT}"\nlevel = 2', "two rules"),
        ('[[approval.rules]]\nname = "a"\nlevel = 2\n[[approval.rules]]\nname = "a"\nlevel = 2', "two rules a"),
        ("[approval]\nrules = 5", "tables are expected"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        under(text)
    assert place in caught.value.why


CASES = st.builds(
    RoutingCase,
    database=st.sampled_from(["shop", "prod"]),
    operation=st.sampled_from(["INSERT", "UPDATE", "DELETE", "SELECT", "UNDO"]),
    risk=st.sampled_from(RiskLevel),
    rows=st.one_of(st.none(), st.integers(0, 20_000)),
    tables=st.lists(st.sampled_from(["public.a", "hr.b"]), max_size=2, unique=True).map(tuple),
    at=st.just(MONDAY),
    cascades=st.booleans(),
    unknown_effects=st.booleans(),
    requester_kind=st.sampled_from(IdentityKind),
    record=st.builds(TrackRecord, st.integers(0, 4), st.integers(0, 4)),
    urgency=st.sampled_from(Urgency),
    load=st.one_of(st.none(), st.floats(0, 1)),
)
DEMANDS = st.sampled_from(["level = 1", "level = 2", "level = 3", "quorum = 2", "levels = [2, 1]", "automatic = false"])
CONDITIONS = st.sampled_from(
    ["", "rows_from = 500", 'risk_from = "HIGH"', 'operations = ["INSERT"]', "load_from = 0.5"]
)
POLICIES = st.lists(st.tuples(DEMANDS, CONDITIONS), max_size=3).map(
    lambda rules: under(
        "".join(f'[[approval.rules]]\nname = "r{n}"\n{rule[0]}\n{rule[1]}\n' for n, rule in enumerate(rules))
    )
)


def people(asked: Route) -> list[int]:
    return sorted((seat.level for seat in asked.seats for _ in range(seat.quorum)), reverse=True)


def asks_no_less(more: Route, less: Route) -> bool:
    """Whether each person that ``less`` asks for has one in ``more`` of at least that level."""
    theirs, ours = people(less), people(more)
    return len(ours) >= len(theirs) and all(a >= b for a, b in zip(ours, theirs, strict=False))


@settings(max_examples=300, deadline=None)
@given(CASES, POLICIES, st.sampled_from(RiskLevel), st.one_of(st.none(), st.integers(0, 20_000)))
def test_more_risk_or_rows_never_ask_less(
    case: RoutingCase, policy: ApprovalPolicy, risk: RiskLevel, rows: int | None
) -> None:
    levels = list(RiskLevel)
    worse_risk = max(case.risk, risk, key=levels.index)
    worse_rows = None if rows is None or case.rows is None else max(rows, case.rows)
    asked = route(case, policy)
    worse = route(replace(case, risk=worse_risk, rows=worse_rows), policy)
    assert asks_no_less(worse, asked)
    assert asks_no_less(asked, route(case, PLAIN)), "rules that do not say that they weaken ask for no less"
    assert (asked.automatic == "") == bool(asked.seats)
    if case.operation not in ("INSERT", "SELECT"):
        assert asked.level >= 1


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "policy.md").read_text().partition("## Approvals")[2]
    sources = [ROOT / "src" / "pgwarden" / "domain" / f"{name}.py" for name in ("approval_table", "routing_table")]
    taken = re.findall(r'\(\s*(?:given, )?"([a-z_]+)"', "".join(source.read_text() for source in sources))
    assert len(set(taken)) > 40
    assert [key for key in sorted(set(taken)) if f"`{key}`" not in text and f"[approval.{key}" not in text] == []
