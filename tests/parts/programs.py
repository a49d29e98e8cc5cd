"""The programs that are not written in Java: Prometheus and its tool, Alertmanager and its tool, Chromium."""

import shutil
from pathlib import Path

from tests.parts import debian
from tests.parts.cache import PartMissingError


def prometheus() -> Path:
    """Path of the Prometheus server."""
    return _find("prometheus", unpacked="prometheus")


def promtool() -> Path:
    """Path of `promtool`, which checks metrics pages and rules."""
    return _find("promtool", unpacked="prometheus")


def alertmanager() -> Path:
    """Path of the Alertmanager; Debian gives it a longer name."""
    return _find("alertmanager", "prometheus-alertmanager")


def amtool() -> Path:
    """Path of `amtool`, which checks Alertmanager configurations."""
    return _find("amtool")


def chromium() -> Path:
    """Path of a Chromium or Chrome."""
    return _find("chromium", "chromium-browser", "google-chrome")


def fetch_prometheus() -> None:
    """Unpack Prometheus and promtool into the cache."""
    debian.unpack("prometheus")


def fetch_alertmanager() -> None:
    """Install Alertmanager and amtool; Debian's build reads its default templates from /usr/share."""
    debian.install(["prometheus-alertmanager"])


def fetch_chromium() -> None:
    """Install Chromium; its many shared libraries rule out unpacking."""
    debian.install(["chromium"])


def _find(*names: str, unpacked: str | None = None) -> Path:
    for name in names:
        if found := shutil.which(name):
            return Path(found)
        if unpacked and (fetched := debian.folder(unpacked) / "usr" / "bin" / name).exists():
            return fetched
    raise PartMissingError(f"no `{'` or `'.join(names)}` on the PATH")
