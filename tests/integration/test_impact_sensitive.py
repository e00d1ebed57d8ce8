"""Sensitive data that only values give away, in the tables that a change touches."""

from __future__ import annotations

import psycopg
from tests.conftest import MakeDatabase
from tests.support.change import owned, run

from pgwarden.adapters.postgres.catalog import PostgresCatalogReader
from pgwarden.adapters.postgres.impact import analyse
from pgwarden.domain.policy import Policy
from pgwarden.domain.risk import ColumnTag, Risk, RiskPolicy
from pgwarden.domain.sensitive import SensitiveKind
from pgwarden.rules.assessment import assess

SETUP = """
create table thing (
    id int primary key, a text, b text, c bigint, d text, e text, f text, g jsonb, h text, i text,
    plain text, other text);
comment on column thing.h is 'pgwarden:public';
insert into thing select n,
    'user' || n || '@example.org',
    '+49 170 55512' || lpad(n::text, 2, '0'),
    4111111111111111,
    '5' || '36-22-' || lpad((1000 + n)::text, 4, '0'),
    '$2b$12$' || repeat('x', 50) || n,
    'ghp_' || repeat('a', 20) || n,
    jsonb_build_object('mail', 'user' || n || '@example.org'),
    'user' || n || '@example.org',
    'type 2 diabetes', 'blue', 'note ' || n
  from generate_series(1, 40) n;
create table reached (id int primary key, thing int references thing on delete cascade, x text);
insert into reached values (1, 1, 'ann@example.org');
"""


async def risk_of(database: str, sql: str, policy: Policy | None = None) -> tuple[Risk, dict[str, SensitiveKind]]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        catalog = await PostgresCatalogReader(connection).read()
    impact = await analyse(database, sql, catalog)
    kinds = {f"{catalog.relations[oid].name.name}.{column}": kind for (oid, column), kind in impact.detected.items()}
    return assess(impact, catalog, policy.risk if policy else None), kinds


async def test_values_give_away_what_names_do_not(make_database: MakeDatabase) -> None:
    database = owned(make_database())
    run(database, SETUP)
    risk, kinds = await risk_of(database, "delete from thing where id = 1")
    assert kinds["thing.a"] is SensitiveKind.EMAIL
    assert kinds["thing.b"] is SensitiveKind.PHONE
    assert kinds["thing.c"] is SensitiveKind.CARD
    assert kinds["thing.d"] is SensitiveKind.NATIONAL_ID
    assert kinds["thing.e"] is SensitiveKind.PASSWORD
    assert kinds["thing.f"] is SensitiveKind.TOKEN
    assert kinds["thing.g"] is SensitiveKind.MARKED
    assert kinds["thing.i"] is SensitiveKind.HEALTH
    assert kinds["reached.x"] is SensitiveKind.EMAIL
    assert {"thing.plain", "thing.other"}.isdisjoint(kinds)
    findings = {finding.rule: finding.message for finding in risk.findings}
    assert "public.thing.a (email)" in findings["sensitive-data"]
    assert "public.thing.e" in findings["security-data"]
    assert "thing.h" not in findings["sensitive-data"], "its comment says that it is public"

    risk, _ = await risk_of(database, "update thing set plain = 'red' where id = 1")
    assert "sensitive-data" not in {finding.rule for finding in risk.findings}, "only assigned columns count"

    public = Policy(risk=RiskPolicy(columns=(ColumnTag("public.thing.*", None), ColumnTag("public.reached.x", None))))
    risk, _ = await risk_of(database, "delete from thing where id = 1", public)
    assert "sensitive-data" not in {finding.rule for finding in risk.findings}, "the policy has the first word"
