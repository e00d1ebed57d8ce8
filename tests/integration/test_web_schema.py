"""What changed in a structure since when, and its map, without what is withheld from the reader."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest
from tests.support.change import run
from tests.support.web import WebHouse

from pgwarden.domain.identity import Access, DataRight

pytestmark = pytest.mark.asyncio(loop_scope="session")

API = "/api/v1/databases/shop"


async def test_changes_and_the_map_leave_out_what_is_withheld(house: WebHouse) -> None:
    mark, app = secrets.token_hex(4), house.app
    secret, plain = f"secret_{mark}", f"plain_{mark}"
    name = await house.newcomer()
    known = await app.rights.current()
    lines = [
        DataRight(f"person:{name}", Access.DENY, table=f"secret_{mark}*"),
        DataRight(f"person:{name}", Access.DENY, table=plain, column="hidden"),
    ]
    await app.rights.replace([*known.lines, *lines], expected=known.number, author="test", at=datetime.now(UTC))
    ana, blind = await house.logged_in("ana"), await house.logged_in(name)
    await app.schema.refresh("shop")
    before = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "")

    async def after(*statements: str) -> None:
        run(house.database, *statements)
        await app.schema.refresh("shop")

    async def changed(client: object, **params: str) -> list[str]:
        told = await client.get(f"{API}/changes", params={"since": before, **params})  # type: ignore[attr-defined]
        return [f"{c['object']} {c['action']}" for version in told.json() for c in version["changes"]]

    await after(
        f"create table {secret}(id int primary key)", f"create table {plain}(id int references {secret}, a int)"
    )
    await after(f"alter table {plain} add hidden int, add shown int")
    seen = await changed(ana)
    assert {f"public.{secret} added", f"public.{plain} added", f"public.{plain}.hidden added"} <= set(seen)
    theirs = await changed(blind)
    assert f"public.{plain}.shown added" in theirs
    assert secret not in " ".join(theirs)
    assert "hidden" not in " ".join(theirs)

    drawn = (await ana.get(f"{API}/map")).json()
    names = [table["name"] for table in drawn["tables"]]
    edges = [(names[e["table"]], names[e["foreign"]], e["label"], e["inferred"]) for e in drawn["edges"]]
    assert (f"public.{plain}", f"public.{secret}", "id", False) in edges
    assert ("public.orders", "public.customers", "customer_id", False) in edges
    assert next(t for t in drawn["tables"] if t["name"] == "public.orders")["keys"] == ["id", "customer_id"]
    assert secret not in str((await blind.get(f"{API}/map")).json())

    await after(f"drop table {plain}", f"drop table {secret}")
    assert f"public.{secret} removed" in await changed(ana)
    assert secret not in " ".join(await changed(blind)), "also when it is gone"
    assert await changed(ana, since="2090-01-01") == []
    assert (await ana.get(f"{API}/changes", params={"since": "soon"})).status_code == 422
    page = await ana.get("/schema/shop/changes", params={"since": before})
    assert f"public.{plain}.shown" in page.text
    assert (await ana.get("/schema/shop/changes", params={"since": "soon"})).status_code == 422
