"""``./run demo``: a guided tour of the product on the embedded PostgreSQL with the sample shop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pgwarden.cli.ask import show, show_plan
from pgwarden.cli.door import tell_error
from pgwarden.cli.render import console, one_line, simple_table
from pgwarden.cli.statement import STYLE, WORD
from pgwarden.demo.change import ChangeChapter
from pgwarden.domain.answer import Answer
from pgwarden.domain.errors import PgwardenError

if TYPE_CHECKING:
    from pgwarden.adapters.embedded.server import EmbeddedServer
    from pgwarden.bootstrap import App
    from pgwarden.settings import Settings

DATABASE = "shop"
PASSFILE = "shop.pgpass"

REQUIRED = (
    "Show me all customers from California",
    "How many users registered last month?",
    "Update the price of product ID 123 to $99.99",
    "Delete all orders older than 6 months",
)
"""The four input examples of the requirements document."""

RICHER = (
    "top 5 products by revenue in the last 90 days",
    "average order total per month this year",
    "customers who never placed an order",
    "which categories have the most reviews with rating below 3?",
    "total payment amount by method",
)

SOUGHT = "which customers review which products"

JUDGED = (
    ("a plain read", "select state, count(*) from customers group by state"),
    ("a change in disguise", "with gone as (delete from orders returning *) select count(*) from gone"),
    ("two statements at once", "select 1; drop table customers"),
    ("a file of the server", "select pg_read_file('/etc/passwd')"),
    ("SQL hidden in a text", "select query_to_xml('delete from orders', true, true, '')"),
    ("a user function that only reads", "select customer_lifetime_value(7)"),
)


def main() -> int:
    """Take the tour; returns the exit status."""
    from pgwarden.adapters.embedded.signals import orderly_end

    parser = argparse.ArgumentParser(prog="./run demo", description="A tour of pgwarden on a sample shop.")
    parser.add_argument("--keep", action="store_true", help="leave PostgreSQL running, to play with")
    keep: bool = parser.parse_args().keep
    started = time.monotonic()
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # after Ctrl-C it would tell of its connections
    try:
        with orderly_end():
            asyncio.run(_take(keep, started))
    except KeyboardInterrupt:
        console(stderr=True).print("Stopped.")
        return 130
    except PgwardenError as error:
        tell_error(error, as_json=False)
        return error.exit_status
    return 0


async def _take(keep: bool, started: float) -> None:
    from pgwarden.bootstrap import build, embedded_server
    from pgwarden.settings import load

    settings = load()
    server = await asyncio.to_thread(embedded_server(settings).start)
    try:
        await asyncio.to_thread(prepare_shop, server, settings)
        async with build(settings) as app:
            await register_shop(app, server)
            await Tour(app, server, started).walk()
    finally:
        await asyncio.to_thread(lambda: server.close(keep=keep))
    if keep:
        console().print(
            "\nPostgreSQL keeps running. Play with it:\n"
            '  ./run pgwarden ask "orders by status"\n  ./run pgwarden shell\n'
            "Stop it by running ./run demo once more without --keep.",
            markup=False,
        )


def prepare_shop(server: EmbeddedServer, settings: Settings) -> None:
    """The shop's database, loaded on the first start and renewed when its dates are of another day."""
    from pgwarden.demo import shop

    url = server.create_database(DATABASE)
    shop.renew(url)
    server.create_role(shop.READER)
    server.create_role(shop.OWNER)
    password = server.conninfo(DATABASE, role=shop.READER).split("://")[1].split("@")[0].split(":")[1]
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    passfile = settings.home / PASSFILE
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:{DATABASE}:{shop.READER}:{password}\n", encoding="utf-8")


