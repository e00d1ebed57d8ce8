"""From a ticket that is opened to mail that arrives: real stores, real workers, a real mail server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.change import owned
from tests.support.cli_runner import CliRunner
from tests.support.job_victim import QUICK
from tests.support.mail_server import Mailbox, mail_server
from tests.support.tickets import opened, request, terms

from pgwarden.adapters.jobs.worker import Worker
from pgwarden.adapters.notify.email import EmailChannel, MailServer
from pgwarden.adapters.postgres.control.connection import Pool, control_pool
from pgwarden.adapters.postgres.control.data_rights import PostgresDataRightsStore
from pgwarden.adapters.postgres.control.migrate import migrate
from pgwarden.adapters.postgres.control.notifications import PostgresNotificationStore
from pgwarden.adapters.postgres.control.people import PostgresPeopleStore
from pgwarden.adapters.postgres.control.tickets import PostgresTicketStore
from pgwarden.agents.notifier import Notifier, Tries
from pgwarden.agents.recipients import Recipients
from pgwarden.cli import main as command_line
from pgwarden.domain.job import Job
from pgwarden.domain.notification import Channel, DeliveryStatus
from pgwarden.domain.person import Person, Role
from pgwarden.domain.ticket_change import Change

NEW_PASSWORD = "a long walk beside the river"
PATIENCE = 60.0
ROOT = Path(__file__).parents[2]
ROLES = frozenset({Role.REQUESTER, Role.APPROVER, Role.ADMIN})
MAX = Person("max", roles=ROLES, level=2, email="max@example.org")
TRIES = Tries(delays=(0.1, 0.1, 0.1, 0.1), patience=5)


@pytest.fixture
def control_url(database: str) -> str:
    return owned(database)


@pytest.fixture
async def control(control_url: str) -> AsyncIterator[Pool]:
    async with control_pool(control_url, size=8) as pool:
        await migrate(pool)
        await PostgresPeopleStore(pool).add(MAX, audit=())
        yield pool


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    with mail_server() as box:
        yield box


def handlers(control: Pool, box: Mailbox, tries: Tries = TRIES) -> Mapping[str, Any]:
    people, store = PostgresPeopleStore(control), PostgresNotificationStore(control)
    channel = EmailChannel(MailServer(box.host, box.port, "pgwarden@example.org", "none", seconds=5))
    notifier = Notifier(
        PostgresTicketStore(control),
        people,
        store,
        Recipients(people, store, PostgresDataRightsStore(control)),
        {Channel.EMAIL: channel},
        lambda: datetime.now(UTC),
        tries=tries,
    )
    return notifier.handlers()


@asynccontextmanager
async def working(control: Pool, box: Mailbox, workers: int = 1, tries: Tries = TRIES) -> AsyncIterator[None]:
    found = [Worker(url(control), handlers(control, box, tries), pace=QUICK) for _ in range(workers)]
    tasks = [asyncio.create_task(worker.run()) for worker in found]
    try:
        yield
    finally:
        for worker in found:
            worker.stop()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*tasks)


def url(control: Pool) -> str:
    assert isinstance(control.conninfo, str)
    return control.conninfo


async def ask(control: Pool, ticket: str = "T-1", requester: str = "ana") -> None:
    """A ticket with the job that tells max, in one transaction."""
    now = datetime.now(UTC)
    event = opened(request(requester=requester), terms(expires_at=now.replace(year=now.year + 1)))
    job = Job("notify", {"ticket": ticket, "kind": "approval_requested", "to": ["max"], "urgency": "normal"})
    await PostgresTicketStore(control).open(ticket, Change((event,), (job,)))


async def settled(control: Pool, status: DeliveryStatus, count: int) -> None:
    """Wait until so many deliveries are in a status."""
    store = PostgresNotificationStore(control)
    async with asyncio.timeout(PATIENCE):
        while len(await mails(store, status)) < count:  # noqa: ASYNC110 - the state is in the database
            await asyncio.sleep(0.02)


async def mails(store: PostgresNotificationStore, status: DeliveryStatus) -> list[str]:
    found = await store.in_status(status, limit=500)
    return [each.delivery.id for each in found if each.delivery.channel is Channel.EMAIL]


async def test_the_approver_is_told_when_the_ticket_is_there(control: Pool, box: Mailbox) -> None:
    async with working(control, box):
        await ask(control)
        await box.until(1)
        await settled(control, DeliveryStatus.SENT, 1)
    (mail,) = box.mails
    assert mail["To"] == "max@example.org"
    assert mail["X-Pgwarden-Ticket"] == "T-1"


async def test_three_workers_tell_each_thing_once(control: Pool, box: Mailbox) -> None:
    async with working(control, box, workers=3):
        await asyncio.gather(*(ask(control, f"T-{number}", f"requester {number}") for number in range(20)))
        await box.until(20)
        await settled(control, DeliveryStatus.SENT, 20)
    assert sorted(mail["X-Pgwarden-Ticket"] for mail in box.mails) == sorted(f"T-{number}" for number in range(20))


async def test_a_mail_server_that_comes_back_gets_the_mail(control: Pool, box: Mailbox) -> None:
    box.reply = "451 try again later"
    async with working(control, box, tries=Tries(delays=(0.1,) * 100, patience=5)):
        await ask(control)
        store = PostgresNotificationStore(control)
        async with asyncio.timeout(PATIENCE):
            while not any(each.delivery.attempts for each in await store.of_ticket("T-1")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        box.reply = ""
        await box.until(1)
        await settled(control, DeliveryStatus.SENT, 1)
    assert len(box.mails) == 1


async def test_one_that_stays_away_leaves_a_dead_letter(control: Pool, box: Mailbox) -> None:
    box.reply = "451 never"
    async with working(control, box):
        await ask(control)
        await settled(control, DeliveryStatus.DEAD, 1)
    (dead,) = await PostgresNotificationStore(control).in_status(DeliveryStatus.DEAD)
    assert dead.delivery.attempts == 5
    assert "451" in dead.delivery.error


async def test_what_a_killed_worker_was_sending_is_sent_by_another(control: Pool, box: Mailbox) -> None:
    await ask(control)
    first = {name: handler for name, handler in handlers(control, box).items() if name == "notify"}
    await Worker(url(control), first, pace=QUICK).drain()
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.job_victim", url(control), "deliver", "hang", cwd=ROOT, stdout=PIPE
    )
    assert victim.stdout
    assert (await asyncio.wait_for(victim.stdout.readline(), PATIENCE)).startswith(b"started")
    victim.kill()
    await asyncio.wait_for(victim.communicate(), PATIENCE)
    async with working(control, box, workers=2):
        await box.until(1)
        await settled(control, DeliveryStatus.SENT, 1)
    assert len(box.mails) == 1


# The command line


@pytest.fixture
def environment(control: Pool, box: Mailbox, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "none.toml").touch(mode=0o600)
    return {
        "PGWARDEN_HOME": str(tmp_path / "home"),
        "PGWARDEN_CONFIG": str(tmp_path / "none.toml"),
        "PGWARDEN_CONTROL_URL": url(control),
        "PGWARDEN_USER": "ana",
        "PGWARDEN_SMTP_HOST": box.host,
        "PGWARDEN_SMTP_PORT": str(box.port),
        "PGWARDEN_SMTP_TLS": "none",
        "PGWARDEN_SMTP_FROM": "pgwarden@example.org",
    }


async def test_draining_from_the_command_line(control: Pool, box: Mailbox, environment: dict[str, str]) -> None:
    await ask(control)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pgwarden", "worker", "--drain", "--json", env=_with(environment), stdout=PIPE
    )
    said, _ = await asyncio.wait_for(worker.communicate(), 2 * PATIENCE)
    assert json.loads(said)["jobs"] >= 2
    assert len(box.mails) == 1


async def test_a_worker_runs_until_it_is_told_to_stop(control: Pool, box: Mailbox, environment: dict[str, str]) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pgwarden", "worker", env=_with(environment), stdout=PIPE, stderr=PIPE
    )
    assert worker.stderr
    assert b"Ctrl-C" in await asyncio.wait_for(worker.stderr.readline(), PATIENCE)
    await ask(control)
    await box.until(1)
    worker.send_signal(signal.SIGTERM)
    await asyncio.wait_for(worker.communicate(), PATIENCE)
    assert worker.returncode == 0


def test_ones_own_list_and_preferences(
    environment: dict[str, str], control: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(command_line.app, ["notifications", *arguments, "--json"])
        assert result.exception is None, result.exception
        return json.loads(result.stdout)

    assert run("list") == []
    changed = run("preferences", "--quiet", "22:00-07:00", "--channels", "low=", "--batch", "5")
    assert (changed["quiet"], changed["channels"]["low"], changed["batch_minutes"]) == ("22:00-07:00", [], 5)
    assert run("watch", "table", "shop.public.note")["watching"] == "shop public.note"
    assert run("preferences")["watches"] == [{"kind": "table", "name": "shop public.note"}]
    assert run("unwatch", "table", "shop.public.note")["was"]
    assert run("preferences", "--quiet", "none")["quiet"] == ""


@pytest.mark.parametrize("verb", [["dead"], ["retry"], ["test", "email"]])
def test_looking_after_the_channels_needs_an_administrator(
    environment: dict[str, str], verb: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(command_line.app, ["notifications", *verb])
    assert getattr(result.exception, "code", "") == "PGW170"


def test_an_administrator_looks_after_what_did_not_arrive(
    environment: dict[str, str], control_url: str, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, text: str | None = None) -> Any:
        result = CliRunner().invoke(command_line.app, [*arguments, "--json"], input=text)
        assert result.exception is None, result.exception
        return json.loads(result.stdout)

    async def ask_anew() -> None:
        async with control_pool(control_url) as pool:
            await ask(pool)

    asyncio.run(ask_anew())
    first = run("people", "first-admin")["one_time_password"]
    run("login", "max", "--password-stdin", text=f"{first}\n")
    run("people", "password", "--password-stdin", text=f"{first}\n{NEW_PASSWORD}\n")
    box.reply = "550 nobody here"
    run("worker", "--drain")
    (dead,) = run("notifications", "dead")
    assert (dead["person"], dead["channel"], dead["attempts"]) == ("max", "email", 1)
    assert "550" in dead["error"]
    box.reply = ""
    assert run("notifications", "retry", dead["id"][:8]) == {"retried": 1}
    assert {job["task"] for job in run("jobs", "list", "--state", "todo")} == {"deliver"}
    run("worker", "--drain")
    assert run("notifications", "dead") == []
    assert run("notifications", "test", "email") == {"sent": "email"}
    assert [mail["X-Pgwarden-Ticket"] for mail in box.mails] == ["T-1", "EXAMPLE"]


def _with(environment: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **environment}
