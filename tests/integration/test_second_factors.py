"""Second factors in the control database: sealed, also those from before; and what a backup holds of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest
from tests.support.databases import MakeDatabase

from pgwarden.adapters.postgres.control.audit_log import PostgresAuditLog
from pgwarden.adapters.postgres.control.backup import back_up
from pgwarden.adapters.postgres.control.logins import PostgresLoginStore
from pgwarden.adapters.postgres.control.open import control_database
from pgwarden.adapters.postgres.control.people import PostgresPeopleStore
from pgwarden.adapters.secret_box import SecretBox
from pgwarden.bootstrap import restore_control
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import SecretKeyInvalid
from pgwarden.domain.person import Person
from pgwarden.settings import load

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRETS = {"ana": b"from before, secret!", "lea": b"made since, a secret"}


def kept(control: str) -> list[tuple[str, bytes, int]]:
    with psycopg.connect(control) as connection:
        found = connection.execute(
            "select person, totp_secret, totp_step from pgwarden_control.credential order by person"
        )
        return [(str(name), bytes(secret), int(step)) for name, secret, step in found]


async def test_they_are_sealed_and_a_restored_one_takes_the_key(make_database: MakeDatabase, tmp_path: Path) -> None:
    control, file, key = make_database(), tmp_path / "backup", tmp_path / "keys" / "secrets.key"
    async with control_database(control) as pool:
        for name in SECRETS:
            await PostgresPeopleStore(pool).add(Person(name), audit=())
        before, since = PostgresLoginStore(pool, SecretBox(None)), PostgresLoginStore(pool, SecretBox(key))
        await before.set_second_factor("ana", SECRETS["ana"], 7, at=NOON, audit=())
        assert kept(control) == [("ana", SECRETS["ana"], 7)]
        await since.seal_second_factors()
        await since.set_second_factor("lea", SECRETS["lea"], 9, ["a", "b"], at=NOON, audit=())
        sealed = kept(control)
        assert [(name, step) for name, _, step in sealed] == [("ana", 7), ("lea", 9)]
        assert not [secret for _, secret, _ in sealed if secret in SECRETS.values()]
        await since.seal_second_factors()
        assert kept(control) == sealed, "what is sealed stays as it is"
        for name, secret in SECRETS.items():
            assert (await since.credential(name)).totp_secret == secret
            with pytest.raises(SecretKeyInvalid):
                await before.credential(name)
        assert await since.use_code("ana", 8)
        assert not await since.use_code("ana", 8)
        await back_up(pool, file, NOON)
    with ZipFile(file) as archive:
        held = b"".join(archive.read(name) for name in archive.namelist())
    assert sealed[0][1].hex().encode() in held
    assert not [secret for secret in SECRETS.values() if secret.hex().encode() in held]

    with_key, without = make_database(), make_database()
    await restore_control(load(home=tmp_path / "a", control_url=with_key, user="ada", secret_key_file=key), file)
    async with control_database(with_key) as pool:
        restored = await PostgresLoginStore(pool, SecretBox(key)).credential("lea")
        assert (restored.totp_secret, restored.recovery_codes) == (SECRETS["lea"], ("a", "b"))
    await restore_control(load(home=tmp_path / "b", control_url=without, user="ada"), file)
    assert [(name, secret) for name, secret, _ in kept(without)] == [("ana", b""), ("lea", b"")]
    async with control_database(without) as pool:
        assert (await PostgresLoginStore(pool, SecretBox(None)).credential("lea")).recovery_codes == ()
        told = await PostgresAuditLog(pool).find(AuditFilter(action="second_factor.removed"), limit=10)
    assert sorted(record.entry.subject for record in told) == ["ana", "lea"]
