"""People on the command line: logins, tokens, rights of groups, delegations and the approval policy."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import MakeDatabase
from tests.support.change import owned
from tests.support.change import run as change
from tests.support.cli_runner import CliRunner, Result
from tests.support.databases import create_database
from tests.support.oidc_provider import CLIENT, running_provider

from pgwarden.cli import main as command_line
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.one_time_code import code_of, read_secret, step_at

Run = Callable[..., Result]
PASSWORD = "kites over nine oceans"


@pytest.fixture
def environment(tmp_path: Path, make_database: MakeDatabase, shop_url: str) -> dict[str, str]:
    (tmp_path / "none.toml").touch(mode=0o600)
    return {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": make_database(),
        "PGWARDEN_DATABASE_URL": shop_url,
        "PGWARDEN_USER": "visitor",
    }


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(command_line.app, arguments, input=text)

    return invoke


@pytest.fixture(scope="session")
def settled(pg18_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """(a control database whose first administrator has logged in, the login file), to be copied."""
    name, home = f"settled_{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("settled")
    (home / "none.toml").touch(mode=0o600)
    settings = {
        "PGWARDEN_HOME": str(home),
        "PGWARDEN_CONFIG": str(home / "none.toml"),
        "PGWARDEN_CONTROL_URL": create_database(pg18_url, name),
    }

    def run(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(command_line.app, arguments, input=text, env=settings)

    log_in(run, "admin", document(run("people", "first-admin", "--json"))["one_time_password"])
    log_in(run, "admin", PASSWORD, one_time=False)
    return name, (home / "login.json").read_text()


@pytest.fixture
def admin(run: Run, settled: tuple[str, str], make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same, logged in as an administrator with a password of their own."""
    template, login = settled
    monkeypatch.setenv("PGWARDEN_CONTROL_URL", make_database(template=template))
    file = Path(os.environ["PGWARDEN_HOME"]) / "login.json"
    file.parent.mkdir(mode=0o700)
    file.touch(mode=0o600)
    file.write_text(login)
    return run


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def document(result: Result) -> Any:
    return json.loads(ok(result))


def refused(result: Result) -> str:
    assert isinstance(result.exception, PgwardenError), result.output
    return result.exception.code


def log_in(run: Run, name: str, password: str, *, one_time: bool = True) -> None:
    """A login; after a one-time password a password of one's own."""
    ok(run("login", name, "--password-stdin", text=f"{password}\n"))
    if one_time:
        ok(run("people", "password", "--password-stdin", text=f"{password}\n{PASSWORD}\n"))


def actions(run: Run) -> list[str]:
    return [record["action"] for record in document(run("audit", "list", "--json"))]


def test_the_first_administrator_comes_in_and_nobody_else(run: Run, environment: dict[str, str]) -> None:
    assert document(run("whoami", "--json"))["authenticated"] is False
    assert refused(run("people", "list")) == "PGW170"
    one_time = document(run("people", "first-admin", "--json"))["one_time_password"]
    wrong = run("login", "admin", "--password-stdin", text="something else\n")
    assert refused(wrong) == "PGW171"
    ok(run("login", "admin", "--password-stdin", text=f"{one_time}\n"))
    assert refused(run("people", "list")) == "PGW170", "the one-time password serves only to set another"
    ok(run("people", "password", "--password-stdin", text=f"{one_time}\n{PASSWORD}\n"))
    assert document(run("people", "list", "--json"))[0]["name"] == "admin"
    assert refused(run("people", "first-admin")) == "PGW040"
    file = Path(environment["PGWARDEN_HOME"]) / "login.json"
    assert file.stat().st_mode & 0o777 == 0o600
    told = actions(run)
    assert {"person.added", "login.refused", "login.opened", "password.changed"} <= set(told)


def test_the_first_start_at_a_terminal_shows_the_one_time_password_once(environment: dict[str, str]) -> None:
    def at_a_terminal() -> str:
        here, there = pty.openpty()
        with os.fdopen(here, "rb", buffering=0) as screen:
            command = [sys.executable, "-m", "pgwarden", "whoami"]
            subprocess.run(
                command,
                stderr=there,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **environment},
                timeout=60,
                check=True,
            )
            os.close(there)
            shown = b""
            with suppress(OSError):  # Linux tells the end of a terminal so
                while part := screen.read(4096):
                    shown += part
        return shown.decode()

    assert "The administrator admin has the one-time password" in at_a_terminal()
    assert "one-time" not in at_a_terminal()


