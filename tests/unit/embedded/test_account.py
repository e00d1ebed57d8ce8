from __future__ import annotations

import os
import pwd
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from pgwarden.adapters.embedded.account import Account, service_account
from pgwarden.domain.errors import EmbeddedServerError

STRANGER = Account(uid=54321, gid=54321, name="stranger", switched=True)


def unlisted(_: object) -> pwd.struct_passwd:
    raise KeyError


def test_the_first_closed_directory_on_the_way_is_named(run_directory: Path) -> None:
    closed = run_directory / f"closed-{uuid.uuid4().hex[:8]}"
    (closed / "open").mkdir(parents=True)
    (closed / "open").chmod(0o755)
    closed.chmod(0o700)
    assert STRANGER.first_closed(closed / "open" / "not made yet") == closed
    assert not STRANGER.may_enter(closed)
    closed.chmod(0o711)
    assert STRANGER.first_closed(closed / "open") is None


def test_permission_goes_by_owner_then_group_then_others(tmp_path: Path) -> None:
    entry = tmp_path.stat()
    tmp_path.chmod(0o001)
    owner = Account(entry.st_uid, 54321, "owner", switched=True)
    member = Account(54321, entry.st_gid, "member", switched=True)
    try:
        assert owner.first_closed(tmp_path) is not None
        assert member.first_closed(tmp_path) is not None
    finally:
        tmp_path.chmod(0o700)


def test_ourselves_need_no_switch(tmp_path: Path) -> None:
    ourselves = Account(os.geteuid(), os.getegid(), "me", switched=False)
    assert ourselves.spawn == {}
    assert ourselves.may_enter(tmp_path)


def test_root_takes_the_dedicated_account_before_the_powerless_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(*names: str) -> Callable[[str], pwd.struct_passwd]:
        def find(name: str) -> pwd.struct_passwd:
            if name not in names:
                raise KeyError(name)
            return pwd.struct_passwd((name, "x", 7, 8, "", "/", "/bin/false"))

        return find

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", listed("nobody", "pgwarden"))
    assert service_account() == Account(7, 8, "pgwarden", switched=True)
    monkeypatch.setattr(pwd, "getpwnam", listed("nobody"))
    assert service_account().spawn == {"user": 7, "group": 8, "extra_groups": []}
    monkeypatch.setattr(pwd, "getpwnam", unlisted)
    with pytest.raises(EmbeddedServerError, match="no account"):
        service_account()


def test_a_user_without_a_name_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.setattr(pwd, "getpwuid", unlisted)
    with pytest.raises(EmbeddedServerError, match="4242 has no name"):
        service_account()
