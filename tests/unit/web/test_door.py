"""Which hosts and origins are this door's own, whatever a client sends in their place."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pgwarden.web.door import Door, same

HOME, FAR = "http://127.0.0.1:8765", "https://pgwarden.example.org"


def door(url: str) -> Door:
    nothing = cast(Any, None)
    return Door(nothing, url, nothing, nothing, nothing)


@pytest.mark.parametrize(
    ("url", "host", "known"),
    [
        (HOME, "127.0.0.1:8765", True),
        (HOME, "localhost:1", True),
        (HOME, "[::1]:8765", True),
        (HOME, "evil.example", False),
        (HOME, "127.0.0.1:99999999", False),
        (HOME, "[", False),
        (HOME, "a]b", False),
        (HOME, "", False),
        (FAR, "pgwarden.example.org", True),
        (FAR, "PGWARDEN.example.org", True),
        (FAR, "127.0.0.1", False),
        (FAR, "pgwarden.example.org.evil.example", False),
    ],
)
def test_a_host_is_known_by_its_name(url: str, host: str, known: bool) -> None:
    assert door(url).knows_host(host) is known


@pytest.mark.parametrize(
    ("url", "origin", "known"),
    [
        (HOME, "http://127.0.0.1:8765", True),
        (HOME, "http://127.0.0.1:8766", False),
        (HOME, "https://127.0.0.1:8765", False),
        (HOME, "http://[", False),
        (HOME, "http://127.0.0.1:99999999", False),
        (HOME, "null", False),
        (FAR, FAR, True),
        (FAR, "http://pgwarden.example.org", False),
        (FAR, "http://[", False),
    ],
)
def test_an_origin_is_known_by_scheme_host_and_port(url: str, origin: str, known: bool) -> None:
    assert door(url).knows_origin(origin) is known


@pytest.mark.parametrize("given", ["", "töken", "\ud800", "tokens"])
def test_any_text_may_be_sent_as_a_token(given: str) -> None:
    assert not same(given, "token")
    assert same("token", "token")
