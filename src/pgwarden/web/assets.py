"""Style, scripts and other files of the page: in memory, under an address that changes with their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pgwarden.domain.errors import UnknownPage

PLACE = Path(__file__).parent / "static"
YEAR = 365 * 24 * 3600
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")


class Assets:
    """All files under one hash, so that a script may import its neighbours by a relative address."""

    def __init__(self, place: Path = PLACE) -> None:
        self._files = {str(path.relative_to(place)): path for path in sorted(place.rglob("*")) if path.is_file()}
        self._packed: dict[str, tuple[bytes, bytes]] = {}

    @cached_property
    def version(self) -> str:
        """The hash of all names and contents."""
        whole = hashlib.sha256()
        for name, path in self._files.items():
            whole.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
        return whole.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file, e.g. of ``css/pgwarden.css``. KeyError for one that is not there."""
        return f"/static/{self.version}/{self._files[name].relative_to(PLACE).as_posix()}"

    async def serve(self, request: Request) -> Response:
        """One file. An address of another version gets the present one, which is not kept."""
        name = request.path_params["name"]
        if name not in self._files:
            raise UnknownPage("There is no such file.", next_step="Load the page again.")
        plain, packed = self._packed.get(name) or self._load(name)
        kept = request.path_params["version"] == self.version
        headers = {
            "Cache-Control": f"public, max-age={YEAR}, immutable" if kept else "no-cache",
            "Vary": "Accept-Encoding",
        }
        media = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if len(packed) < len(plain) and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=media)
        return Response(plain, headers=headers, media_type=media)

    def _load(self, name: str) -> tuple[bytes, bytes]:
        plain = self._files[name].read_bytes()
        self._packed[name] = plain, gzip.compress(plain, 6, mtime=0)
        return self._packed[name]
