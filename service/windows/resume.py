"""What a commit carries, so that whoever reads the source again counts exactly the same."""

from __future__ import annotations

import base64

import msgspec

from service.windows.clock import Clock, Jump
from service.windows.codec import pack_text, unpack_text

METADATA_BYTES = 3_900
"""The broker's default bound is 4,096 bytes."""


class Resume(msgspec.Struct, frozen=True):
    """A position in a source and the state in force there.

    Attributes
    ----------
    offset
        The lowest first offset of any unfinished pane: where to read from.
    position
        How far the source had been read.
    newest_ms, jumps
        The clock at ``offset``, with all jumps known since.
    finished_ms
        For each model, up to when its panes were finished and acknowledged: those are not counted again.
    """

    offset: int
    position: int
    newest_ms: int
    jumps: list[Jump]
    finished_ms: dict[str, int]

    def clock(self) -> Clock:
        """The clock at ``offset``."""
        return Clock(self.newest_ms, list(self.jumps))

    def metadata(self) -> str:
        """Text for the commit's metadata."""
        return base64.b85encode(pack_text(msgspec.msgpack.encode(self))).decode()


def read_metadata(text: str | None) -> Resume | None:
    """What ``Resume.metadata`` wrote; None when the commit was made by somebody else."""
    if not text:
        return None
    try:
        return msgspec.msgpack.decode(unpack_text(base64.b85decode(text)), type=Resume)
    except (ValueError, msgspec.MsgspecError):
        return None
