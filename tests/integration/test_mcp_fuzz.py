"""Every tool with arguments that nobody thought of: each answer fits its schema, or says how to mend the call."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import psycopg
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, Tool
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.conftest import MakeDatabase
from tests.support.mcp_client import Desktop, desktop, error_of, settings_of, text_of
from tests.support.schema_arguments import arguments, examples

from pgwarden.adapters.postgres.connect import target
from pgwarden.domain.audit import AuditEntry
from pgwarden.domain.person import Person, Role

CALLS = 16
"""Of each tool."""
OF_EXECUTIONS = {"monitor_execution_progress", "execute_rollback", "verify_execution_integrity"}
"""Their calls can only be refused: nothing was executed."""
APPROVER = frozenset({Role.REQUESTER, Role.APPROVER})
SECRET = "Gr8t-secret-of-the-target"
TABLES = """
create schema garden;
create table tree (id int primary key, kind text not null, email text, height int);
create table garden.leaf (id int primary key, tree int references tree on delete cascade, grown date);
insert into tree select i, 'oak', 'o' || i || '@example.org', i from generate_series(1, 20) i;
insert into garden.leaf select i, 1 + i % 20 from generate_series(1, 100) i;
"""
STATEMENTS = (
    "select * from tree", "select email from tree where id = 3", "select count(*) from garden.leaf join tree on true",
    "select 'NaN'::float8, '12:00'::time, array[1, null], null, '{\"a\": 1}'::jsonb, interval '1 month', b'101', 1e400",
    "update tree set height = height + 1 where id < 4", "delete from tree where id = 2", "delete from tree",
    "insert into tree values (99, 'elm')", "truncate tree", "drop table tree", "select 1; select 2", "select", "'",
    "select nope from tree", "select pg_sleep(9)", "select $1::int", "with x as (delete from tree) select 1", "/*",
    "merge into tree t using garden.leaf l on t.id = l.id when matched then delete", "select '\x00'", "(" * 3000,
    "explain select 1", "copy tree to '/tmp/x'", "update tree set id = null", "select 1/0 from tree", "show all",
)  # fmt: skip
CONDITIONS = (
    "id = 2",
    "true",
    "id < 4",
    "1=1; drop table tree",
    "height > (select 1/0)",
    ")",
    "email like '%@%'",
    "id = $1",
)
NAMES = ("tree", "public.tree", "garden.leaf", "leaf", "nowhere", "pg_catalog.pg_class", '"', "tree; drop", "")
INTENTS: tuple[dict[str, Any], ...] = (
    {"entities": ["tree"], "conditions": [{"column": "kind", "operator": "=", "value": "oak"}]},
    {"question": "how many trees?"}, {"intent_type": "DELETE", "entities": ["tree"], "all_rows": True},
    {"entities": ["tree"], "aggregates": [{"function": "sum", "column": "height"}], "group_by": ["kind"], "limit": -1},
    {"intent_type": "UPDATE", "entities": ["tree"], "values": {"height": "tall"}}, {"entities": [{}], "limit": "x"}, {},
    {"intent_type": "DROP", "entities": 3, "conditions": "all", "order_by": [{"column": None}], "columns": [[]]},
)  # fmt: skip


def pools(ticket: str) -> dict[str, Sequence[Any]]:
    """Values that get a call past the schema, by the name of the argument."""
    statements: dict[str, Sequence[Any]] = dict.fromkeys(("sql_string", "operation_sql", "sql"), STATEMENTS)
    statements |= {
        "update_sql": (*(each for each in STATEMENTS if "update" in each), "insert into tree values (99, 'elm')"),
        "delete_sql": [each for each in STATEMENTS if "delete" in each],
        "sql_statement": ("delete from tree where id = 2", "update tree set height = 0", "select 1", "drop table tree"),
    }
    conditions = dict.fromkeys(("target_conditions", "sql_conditions"), CONDITIONS)
    names = dict.fromkeys(("table_name", "target_table"), NAMES)
    tickets = dict.fromkeys(("approval_ticket_id", "ticket_id", "approval_request"), (ticket, ticket, None))
    return {
        **(statements | conditions | names | tickets),
        "intent_object": INTENTS,
        "target_tables": (["tree"], ["nowhere"], []),
        "affected_tables": (["tree"], ["tree", "garden.leaf"], ["nowhere"]),
        "schema_name": ("public", "garden", "none"),
        "database": (None, None, "default", "other", "postgresql://a:b@c/d"),
        "timeout": (1, 0.001),
        "reason": ("they are ill", ""),
        "escalation_reason": ("nobody answers",),
        "approver_id": ("dora", "dora", "nobody"),
        "execution_results": ({}, {"execution_id": "none"}, {"execution_id": 3}),
        "not_before": ("2026-01-31T18:00:00+01:00", "2026-01-31T18:00:00", "tomorrow"),
    }


def fault(tool: Tool, result: CallToolResult) -> str:
    """What is wrong with an answer; '' when nothing is."""
    said = text_of(result) + json.dumps([result.structured_content, result.meta])
    if SECRET in said or "Traceback" in said or "Error executing tool" in said:
        return f"it says {said[:300]}"
    if result.is_error:
        parts = error_of(result)
        mends = bool(re.fullmatch(r"PGW\d{3}", str(parts.get("code")))) and bool(parts.get("next") or parts.get("why"))
        return "" if mends else f"an error that does not help: {parts}"
    assert tool.output_schema is not None
    try:
        jsonschema.validate(result.structured_content, tool.output_schema)
    except jsonschema.ValidationError as error:
        return f"it does not fit its schema: {error.message[:300]}"
    return ""


async def fuzzed(desk: Desktop, tool: Tool, ticket: str) -> tuple[int, list[str]]:
    """How many calls were answered, and what was wrong with any."""
    answered, found = 0, []
    for given in examples(arguments(tool.input_schema, pools(ticket)), CALLS):
        try:
            result = await desk.client.call_tool(tool.name, given)
            answered += not result.is_error
            wrong = fault(tool, result)
        except MCPError as error:
            wrong = f"a protocol error: {error}"
        if wrong:
            found.append(f"{tool.name}({json.dumps(given)[:400]}): {wrong}")
    return answered, found


async def test_every_answer_fits_its_schema_or_says_how_to_mend_the_call(
    state_home: Path, make_database: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    url, control = make_database(), make_database()
    role = sql.Identifier(f"fuzz_{url.rpartition('/')[2].partition('?')[0][-8:]}")
    with psycopg.connect(url, autocommit=True) as connection:
        database = sql.Identifier(str(connection.info.dbname))
        connection.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(SECRET)))
        connection.execute(sql.SQL("grant create on database {} to {}").format(database, role))
        connection.execute(sql.SQL("grant all on schema public to {}").format(role))
        connection.execute(sql.SQL("set role {}").format(role))
        connection.execute(TABLES)
    owner = make_conninfo(url, user=role.as_string()[1:-1], password=SECRET)
    try:
        async with desktop(settings_of(state_home, control, url)) as desk:
            desk.app.targets.add_for_now(target("default", owner, allow_writes=True))
            for person in (Person("dora", level=3, roles=APPROVER), Person("lea", level=1, roles=APPROVER)):
                await desk.app.people.add(person, audit=[AuditEntry("person.added", "test", datetime.now(UTC))])
            made = await desk.answer(
                "create_approval_request",
                operation_details={"sql": "insert into tree values (77, 'elm')", "reason": "x"},
            )
            tools = (await desk.client.list_tools()).tools
            assert len(tools) == 20
            outcomes = {tool.name: await fuzzed(desk, tool, made["ticket_id"]) for tool in tools}
            found = [each for _, faults in outcomes.values() for each in faults]
            assert not found, "\n\n".join(found[:20])
            silent = {name for name, (answered, _) in outcomes.items() if not answered}
            assert silent <= OF_EXECUTIONS, silent - OF_EXECUTIONS
            rows = await desk.answer("execute_read_query", sql_string="select count(*) from tree")
            assert rows["rows"] == [[20]], "nothing ran, and it still answers"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop owned by {} cascade").format(role))
            connection.execute(sql.SQL("drop role {}").format(role))
    crashes = [
        r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR and r.name.startswith(("mcp", "pgwarden"))
    ]
    assert not crashes, crashes[:5]
