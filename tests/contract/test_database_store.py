from __future__ import annotations

from dataclasses import replace

import pytest

from pgwarden.adapters.postgres.control.databases import PostgresDatabaseStore
from pgwarden.domain.database import Database, PasswordSource
from pgwarden.domain.errors import AlreadyExists, InputInvalid, UnknownDatabase
from pgwarden.ports import DatabaseStore
from pgwarden.testing import MemoryDatabaseStore

SHOP = Database(
    "shop",
    "host=db.example.org dbname=shop user=ana sslmode=verify-full passfile=/x",
    PasswordSource(command=("pass", "show", "it's here", "")),
    allow_writes=True,
    owner="the shop team",
    notes="nightly load at two",
)
CRM = Database("crm", "dbname=crm", PasswordSource(variable="CRM_PASSWORD"))


@pytest.fixture
def store(implementation: str, request: pytest.FixtureRequest) -> DatabaseStore:
    if implementation == "memory":
        return MemoryDatabaseStore()
    return PostgresDatabaseStore(request.getfixturevalue("control"))


async def test_targets_come_back_in_the_order_of_names(store: DatabaseStore) -> None:
    assert await store.all() == ()
    for database in (SHOP, CRM, Database("shop-test", ""), Database("shop0", "")):
        await store.add(database)
    assert [database.name for database in await store.all()] == ["crm", "shop", "shop-test", "shop0"]
    assert await store.get("shop") == SHOP
    assert await store.get("crm") == CRM


async def test_a_name_is_taken_once(store: DatabaseStore) -> None:
    await store.add(SHOP)
    with pytest.raises(AlreadyExists):
        await store.add(replace(SHOP, conninfo="dbname=other"))
    assert await store.all() == (SHOP,)


async def test_a_target_can_be_changed(store: DatabaseStore) -> None:
    await store.add(SHOP)
    await store.add(CRM)
    changed = replace(SHOP, allow_writes=False, password=PasswordSource(passfile="/etc/pgpass"), notes="")
    await store.replace(changed)
    assert await store.all() == (CRM, changed)


async def test_a_removed_target_is_unknown(store: DatabaseStore) -> None:
    await store.add(SHOP)
    await store.remove("shop")
    for act in (store.get("shop"), store.remove("shop"), store.replace(SHOP)):
        with pytest.raises(UnknownDatabase):
            await act
    assert await store.all() == ()


PASSWORDS = [
    replace(CRM, password=PasswordSource(literal="hunter2")),
    replace(CRM, conninfo="dbname=crm PassWord = hunter2"),
    replace(CRM, conninfo="dbname=crm sslpassword=hunter2"),
    replace(CRM, conninfo="postgresql://ana:hunter2@db/crm"),
    replace(CRM, conninfo="postgresql://ana@db/crm?password=hunter2"),
]


@pytest.mark.parametrize("database", PASSWORDS, ids=lambda database: database.conninfo)
async def test_a_password_is_never_kept(store: DatabaseStore, database: Database) -> None:
    await store.add(CRM)
    for act in (store.add(replace(database, name="new")), store.replace(database)):
        with pytest.raises(InputInvalid) as caught:
            await act
        assert "hunter2" not in str(caught.value.to_dict())
    assert await store.all() == (CRM,)


async def test_what_cannot_be_stored_is_refused(store: DatabaseStore) -> None:
    several = PasswordSource(variable="A", passfile="/b")
    for database in (replace(CRM, notes="\x00"), replace(CRM, owner="\udcff"), replace(CRM, password=several)):
        with pytest.raises(InputInvalid):
            await store.add(database)
    assert await store.all() == ()
