"""Every error Driftline raises on purpose.

::

    DriftlineError            retryable: bool, reason: str (closed set per class)
    ├── ConfigError           a mistake in the configuration, with its place and mend
    ├── ProfileError          a profile that cannot be used as asked
    ├── EventFileError        a file of events or reference data that cannot be read
    ├── KafkaError            the broker, a topic or a commit is not as it must be
    └── DeliveryError         an alert or webhook that a receiver did not take
"""

from __future__ import annotations


class DriftlineError(Exception):
    """Base of all errors; ``str(error)`` names the field, its value, the consequence and the mend."""

    def __init__(self, message: str, *, reason: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable


class ConfigError(DriftlineError):
    """The configuration holds mistakes; nothing was started."""


class ProfileError(DriftlineError):
    """A profile does not fit its model, or a file is no profile."""


class EventFileError(DriftlineError):
    """A file of events or reference data cannot be read."""


class KafkaError(DriftlineError):
    """The broker, a topic or a committed position is not as it must be."""


class DeliveryError(DriftlineError):
    """A receiver did not take an alert or a webhook."""
