"""What somebody likes has its effect: days begin in their zone, and rows look as they want them, at every door."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from tests.conftest import MakeDatabase
from tests.support.change import owned, run
from tests.support.cli_runner import CliRunner
from tests.support.web import WebHouse, web_house

from pgwarden.cli import main as command_line
from pgwarden.domain.remembered import Forgotten

EARLIEST, LATEST = "Pacific/Kiritimati", "Etc/GMT+12"
"""Twenty-six hours apart: it is never the same day in both."""
MOMENT = "timestamptz '2026-01-01 12:00+00'"
TABLES = (
    "create table events(id int primary key, at timestamptz not null, amount numeric not null)",
    "insert into events select i, now() + make_interval(hours => i), 1234567.5 from generate_series(-60, 60) i",
    "analyze",
)


@pytest.fixture
def database(make_database: MakeDatabase) -> str:
    target = owned(make_database())
    run(target, *TABLES)
    return target


@pytest_asyncio.fixture
async def house(
    state_home: Path, make_database: MakeDatabase, settled_people: str, database: str
) -> AsyncIterator[WebHouse]:
    async with web_house(state_home, make_database(template=settled_people), database) as made:
        yield made


def shown_in(database: str, zone: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute("select set_config('TimeZone', %s, true)", [zone])
        return str(connection.execute(f"select {MOMENT}::text").fetchone()[0])  # type: ignore[index]  # one row


def today(database: str, zone: str) -> set[int]:
    with psycopg.connect(database) as connection:
        sql = "select id from events where (at at time zone %(zone)s)::date = (now() at time zone %(zone)s)::date"
        return {row[0] for row in connection.execute(sql, {"zone": zone})}


async def test_today_is_the_persons_own_day_and_rows_look_as_they_like(house: WebHouse, database: str) -> None:
    client = await house.logged_in("ana")
    found = {}
    for zone in (EARLIEST, LATEST):
        kept = await client.patch("/api/v1/preferences", json={"zone": zone, "numbers": "comma", "chart": "none"})
        assert kept.json()["zone"] == zone
        before = today(database, zone)
        answer = (await client.post("/api/v1/ask", json={"question": "show the id and amount of events today"})).json()
        ids = {row[0] for row in answer["result"]["rows"]}
        assert ids in (before, today(database, zone)), answer["sql"]
        assert answer["preferences"]["chart"] == "none"
        column = [each["name"] for each in answer["result"]["columns"]].index("amount")
        assert {row[column] for row in answer["result"]["rows"]} == {"1234567.5"}, "values stay exact"
        assert {row[column] for row in answer["result"]["shown"]} == {"1,234,567.5"}
        found[zone] = ids
        written = await client.post("/api/v1/reads", json={"sql": f"select {MOMENT}::text"})
        assert written.json()["rows"] == [[shown_in(database, zone)]], "SQL of one's own, too"
    assert found[EARLIEST] != found[LATEST]
    page = (await client.get("/account")).text
    assert f'value="{LATEST}"' in page
    form = {"csrf": client.headers["X-CSRF-Token"], "zone": "", "numbers": "plain"}
    assert (await client.post("/account/preferences", data=form)).status_code == 303
    assert (await client.get("/api/v1/preferences")).json()["zone"] == ""
    refused = await client.patch("/api/v1/preferences", json={"chart": "pie", "dates": "eu"})
    assert refused.json()["code"] == "PGW051"
    assert (await client.get("/api/v1/preferences")).json()["dates"] == "iso", "all or nothing"


def test_the_terminal_shows_rows_as_liked_until_that_is_forgotten(
    tmp_path: Path, make_database: MakeDatabase, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none.toml").touch(mode=0o600)
    settings = {"HOME": tmp_path / "home", "CONFIG": tmp_path / "none.toml", "USER": "ada"}
    settings |= {"CONTROL_URL": make_database(), "DATABASE_URL": database}
    for name, value in settings.items():
        monkeypatch.setenv(f"PGWARDEN_{name}", str(value))

    def pgwarden(*arguments: str) -> str:
        result = CliRunner().invoke(command_line.app, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    question = ("ask", "show the id and amount of the event with id 7")
    assert json.loads(pgwarden("preferences", "set", "output=csv", "units=short", "--json"))["output"] == "csv"
    assert list(csv.reader(io.StringIO(pgwarden(*question))))[1] == ["7", "1234567.5"], "a file keeps exact values"
    pgwarden("preferences", "unset", "output")
    assert "1.2 M" in pgwarden(*question)
    assert json.loads(pgwarden("memory", "export", "--json"))["preferences"] == {"units": "short"}
    gone = json.loads(pgwarden("memory", "forget", "--everything", "--json"))
    assert Forgotten(**gone) == Forgotten(1, 0, 1)
    assert "1.2 M" not in pgwarden(*question)


def test_sql_of_ones_own_is_read_in_ones_zone_at_the_command_and_in_the_shell(
    tmp_path: Path, make_database: MakeDatabase, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "none.toml").touch(mode=0o600)
    settings = {"HOME": tmp_path / "home", "CONFIG": tmp_path / "none.toml", "USER": "ada"}
    settings |= {"CONTROL_URL": make_database(), "DATABASE_URL": database}
    for name, value in settings.items():
        monkeypatch.setenv(f"PGWARDEN_{name}", str(value))

    def pgwarden(*arguments: str, text: str = "") -> str:
        result = CliRunner().invoke(command_line.app, arguments, input=text)
        assert result.exit_code == 0, result.output
        return result.stdout

    asked = f"select {MOMENT}::text as moment, count(*) from events where at::date = current_date"
    shown = {}
    for zone in (EARLIEST, LATEST):
        pgwarden("preferences", "set", f"zone={zone}")
        shown[zone] = shown_in(database, zone)
        here = {len(today(database, zone))}
        ((moment, count),) = json.loads(pgwarden("query", asked, "--json"))["rows"]
        assert moment == shown[zone]
        assert count in here | {len(today(database, zone))}, "days begin there, too"
        assert shown[zone] in pgwarden("shell", text=f"{asked}\n")
    assert shown[EARLIEST] != shown[LATEST]
