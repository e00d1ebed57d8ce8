"""Checkpoints in a directory, in Git and in S3, each held to one contract against the real thing."""

from __future__ import annotations

import asyncio
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.s3 import KEY_ID, REGION, SECRET, Bucket, s3_server

from pgwarden.adapters.audit.anchors import anchors_of
from pgwarden.adapters.audit.aws_signature import Credentials
from pgwarden.adapters.audit.keys import AuditKey, require_signed
from pgwarden.adapters.audit.s3_anchor import S3Anchor
from pgwarden.agents.audit_notary import AuditNotary
from pgwarden.domain.audit import AuditEntry, Outcome
from pgwarden.domain.audit_chain import AuditHead
from pgwarden.domain.audit_checkpoint import Checkpoint
from pgwarden.domain.audit_filter import AuditFilter
from pgwarden.domain.errors import AnchorFailed, AuditKeyInvalid, SettingsError
from pgwarden.ports import AuditAnchor
from pgwarden.testing import MemoryAuditLog

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHAIN = "28887efe-534e-4450-8acf-555d96327eee"


def git(place: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(place), *words], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def repositories(place: Path) -> tuple[Path, Path]:
    """A repository, and an empty bare one that it knows as origin."""
    repository, remote = place / "repository", place / "remote.git"
    for path in (repository, remote):
        path.mkdir()
    git(repository, "init", "--quiet")
    git(remote, "init", "--quiet", "--bare")
    git(repository, "remote", "add", "origin", str(remote))
    return repository, remote


def s3(bucket: Bucket) -> str:
    return f"s3://backups/audit of shop?endpoint={bucket.url}&region={REGION}"


@pytest.fixture(params=["file", "git", "git with remote", "s3"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """How the settings name one anchor of each kind."""
    with ExitStack() as stack:
        repository, _ = repositories(tmp_path)
        yield {
            "file": lambda: f"file:{tmp_path}/anchors",
            "git": lambda: f"git:{repository}",
            "git with remote": lambda: f"git:{repository}?remote=origin",
            "s3": lambda: s3(stack.enter_context(s3_server())),
        }[request.param]()


@pytest.fixture
def anchor(places: str) -> AuditAnchor:
    (anchor,) = anchors_of([places], s3_key_id=KEY_ID, s3_secret=SECRET)
    return anchor


@pytest.fixture
def sign(tmp_path: Path) -> Callable[..., Checkpoint]:
    key = AuditKey(tmp_path / "keys" / "audit.key")
    key.create()
    return lambda number, chain=CHAIN: key.sign(
        AuditHead(chain, number, f"{number:064x}"), NOON + timedelta(minutes=number)
    )


async def test_the_newest_checkpoint_comes_back(anchor: AuditAnchor, sign: Callable[..., Checkpoint]) -> None:
    assert await anchor.latest(CHAIN) is None
    for number in (9, 10, 1000, 99):
        await anchor.put(sign(number))
    await anchor.put(sign(2000, "another-chain"))
    assert await anchor.latest(CHAIN) == sign(1000)
    assert await anchor.latest("none") is None


async def test_the_same_checkpoint_again_changes_nothing(anchor: AuditAnchor, sign: Callable[..., Checkpoint]) -> None:
    await anchor.put(sign(9))
    await anchor.put(sign(9))
    assert await anchor.latest(CHAIN) == sign(9)


async def test_two_at_once_both_stay(anchor: AuditAnchor, sign: Callable[..., Checkpoint]) -> None:
    await asyncio.gather(anchor.put(sign(9)), anchor.put(sign(10)))
    assert await anchor.latest(CHAIN) == sign(10)
    await anchor.put(sign(8))
    assert await anchor.latest(CHAIN) == sign(10)


async def test_a_checkpoint_file_is_never_written_over(tmp_path: Path, sign: Callable[..., Checkpoint]) -> None:
    (anchor,) = anchors_of([f"file:{tmp_path}/anchors"])
    await anchor.put(sign(9))
    (file,) = (tmp_path / "anchors" / CHAIN).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) & 0o222 == 0


async def test_git_keeps_each_checkpoint_as_a_commit_and_leaves_the_working_tree(
    tmp_path: Path, sign: Callable[..., Checkpoint]
) -> None:
    repository, remote = repositories(tmp_path)
    (anchor,) = anchors_of([f"git:{repository}?remote=origin"])
    await anchor.put(sign(9))
    await anchor.put(sign(10))
    assert git(repository, "status", "--short") == ""
    subjects = git(remote, "log", "--format=%s", "pgwarden-audit").splitlines()
    assert subjects == ["Audit checkpoint: entry 10", "Audit checkpoint: entry 9"]
    assert len(git(remote, "ls-tree", "-r", "--name-only", "pgwarden-audit").splitlines()) == 2


async def test_s3_lets_nobody_in_whose_signature_is_wrong(sign: Callable[..., Checkpoint]) -> None:
    with s3_server() as bucket:
        wrong = Credentials(KEY_ID, "another secret", REGION)
        with pytest.raises(AnchorFailed) as caught:
            await S3Anchor(bucket.url, "backups", "", wrong).put(sign(9))
        assert "403 SignatureDoesNotMatch" in caught.value.why
        assert "another secret" not in str(caught.value.to_dict())
        late = S3Anchor(
            bucket.url, "backups", "", Credentials(KEY_ID, SECRET, REGION), lambda: NOON - timedelta(days=9000)
        )
        with pytest.raises(AnchorFailed):
            await late.put(sign(9))
        assert bucket.refusals == ["SignatureDoesNotMatch", "RequestTimeTooSkewed"]
        assert bucket.objects == {}


@pytest.mark.parametrize("how", ["file", "git", "s3", "s3 down"])
async def test_an_anchor_that_fails_says_why(how: str, tmp_path: Path, sign: Callable[..., Checkpoint]) -> None:
    with s3_server() as bucket:
        bucket.broken = True
        (tmp_path / "plain").write_text("no directory")
        place = {
            "file": f"file:{tmp_path}/plain",
            "git": f"git:{tmp_path}/plain",
            "s3": s3(bucket),
            "s3 down": "s3://backups?endpoint=http://127.0.0.1:1",
        }[how]
        (anchor,) = anchors_of([place], s3_key_id=KEY_ID, s3_secret=SECRET)
        with pytest.raises(AnchorFailed) as caught:
            await anchor.put(sign(9))
    assert caught.value.why
    assert SECRET not in str(caught.value.to_dict())


@pytest.mark.parametrize(
    "place",
    ["anchors", "file:anchors", "file:///a?b=c", "git:/a?branch=b", "s3:///prefix", "s3://b?x=1", "ftp://host/path"],
)
def test_a_malformed_place_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="malformed"):
        anchors_of([place], s3_key_id=KEY_ID, s3_secret=SECRET)