async def register_shop(app: App, server: EmbeddedServer) -> None:
    """Register the shop, read-only, under its least-privilege role; the port may have changed since last time."""
    from pgwarden.demo import shop
    from pgwarden.domain.errors import UnknownDatabase

    url = f"postgresql://{shop.READER}@127.0.0.1:{server.port}/{DATABASE}"
    database = app.describe_target(
        DATABASE, url, passfile=app.settings.home / PASSFILE, notes="the sample shop of ./run demo"
    )
    try:
        await app.targets.replace(database)
    except UnknownDatabase:
        await app.targets.add(database)


class Tour:
    """The chapters, in order."""

    def __init__(
        self, app: App, server: EmbeddedServer, started: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``server`` holds the shop; the chapter on a change has its own control database there."""
        self._app, self._server, self._started, self._clock = app, server, started, clock
        self._chapter = 0

    async def walk(self) -> None:
        """Every chapter."""
        await self._questions()
        await self._follow_ups()
        await self._verdicts()
        await self._schema()
        from pgwarden.demo import shop

        self._title("A change: asked for, approved by another person, done, proven, taken back, and audited")
        await ChangeChapter(self._server, shop.OWNER).walk()
        took = self._clock() - self._started
        console().print(
            f"\n[dim]The tour took {took:.1f} s. Try it on your own database: pgwarden db add NAME URL[/dim]"
        )

    def _title(self, text: str) -> None:
        self._chapter += 1
        console().print(f"\n[bold blue]{self._chapter}. {text}[/bold blue]")

    async def _ask(self, question: str, *, session: str = "", rows: int = 6, explain: bool = False) -> Answer:
        console().print(f"\n[bold green]>[/bold green] [bold]{question}[/bold]")
        answer = await self._app.orchestrator.ask(
            question,
            database=DATABASE,
            identity=self._app.identity,
            session=session,
            limits=self._app.limits(rows=rows),
            explain=explain,
        )
        show(answer)
        return answer

    async def _questions(self) -> None:
        self._title("Ask in plain words")
        for number, question in enumerate(REQUIRED):
            answer = await self._ask(question)
            if number == 0:
                took = self._clock() - self._started
                console().print(f"[dim]first answer {took:.1f} s after the start[/dim]")
            if answer.plan is not None and answer.plan.has("approval_process") and number == 2:
                show_plan(answer)
        for question in RICHER:
            await self._ask(question, rows=12)

    async def _follow_ups(self) -> None:
        self._title("Go on talking")
        session = f"tour-{time.time_ns()}"
        for question in ("how many orders were placed this year?", "and by month?", "only the first three"):
            await self._ask(question, session=session, rows=12)

    async def _verdicts(self) -> None:
        self._title("What is allowed, and why not")
        from rich.text import Text

        catalog = await self._app.schema.catalog(DATABASE)
        for what, sql in JUDGED:
            verdict = self._app.query.validate(sql, catalog)
            console().print(Text(f"\n{what}: ", style="bold") + Text(sql, style="cyan"))
            console().print(Text(f"  {WORD[verdict.decision]}", style=STYLE[verdict.decision]))
            for reason in verdict.reasons[:2]:
                console().print(Text(f"  {one_line(reason.message)}", style="dim"))

    async def _schema(self) -> None:
        self._title("Know the data; personal data stays masked")
        found = await self._app.orchestrator.sample(
            DATABASE, "customers", rows=3, masked=True, identity=self._app.identity
        )
        shown = [
            i for i, name in enumerate(found.columns) if name in ("first_name", "email", "phone", "birth_date", "state")
        ]
        rows = [[row[i] for i in shown] for row in found.rows]
        console().print("\na sample of customers:")
        console().print(simple_table([found.columns[i] for i in shown], rows))
        matches = await self._app.schema.suggest_tables(DATABASE, SOUGHT, limit=5)
        rows = [[m.name, ", ".join(m.matched)] for m in matches]
        console().print(f"\ntables for “{SOUGHT}”:")
        console().print(simple_table(("table", "because of"), rows))


if __name__ == "__main__":
    sys.exit(main())
