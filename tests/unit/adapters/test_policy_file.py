"""The file behind the policy: read again when it changes, refused while it cannot be followed."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from pgwarden.adapters.policy_file import PolicyFile
from pgwarden.domain.errors import ChangedMeanwhile, PolicyInvalid
from pgwarden.domain.policy import Policy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text("[risk]\nmany_rows_from = 7\n")
    path.chmod(0o644)
    return path


def why(policies: PolicyFile) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        policies()
    return caught.value.why


def test_without_a_file_the_built_in_policy_holds() -> None:
    assert PolicyFile(None)() == Policy()


def test_an_edit_holds_at_once_and_a_broken_one_refuses(file: Path) -> None:
    policies = PolicyFile(file)
    first = policies()
    assert first.risk.many_rows_from == 7
    assert policies() is first, "an unchanged file is not read again"
    assert len(first.sha256) == 64
    file.write_text("[risk]\nmany_rows_from = 80\n")
    assert policies().risk.many_rows_from == 80
    file.write_text("[risk]\nmany_rows_frm = 80\n")
    assert "line 2" in why(policies)
    assert "line 2" in why(policies), "the state before does not go on holding"
    file.write_text("[risk]\nmany_rows_from = 9\n")
    assert policies().risk.many_rows_from == 9


def test_a_file_that_is_gone_refuses(file: Path) -> None:
    policies = PolicyFile(file)
    policies()
    file.unlink()
    assert "No such file" in why(policies)


@pytest.mark.parametrize(
    ("content", "said"), [(b"[risk\nx = 1", "line 1"), (b"\xff\xfe", "UTF-8"), (b"a = 1\na = 2", "TOML")]
)
def test_what_is_no_toml_is_refused(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    assert said in why(PolicyFile(file))


def test_a_file_that_others_can_write_is_refused(file: Path) -> None:
    file.chmod(0o646)
    assert "Everyone can write it" in why(PolicyFile(file))


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "not a file" in why(PolicyFile(tmp_path))


def test_a_text_takes_the_files_place_as_a_whole(file: Path) -> None:
    policies = PolicyFile(file)
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.chmod(0o640)
    policies.replace("[risk]\nmany_rows_from = 9\n", expected=before)
    assert policies().risk.many_rows_from == 9
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with pytest.raises(ChangedMeanwhile):
        policies.replace("[risk]\nmany_rows_from = 10\n", expected=before)
    assert policies().risk.many_rows_from == 9


def test_what_cannot_be_followed_never_takes_its_place(file: Path) -> None:
    policies = PolicyFile(file)
    before = file.read_bytes()
    with pytest.raises(PolicyInvalid):
        policies.replace("[risk]\nmany_rows_frm = 9\n", expected=hashlib.sha256(before).hexdigest())
    assert file.read_bytes() == before
    with pytest.raises(PolicyInvalid):
        PolicyFile(None).replace("", expected="")


def test_a_broken_file_is_still_shown_and_mended(file: Path) -> None:
    policies = PolicyFile(file)
    file.write_text("[risk\n")
    assert policies.text() == "[risk\n"
    policies.replace("[risk]\n", expected=hashlib.sha256(b"[risk\n").hexdigest())
    assert policies().risk == Policy().risk