def test_an_s3_place_needs_its_key() -> None:
    with pytest.raises(SettingsError) as caught:
        anchors_of(["s3://bucket"])
    assert "audit_s3_secret" in caught.value.why


# The notary


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


def entries(count: int) -> list[AuditEntry]:
    return [AuditEntry("read.run", "ana", NOON) for _ in range(count)]


async def test_a_checkpoint_is_signed_kept_anchored_and_written_down(tmp_path: Path) -> None:
    log, key, clock = MemoryAuditLog(CHAIN), AuditKey(tmp_path / "keys" / "audit.key"), Clock()
    with s3_server() as bucket:
        anchors = anchors_of([f"file:{tmp_path}/anchors", s3(bucket)], s3_key_id=KEY_ID, s3_secret=SECRET)
        notary = AuditNotary(log, key, anchors, clock)
        await log.append(*entries(3))
        made = await notary.checkpoint(actor="dora")
        assert made.failures == ()
        assert made.checkpoint.number == 4, "three entries, and that the key was made"
        found, silent = await notary.newest()
        assert (found, silent) == ((made.checkpoint, made.checkpoint), ())
        require_signed(found, key.known())
        assert (await log.verify(found)).covered == 4
        bucket.broken = True
        partly = await notary.checkpoint(actor="dora")
        assert [name for name, _ in partly.failures] == [anchors[1].name]
        assert len((await notary.newest())[1]) == 1
    last = (await log.find(AuditFilter(action="audit.anchored"), limit=1))[0].entry
    assert (last.outcome, last.details["failed"]) == (Outcome.FAILED, [anchors[1].name])
    assert [kept.anchors for kept in await log.checkpoints()] == [(anchors[0].name,), tuple(a.name for a in anchors)]


async def test_checkpoints_are_made_when_they_are_due_and_not_for_themselves(tmp_path: Path) -> None:
    log, clock = MemoryAuditLog(CHAIN), Clock()
    notary = AuditNotary(
        log, AuditKey(tmp_path / "keys" / "audit.key"), anchors_of([f"file:{tmp_path}/anchors"]), clock
    )
    assert await notary.anchor_when_due(entries=10, minutes=60) is None, "nothing happened yet"
    await log.append(*entries(1))
    assert await notary.anchor_when_due(entries=10, minutes=60), "the first"
    clock.at += timedelta(hours=5)
    assert await notary.anchor_when_due(entries=10, minutes=60) is None, "only its own entry came since"
    await log.append(*entries(1))
    assert await notary.anchor_when_due(entries=10, minutes=60)
    await log.append(*entries(9))
    assert await notary.anchor_when_due(entries=10, minutes=60) is None
    await log.append(*entries(1))
    assert await notary.anchor_when_due(entries=10, minutes=60)
    await log.append(*entries(1))
    clock.at += timedelta(minutes=60)
    assert await notary.anchor_when_due(entries=10, minutes=60)


