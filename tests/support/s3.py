"""A server on loopback that speaks as much of S3's protocol as an anchor needs, and checks every signature itself.

It takes the request line and the headers as they came, and works the signature out anew from the specification of
Signature Version 4, sharing no code with the signer under test.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

KEY_ID, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-test-1"
PAGE = 2
"""Names in one page of a listing, so that paging is met."""


class Bucket:
    """What one server keeps, and how it behaves."""

    def __init__(self) -> None:
        self.url = ""
        self.objects: dict[str, bytes] = {}
        """By path, bucket included."""
        self.refusals: list[str] = []
        self.broken = False
        """Answers every request with 503."""

    def refusal(self, method: str, target: str, headers: dict[str, str], body: bytes) -> str:
        """Why the request is not let in; '' when it is."""
        kind, _, rest = headers.get("authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",")) if rest else {}
        if kind != "AWS4-HMAC-SHA256" or parts.keys() != {"Credential", "SignedHeaders", "Signature"}:
            return "AccessDenied"
        key_id, day, region, service, end = parts["Credential"].split("/")
        if (key_id, region, service, end) != (KEY_ID, REGION, "s3", "aws4_request"):
            return "InvalidAccessKeyId"
        moment = headers.get("x-amz-date", "")
        sent = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if not moment.startswith(day) or abs(datetime.now(UTC) - sent) > timedelta(minutes=15):
            return "RequestTimeTooSkewed"
        digest = hashlib.sha256(body).hexdigest()
        if headers.get("x-amz-content-sha256") != digest:
            return "XAmzContentSHA256Mismatch"
        names = parts["SignedHeaders"].split(";")
        must = {"host", *(name for name in headers if name.startswith("x-amz-"))}
        if not must <= set(names) or names != sorted(names):
            return "SignatureDoesNotMatch"
        path, _, query = target.partition("?")
        canonical = "\n".join(
            [
                method,
                path,
                "&".join(sorted(query.split("&"))) if query else "",
                *(f"{name}:{' '.join(headers[name].split())}" for name in names),
                "",
                ";".join(names),
                digest,
            ]
        )
        scope = "/".join((day, region, service, end))
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = ("AWS4" + SECRET).encode()
        for part in (day, region, service, end):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        return "" if hmac.compare_digest(expected, parts["Signature"]) else "SignatureDoesNotMatch"


@contextmanager
def s3_server() -> Iterator[Bucket]:
    """A server on a free port, gone at the end."""
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            """Quiet."""

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = unquote(self.path)
            if not self._let_in(body):
                return
            if self.headers.get("if-none-match") == "*" and path in bucket.objects:
                self._answer(412, "<Error><Code>PreconditionFailed</Code></Error>")
                return
            bucket.objects[path] = body
            self._answer(200, "")

        def do_GET(self) -> None:
            if not self._let_in(b""):
                return
            path, _, query = self.path.partition("?")
            path = unquote(path)
            if query:
                self._answer(200, self._listing(path, dict(parse_qsl(query))))
            elif path in bucket.objects:
                self._answer(200, bucket.objects[path].decode())
            else:
                self._answer(404, "<Error><Code>NoSuchKey</Code></Error>")

        def _listing(self, path: str, query: dict[str, str]) -> str:
            assert query["list-type"] == "2"
            prefix = f"{path}/"
            names = sorted(name.removeprefix(prefix) for name in bucket.objects if name.startswith(prefix))
            names = [n for n in names if n.startswith(query["prefix"]) and n > query.get("continuation-token", "")]
            page, more = names[:PAGE], len(names) > PAGE
            keys = "".join(f"<Contents><Key>{escape(name)}</Key></Contents>" for name in page)
            token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
            return f"<ListBucketResult>{keys}{token}</ListBucketResult>"

        def _let_in(self, body: bytes) -> bool:
            if bucket.broken:
                self._answer(503, "<Error><Code>SlowDown</Code></Error>")
                return False
            headers = {name.lower(): value for name, value in self.headers.items()}
            why = bucket.refusal(self.command, self.path, headers, body)
            if why:
                bucket.refusals.append(why)
                self._answer(403, f"<Error><Code>{why}</Code></Error>")
            return not why

        def _answer(self, status: int, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        bucket.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield bucket
        finally:
            server.shutdown()
            thread.join(10)
