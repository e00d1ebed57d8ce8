"""Checkpoints as objects in an S3-compatible bucket, better one that keeps versions or locks objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING

from pgwarden.adapters.audit.aws_signature import Credentials, encoded_path, encoded_query, signed_headers
from pgwarden.adapters.audit.checkpoint_files import anchor_failed, file_name, from_text, to_text
from pgwarden.domain.audit_checkpoint import Checkpoint

if TYPE_CHECKING:
    import httpx

SECONDS = 30.0
"""For one request."""
MOST_PAGES = 1000
"""Of a listing, each of a thousand names."""
EXISTS = 412
"""The answer to ``If-None-Match: *`` when the object is there: it is this very checkpoint."""


class S3Anchor:
    """``ports.AuditAnchor``: path-style requests, signed with Signature Version 4."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        prefix: str,
        credentials: Credentials,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``endpoint``: scheme, host and port, e.g. ``https://s3.example.org``."""
        self._endpoint = endpoint.rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._credentials = credentials
        self._now = now

    @property
    def name(self) -> str:
        return f"s3://{self._bucket}/{self._prefix.rstrip('/')} at {self._endpoint}"

    async def put(self, checkpoint: Checkpoint) -> None:
        name = self._prefix + file_name(checkpoint)
        response = await self._send("PUT", name, body=to_text(checkpoint).encode(), only_new=True)
        if response.status_code not in (200, EXISTS):
            raise self._refused("PUT", response)

    async def latest(self, chain: str) -> Checkpoint | None:
        names = await self._names(f"{self._prefix}{chain}/")
        if not names:
            return None
        response = await self._send("GET", max(names))
        if response.status_code != 200:
            raise self._refused("GET", response)
        return from_text(response.text)

    async def _names(self, prefix: str) -> list[str]:
        """The names of all objects below, page by page."""
        names: list[str] = []
        token = ""
        for _ in range(MOST_PAGES):
            parameters = [("list-type", "2"), ("prefix", prefix)]
            parameters += [("continuation-token", token)] if token else []
            response = await self._send("GET", "", parameters)
            if response.status_code != 200:
                raise self._refused("listing", response)
            names += map(unescape, re.findall(r"<Key>([^<]*)</Key>", response.text))
            more = re.search(r"<NextContinuationToken>([^<]*)</NextContinuationToken>", response.text)
            if more is None:
                return names
            token = unescape(more[1])
        raise anchor_failed(self.name, f"the listing has more than {MOST_PAGES} pages")

    async def _send(
        self,
        method: str,
        name: str,
        parameters: Sequence[tuple[str, str]] = (),
        *,
        body: bytes = b"",
        only_new: bool = False,
    ) -> httpx.Response:
        import httpx

        path = f"/{self._bucket}/{name}" if name else f"/{self._bucket}"
        headers = {"host": httpx.URL(self._endpoint).netloc.decode()}
        headers |= {"if-none-match": "*"} if only_new else {}
        signed = signed_headers(self._credentials, method, path, parameters, headers, body, self._now())
        query = encoded_query(parameters)
        url = self._endpoint + encoded_path(path) + (f"?{query}" if query else "")
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                return await client.request(method, url, content=body, headers=signed)
        except httpx.HTTPError as error:
            raise anchor_failed(self.name, f"{type(error).__name__}: {error}") from None

    def _refused(self, what: str, response: httpx.Response) -> Exception:
        code = re.search(r"<Code>([^<]*)</Code>", response.text)
        return anchor_failed(self.name, f"{what} was answered with {response.status_code} {code[1] if code else ''}")
