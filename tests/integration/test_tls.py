"""TLS on a real server: what is asked for is what happens, never less."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgwarden.adapters.postgres.check import check_database
from pgwarden.adapters.postgres.connect import open_connection, target
from pgwarden.domain.errors import ConnectionFailed

pytestmark = pytest.mark.requires("postgresql-15")


@pytest.fixture
def authority(pg15_url: str, run_directory: Path) -> Path:
    """The certificate that vouches for the test server."""
    (found,) = run_directory.glob("tls/*.crt")
    return found


async def encrypted(conninfo: str, **tls: str | Path) -> bool:
    connection = await open_connection(target("secured", conninfo, **tls))  # type: ignore[arg-type]  # TLS parts only
    try:
        cursor = await connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        row = await cursor.fetchone()
        assert row is not None
        return bool(row[0])
    finally:
        await connection.close()


async def test_a_verified_server_is_spoken_to_in_cipher(pg15_url: str, authority: Path) -> None:
    parts = conninfo_to_dict(pg15_url)
    del parts["sslmode"]
    bare = make_conninfo("", **parts)
    named = make_conninfo(bare, host="localhost", hostaddr="127.0.0.1")
    assert await encrypted(bare, sslmode="require")
    assert await encrypted(bare, sslmode="verify-ca", sslrootcert=authority)
    assert await encrypted(named, sslmode="verify-full", sslrootcert=authority)
    assert not await encrypted(bare, sslmode="disable")


async def test_an_unknown_authority_or_another_name_is_refused(pg15_url: str, authority: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.crt"
    other.write_text("")
    with pytest.raises(ConnectionFailed):
        await encrypted(pg15_url, sslmode="verify-full", sslrootcert=other)
    elsewhere = make_conninfo(pg15_url, host="another.example", hostaddr="127.0.0.1")
    with pytest.raises(ConnectionFailed, match="cannot be reached") as caught:
        await encrypted(elsewhere, sslmode="verify-full", sslrootcert=authority)
    assert "another.example" in caught.value.why


async def test_a_server_without_tls_is_not_spoken_to_in_clear(pg18_url: str) -> None:
    for mode in ("require", "verify-ca", "verify-full"):
        with pytest.raises(ConnectionFailed):
            await encrypted(pg18_url, sslmode=mode)


async def test_the_check_sees_encryption(pg15_url: str) -> None:
    found = await check_database(target("secured", pg15_url))
    assert found.tls
    assert found.server_version // 10000 == 15
    with psycopg.connect(pg15_url) as connection:
        assert connection.pgconn.ssl_in_use
