"""How far a window with too few events reaches back."""

from __future__ import annotations

from collections.abc import Sequence

from service.config.model import WindowSpec
from service.windows.running import FoldedPane, between


def start_of(spec: WindowSpec, end_ms: int, grains: Sequence[FoldedPane], digest: str) -> int:
    """Where the window that ends at ``end_ms`` begins.

    A window has the specification's length unless it holds fewer than ``min_events``: then it begins with the
    grain that gives it enough, or with the oldest within ``reach``. Grains of another digest give nothing.

        events     9  .  8  2  1 │          length 2, min_events 10, reach 5
        window           ├───────┤          8 + 2 + 1 is enough
    """
    start_ms = end_ms - spec.length
    if spec.min_events is None or spec.reach is None:
        return start_ms
    held = sum(grain.events for grain in between(grains, start_ms, end_ms) if grain.digest == digest)
    for grain in reversed(between(grains, end_ms - spec.reach, start_ms)):
        if held >= spec.min_events:
            break
        if grain.digest == digest:
            start_ms, held = grain.start_ms, held + grain.events
    return start_ms
