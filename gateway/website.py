"""The live page: a few files, read once, served with what keeps a browser safe."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.errors import ApiError, EdgeError
from gateway.rest.plumbing import SECURITY_HEADERS

FOLDER = Path(__file__).parent / "page"

# Everything comes from here, nothing is inline, and nobody may frame it.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html",  # the framework adds the charset
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page."""

    content: bytes
    media_type: str
    etag: str


def read_files(folder: Path = FOLDER) -> dict[str, PageFile]:
    """Read the page's files by name."""
    files = {}
    for path in sorted(folder.iterdir()):
        media_type = _TYPES.get(path.suffix)
        if media_type is None:
            continue
        content = path.read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        files[path.name] = PageFile(content, media_type, etag)
    return files


_FILES = read_files()


def page_response(file: PageFile, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer with a file, or with "not modified" when the browser has it."""
    headers = {
        **SECURITY_HEADERS,
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
        "ETag": file.etag,
    }
    if request.headers.get("if-none-match") == file.etag:
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)


@get("/", include_in_schema=False)
async def index(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The live page."""
    return page_response(_FILES["index.html"], request)


@get("/page/{name:str}", include_in_schema=False)
async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A file of the page."""
    file = _FILES.get(name)
    if file is None:
        raise ApiError(EdgeError.NO_SUCH_PAGE)
    return page_response(file, request)


PAGE_ROUTES: list[HTTPRouteHandler] = [index, asset]