def test_logging_out_ends_the_login_also_for_whoever_copied_the_file(admin: Run, environment: dict[str, str]) -> None:
    file = Path(environment["PGWARDEN_HOME"]) / "login.json"
    copied = file.read_text()
    ok(admin("logout"))
    assert document(admin("whoami", "--json"))["authenticated"] is False
    file.touch(mode=0o600)
    file.write_text(copied)
    assert refused(admin("whoami")) == "PGW174"
    ok(admin("login", "admin", "--password-stdin", text=f"{PASSWORD}\n"))
    assert document(admin("whoami", "--json"))["identity"]["name"] == "admin"


def test_a_login_file_that_others_can_open_is_not_used(admin: Run, environment: dict[str, str]) -> None:
    file = Path(environment["PGWARDEN_HOME"]) / "login.json"
    file.chmod(0o644)
    assert refused(admin("whoami")) == "PGW001"
    file.unlink()
    file.symlink_to("/etc/passwd")
    assert refused(admin("whoami")) == "PGW001"


def test_a_claimed_name_gets_nothing_of_its_account(admin: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ok(admin("logout"))
    monkeypatch.setenv("PGWARDEN_USER", "admin")
    found = document(admin("whoami", "--json"))
    assert (found["identity"]["name"], found["identity"]["claims"]) == ("admin (not logged in)", "admin")
    assert (found["roles"], found["identity"]["groups"]) == ([], [])
    for command in (("people", "list"), ("token", "list"), ("delegate", "list"), ("rights", "grant", "*", "read")):
        assert refused(admin(*command)) == "PGW170"


def test_databases_and_rights_are_an_administrators_once_somebody_logged_in(run: Run) -> None:
    ok(run("rights", "grant", "person:joe", "deny", "--on", "shop"))
    ok(run("db", "add", "other", "postgresql://u@127.0.0.1:1/x"))
    one_time = document(run("people", "first-admin", "--json"))["one_time_password"]
    log_in(run, "admin", one_time)
    ok(run("rights", "revoke", "1"))
    ok(run("db", "remove", "other"))
    told = document(run("audit", "list", "--json"))
    by = {record["action"]: record["actor"] for record in told}
    assert (by["rights.granted"], by["rights.revoked"]) == ("visitor", "admin")
    assert (by["database.added"], by["database.removed"]) == ("visitor", "admin")
    ok(run("logout"))
    assert refused(run("rights", "revoke", "1")) == "PGW170"
    assert refused(run("db", "add", "other", "postgresql://u@127.0.0.1:1/x")) == "PGW170"


def test_the_groups_of_an_account_carry_data_rights(admin: Run) -> None:
    ok(admin("rights", "grant", "group:support", "read", "--on", "*.public.customers.email"))
    made = document(admin("people", "add", "lea", "--group", "support", "--json"))["one_time_password"]
    query = ("query", "select email from customers order by id limit 1", "--json")
    ok(admin("logout"))
    assert document(admin(*query))["columns"][0]["masked"] is True
    log_in(admin, "lea", made)
    seen = document(admin(*query))
    assert seen["columns"][0]["masked"] is False
    assert "@" in seen["rows"][0][0]


def test_a_token_acts_within_its_scopes_and_databases(
    admin: Run, monkeypatch: pytest.MonkeyPatch, shop_url: str
) -> None:
    ok(admin("people", "add", "importer", "--kind", "service", "--owner", "admin"))
    made = document(admin("token", "create", "importer", "nightly", "-d", "elsewhere", "--json"))
    wide = document(admin("token", "create", "importer", "nightly", "--scope", "ask", "--json"))
    ok(admin("logout"))
    monkeypatch.setenv("PGWARDEN_TOKEN", made["secret"])
    found = document(admin("whoami", "--json"))
    assert (found["identity"]["name"], found["identity"]["kind"], found["source"]) == ("importer", "service", "token")
    assert refused(admin("query", "select 1")) == "PGW040"
    assert refused(admin("query", "select 1", "-d", "postgresql://u@127.0.0.1:1/x")) == "PGW040"
    monkeypatch.setenv("PGWARDEN_TOKEN", wide["secret"])
    ok(admin("query", "select 1"))
    monkeypatch.delenv("PGWARDEN_TOKEN")
    ok(admin("login", "admin", "--password-stdin", text=f"{PASSWORD}\n"))
    ok(admin("token", "revoke", wide["token"]["id"]))
    monkeypatch.setenv("PGWARDEN_TOKEN", wide["secret"])
    for command in (("query", "select 1"), ("whoami",), ("people", "list")):
        assert refused(admin(*command)) == "PGW174", "an invalid token never falls back to the login"
    assert made["secret"] not in admin("whoami").output


@pytest.mark.parametrize(
    ("scope", "refuses"),
    [
        (
            "metrics",
            (
                ("ask", "customers"),
                ("query", "select 1"),
                ("schema",),
                ("tickets",),
                ("ticket", "show", "T-1"),
                ("impact", "delete from orders"),
                ("memory", "export"),
                ("executions",),
                ("glossary", "list"),
                ("audit", "list"),
                ("people", "add", "eve"),
            ),
        ),
        (
            "ask",
            (
                ("request", "delete from orders", "--reason", "x"),
                ("ticket", "comment", "T-1", "--text", "x"),
                ("ticket", "cancel", "T-1"),
                ("ticket", "approve", "T-1"),
                ("execute", "T-1"),
                ("undo", "x"),
                ("freeze", "--reason", "x"),
            ),
        ),
    ],
)
def test_a_verb_takes_a_token_that_was_made_for_it(
    admin: Run, monkeypatch: pytest.MonkeyPatch, scope: str, refuses: tuple[tuple[str, ...], ...]
) -> None:
    made = document(admin("token", "create", "admin", "narrow", "--scope", scope, "--json"))
    monkeypatch.setenv("PGWARDEN_TOKEN", made["secret"])
    assert {command: refused(admin(*command)) for command in refuses} == dict.fromkeys(refuses, "PGW040")


def test_a_second_factor_is_enrolled_and_then_asked_for(admin: Run) -> None:
    enrolling = subprocess.Popen(
        [sys.executable, "-m", "pgwarden", "people", "second-factor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert enrolling.stderr is not None
    assert "Put this" in enrolling.stderr.readline()
    secret = read_secret(enrolling.stderr.readline().strip())
    now = step_at(datetime.now(UTC))
    out, err = enrolling.communicate(f"{PASSWORD}\n{code_of(secret, now)}\n", timeout=60)
    assert enrolling.returncode == 0, err
    assert "need a code" in out
    assert refused(admin("login", "admin", "--password-stdin", text=f"{PASSWORD}\n")) == "PGW178"
    code = code_of(secret, now + 1)  # the one of this moment was taken when it was enrolled
    ok(admin("login", "admin", "--password-stdin", "--code", code, text=f"{PASSWORD}\n"))
    again = admin("login", "admin", "--password-stdin", "--code", code, text=f"{PASSWORD}\n")
    assert refused(again) == "PGW171"
    spare, *rest = re.findall(r"\d{5}(?:-\d{5}){3}", out)
    assert len(rest) == 9
    ok(admin("login", "admin", "--password-stdin", "--code", spare, text=f"{PASSWORD}\n"))
    assert document(admin("people", "recovery-codes", "--json")) == {"left": 9}
    assert refused(admin("people", "recovery-codes", "--new", text=f"{spare}\n")) == "PGW171"
    new = document(admin("people", "recovery-codes", "--new", "--json", text=f"{rest[0]}\n"))["recovery_codes"]
    assert refused(admin("login", "admin", "--password-stdin", "--code", rest[1], text=f"{PASSWORD}\n")) == "PGW171"
    assert "10 recovery codes left" in ok(admin("people", "recovery-codes"))
    told = ok(admin("audit", "list", "--json"))
    assert not [each for each in (spare, *rest, *new) if each in told]
    assert {"recovery_code.used", "recovery_codes.renewed"} <= {record["action"] for record in json.loads(told)}
    document(admin("people", "add", "second", "--role", "admin", "--json"))
    assert refused(admin("people", "reset-totp", "admin")) == "PGW040", "another administrator can help"
    ok(admin("people", "remove", "second"))
    assert refused(admin("people", "reset-totp", "second")) == "PGW173"
    ok(admin("people", "reset-totp", "admin"))
    assert refused(admin("people", "reset-totp", "admin")) == "PGW051", "there is none any more"
    assert document(admin("people", "recovery-codes", "--json")) == {"left": 0}
    ok(admin("login", "admin", "--password-stdin", text=f"{PASSWORD}\n"))
    assert "second_factor.removed" in actions(admin)


def test_delegations_from_the_command_line(admin: Run) -> None:
    for name in ("lea", "max"):
        ok(admin("people", "add", name, "--role", "approver", "--level", "1", "--zone", "Europe/Berlin"))
    ok(
        admin(
            "delegate", "to", "max", "--for", "lea", "--from", "2030-07-01", "--until", "2030-07-08", "--reason", "ill"
        )
    )
    (found,) = document(admin("delegate", "list", "--json"))
    assert (found["giver"], found["deputy"], found["reason"]) == ("lea", "max", "ill")
    assert refused(admin("delegate", "to", "admin", "--for", "lea", "--until", "2030-07-08")) == "PGW051"
    assert refused(admin("delegate", "to", "max", "--for", "lea", "--until", "whenever")) == "PGW051"
    ok(admin("delegate", "end", "max", "--for", "lea"))
    assert document(admin("delegate", "list", "--json")) == []


def test_the_last_administrator_cannot_be_taken_away(admin: Run) -> None:
    assert refused(admin("people", "remove", "admin")) == "PGW179"
    assert refused(admin("people", "set", "admin", "--role", "auditor")) == "PGW179"


# The approval policy


def test_a_policy_file_is_checked_without_a_database(tmp_path: Path, run: Run) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('[[approval.rules]]\nname = "night"\nlevel = 3\n')
    bad.write_text('[[approval.rules]]\nname = "night"\nlevl = 3\n')
    assert document(run("policy", "check", str(good), "--json"))["rules"] == 1
    result = run("policy", "check", str(bad))
    assert refused(result) == "PGW140"
    assert isinstance(result.exception, PgwardenError)
    assert "line 3: approval.rules[1].levl" in result.exception.why


def test_explain_says_who_would_decide_and_why(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update = "update products set price = price * 2 where id <= 3"
    plain = document(run("policy", "explain", update, "--json"))
    assert plain["route"]["automatic"] == ""
    policy = tmp_path / "policy.toml"
    policy.write_text('[[approval.rules]]\nname = "prices"\ntables = ["public.products"]\nlevel = 3\nquorum = 2\n')
    monkeypatch.setenv("PGWARDEN_POLICY_FILE", str(policy))
    strict = document(run("policy", "explain", update, "--json"))
    assert strict["route"]["seats"] == [{"level": 3, "quorum": 2}]
    assert "The policy's rule prices applies." in strict["route"]["factors"]
    assert any("connections are at work" in factor for factor in strict["route"]["factors"])
    shown = document(run("policy", "show", "--json"))
    assert [rule["name"] for rule in shown["approval"]["rules"]] == ["prices"]
    policy.write_text("[approval]\nlead_rows = 10\n")
    ok(run("policy", "show"))
    policy.write_text("[approval]\nlead_rows = -1\n")
    assert refused(run("policy", "explain", update)) == "PGW140"
    monkeypatch.delenv("PGWARDEN_POLICY_FILE")
    log_in(run, "admin", document(run("people", "first-admin", "--json"))["one_time_password"])
    assert actions(run).count("policy.changed") == 2


def test_a_dry_run_compares_past_tickets(
    admin: Run,
    environment: dict[str, str],
    make_database: MakeDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PGWARDEN_DATABASE_URL")
    database = owned(make_database())
    change(database, "create table items (id int primary key, price int)", "insert into items values (1, 2)")
    config = f'[databases.shop]\nurl = "{database}"\nallow_writes = true\n'
    Path(environment["PGWARDEN_CONFIG"]).write_text(config)
    document(admin("request", "update items set price = 1 where id = 1", "--reason", "test", "--json"))
    policy = tmp_path / "policy.toml"
    policy.write_text('[[approval.rules]]\nname = "all"\nlevel = 3\nquorum = 2\n')
    (compared,) = document(admin("policy", "dry-run", str(policy), "--json"))
    assert compared["differs"] is True
    assert compared["then"]["seats"] == [{"level": 3, "quorum": 2}]
    assert compared["now"]["level"] >= 1
    assert "1 of 1 past tickets" in ok(admin("policy", "dry-run", str(policy)))
    ok(admin("logout"))
    assert refused(admin("policy", "dry-run", str(policy))) == "PGW170"


async def test_a_login_at_the_provider_through_the_browser(environment: dict[str, str]) -> None:
    async with running_provider() as provider:
        settings = {
            "PGWARDEN_OIDC_ISSUER": provider.issuer,
            "PGWARDEN_OIDC_CLIENT_ID": CLIENT,
            "PGWARDEN_OIDC_CREATE_ACCOUNTS": "true",
            "PGWARDEN_OIDC_ROLES": "leads=approver:2",
        }
        provider.person |= {"groups": ["leads"]}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "pgwarden", "login", "--oidc", "--json"),
            env={**os.environ, **environment, **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        line = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
        async with httpx.AsyncClient(follow_redirects=True, timeout=30, verify=False) as browser:
            (await browser.get(line.removeprefix("Log in here: ").strip())).raise_for_status()
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err
        assert json.loads(out)["login"]["person"] == "ana@example.org"
