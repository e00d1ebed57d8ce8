"""Settings that may be shown, and functions that are known by name."""

from __future__ import annotations

import pytest

from pgwarden.sql import effects


@pytest.mark.parametrize("name", ["DateStyle", "work_mem", "search_path", "password_encryption", "max_connections"])
def test_harmless_settings_are_shown(name: str) -> None:
    assert effects.setting_is_harmless(name)


@pytest.mark.parametrize(
    "name",
    ["primary_conninfo", "ssl_passphrase_command", "archive_command", "data_directory", "hba_file", "app.jwt", "all"],
)
def test_secret_settings_are_not(name: str) -> None:
    assert not effects.setting_is_harmless(name)


def test_no_function_is_both_harmless_and_refused() -> None:
    assert not effects.HARMLESS & effects.REFUSED.keys()


def test_one_overload_may_be_refused() -> None:
    assert effects.refusal("ts_rewrite", 2)
    assert effects.refusal("ts_rewrite", 3) is None
    assert effects.refusal("binary_upgrade_set_next_pg_type_oid", 1)
