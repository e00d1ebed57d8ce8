"""The policy file: TOML, read anew when it changes, and refused as a whole when any part of it is not understood."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from pgwarden.domain.approval_table import approval_policy
from pgwarden.domain.errors import ChangedMeanwhile, PolicyInvalid
from pgwarden.domain.policy import Policy, read_policy
from pgwarden.domain.policy_table import PolicySource

MOST_BYTES = 1024 * 1024
BUILT_IN = Policy()
"""What holds without a file; asked for with every column, so made once."""
_HEADER = re.compile(r"\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


class PolicyFile:
    """The policy that holds now. ``path`` None: the built-in one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], Policy] | None = None

    @property
    def place(self) -> str:
        """The file's name; '' for the built-in policy."""
        return str(self._path) if self._path else ""

    def text(self) -> str:
        """What stands in the file, also where it cannot be followed. PolicyInvalid where it cannot be read."""
        try:
            return self._content().decode()
        except UnicodeDecodeError:
            raise _unreadable(self.place, "It is not UTF-8 text.", "Save it as UTF-8.") from None

    def parse(self, text: str) -> Policy:
        """What a text would mean. PolicyInvalid."""
        content = text.encode("utf-8", "replace")
        if len(content) > MOST_BYTES:
            raise _unreadable("text", f"It is larger than {MOST_BYTES:,} bytes.", "Is it the right one?")
        return parse_policy(content, self.place or "text")

    def replace(self, text: str, *, expected: str) -> None:
        """Write the file as a whole, in one step: whoever reads sees the old text or the new one, a crash included.

        ChangedMeanwhile when the file is not the one with the SHA-256 ``expected`` (hex); PolicyInvalid for a text that
        cannot be followed, and where the file cannot be written.
        """
        self.parse(text)
        if self._path is None:
            raise _unreadable("of this installation", "It is built in.", "Name a file: PGWARDEN_POLICY_FILE.")
        try:
            with self._path.open("rb") as before:
                fcntl.flock(before, fcntl.LOCK_EX)  # whoever waited here meets another content below
                if hashlib.sha256(self._content()).hexdigest() != expected:
                    raise ChangedMeanwhile(
                        "The policy file was changed since it was read.",
                        not_done="Nothing was overwritten.",
                        next_step="Load it again, and make the change there.",
                    )
                _write_whole(self._path, text.encode(), os.fstat(before.fileno()))
        except OSError as error:
            why = f"It cannot be written: {error.strerror or error}."
            raise _unreadable(self._path, why, "Let pgwarden write it and its directory, or edit it there.") from None

    def _content(self) -> bytes:
        """PolicyInvalid."""
        if self._path is None:
            return b""
        try:
            status = self._path.stat()
            _check_protection(self._path, status)
            return self._path.read_bytes()
        except OSError as error:
            raise _unreadable(self._path, f"{error.strerror or error}.", "Make it readable for pgwarden.") from None

    def __call__(self) -> Policy:
        """The current policy. Raises PolicyInvalid while the file cannot be read or followed: there is no guessing,
        and an older state of the file does not go on holding."""
        if self._path is None:
            return BUILT_IN
        try:
            status = self._path.stat()
            state = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._read and self._read[0] == state:
                return self._read[1]
            _check_protection(self._path, status)
            content = self._path.read_bytes()
        except OSError as error:
            raise _unreadable(self._path, f"{error.strerror or error}.", "Make it readable for pgwarden.") from None
        policy = parse_policy(content, str(self._path))
        self._read = (state, policy)
        return policy


def _write_whole(path: Path, content: bytes, like: os.stat_result) -> None:
    """In another file of the same owner and mode, on disk before it takes the place."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        try:
            os.fchmod(new.fileno(), stat.S_IMODE(like.st_mode))
            if os.getuid() == 0:
                os.fchown(new.fileno(), like.st_uid, like.st_gid)
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(path)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def parse_policy(content: bytes, name: str) -> Policy:
    """The policy in these bytes; ``name`` stands in errors. Raises PolicyInvalid."""
    try:
        text = content.decode()
        values = tomllib.loads(text)
    except UnicodeDecodeError:
        raise _unreadable(name, "It is not UTF-8 text.", "Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(name, f"It is not valid TOML: {error}.", "Correct that line.") from None
    source = PolicySource(name, key_lines(text))
    policy = read_policy(values, source, hashlib.sha256(content).hexdigest())
    approval_policy(policy)  # so that a mistake in that section is told at once, not with the first ticket
    return policy


def key_lines(text: str) -> dict[str, int]:
    """The line of each key and table, by dotted path. Only for messages: what it misses is told by its table's line."""
    lines: dict[str, int] = {}
    entries: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _dotted(header[2])
            head, _, rest = table.partition(".")
            if header[1]:
                entries[table] = entries.get(table, 0) + 1
                lines.setdefault(table, number)
                table = f"{table}[{entries[table]}]"
            elif rest and head in entries:  # [tables.recovery] below [[tables]] belongs to its last entry
                table = f"{head}[{entries[head]}].{rest}"
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            path = _dotted(key[1])
            lines.setdefault(f"{table}.{path}" if table else path, number)
    return lines


def _dotted(written: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in written.split("."))


def _check_protection(path: Path, status: os.stat_result) -> None:
    """A policy that others can write is no policy."""
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(path, "It is not a file.", "Name the file itself.")
    if status.st_size > MOST_BYTES:
        raise _unreadable(path, f"It is larger than {MOST_BYTES:,} bytes.", "Is it the right file?")
    if status.st_uid not in (0, os.getuid()):
        raise _unreadable(path, "It belongs to another user, who could change what is allowed.", "chown it.")
    if status.st_mode & stat.S_IWOTH:
        raise _unreadable(path, "Everyone can write it.", f"chmod o-w {path}")


def _unreadable(path: Any, why: str, next_step: str) -> PolicyInvalid:
    return PolicyInvalid(
        f"The policy file {path} cannot be used.",
        why=why,
        not_done="Nothing that depends on the policy was done.",
        next_step=next_step,
    )
