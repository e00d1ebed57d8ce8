"""The command line as a user meets it: real settings, a real control database, the shop as the target."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import MakeDatabase
from tests.support.change import owned, perform
from tests.support.change import run as change
from tests.support.cli_runner import CliRunner, Result
from tests.support.pgbouncer import transaction_pooler

from pgwarden.cli import main as command_line
from pgwarden.domain.execution import RowCounts

Run = Callable[..., Result]


@pytest.fixture
def environment(tmp_path: Path, make_database: MakeDatabase, shop_url: str) -> dict[str, str]:
    """Settings of one user: a fresh control database, and the shop under the name "default"."""
    (tmp_path / "none.toml").touch(mode=0o600)
    return {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": shop_url,
        "PGWARDEN_USER": "ada",
    }


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(command_line.app, arguments, input=text)

    return invoke


def document(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_ask_answers_with_sql_explanation_and_rows(run: Run, shop_url: str) -> None:
    answer = document(run("ask", "How many customers are from California?", "--json"))
    with psycopg.connect(shop_url) as connection:
        row = connection.execute("select count(*) from customers where state = 'California'").fetchone()
    assert row is not None
    assert answer["status"] == "answered"
    assert answer["result"]["rows"] == [[row[0]]]
    assert "California" in answer["sql"]
    assert answer["explanation"]
    condition = {"column": "state", "operator": "=", "value": "California"}
    assert answer["intent"] == {
        "intent_type": "SELECT",
        "entities": ["customers"],
        "operations": ["filter", "aggregate:count"],
        "conditions": [condition],
        "complexity": "SIMPLE",
        "estimated_risk": "LOW",
    }
    plan = document(run("ask", "How many customers are from California?", "--plan", "--json"))
    assert "result" not in plan
    assert [step["inputs"] for step in plan["plan"]["steps"]] == [["question"], ["schema_context"], ["query_building"]]
    assert "(with schema_context)" in run("ask", "How many customers are from California?", "--plan").stdout


def test_ask_masks_personal_data(run: Run) -> None:
    answer = document(run("ask", "Show me all customers from California", "--json", "--limit", "3"))
    columns = answer["result"]["columns"]
    masked = [at for at, column in enumerate(columns) if column["masked"]]
    assert "email" in {columns[at]["name"] for at in masked}
    assert all("@" not in str(row[at]) for row in answer["result"]["rows"] for at in masked)


def test_ask_csv_can_be_read_back(run: Run) -> None:
    result = run("ask", "orders by status", "--csv")
    assert result.exit_code == 0, result.output
    header, *rows = list(csv.reader(io.StringIO(result.stdout)))
    assert "status" in header
    assert len(rows) > 2


def test_ask_sql_only_prints_nothing_but_sql(run: Run) -> None:
    result = run("ask", "how many orders are there?", "--sql-only")
    assert result.exit_code == 0
    assert result.stdout.lower().startswith("select count(*)")


@pytest.mark.parametrize(
    ("question", "table", "verb"),
    [
        ("Update the price of product ID 123 to $99.99", "products", "UPDATE"),
        ("Delete all orders older than 6 months", "orders", "DELETE"),
    ],
)
def test_a_change_is_planned_with_approval_and_not_run(
    run: Run, shop_url: str, question: str, table: str, verb: str
) -> None:
    query = f"select count(*), md5(string_agg(t::text, ',' order by id)) from {table} t".encode()
    with psycopg.connect(shop_url) as connection:
        before = connection.execute(query).fetchone()
        result = run("ask", question, "--json")
        after = connection.execute(query).fetchone()
    answer = document(result)
    assert result.exit_code == 4
    assert answer["status"] == "awaiting_approval"
    assert answer["sql"].startswith(verb)
    assert "approval_process" in [step["name"] for step in answer["plan"]["steps"]]
    assert before == after


def test_follow_up_questions_go_on_from_the_session(run: Run) -> None:
    first = document(run("ask", "how many orders were placed this year?", "--session", "s1", "--json"))
    second = document(run("ask", "and by month?", "--session", "s1", "--json"))
    assert first["turn"]
    assert "month" in second["sql"].lower()
    assert "orders" in second["sql"]
    counts = [row[-1] if isinstance(row[-1], int) else row[0] for row in second["result"]["rows"]]
    assert sum(counts) == first["result"]["rows"][0][0]


@pytest.mark.parametrize(
    ("sql", "status", "decision"),
    [
        ("select 1", 0, "allow"),
        ("delete from orders", 4, "needs_approval"),
        ("select pg_read_file('/etc/passwd')", 3, "refuse"),
        ("drop table orders", 3, "refuse"),
    ],
)
def test_check_tells_the_decision_by_exit_status(run: Run, sql: str, status: int, decision: str) -> None:
    result = run("check", sql, "--json")
    assert (result.exit_code, document(result)["decision"]) == (status, decision)


def test_check_shows_the_plan_of_an_allowed_statement(run: Run) -> None:
    found = document(run("check", "select count(*) from orders where customer_id = 7", "--json"))
    assert found["plan"]["Plan"]["Total Cost"] > 0
    assert found["reads"] == ["public.orders"]
    assert "public.orders.customer_id" in found["columns"]


def test_query_refuses_what_is_no_read(run: Run) -> None:
    result = run("query", "delete from orders")
    assert type(result.exception).__name__ == "NeedsApproval"


def test_translate_answers_line_by_line(run: Run) -> None:
    lines = [
        {"id": "a", "question": "how many customers are there?"},
        {"id": "b", "question": "what is the airspeed of an unladen swallow?"},
    ]
    result = run("translate", text="\n".join(json.dumps(line) for line in lines))
    assert result.exit_code == 0, result.output
    first, second = [json.loads(line) for line in result.stdout.splitlines()]
    mixed = run("translate", text='nonsense\n{"id": "e", "question": ""}\n' + json.dumps(lines[0]) + "\n")
    answers = [json.loads(line) for line in mixed.stdout.splitlines()]
    assert (mixed.exit_code, [answer["id"] for answer in answers]) == (2, [1, "e", "a"])
    assert [answer["sql"] for answer in answers] == [None, None, first["sql"]]
    assert all(answer["error"]["code"] == "PGW051" for answer in answers[:2])
    assert first["id"] == "a"
    assert first["sql"].lower().startswith("select count(*)")
    assert second == second | {"id": "b", "sql": None}
    assert second["confidence"] < first["confidence"] <= 1


def test_translate_takes_a_url_and_hides_its_password_from_ps(
    environment: dict[str, str], make_database: MakeDatabase
) -> None:
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table planets (id int primary key, name text)")
    started = subprocess.Popen(
        [sys.executable, "-m", "pgwarden", "translate", "--database", url],
        env=environment | {"PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    password = conninfo_to_dict(url)["password"]
    _until(lambda: str(password) not in Path(f"/proc/{started.pid}/cmdline").read_text())
    stdout, stderr = started.communicate('{"id": 1, "question": "how many planets are there?"}', timeout=60)
    assert stdout, stderr
    assert "planets" in json.loads(stdout)["sql"]
    assert "command line" in stderr


def test_databases_are_registered_without_a_password_on_the_command_line(run: Run, shop_url: str) -> None:
    refused = run("db", "add", "shop", "postgresql://someone:secret@localhost/shop")
    assert type(refused.exception).__name__ == "InputInvalid"
    assert "secret" not in str(vars(refused.exception))
    added = run("db", "add", "shop", "postgresql://someone@localhost/shop", "--password-env", "SHOP_PASSWORD", "--json")
    assert document(added)["allow_writes"] is False
    assert [d["name"] for d in document(run("db", "list", "--json"))] == ["default", "shop"]
    assert document(run("db", "remove", "shop", "--json")) == {"removed": "shop"}


def test_db_check_and_roles(run: Run) -> None:
    found = json.loads(run("db", "check", "default", "--json").stdout)
    assert found["server_version"] >= 180000
    shown = run("db", "check", "default").stdout
    assert 0 < shown.index("CREATE ROLE") < shown.rindex("PostgreSQL 18"), "findings stand above the prompt"
    assert "_writer" in shown
    advice = document(run("db", "roles", "default", "--json"))
    assert any("GRANT SELECT" in role["sql"] for role in advice)


def test_schema_sample_profile_and_diagram(run: Run) -> None:
    tables = document(run("schema", "--json"))["tables"]
    assert "public.orders" in {table["name"] for table in tables}
    orders = document(run("schema", "orders", "--json"))
    assert any(r["foreign_table"] == "customers" for r in orders["relationships"])
    found = document(run("schema", "--search", "employees salaries", "--json"))
    assert found[0]["name"].endswith("employees")
    sample = document(run("sample", "employees", "--rows", "5", "--json"))
    assert len(sample["rows"]) == 5
    assert {"email", "salary"} <= set(sample["masked"])
    profile = document(run("profile", "products", "--json"))
    assert {c["name"] for c in profile["columns"]} >= {"price", "name"}
    assert "erDiagram" in run("diagram", "orders").stdout


async def test_executions_show_what_ran_with_personal_data_hidden(
    environment: dict[str, str], make_database: MakeDatabase
) -> None:
    url = owned(make_database())
    change(url, "create table people (id int primary key, city text, email text)")
    change(url, "insert into people values (1, 'Oslo', 'ann@mail.example'), (2, 'Rome', 'bob@mail.example')")
    execution = await perform(url, "update people set city = 'Bern' where id = 1", {"people": RowCounts(updated=1)})
    change(url, "update people set city = 'Lund' where id = 1")
    mine = environment | {"PGWARDEN_DATABASE_URL": url}
    (listed,) = json.loads(_process(["executions", "--json"], mine).stdout)
    assert (listed["id"], listed["statement"]) == (execution.id, "update people set city = 'Bern' where id = 1")
    (row,) = json.loads(_process(["executions", execution.id, "--json"], mine).stdout)["changes"]
    assert (row["before"], row["after"]) == (["1", "Oslo", "•••"], ["1", "Bern", "•••"])
    shown = " ".join(_process(["executions", execution.id], mine).stdout.split())
    assert "~ public.people id 1 city before Oslo, after Bern" in shown
    plan = _process(["undo", execution.id, "--plan"], mine)
    assert plan.returncode == 0, plan.stderr
    assert "changed: public.people id 1 city before Oslo, after Bern, now Lund" in " ".join(plan.stdout.split())
    refused = _process(["undo", execution.id], mine)
    assert (refused.returncode, refused.stderr[:6]) == (3, "PGW155"), "a target that is only read"
    assert _process(["executions", "no-such-id"], mine).stderr.startswith("PGW1")


def test_rights_decide_what_a_person_sees(run: Run) -> None:
    assert run("rights", "grant", "person:ada", "deny", "--on", "default.public.orders").exit_code == 0
    assert type(run("query", "select count(*) from orders").exception).__name__ == "RightMissing"
    answer = document(run("ask", "how many orders are there?", "--json"))
    assert "FROM orders" not in (answer.get("sql") or ""), "what may not be read is not even suggested"
    lines = document(run("rights", "list", "--json"))["lines"]
    run("rights", "revoke", str(len(lines)))
    assert run("query", "select count(*) from orders").exit_code == 0


def test_a_masked_column_cannot_be_seen_unmasked_without_the_right(run: Run) -> None:
    assert type(run("sample", "employees", "--unmasked").exception).__name__ == "RightMissing"
    run("rights", "grant", "person:ada", "read", "--on", "default.public.employees", "--sensitive")
    assert document(run("sample", "employees", "--unmasked", "--json"))["masked"] == []


def test_the_glossary_is_kept(run: Run) -> None:
    run("glossary", "add", "big order", "orders whose total is above 1000")
    assert [t["term"] for t in document(run("glossary", "list", "--json"))] == ["big order"]
    assert document(run("glossary", "remove", "Big  Order", "--json")) == {"removed": True}


def test_doctor_is_content(run: Run) -> None:
    health = document(run("doctor", "--json"))
    assert {"versions", "control", "cache"} <= {f["code"] for f in health["findings"]}


def test_the_shell_answers_a_pipe(run: Run) -> None:
    result = run("shell", text="how many orders are there?\nselect 1 as one\n\\d order\nundo that\n\\q\n")
    assert result.exit_code == 0, result.output
    assert "count(*)" in result.stdout.lower()
    assert "one" in result.stdout
    assert "order_items" in result.stdout
    assert "nothing to take back" in result.stdout


def test_a_number_in_the_shell_settles_what_was_not_understood(run: Run) -> None:
    result = run("shell", text="how many orders come from Blorpia?\n1\n\\q\n")
    asked, _, answered = result.stdout.partition("1. Yes: number of orders")
    assert "does not seem to hold “Blorpia”" in asked
    assert "orders_count" in answered
    assert "Blorpia" not in answered


def test_every_command_has_help_and_json(run: Run) -> None:
    import typer.main

    group = typer.main.get_command(command_line.app)
    waiting: list[tuple[tuple[str, ...], Any]] = [((), group)]
    leaves: list[tuple[tuple[str, ...], Any]] = []
    while waiting:
        path, command = waiting.pop()
        children = getattr(command, "commands", None)
        if children:
            waiting += [((*path, name), child) for name, child in children.items()]
        else:
            leaves.append((path, command))
    assert len(leaves) > 15
    for path, command in leaves:
        assert command.help, path
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options or path in {("shell",), ("translate",), ("mcp",)}, path


def test_errors_say_what_happened_and_what_to_do(environment: dict[str, str], tmp_path: Path) -> None:
    done = _process(["query", "delete from orders"], environment)
    assert done.returncode == 4
    assert done.stderr.startswith("PGW023")
    assert "next:" in done.stderr
    as_json = _process(["query", "delete from orders", "--json"], environment)
    assert json.loads(as_json.stdout)["code"] == "PGW023"


@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)])
def test_a_full_disk_behind_the_output_is_told(environment: dict[str, str], form: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pgwarden", "query", "select 1", *form],
            env=environment | {"PATH": "/usr/bin:/bin"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("The answer could not be written whole")
    assert "Traceback" not in done.stderr


def test_what_does_not_fit_is_cut_and_told_in_little_memory(environment: dict[str, str], database: str) -> None:
    measured = (
        "import resource, sys; from pgwarden.cli.main import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)"
    )

    def megabytes(sql: str, *told: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", measured, "query", sql],
            env=environment | {"PATH": "/usr/bin:/bin", "PGWARDEN_DATABASE_URL": database},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert all(text in done.stdout for text in told), done.stdout[-500:]
        return int(done.stderr.split()[-1])

    little = megabytes("select 1") + 60
    assert megabytes("select repeat('x', 400 * 1024 * 1024)", "x" * 50, "1 long value cut") < little
    assert megabytes("select n from generate_series(1, 2000000) as n", " 1000", "more rows exist") < little
    wide = "select n, repeat('x', 60000) from generate_series(1, 100000) as n"
    assert megabytes(wide, "stopped at the byte limit") < little + 60


@pytest.mark.requires("pgbouncer")
def test_the_whole_way_through_a_transaction_pooler(
    run: Run, shop_url: str, run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction_pooler(shop_url, run_directory / f"pooler-{uuid.uuid4().hex[:8]}") as pooled:
        given = conninfo_to_dict(pooled)
        url = f"postgresql://{given['user']}@127.0.0.1:{given['port']}/{given['dbname']}"
        monkeypatch.setenv("SHOP_PASSWORD", str(given["password"]))
        added = run("db", "add", "pooled", url, "--password-env", "SHOP_PASSWORD")
        assert added.exit_code == 0, added.output
        on = ("--database", "pooled", "--json")
        assert json.loads(run("db", "check", "pooled", "--json").stdout)["pooled"] is True
        assert document(run("ask", "How many customers are from California?", *on))["result"]["rows"]
        assert document(run("check", "select count(*) from orders", *on))["plan"]
        assert document(run("sample", "products", *on))["rows"]
        assert document(run("profile", "products", *on))["columns"]
        assert document(run("schema", "orders", *on))["relationships"]
        assert document(run("impact", "delete from orders where id < 10", *on))


def test_ctrl_c_cancels_on_the_server(environment: dict[str, str], database: str) -> None:
    slow = "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b"
    started = subprocess.Popen(
        [sys.executable, "-m", "pgwarden", "query", slow],
        env=environment | {"PATH": "/usr/bin:/bin", "PGWARDEN_DATABASE_URL": database},
        stderr=subprocess.PIPE,
        text=True,
    )
    running = (
        "select count(*) from pg_stat_activity where datname = current_database() and state = 'active'"
        " and pid <> pg_backend_pid() and backend_type = 'client backend' and query ilike 'fetch%'"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        _until(lambda: connection.execute(running).fetchone() == (1,))
        started.send_signal(signal.SIGINT)
        _, stderr = started.communicate(timeout=30)
        assert started.returncode == 130, stderr
        assert "cancelled on the server" in stderr
        _until(lambda: connection.execute(running).fetchone() == (0,))


def _process(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pgwarden", *arguments],
        env=environment | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _until(condition: Callable[[], bool]) -> None:
    """Poll a fact on the server; fail after 20 s."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
