"""Where fetched parts lie, and why a part is missing."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "parts"
COMMAND_SECONDS_MAX = 900


class PartMissingError(Exception):
    """A real part is not on this machine; the message says why and what would help."""


def required() -> bool:
    """Whether a missing part is a failure rather than a reason to skip: in CI, or when asked for."""
    return any(
        os.environ.get(name, "") not in {"", "0", "false"} for name in ("CI", "DRIFTLINE_REQUIRE_PARTS")
    )


def run(command: Sequence[str | Path], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Output of a command; :class:`PartMissingError` with its last words when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PartMissingError(f"`{' '.join(words)}` did not run: {error}") from error
    if done.returncode != 0:
        last_words = " / ".join(done.stdout.strip().splitlines()[-3:])
        raise PartMissingError(f"`{' '.join(words)}` ended with status {done.returncode}: {last_words}")
    return done.stdout


def replace_folder(fresh: Path, place: Path) -> None:
    """Put a finished folder in its place, so that a fetch cut short never looks like a whole part."""
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(fresh, place)


def write_note(part: str, reason: str) -> None:
    """Keep why a part could not be fetched, for the test that will have to skip."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / f"{part}.missing").write_text(reason, encoding="utf-8")


def read_note(part: str) -> str:
    """Reason noted by the last fetch; empty when nothing was noted."""
    note = CACHE / f"{part}.missing"
    return note.read_text(encoding="utf-8") if note.exists() else ""


def clear_note(part: str) -> None:
    """Forget an earlier failure."""
    (CACHE / f"{part}.missing").unlink(missing_ok=True)
