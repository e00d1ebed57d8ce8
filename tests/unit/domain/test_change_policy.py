"""The policy file's meaning: every key does what it says, and nothing that is not understood passes."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from pgwarden.adapters.policy_file import parse_policy
from pgwarden.domain import change_policy
from pgwarden.domain.approval import Tolerance
from pgwarden.domain.catalog import Catalog, Column, Name, Relation
from pgwarden.domain.errors import PolicyInvalid
from pgwarden.domain.policy import Policy, policy_sensitivity
from pgwarden.domain.question import RiskLevel
from pgwarden.domain.risk import RiskPolicy
from pgwarden.domain.sensitive import SensitiveKind

DOCS = Path(__file__).parents[3] / "docs" / "policy.md"


def policy(text: str) -> Policy:
    return parse_policy(text.encode(), "policy.toml")


def refusal(text: str) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        policy(text)
    assert caught.value.not_done
    assert caught.value.next_step
    return caught.value.why


def test_an_empty_file_is_the_built_in_policy() -> None:
    found = policy("")
    assert (found.risk, found.tolerance, found.approval) == (RiskPolicy(), Tolerance(), {})


def test_every_number_of_the_risk_can_be_set() -> None:
    numbers = [f.name for f in fields(RiskPolicy) if f.type in ("int", "float")]
    lines = {name: 100 + position for position, name in enumerate(numbers)}
    found = policy("[risk]\n" + "\n".join(f"{name} = {value}" for name, value in lines.items())).risk
    assert {name: getattr(found, name) for name in numbers} == lines


def test_weights_are_given_one_by_one() -> None:
    weights = policy("[risk.weights]\nUPDATE = 6\nTRUNCATE = 20").risk.weights
    assert (weights["UPDATE"], weights["DELETE"], weights["TRUNCATE"]) == (6, 7, 20)


def test_tables_with_owner_regulations_and_recovery_needs() -> None:
    found = policy(
        """
        [[tables]]
        name = "public.order*"
        owner = "Sales"
        regulations = ["GDPR", "PCI"]
        critical = true
        note = "closed at month's end"
        [tables.recovery]
        point_in_time = true
        lose_at_most_minutes = 5
        back_within_minutes = 30

        [[tables]]
        name = "audit.*"
        protected = true
        """
    ).risk
    (order,) = found.tags(Name("public", "order_line"))
    assert (order.owner, order.regulations, order.critical) == ("Sales", ("GDPR", "PCI"), True)
    assert order.recovery is not None
    assert (order.recovery.lose_at_most, order.recovery.back_within) == (timedelta(minutes=5), timedelta(minutes=30))
    assert [tag.protected for tag in found.tags(Name("audit", "changes"))] == [True]
    assert found.tags(Name("other", "order_line")) == ()


def test_the_tolerances() -> None:
    assert policy("[tolerances]\nexact_rows = 0\nfraction = 0.5").tolerance == Tolerance(0, 0.5)


def test_rules_of_its_own() -> None:
    (rule,) = policy(
        """
        [[rules]]
        name = "price-cuts"
        level = "HIGH"
        message = "prices change"
        hint = "ask Sales"
        operations = ["UPDATE"]
        tables = ["public.product"]
        columns = ["public.product.price"]
        rows_from = 10
        """
    ).risk.rules
    assert (rule.name, rule.level, rule.rows_from) == ("price-cuts", RiskLevel.HIGH, 10)


def test_the_approval_section_is_handed_on_and_read_strictly() -> None:
    found = policy("[approval]\nlead_rows = 2\n[approval.override]\nseniors = 3")
    assert found.approval == {"lead_rows": 2, "override": {"seniors": 3}}
    with pytest.raises(PolicyInvalid, match=r"approval\.people") as caught:
        policy("[approval]\nlead_rows = 2\n[approval.people]\nana = 1")
    assert "policy.toml, line 3" in caught.value.why


# allowed hours

NIGHT = '[hours]\nfrom = "22:00"\nuntil = 06:00:00\ntime_zone = "Europe/Berlin"\n'


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("utc", "inside"),
    [
        ("2026-01-05T20:59", False),  # 21:59 in Berlin in winter
        ("2026-01-05T21:00", True),
        ("2026-01-06T04:59", True),
        ("2026-01-06T05:00", False),
        ("2026-07-06T20:00", True),  # 22:00 in summer
        ("2026-07-06T04:00", False),
    ],
)
def test_hours_are_local_and_reach_over_midnight(utc: str, inside: bool) -> None:
    hours = policy(NIGHT).risk.hours
    assert hours is not None
    assert hours.cover(moment(utc)) is inside


def test_a_night_belongs_to_the_day_it_began() -> None:
    hours = policy(NIGHT + 'days = ["monday"]').risk.hours
    assert hours is not None
    monday_evening, tuesday_morning = moment("2026-01-05T22:00"), moment("2026-01-06T03:00")
    monday_morning, tuesday_evening = moment("2026-01-05T03:00"), moment("2026-01-06T22:00")
    assert [hours.cover(m) for m in (monday_evening, tuesday_morning)] == [True, True]
    assert [hours.cover(m) for m in (monday_morning, tuesday_evening)] == [False, False]


def test_office_hours() -> None:
    text = '[hours]\nfrom = "09:00"\nuntil = "17:00"\ntime_zone = "UTC"\ndays = ["monday", "tuesday"]'
    hours = policy(text).risk.hours
    assert hours is not None
    assert (hours.start, hours.until) == (time(9), time(17))
    assert [hours.cover(moment(f"2026-01-0{day}T10:00")) for day in (5, 6, 7)] == [True, True, False]


# sensitive columns


def relation(*columns: str) -> Relation:
    listed = tuple(Column(n, c, 25, "text", False, None, "", "", 0, None, True) for n, c in enumerate(columns, start=1))
    return Relation(1, Name("public", "person"), "r", "owner", "p", listed, 1000.0, 10)


def test_the_policy_has_the_first_word_on_what_is_sensitive() -> None:
    found = policy(
        """
        [[columns]]
        name = "public.person.nickname"
        [[columns]]
        name = "*.shoe_size"
        kind = "health"
        [[columns]]
        name = "public.person.email"
        public = true
        """.replace('"*.shoe_size"', '"*.*.shoe_size"')
    )
    table = relation("nickname", "shoe_size", "email", "phone", "colour")
    kinds = {c.name: s.kind if (s := found.risk.sensitivity(table, c)) else None for c in table.columns}
    assert kinds == {
        "nickname": SensitiveKind.MARKED,
        "shoe_size": SensitiveKind.HEALTH,
        "email": None,
        "phone": SensitiveKind.PHONE,
        "colour": None,
    }
    catalog = Catalog("db", 1, 180004, "owner", ("public",), {1: table}, {}, {}, {}, ())
    masked = policy_sensitivity(lambda: found)
    assert [masked(catalog, 1, column.number) for column in table.columns] == [True, True, False, True, False]
    assert masked(catalog, 99, 1), "what is not known counts as sensitive"


# refusals

REFUSED = {
    "rsk = 1": "rsk",
    "[risk]\nmany_row = 1": "did you mean many_rows?",
    "[risk]\nmany_rows = -1": "line 2",
    "[risk]\nmany_rows = 1.5": "whole number",
    "[risk]\nmany_rows = true": "whole number",
    "[risk]\nlong_lock_seconds = nan": "number",
    "risk = 5": "a table is expected",
    "[risk]\nlow_up_to = 9": "must rise",
    "[risk]\nmedium_rows = 20000": "high_rows",
    "[risk.weights]\nUPDAT = 5": "UPDAT",
    "[risk.weights]\nUPDATE = 'much'": "line 2",
    "[tolerances]\nfraction = 2": "fraction",
    "[tolerances]\nexact = 1": "exact",
    "[hours]\nfrom = '22:00'\nuntil = '06:00'": "time_zone",
    "[hours]\nfrom = '22:00'\nuntil = '06:00'\ntime_zone = 'Mars/North'": "Mars/North",
    "[hours]\nfrom = '22:00'\nuntil = '06:00'\ntime_zone = '../etc/passwd'": "time zone",
    "[hours]\nfrom = '25:00'\nuntil = '06:00'\ntime_zone = 'UTC'": "time of day",
    "[hours]\nfrom = '06:00'\nuntil = '06:00'\ntime_zone = 'UTC'": "same as from",
    "[hours]\nfrom = '22:00'\nuntil = '06:00'\ntime_zone = 'UTC'\ndays = ['mon']": "monday",
    "[[tables]]\nowner = 'x'": "missing",
    "[[tables]]\nname = 'orders'": "has no schema",
    "[[tables]]\nname = 'public.orders'\nprotect = true": "did you mean protected?",
    "[[tables]]\nname = 'public.orders'\nprotected = 'yes'": "true or false",
    "[[tables]]\nname = 'public.orders'\nregulations = 'GDPR'": "list of texts",
    "[[tables]]\nname = 'public.orders'\n[tables.recovery]\npitr = true": "tables[1].recovery.pitr",
    "[tables]\nname = 'public.orders'": "[[tables]]",
    "[[columns]]\nname = 'public.orders'": "schema.table.column",
    "[[columns]]\nname = 'public.a.b'\nkind = 'mail'": "kind",
    "[[columns]]\nname = 'public.a.b'\nkind = 'email'\npublic = true": "keep one",
    "[[rules]]\nname = 'X'\nlevel = 'HIGH'\nmessage = 'm'": "small letters",
    "[[rules]]\nname = 'x'\nlevel = 'high'\nmessage = 'm'": "level",
    "[[rules]]\nname = 'x'\nlevel = 'HIGH'\nmessage = ' '": "text",
    "[[rules]]\nname = 'x'\nlevel = 'HIGH'\nmessage = 'm'\noperations = ['DROP']": "operations",
    "[[rules]]\nname='x'\nlevel='HIGH'\nmessage='m'\n[[rules]]\nname='x'\nlevel='HIGH'\nmessage='m'": "two rules",
    "approval = 5": "a table is expected",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items(), ids=REFUSED)
def test_what_is_not_understood_is_refused_with_its_place(text: str, said: str) -> None:
    why = refusal(text)
    assert why.startswith("policy.toml")
    assert said in why


def test_the_line_is_the_line_of_the_key() -> None:
    text = "# a comment\n[risk]\n\n[[tables]]\nname = 'public.a'\n[[tables]]\nname = 'public.b'\nprotected = 'x'\n"
    assert refusal(text).startswith("policy.toml, line 8: tables[2].protected:")


def test_every_key_is_documented() -> None:
    read = re.findall(r'(?:given|top)(?:, |\.\w+\()"(\w+)"', inspect.getsource(change_policy))
    assert len(set(read)) > 30
    assert [key for key in read if f"`{key}`" not in DOCS.read_text() and f"[{key}]" not in DOCS.read_text()] == []
