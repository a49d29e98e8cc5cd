import numpy as np
from numpy.typing import NDArray

from detectors.totals.growing import PaneRows

def count_events(
    events: NDArray[np.int64],
    places: NDArray[np.int64],
    rows: NDArray[np.int64],
    few_most: int,
    narrow_most: int,
    /,
) -> tuple[list[int], list[int]]: ...
def add_all(
    pane: PaneRows,
    rows: NDArray[np.int64],
    cells: NDArray[np.int32],
    sums: NDArray[np.int64],
    by_cell: NDArray[np.int64],
    /,
) -> None: ...
def move_rows(pane: PaneRows, fields: int, moves: list[tuple[int, int]], /) -> None: ...
