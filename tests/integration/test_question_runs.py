"""Saved questions that are sent: by real jobs, over a real mail server, with their owner's rights."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import openpyxl
import pytest
import pytest_asyncio
from tests.support.mail_server import Mailbox, mail_server
from tests.support.web import WebHouse

from pgwarden.adapters.files import row_file
from pgwarden.adapters.jobs.worker import Pace, Worker
from pgwarden.adapters.notify.email import MailServer
from pgwarden.adapters.notify.mailer import SmtpMailer
from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.questions import PostgresQuestionStore
from pgwarden.adapters.postgres.control.sessions import PostgresSessionStore
from pgwarden.agents.question_desk import RUN, QuestionDesk
from pgwarden.agents.question_runs import SEND, QuestionRuns
from pgwarden.agents.sight import Sight
from pgwarden.domain.admission import Admission
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import DeliveryFailed, InputInvalid
from pgwarden.domain.identity import Access, DataRight
from pgwarden.domain.saved_question import MOST_FAILURES, SavedQuestion, Schedule
from pgwarden.domain.sensitive import is_sensitive_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

SQL = "select id, name, '=1+' || id as formula from customers where id <= 60 order by id"
DAILY = "0 8 * * *"


@dataclass
class Post:
    """The desk and the runs of a house, by a clock that a test sets, and the box that mail comes into."""

    house: WebHouse
    box: Mailbox
    store: PostgresQuestionStore
    now: datetime

    def __post_init__(self) -> None:
        app, server = (
            self.house.app,
            MailServer(self.box.host, self.box.port, "pgwarden@example.org", "none", seconds=10),
        )
        parts = (self.store, app.people, app.execution)
        self.runs = QuestionRuns(
            *parts, SmtpMailer(server), row_file, lambda: self.now, app.trail, public_url="https://warden.example.org"
        )
        sight = Sight(app.schema, app.rights, is_sensitive_in)
        sessions = PostgresSessionStore(self.store._pool)
        self.desk = QuestionDesk(
            self.store, sessions, app.people, app.execution, app.schema, sight, lambda: self.now, app.trail, mails=True
        )

    async def person(self, **given: object) -> Admission:
        name = await self.house.newcomer(**given)
        person = replace(await self.house.app.people.get(name), email=f"{name}@example.org")
        await self.house.app.people.replace(person, expected=await self.house.app.people.get(name), audit=())
        return await self.house.admitted(name)

    async def work(self) -> None:
        """What is due by the server's clock, by several workers at once."""
        pace = Pace(delays=(0,), attempts=3)
        await asyncio.gather(
            *(Worker(self.house.control, self.runs.handlers(), 2, pace=pace).drain() for _ in range(2))
        )

    def mails_to(self, *names: str) -> list[EmailMessage]:
        return [mail for mail in self.box.mails if str(mail["To"]).partition("@")[0] in names]


@pytest_asyncio.fixture(loop_scope="session")
async def post(house: WebHouse) -> AsyncIterator[Post]:
    with mail_server() as box:
        async with control_pool(house.control) as pool:
            post = Post(house, box, PostgresQuestionStore(pool), datetime.now(UTC))
            yield post
            async with pool.connection() as connection:  # work that nobody does would count as late
                await connection.execute(
                    "delete from pgwarden_jobs.procrastinate_jobs where task_name = any(%s)",
                    [list(post.runs.handlers())],
                )


def yesterday(post: Post) -> datetime:
    """A moment from which a daily schedule is due exactly once by now."""
    eight = post.now.replace(hour=8, minute=0, second=0, microsecond=0)
    last = eight if eight <= post.now else eight - timedelta(days=1)
    return last - timedelta(minutes=1)


async def saved(post: Post, owner: Admission, *to: Admission, form: str = "csv", sql: str = SQL) -> SavedQuestion:
    post.now = yesterday(post)
    name = f"Customers of {owner.identity.name}"
    kept = await post.desk.save(owner, name=name, database="shop", sql=sql, question="who?", shared_with="everybody")
    wanted = Schedule(DAILY, "UTC", tuple(each.identity.name for each in to), form)
    return await post.desk.schedule(kept.id, owner, wanted, revision=1)


async def test_a_run_is_sent_once_as_a_table_and_a_file_to_whom_it_may_go(post: Post) -> None:
    owner, friend, blind = [await post.person() for _ in range(3)]
    kept = await saved(post, owner, owner, friend, blind)
    known = await post.house.app.rights.current()
    line = DataRight(f"person:{blind.identity.name}", Access.MASKED, table="customers", column="name")
    await post.house.app.rights.replace([*known.lines, line], expected=known.number, author="test", at=post.now)
    await post.work()
    names = {each.identity.name for each in (owner, friend, blind)}
    mails = post.mails_to(*names)
    assert sorted(str(m["To"]) for m in mails) == sorted(f"{n.identity.name}@example.org" for n in (owner, friend))
    (mail,) = post.mails_to(friend.identity.name)
    assert mail["Subject"] == f"{kept.name}: 20 rows"
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "<td" in html.get_content()
    assert "name 7" in text.get_content()
    assert f"https://warden.example.org/ask?saved={kept.id}" in text.get_content()
    (file,) = mail.iter_attachments()
    assert str(file.get_filename()).endswith(".csv")
    rows = list(csv.reader(io.StringIO(str(file.get_content()), newline="")))
    assert (len(rows), rows[1][2]) == (21, "'=1+1")
    after = await post.store.get(kept.id)
    assert after.schedule is not None
    assert after.schedule.next_at is not None
    assert after.schedule.next_at > datetime.now(UTC)
    assert blind.identity.name in after.schedule.last_said
    assert "masked" in after.schedule.last_said
    # the same jobs again, as after a crash: nothing is sent twice
    due = after.schedule.next_at - timedelta(days=1)
    again = {"question": kept.id, "due": due.isoformat()}
    for handler in (RUN, SEND):
        await post.runs.handlers()[handler](again)
    assert len(post.mails_to(*names)) == 2
    told = await post.house.app.audit.find(AuditFilter(subject=kept.id), limit=20)
    actions = [record.entry.action for record in told]
    assert sorted(actions) == ["question.due", "question.saved", "question.scheduled", "question.sent", "question.sent"]


