"""A process that asks, decides, executes and undoes the same change again and again until it is killed.

Prints each step that it has taken.
"""

from __future__ import annotations

import asyncio
import sys

from tests.support.ticket_house import house_on

from pgwarden.adapters.postgres.control.connection import control_pool
from pgwarden.adapters.postgres.control.tickets import PostgresTicketStore

STATEMENT = "update account set amount = amount + 1"


async def main(control: str, target: str) -> None:
    async with (
        control_pool(control, size=2, wait_seconds=30) as pool,
        house_on(target, tickets=PostgresTicketStore(pool)) as house,
    ):
        while True:
            ticket = (await house.ask(STATEMENT)).ticket.id
            tell("opened", ticket)
            await house.approve(ticket)
            tell("approved", ticket)
            execution = (await house.run(ticket)).execution.id
            tell("executed", ticket)
            undo = await house.road.undo(
                "shop", execution, identity=house.who("ana"), source="test", reason="again and again"
            )
            tell("opened", undo.id)
            await house.run(undo.id)
            tell("executed", undo.id)


def tell(step: str, ticket: str) -> None:
    sys.stdout.write(f"{step} {ticket}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
