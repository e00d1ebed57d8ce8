"""Registrations: passwords are split off, refused where others see them, and found where they are said to be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pgwarden.adapters.postgres.connect import open_connection, target
from pgwarden.domain.errors import ConnectionFailed, InputInvalid

SECRET = "s3cret-word"


def test_a_password_leaves_the_url_and_stays_out_of_every_text() -> None:
    database = target("shop", f"postgresql://ann:{SECRET}@db.example:5433/shop?sslmode=verify-full")
    assert database.password.literal == SECRET
    assert "password" not in database.conninfo
    assert "sslmode=verify-full" in database.conninfo
    assert SECRET not in repr(database)


@pytest.mark.parametrize("url", [f"postgresql://ann:{SECRET}@host/db", f"host=h password={SECRET}"])
def test_a_password_on_the_command_line_is_refused(url: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        target("shop", url, on_command_line=True)
    assert SECRET not in str(caught.value.to_dict())
    assert "--password-env" in caught.value.next_step


@pytest.mark.parametrize(
    "url", [f"postgresql://ann:{SECRET}%zz@host/db", f"no such thing {SECRET}", "host=h nonsense=1"]
)
def test_a_malformed_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        target("shop", url)
    assert SECRET not in str(caught.value.to_dict())


def test_one_source_only_and_no_other_secrets() -> None:
    with pytest.raises(InputInvalid):
        target("shop", "host=h", password_env="A", passfile="/f")
    with pytest.raises(InputInvalid):
        target("shop", f"host=h password={SECRET}", password_env="A")
    with pytest.raises(InputInvalid):
        target("shop", f"host=h sslpassword={SECRET}")
    with pytest.raises(InputInvalid):
        target("Not A Name", "host=h")


@pytest.mark.parametrize(("url", "mode"), [("postgresql://a@b/c", "wrong"), ("postgresql://a@b/c?sslmode=wrong", None)])
def test_a_tls_mode_that_libpq_does_not_know_is_refused_at_once(url: str, mode: str | None) -> None:
    with pytest.raises(InputInvalid, match="no sslmode"):
        target("shop", url, sslmode=mode)


def test_tls_parts_given_beside_the_url_win() -> None:
    database = target("shop", "postgresql://host/db?sslmode=prefer", sslmode="verify-full", sslrootcert="/ca.crt")
    assert "sslmode=verify-full" in database.conninfo
    assert "sslrootcert=/ca.crt" in database.conninfo
    assert "prefer" not in database.conninfo


@pytest.fixture
def bare(pg18_url: str) -> tuple[str, str]:
    """The server's address without its password, and the password."""
    database = target("shop", pg18_url)
    return database.conninfo, database.password.literal


async def test_the_password_comes_from_each_source(
    bare: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo, password = bare
    monkeypatch.setenv("SHOP_PASSWORD", password)
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"*:*:*:*:{password}\n")
    passfile.chmod(0o600)
    command = (sys.executable, "-c", f"print({password!r}); print('more')")
    for database in (
        target("shop", conninfo, password_env="SHOP_PASSWORD"),
        target("shop", conninfo, passfile=passfile),
        target("shop", conninfo, password_command=command),
    ):
        connection = await open_connection(database)
        await connection.close()


async def test_a_source_that_fails_is_named_and_its_output_is_not(
    bare: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo, _ = bare
    monkeypatch.delenv("UNSET_HERE", raising=False)
    open_file = tmp_path / "open"
    open_file.write_text(f"*:*:*:*:{SECRET}\n")
    open_file.chmod(0o644)
    script = f"import sys; print({SECRET!r}); print({SECRET!r}, file=sys.stderr); sys.exit(3)"
    for database, named in (
        (target("shop", conninfo, password_env="UNSET_HERE"), "UNSET_HERE"),
        (target("shop", conninfo, passfile=open_file), "chmod 600"),
        (target("shop", conninfo, passfile=tmp_path / "absent"), "absent"),
        (target("shop", conninfo, password_command=(sys.executable, "-c", script)), "status 3"),
        (target("shop", conninfo, password_command=("/no/such/program",)), "program"),
    ):
        with pytest.raises(ConnectionFailed) as caught:
            await open_connection(database)
        assert named in caught.value.why
        assert SECRET not in str(caught.value.to_dict())