async def test_an_anchor_that_was_down_is_tried_again_without_anything_new(tmp_path: Path) -> None:
    log, clock = MemoryAuditLog(CHAIN), Clock()
    with s3_server() as bucket:
        anchors = anchors_of([s3(bucket)], s3_key_id=KEY_ID, s3_secret=SECRET)
        notary = AuditNotary(log, AuditKey(tmp_path / "keys" / "audit.key"), anchors, clock)
        await log.append(*entries(1))
        bucket.broken = True
        with pytest.raises(AnchorFailed):
            await notary.anchor_when_due(entries=10, minutes=60)
        bucket.broken = False
        assert await notary.anchor_when_due(entries=10, minutes=60)
        assert await notary.anchor_when_due(entries=10, minutes=60) is None


async def test_a_lost_key_is_replaced_knowingly_and_what_it_signed_still_holds(tmp_path: Path) -> None:
    log, key, clock = MemoryAuditLog(CHAIN), AuditKey(tmp_path / "keys" / "audit.key"), Clock()
    notary = AuditNotary(log, key, anchors_of([f"file:{tmp_path}/anchors"]), clock)
    await log.append(*entries(3))
    old = (await notary.checkpoint()).checkpoint
    key.file.unlink()
    with pytest.raises(AuditKeyInvalid) as caught:
        await notary.checkpoint()
    assert "--new" in caught.value.next_step
    public = await notary.change_key(actor="dora")
    assert public != old.public_key
    newest = (await notary.newest())[0]
    assert newest[0].public_key == public
    require_signed([old, *newest], key.known())
    assert (await log.verify([old, *newest])).intact
    (change,) = await log.find(AuditFilter(action="audit.key_changed", actor="dora"))
    assert change.entry.details["before"] == ""


async def test_a_key_that_is_gone_with_all_its_files_is_not_replaced_unseen(tmp_path: Path) -> None:
    log, clock = MemoryAuditLog(CHAIN), Clock()
    await AuditNotary(log, AuditKey(tmp_path / "keys" / "audit.key"), (), clock).checkpoint()
    elsewhere = AuditNotary(log, AuditKey(tmp_path / "another home" / "audit.key"), (), clock)
    with pytest.raises(AuditKeyInvalid):
        await elsewhere.checkpoint()
    await elsewhere.change_key(actor="dora")
    assert (await elsewhere.checkpoint()).checkpoint.number > 0


async def test_a_key_is_changed_with_the_old_ones_last_word(tmp_path: Path) -> None:
    log, key, clock = MemoryAuditLog(CHAIN), AuditKey(tmp_path / "keys" / "audit.key"), Clock()
    notary = AuditNotary(log, key, (), clock)
    await log.append(*entries(1))
    first = (await notary.checkpoint()).checkpoint.public_key
    second = await notary.change_key(actor="dora")
    signed = [kept.checkpoint.public_key for kept in await log.checkpoints()]
    assert signed == [second, first, first]
    (change,) = await log.find(AuditFilter(action="audit.key_changed", actor="dora"))
    assert (change.entry.details["before"], change.entry.details["key"]) == (first, second)
    assert key.known() == {first, second}


async def test_a_key_that_others_can_open_is_not_used(tmp_path: Path) -> None:
    key = AuditKey(tmp_path / "keys" / "audit.key")
    key.create()
    assert stat.S_IMODE(key.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.file.parent.stat().st_mode) == 0o700
    secret = key.file.read_text().strip()
    key.file.chmod(0o640)
    with pytest.raises(AuditKeyInvalid) as caught:
        key.public_key()
    assert "chmod 600" in caught.value.next_step
    key.file.chmod(0o600)
    key.file.write_text(secret[:-2])
    with pytest.raises(AuditKeyInvalid) as caught:
        key.public_key()
    assert secret[:8] not in str(caught.value.to_dict())


def test_a_forged_public_key_beside_the_key_is_not_believed(tmp_path: Path) -> None:
    key = AuditKey(tmp_path / "keys" / "audit.key")
    public = key.create()
    (file,) = key.file.parent.glob("*.pub")
    file.write_text("00" * 32)
    assert public not in key.known()
    assert key.known() == frozenset()


def test_a_checkpoint_keeps_all_its_parts(tmp_path: Path, sign: Callable[..., Checkpoint]) -> None:
    made = sign(9)
    assert Checkpoint.from_dict(made.to_dict()) == made
    assert replace(made, number=10).payload != made.payload
