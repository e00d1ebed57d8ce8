"""AWS Signature Version 4 for one request, as S3 and the servers that speak its protocol want it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose request it is. The secret shows in no text of it."""

    key_id: str
    secret: str
    region: str

    def __repr__(self) -> str:
        return f"Credentials({self.key_id!r}, region={self.region!r})"


def signed_headers(
    credentials: Credentials,
    method: str,
    path: str,
    parameters: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> dict[str, str]:
    """The headers to send: those given (``host`` among them), with the moment, the body's hash and the signature.

    ``path`` is not encoded yet; `encoded_path` and `encoded_query` give what belongs into the request line.
    """
    moment = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    digest = hashlib.sha256(body).hexdigest()
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    sent |= {"x-amz-content-sha256": digest, "x-amz-date": moment}
    names = ";".join(sorted(sent))
    lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    request = "\n".join((method, encoded_path(path), encoded_query(parameters), lines, names, digest))
    scope = f"{moment[:8]}/{credentials.region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.digest(_key(credentials, moment[:8]), text.encode(), "sha256").hex()
    authorization = f"AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature="
    return {**sent, "authorization": authorization + signature}


def encoded_path(path: str) -> str:
    return quote(path, safe="/-_.~")


def encoded_query(parameters: Sequence[tuple[str, str]]) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _key(credentials: Credentials, day: str) -> bytes:
    key = f"AWS4{credentials.secret}".encode()
    for part in (day, credentials.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
