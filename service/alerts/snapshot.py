"""Alert state as bytes, with the version of its schema first."""

from __future__ import annotations

import msgspec

from service.alerts.tracked import Tracked
from service.alerts.triggers import Gate
from service.errors import DriftlineError

SCHEMA = 1
"""Version of the bytes; any other is refused."""


class Scope(msgspec.Struct, kw_only=True):
    """Everything tracked in one model version and window name, and the end of the last window judged."""

    model: str
    version: str
    window: str
    last_end_ms: int
    tracked: list[Tracked]


class Snapshot(msgspec.Struct, kw_only=True):
    """All state of an alert book, sorted, so that equal books give equal bytes."""

    schema: int = SCHEMA
    untracked: int
    scopes: list[Scope]
    gates: list[Gate]


class _SchemaOnly(msgspec.Struct):
    schema: int


def write(snapshot: Snapshot) -> bytes:
    """The snapshot as MessagePack."""
    return msgspec.msgpack.encode(snapshot)


def read(data: bytes) -> Snapshot:
    """The snapshot that ``write`` wrote.

    Raises
    ------
    DriftlineError
        When another version of the schema wrote it, or when it is no snapshot.
    """
    try:
        schema = msgspec.msgpack.decode(data, type=_SchemaOnly).schema
        if schema == SCHEMA:
            return msgspec.msgpack.decode(data, type=Snapshot)
    except msgspec.DecodeError as error:
        raise DriftlineError(
            f"the stored alert state cannot be read ({error}), so it is unknown which alerts are open; "
            "restore the snapshot, or delete it to begin with none open",
            reason="alert_state_invalid",
        ) from error
    raise DriftlineError(
        f"the stored alert state has schema {schema} and this version reads {SCHEMA}, so it is unknown which "
        "alerts are open; run the version that wrote it, or delete the snapshot to begin with none open",
        reason="alert_state_schema",
    )
