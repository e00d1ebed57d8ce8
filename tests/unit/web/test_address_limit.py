"""How often one address may try."""

from __future__ import annotations

import pytest

from pgwarden.domain.errors import TooManyAttempts
from pgwarden.web.address_limit import AddressLimit


def test_each_address_has_its_own_attempts_and_gets_them_back() -> None:
    now = [0.0]
    limit = AddressLimit(most=2, seconds=60, clock=lambda: now[0])
    for _ in range(2):
        limit.require("a")
        limit.count("a")
    with pytest.raises(TooManyAttempts):
        limit.require("a")
    limit.require("b")
    now[0] = 60.0
    limit.require("a")
