from __future__ import annotations

from pathlib import Path

from pgwarden.adapters.embedded.locks import UsersLock


def test_only_the_last_user_is_alone(tmp_path: Path) -> None:
    first, second = UsersLock(tmp_path / "users"), UsersLock(tmp_path / "users")
    first.join()
    second.join()
    assert not first.alone()
    assert not second.alone()
    first.leave()
    assert second.alone()


def test_a_failed_attempt_keeps_its_place(tmp_path: Path) -> None:
    first, second = UsersLock(tmp_path / "users"), UsersLock(tmp_path / "users")
    first.join()
    second.join()
    assert not first.alone()
    assert not second.alone()
    assert first.held


def test_a_visitor_who_never_joined_may_ask(tmp_path: Path) -> None:
    user, visitor = UsersLock(tmp_path / "users"), UsersLock(tmp_path / "users")
    user.join()
    assert not visitor.alone()
    user.leave()
    assert visitor.alone()
    assert not visitor.held
