"""Checkpoints as commits: on a branch of their own, made without touching a working tree, pushed where it is wanted."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pgwarden.adapters.audit.checkpoint_files import anchor_failed, file_name, from_text, to_text
from pgwarden.domain.audit_checkpoint import Checkpoint

BRANCH = "refs/heads/pgwarden-audit"
NOTHING = "0" * 40
ATTEMPTS = 5
"""How often a commit is made anew when another process committed meanwhile."""
SECONDS = 60.0
"""For one call of git, a push included."""
NOBODY_ASKED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "pgwarden",
    "GIT_AUTHOR_EMAIL": "pgwarden@localhost",
    "GIT_COMMITTER_NAME": "pgwarden",
    "GIT_COMMITTER_EMAIL": "pgwarden@localhost",
    "LC_ALL": "C",
}


class GitAnchor:
    """``ports.AuditAnchor``: a repository, bare or not, and the remote that the branch is pushed to, if any."""

    def __init__(self, repository: Path, remote: str = "") -> None:
        self._repository = repository
        self._remote = remote

    @property
    def name(self) -> str:
        return f"git:{self._repository}" + (f"?remote={self._remote}" if self._remote else "")

    async def put(self, checkpoint: Checkpoint) -> None:
        for attempt in range(ATTEMPTS):
            parent = await self._tip()
            commit = await self._commit(checkpoint, parent)
            last = attempt == ATTEMPTS - 1
            if await self._git("update-ref", BRANCH, commit, parent or NOTHING, may_fail=not last) is not None:
                break
        if self._remote:
            await self._git("push", "--quiet", self._remote, f"{BRANCH}:{BRANCH}")

    async def latest(self, chain: str) -> Checkpoint | None:
        if self._remote:
            await self._git("fetch", "--quiet", self._remote, BRANCH, may_fail=True)
        tip = await self._tip()
        if not tip:
            return None
        names = await self._git("ls-tree", "-r", "--name-only", "-z", tip, "--", f"{chain}/")
        files = sorted(name for name in (names or "").split("\0") if name)
        if not files:
            return None
        return from_text(await self._git("show", f"{tip}:{files[-1]}") or "")

    async def _tip(self) -> str:
        return (
            await self._git("rev-parse", "--quiet", "--verify", f"{BRANCH}^{{commit}}", may_fail=True) or ""
        ).strip()

    async def _commit(self, checkpoint: Checkpoint, parent: str) -> str:
        blob = await self._git("hash-object", "-w", "--stdin", text=to_text(checkpoint))
        with tempfile.TemporaryDirectory(prefix="pgwarden-index-") as place:
            index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            await self._git("read-tree", parent or "--empty", environment=index)
            entry = f"100644,{(blob or '').strip()},{file_name(checkpoint)}"
            await self._git("update-index", "--add", "--cacheinfo", entry, environment=index)
            tree = (await self._git("write-tree", environment=index) or "").strip()
        about = f"Audit checkpoint: entry {checkpoint.number}"
        before = ("-p", parent) if parent else ()
        return (await self._git("commit-tree", tree, *before, "-m", about) or "").strip()

    async def _git(
        self, *words: str, text: str = "", environment: Mapping[str, str] | None = None, may_fail: bool = False
    ) -> str | None:
        """What git printed; None when it failed and may. Raises AnchorFailed."""
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                "-C",
                str(self._repository),
                *words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **NOBODY_ASKED, **(environment or {})},
            )
        except OSError as error:
            raise anchor_failed(self.name, f"git could not be started: {error.strerror}") from None
        try:
            async with asyncio.timeout(SECONDS):
                printed, complaint = await process.communicate(text.encode())
        except TimeoutError:
            raise anchor_failed(self.name, f"git {words[0]} took longer than {SECONDS:.0f} seconds") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode == 0:
            return printed.decode(errors="replace")
        if may_fail:
            return None
        first = complaint.decode(errors="replace").strip().partition("\n")[0]
        raise anchor_failed(self.name, f"git {words[0]}: {first}")
