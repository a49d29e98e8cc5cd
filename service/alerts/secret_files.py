"""Webhook secrets in files, so that neither the configuration nor the environment holds one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from service.alerts.signing import SECRET_PREFIX, parse_secret
from service.errors import ConfigError

_LOG = logging.getLogger(__name__)


class SecretFiles:
    """The keys in some files, read again when a file changes.

    Parameters
    ----------
    paths
        One secret a file.
    receiver
        Names the receiver in messages.

    Raises
    ------
    ConfigError
        When a file cannot be read or holds no secret.
    """

    def __init__(self, paths: Sequence[str], receiver: str) -> None:
        self._paths = [Path(path) for path in paths]
        self._receiver = receiver
        self._changed_ns = self._stamps()
        self._keys = self._read()

    def keys(self) -> tuple[bytes, ...]:
        """The keys now in the files; the old ones, and a warning, while a changed file cannot be used."""
        stamps = self._stamps()
        if stamps != self._changed_ns:
            self._changed_ns = stamps
            try:
                self._keys = self._read()
            except ConfigError as error:
                _LOG.warning("%s; the secrets read before stay in use", error)
        return self._keys

    def _stamps(self) -> tuple[int, ...]:
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in self._paths)

    def _read(self) -> tuple[bytes, ...]:
        return tuple(self._read_one(path) for path in self._paths)

    def _read_one(self, path: Path) -> bytes:
        place = f"receivers.webhooks {self._receiver!r}: secret file {str(path)!r}"
        mend = (
            f"write `{SECRET_PREFIX}` and 24 to 64 random bytes in base64 into it, readable by this service"
        )
        try:
            return parse_secret(path.read_text(encoding="ascii"))
        except OSError as error:
            raise ConfigError(
                f"{place} cannot be read ({error.strerror}), so events could not be signed; {mend}",
                reason="secret_unreadable",
            ) from error
        except ValueError as error:
            why = "it is not ASCII text" if isinstance(error, UnicodeDecodeError) else str(error)
            raise ConfigError(
                f"{place} holds no secret ({why}), so events could not be signed; {mend}",
                reason="secret_malformed",
            ) from None
