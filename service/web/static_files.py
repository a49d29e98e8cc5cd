"""Style and script of the page, held in memory; their addresses change with their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    body: bytes
    content_type: str
    digest: str


def load_static() -> dict[str, StaticFile]:
    """The files by name."""
    folder = Path(__file__).parent / "static"
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            files[path.name] = StaticFile(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])
    return files
