import numpy as np
from numpy.typing import NDArray

from detectors.totals.compact import Lengths
from detectors.totals.growing import PaneRows

def pack_rows(rows: NDArray[np.int64], sums: int, /) -> tuple[Lengths, bytes]: ...
def pack_pane(pane: PaneRows, fields: int, order: NDArray[np.int64], /) -> tuple[Lengths, bytes]: ...
def add_packed(
    data: bytes | memoryview,
    shape: tuple[int, int, int, int, int, int, int],
    totals: NDArray[np.int64] | None,
    places: NDArray[np.int64] | None,
    times: int,
    /,
) -> None: ...
