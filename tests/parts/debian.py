"""Programs from Debian's packages, for the machines that have apt-get."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.parts.cache import CACHE, PartMissingError, replace_folder, run

LOCK_WAIT = "-oDPkg::Lock::Timeout=300"


def folder(package: str) -> Path:
    """Where :func:`unpack` puts the files of a package."""
    return CACHE / "debian" / package


def unpack(package: str) -> None:
    """Download a package and unpack it into the cache.

    Nothing is installed: no root, no daemon started behind the tester's back. It suits programs that are one
    static file; a program with files elsewhere needs :func:`install`.
    """
    _require("apt-get", "dpkg-deb")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        _with_fresh_lists(["apt-get", "download", "-q", package], cwd=Path(scratch))
        archives = sorted(Path(scratch).glob("*.deb"))
        if not archives:
            raise PartMissingError(f"`apt-get download {package}` left no file")
        run(["dpkg-deb", "-x", archives[0], Path(scratch) / "files"])
        replace_folder(Path(scratch) / "files", folder(package))


def install(packages: Sequence[str]) -> None:
    """Install packages with what they depend on; only root may."""
    _require("apt-get")
    if os.geteuid() != 0:
        raise PartMissingError(f"only root can `apt-get install {' '.join(packages)}`")
    words = ["apt-get", "install", "-q", "-y", "--no-install-recommends", LOCK_WAIT, *packages]
    _with_fresh_lists(words, env={"DEBIAN_FRONTEND": "noninteractive"})


def _require(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            raise PartMissingError(f"this system has no {program}; put the program on the PATH by hand")


def _with_fresh_lists(
    words: Sequence[str], *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> None:
    # A new machine's lists are empty or name versions that are gone; to update them each time would be slow.
    try:
        run(words, cwd=cwd, env=env)
    except PartMissingError as stale:
        if os.geteuid() != 0:
            raise PartMissingError(f"{stale}; if the package lists are old, run `apt-get update`") from stale
        run(["apt-get", "update", "-q", LOCK_WAIT])
        run(words, cwd=cwd, env=env)
