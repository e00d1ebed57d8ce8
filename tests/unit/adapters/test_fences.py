"""Limits as settings: what was asked for, and never more than an administrator allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwarden.adapters.postgres.facts import ServerFacts
from pgwarden.adapters.postgres.fences import fences, pinned_path
from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.result import ReadLimits

FACTS = ServerFacts(180004, "PostgreSQL 18.4 on x86_64-pc-linux-gnu", "ann", False, False, False, False, {})


def test_limits_in_the_units_of_the_server() -> None:
    settings = fences(ReadLimits(seconds=1.5, lock_seconds=0.25, work_mem_kb=4096), FACTS)
    assert settings["statement_timeout"] == "1500"
    assert settings["lock_timeout"] == "250"
    assert settings["work_mem"] == "4096"
    assert settings["client_connection_check_interval"] == "1000"
    assert "temp_file_limit" not in settings
    assert "search_path" not in settings


def test_an_administrators_tighter_limit_stays_and_none_is_no_limit() -> None:
    strict = replace(FACTS, settings={"statement_timeout": 100, "work_mem": 64, "lock_timeout": 0})
    settings = fences(ReadLimits(), strict)
    assert (settings["statement_timeout"], settings["work_mem"], settings["lock_timeout"]) == ("100", "64", "2000")
    free = replace(FACTS, limits_temp_files=True, settings={"temp_file_limit": -1})
    assert fences(ReadLimits(temp_file_kb=5), free)["temp_file_limit"] == "5"


def test_only_settings_that_the_server_has() -> None:
    old = replace(FACTS, version=160000, description="PostgreSQL 16.1, compiled by Visual C++, Windows")
    assert "transaction_timeout" not in fences(ReadLimits(), old)
    assert "client_connection_check_interval" not in fences(ReadLimits(), old)
    assert "transaction_timeout" in fences(ReadLimits(), FACTS)


def test_the_path_is_quoted_and_temporary_objects_hide_nothing() -> None:
    assert (
        pinned_path(["pg_temp_3", "pg_catalog", 'we"ird', "public"]) == '"pg_catalog", "we""ird", "public", "pg_temp"'
    )


def test_a_readers_choice_for_the_planner_stays_within_the_limits() -> None:
    chosen = ReadLimits(planner=(("enable_sort", "off"), ("work_mem", "32768kB")))
    general = replace(FACTS, settings={"work_mem": 4096}, own_work_mem=False)
    assert fences(chosen, general)["work_mem"] == "32768"
    assert fences(chosen, general)["enable_sort"] == "off"
    assert fences(chosen, replace(general, own_work_mem=True))["work_mem"] == "4096"
    for name, value in (("role", "postgres"), ("work_mem", "9000000kB"), ("jit", "1; drop"), ("search_path", "x")):
        with pytest.raises(InputInvalid):
            fences(ReadLimits(planner=((name, value),)), FACTS)
