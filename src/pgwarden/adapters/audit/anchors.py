"""The anchors that the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from pgwarden.adapters.audit.aws_signature import Credentials
from pgwarden.adapters.audit.file_anchor import FileAnchor
from pgwarden.adapters.audit.git_anchor import GitAnchor
from pgwarden.adapters.audit.s3_anchor import S3Anchor
from pgwarden.domain.errors import SettingsError
from pgwarden.ports import AuditAnchor


def anchors_of(places: Sequence[str], *, s3_key_id: str = "", s3_secret: str = "") -> tuple[AuditAnchor, ...]:
    """One anchor for each place. Raises SettingsError."""
    return tuple(_anchor(place, s3_key_id, s3_secret) for place in places)


def _anchor(place: str, key_id: str, secret: str) -> AuditAnchor:
    parts = urlsplit(place)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme in ("file", "git") and not parts.netloc and parts.path.startswith("/"):
        path = Path(unquote(parts.path))
        if parts.scheme == "file" and not options:
            return FileAnchor(path)
        if parts.scheme == "git" and options.keys() <= {"remote"}:
            return GitAnchor(path, options.get("remote", ""))
    if parts.scheme == "s3" and parts.netloc and options.keys() <= {"endpoint", "region"}:
        region = options.get("region", "us-east-1")
        endpoint = options.get("endpoint", f"https://s3.{region}.amazonaws.com")
        if not key_id or not secret:
            raise _malformed(place, "An s3: anchor needs audit_s3_key_id and audit_s3_secret.")
        if urlsplit(endpoint).scheme in ("http", "https"):
            return S3Anchor(endpoint, parts.netloc, unquote(parts.path), Credentials(key_id, secret, region))
    raise _malformed(place, "It is none of file:/path, git:/path?remote=…, s3://bucket/prefix?endpoint=…&region=….")


def _malformed(place: str, why: str) -> SettingsError:
    return SettingsError(
        f"The anchor {place} is malformed.",
        why=why,
        not_done="Nothing was started.",
        next_step="Correct audit_anchors (PGWARDEN_AUDIT_ANCHORS); docs/settings.md shows one of each.",
    )