async def test_excel_is_attached_and_masks_are_the_owners(post: Post) -> None:
    owner = await post.person()
    await saved(post, owner, owner, form="xlsx", sql="select id, email from customers order by id limit 3")
    await post.work()
    (mail,) = post.mails_to(owner.identity.name)
    (file,) = mail.iter_attachments()
    sheet = openpyxl.load_workbook(io.BytesIO(file.get_content())).active
    values = list(sheet.iter_rows(values_only=True))
    assert values[0] == ("id", "email")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Masked: email." in body.get_content()
    assert "c1@example.org" not in str(values) + body.get_content()


async def test_a_run_that_fails_is_told_to_its_owner_and_stops_in_the_end(post: Post) -> None:
    owner = await post.person()
    kept = await saved(post, owner, owner)
    broken = replace(kept, sql="select gone from customers")
    await post.store.replace(broken)
    for number in range(1, MOST_FAILURES + 1):
        plan = (await post.store.get(kept.id)).schedule
        assert plan is not None
        assert plan.next_at is not None
        args = {"question": kept.id, "due": plan.next_at.isoformat()}
        post.now = plan.next_at
        await post.runs.run(args)
        for _ in range(2):  # as after a crash: it counts once
            await post.runs.send(args)
        after = (await post.store.get(kept.id)).schedule
        assert after is not None
        assert after.failures == number
        assert (after.next_at is None) == (number == MOST_FAILURES)
        assert "gone" in after.last_said
    await post.work()
    mails = post.mails_to(owner.identity.name)
    assert len(mails) == MOST_FAILURES
    assert [str(m["Subject"]).endswith("and stopped") for m in mails].count(True) == 1
    desk = await post.desk.get(kept.id, owner)
    await post.desk.schedule(kept.id, owner, Schedule(DAILY, "UTC", (owner.identity.name,)), revision=desk.revision)
    anew = (await post.store.get(kept.id)).schedule
    assert anew is not None
    assert (anew.failures, anew.next_at is None) == (0, False)


async def test_a_mail_server_that_is_busy_is_tried_again_for_an_hour(post: Post) -> None:
    owner, friend = await post.person(), await post.person()
    kept = await saved(post, owner, owner, friend)
    plan = kept.schedule
    assert plan is not None
    assert plan.next_at is not None
    args = {"question": kept.id, "due": plan.next_at.isoformat()}
    post.now = plan.next_at
    await post.runs.run(args)
    post.box.reply = "451 busy"
    with pytest.raises(DeliveryFailed):
        await post.runs.send(args)
    post.box.reply = ""
    await post.runs.send(args)
    assert len(post.mails_to(owner.identity.name, friend.identity.name)) == 2
    late = (await post.store.get(kept.id)).schedule
    assert late is not None
    assert late.next_at is not None
    post.box.reply, post.now = "451 busy", late.next_at + timedelta(minutes=61)
    await post.runs.run({"question": kept.id, "due": late.next_at.isoformat()})
    await post.runs.send({"question": kept.id, "due": late.next_at.isoformat()})
    failed = (await post.store.get(kept.id)).schedule
    assert failed is not None
    assert failed.failures == 1
    assert "PGW205" in failed.last_said


async def test_nobody_is_named_who_may_not_get_it(post: Post) -> None:
    owner, other = await post.person(), await post.person()
    kept = await post.desk.save(owner, name="Mine", database="shop", sql=SQL)
    for name in (other.identity.name, "ana"):  # not shared with them; no mail address
        with pytest.raises(InputInvalid, match="cannot be sent"):
            await post.desk.schedule(kept.id, owner, Schedule(DAILY, "UTC", (name,)), revision=1)
    plan = Schedule(DAILY, "UTC", (owner.identity.name,))
    scheduled = await post.desk.schedule(kept.id, owner, plan, revision=1)
    assert scheduled.schedule is not None
    # withdrawn: a job that waits finds nothing to do
    await post.desk.unschedule(kept.id, owner, revision=2)
    await post.runs.run({"question": kept.id, "due": str(scheduled.schedule.next_at)})
    await post.runs.send({"question": kept.id, "due": str(scheduled.schedule.next_at)})
    await post.desk.remove(kept.id, owner)
    await post.runs.send({"question": kept.id, "due": str(scheduled.schedule.next_at)})
    assert post.box.mails == []
