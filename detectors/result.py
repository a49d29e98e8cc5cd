"""The status of a result: a closed set, so that too little data is never read as no drift."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What a result says."""

    OK = "ok"
    DRIFT = "drift"
    BREACH = "breach"
    INSUFFICIENT = "insufficient_data"
    INVALID = "invalid"
