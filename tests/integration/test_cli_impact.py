"""``pgwarden impact`` as people and programs see it: ten kinds of statements on the shop, with and without a policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from tests.conftest import MakeDatabase
from tests.support.cli_runner import CliRunner, Result

from pgwarden.cli import impact as impact_page
from pgwarden.cli import main as command_line
from pgwarden.cli import render
from pgwarden.domain.errors import ImpactUnknown, PolicyInvalid

Run = Callable[..., Result]

STATEMENTS = {
    "cascades": "delete from customers where id = 5",
    "trigger": "update products set price = price * 1.1 where category_id = 3",
    "insert": "insert into promotions (code) values ('X')",
    "upsert": "insert into categories (id, name) values (1, 'x') on conflict (id) do update set name = excluded.name",
    "merge": "merge into reviews r using customers c on r.customer_id = c.id when matched then update set rating = 1",
    "no where": "update payments set amount = amount",
    "partitions": "delete from stock_movements where moved_at < now() - interval '100 days'",
    "row security": "update customer_notes set note = upper(note)",
    "view": "update products_to_reorder set reorder_level = 5",
    "frozen": "delete from orders where ordered_at > now() and random() < 0.5",
}


@pytest.fixture
def run(tmp_path: Path, make_database: MakeDatabase, shop_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "none.toml").touch(mode=0o600)
    for name, value in {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": shop_url,
        "PGWARDEN_USER": "ada",
    }.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(command_line.app, arguments)

    return invoke


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_is_tidy_at_every_width(run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    def narrow(*, stderr: bool = False) -> Console:
        return Console(stderr=stderr, highlight=False, width=width)

    monkeypatch.setattr(render, "console", narrow)
    monkeypatch.setattr(impact_page, "console", narrow)
    for name, sql in STATEMENTS.items():
        result = run("impact", sql)
        if name == "view":
            assert isinstance(result.exception, ImpactUnknown), "its rows are of two tables joined"
            continue
        assert result.exit_code == 0, (name, result.output, result.exception)
        page = result.stdout
        assert max(map(len, page.splitlines())) <= width, name
        assert not re.search(r"\w\((s|es)\)", page), name
        assert "0.0 MB" not in page
        assert " 0.0 s" not in page
        assert not re.search(r"\b\d{5,}\b", re.sub(r"'[^']*'", "", page)), f"{name}: a number without separators"
        flat = " ".join(page.split())
        told = [line for line in re.split(r" • ", flat) if len(line) > 40]
        assert len(told) == len(set(told)), f"{name}: something is told twice"


def test_the_cascade_is_a_tree_with_the_index_it_lacks(run: Run) -> None:
    page = run("impact", STATEMENTS["cascades"]).stdout
    tree = [line.rstrip() for line in page.partition("foreign keys\n")[2].splitlines()]
    assert "├── public.customers → public.addresses (customer_id)  CASCADE: 1 row" in tree
    assert "│   └── public.addresses → public.orders (shipping_address_id)  SET NULL: 13 rows" in tree
    assert "│   └── slow without: CREATE INDEX ON public.reviews (customer_id)" in tree


def test_the_document_has_its_parts(run: Run) -> None:
    result = run("impact", STATEMENTS["cascades"], "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    assert set(found) == {"impact", "risk", "business", "backup"}
    assert found["business"] == {"tables": [], "disruption": [], "recovery": []}
    assert found["impact"]["violations"][0]["table"] == "public.orders"
    assert {effect["kind"] for effect in found["impact"]["side_effects"]} >= {"trigger", "view", "lock", "constraint"}
    assert found["risk"]["level"] == "CRITICAL"
    columns = next(f for f in found["risk"]["findings"] if f["rule"] == "sensitive-data")["message"]
    assert "audit.changes.before (marked as sensitive)" in columns


POLICY = """
[risk.weights]
UPDATE = 1
[[tables]]
name = "public.products"
owner = "Purchasing"
regulations = ["PCI"]
critical = true
[tables.recovery]
point_in_time = true
[[columns]]
name = "public.products.price"
[[rules]]
name = "price-cuts"
level = "CRITICAL"
message = "prices change while the shop is open"
columns = ["public.products.price"]
"""


def test_the_policy_file_is_followed_and_shown_as_its_own_part(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    policy.chmod(0o644)
    monkeypatch.setenv("PGWARDEN_POLICY_FILE", str(policy))
    found = json.loads(run("impact", STATEMENTS["trigger"], "--json").stdout)
    rules = {finding["rule"] for finding in found["risk"]["findings"]}
    assert rules >= {"critical-table", "regulated-data", "policy:price-cuts", "sensitive-data", "recovery-needs"}
    assert found["risk"]["score"] == 1 + 2 + 3, "the weight of the policy, two tables, sensitive data"
    (table,) = found["business"]["tables"]
    assert (table["table"], table["owners"], table["regulations"]) == ("public.products", ["Purchasing"], ["PCI"])
    page = run("impact", STATEMENTS["trigger"]).stdout
    assert "for the business" in page
    assert "Purchasing answers for it" in page

    masked = json.loads(run("query", "select price from products limit 1", "--json").stdout)
    assert masked["columns"][0]["masked"], "what the policy calls sensitive is masked in reads, too"

    policy.write_text(POLICY.replace("critical = true", "critcal = true"))
    error = run("impact", STATEMENTS["trigger"]).exception
    assert isinstance(error, PolicyInvalid)
    assert error.why == f"{policy}, line 8: tables[1].critcal: there is no such key (did you mean critical?)."
    unread = run("query", "select price from products limit 1").exception
    assert isinstance(unread, PolicyInvalid), "what must be masked is not known"


def test_nothing_is_changed_by_looking(run: Run, shop_url: str) -> None:
    query = b"select md5(string_agg(c::text, ',' order by id)) from customers c"
    with psycopg.connect(shop_url) as connection:
        before = connection.execute(query).fetchone()
        run("impact", STATEMENTS["cascades"])
        assert connection.execute(query).fetchone() == before
